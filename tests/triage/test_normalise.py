import pytest

from tests.triage.reader import knowledge


def folded(text):
    return knowledge().normaliser.normalise(text).text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("包guo班", "包过班"),
        ("baoguo班", "包过班"),
        ("BAO过班", "包过班"),
        ("包.过", "包过"),
        ("包 过", "包过"),
        ("包*过", "包过"),
        ("包丨过", "包过"),
        ("包\u200b过", "包过"),
        ("包🚫过", "包过"),
        ("電工證", "电工证"),
        ("ｂａｏ过", "包过"),
        ("焊工正", "焊工证"),
        ("汉宫", "焊工"),
        ("烤试", "考试"),
        ("监烤老师念达案", "监考老师念答案"),
        ("提人烤", "提人烤"),
        ("微❤", "微信"),
    ],
)
def test_hidden_and_mistyped_words_are_read_as_meant(written, meant):
    assert folded(written) == meant


@pytest.mark.parametrize(
    "text", ["没正经老师", "包裹到了", "无正当理由", "政府办公", "如果结果", "里面考试", "路灯高"]
)
def test_honest_words_stay_as_they_are(text):
    assert folded(text) == text


def test_every_folded_character_knows_where_it_stood():
    text = "俺报的🚫汉宫班，招牌写“包\u200bguo”！"
    normal = knowledge().normaliser.normalise(text)
    start = normal.text.index("包过")
    left, right = normal.original_span(start, start + 2)
    assert text[left:right] == "包\u200bguo"
    assert len(normal.text) == len(normal.starts) == len(normal.ends) == len(normal.breaks)


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "😀😀", "   \n\t", "\u202e"])
def test_strange_text_never_fails(text):
    assert folded(text) == ""
