"""Landmarks: a driving school that only says where something else is (“驾校隔壁的培训学校”) is not spoken of. Pure."""

import re

_LANDMARK = re.compile(
    r"(?:驾校|驾驶学校|驾培中心|驾驶培训学校)(?=的?(?:旁边|旁(?!听|观|证)|隔壁|对面|斜对面|斜对过|对过|附近|后面|后边|背后|前面|前边|边上|楼上|楼下"
    r"|东边|西边|南边|北边|东侧|西侧|南侧|北侧|往东|往西|往南|往北|路口|那条街|那条路|院里|院内))"
)


def find_landmarks(folded: str) -> list[tuple[int, int]]:
    """Where a folded text names such a place only to point beside it."""
    return [match.span() for match in _LANDMARK.finditer(folded)]


def hide_landmarks(folded: str) -> str:
    """The text with blanks in their place, so that every other character keeps its own."""
    return _LANDMARK.sub(lambda match: " " * len(match[0]), folded)
