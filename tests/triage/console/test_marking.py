"""Evidence in a citizen's words: nothing is lost, nothing is trusted, nothing can hide."""

from hypothesis import given
from hypothesis import strategies as st

from triage.console.marking import Mark, Piece, cut_text

TEXT = "交八百块包过，不用上课。"


def test_evidence_is_marked_with_what_it_speaks_for():
    assert cut_text(TEXT, [Mark(4, 6, "3.1.4")]) == [
        Piece("交八百块"),
        Piece("包过", ("3.1.4",)),
        Piece("，不用上课。"),
    ]


def test_overlapping_evidence_is_cut_at_every_edge():
    pieces = cut_text("一二三四五", [Mark(0, 3, "a"), Mark(2, 5, "b"), Mark(2, 5, "b")])
    assert pieces == [Piece("一二", ("a",)), Piece("三", ("a", "b")), Piece("四五", ("b",))]


def test_offsets_beyond_the_text_are_cut_to_it():
    assert cut_text("短", [Mark(-3, 900, "a"), Mark(7, 9, "b"), Mark(1, 0, "c")]) == [Piece("短", ("a",))]
    assert cut_text("", [Mark(0, 5, "a")]) == []


def test_characters_that_reorder_or_hide_are_named():
    hidden = [piece.hidden for piece in cut_text("包\u200b过\u202e文\u0007\n", []) if piece.hidden]
    assert hidden == ["U+200B", "U+202E", "U+0007"]


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=5))
def test_the_pieces_are_the_text(text, spans):
    pieces = cut_text(text, [Mark(start, end, "x") for start, end in spans])
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)
