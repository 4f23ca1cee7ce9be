"""A place that only points beside itself says nothing of the matter."""

import pytest

from triage.landmarks import find_landmarks, hide_landmarks


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("驾校隔壁的培训学校包过", "  隔壁的培训学校包过"),
        ("在宏运驾校的对面，二楼", "在宏运  的对面，二楼"),
        ("驾校包过科目二", "驾校包过科目二"),
        ("驾校旁听不让进，驾校附近也有", "驾校旁听不让进，  附近也有"),
        ("", ""),
    ],
)
def test_only_what_points_beside_itself_is_hidden(text, hidden):
    assert hide_landmarks(text) == hidden
    assert len(hidden) == len(text)
    assert all(text[start:end] == "驾校" for start, end in find_landmarks(text))
