"""Whether a text that leaves the house gives the reporter away: a comparison with the tip and the identity. Pure.

Stopped are passages copied from the tip or hardly changed, numbers and names of the reporter, days and hours
that stand in the tip, the reporter's own work, relatives or home, and whatever describes the reporter at
all. What everybody may know (the accused body, places, terms of the trade) is not counted as copied.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from config.leaks import LeakRules
from triage.redaction import PrivateKind, find_private

_PAIR = 2


class LeakKind(StrEnum):
    """What gives the reporter away: text keys under `access.leak.`."""

    QUOTE = "quote"
    NEAR_QUOTE = "near_quote"
    NUMBER = "number"
    NAME = "name"
    TIME = "time"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Leak:
    """One passage of the outgoing text, in its characters."""

    start: int
    end: int
    kind: LeakKind


@dataclass(frozen=True, slots=True)
class Source:
    """What must not shine through: the citizen's words, and what is known of him."""

    texts: Sequence[str] = field(repr=False)
    names: Sequence[str] = field(default=(), repr=False)
    numbers: Sequence[str] = field(default=(), repr=False)
    known: Sequence[str] = ()
    """What everybody may know: the accused body, places, offices."""


def find_leaks(text: str, source: Source, rules: LeakRules) -> list[Leak]:
    """Every passage that gives the reporter away, in order."""
    found = [
        *_copied(text, source, rules),
        *_numbers(text, source),
        *_names(text, source),
        *_times(text, source),
        *_roles(text, source, rules),
    ]
    return sorted(dict.fromkeys(found), key=lambda leak: (leak.start, -leak.end, leak.kind))


# ---------------------------------------------------------------- copied words


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text without what carries no meaning, with the place of each character in the original."""

    text: str
    places: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.places[start], self.places[end - 1] + 1


def _plain(text: str) -> _Plain:
    characters: list[str] = []
    places: list[int] = []
    for place, raw in enumerate(text):
        for ch in unicodedata.normalize("NFKC", raw).lower():
            if ch.isalnum():
                characters.append(ch)
                places.append(place)
    return _Plain("".join(characters), places)


def _copied(text: str, source: Source, rules: LeakRules) -> list[Leak]:
    out = _plain(text)
    tips = [_plain(tip).text for tip in source.texts]
    free = _free_places(out.text, (*source.known, *rules.terms))
    leaks = [Leak(*out.span(*run), LeakKind.QUOTE) for run in _common_runs(out.text, tips, free, rules.run)]
    pairs = {tip[i : i + _PAIR] for tip in tips for i in range(len(tip) - 1)}
    for start, end in _sentences(text):
        first, last = _inside(out, start, end)
        own = [out.text[i : i + _PAIR] for i in range(first, last - 1) if not any(free[i : i + _PAIR])]
        is_quoted = any(leak.start < end and start < leak.end for leak in leaks)
        is_near = len(own) >= rules.least_pairs and sum(one in pairs for one in own) >= rules.near * len(own)
        if is_near and not is_quoted:
            leaks.append(Leak(start, end, LeakKind.NEAR_QUOTE))
    return leaks


def _common_runs(out: str, tips: Sequence[str], free: Sequence[bool], size: int) -> list[tuple[int, int]]:
    """Stretches of the outgoing text that stand in a tip, nearly all of the writer's own words."""
    grams = {tip[i : i + size] for tip in tips for i in range(len(tip) - size + 1)}
    runs: list[list[int]] = []
    for hit in (i for i in range(len(out) - size + 1) if out[i : i + size] in grams):
        if runs and hit <= runs[-1][1]:
            runs[-1][1] = hit + size
        else:
            runs.append([hit, hit + size])
    return [(start, end) for start, end in runs if free[start:end].count(False) >= size - 1]


def _free_places(out: str, known: Iterable[str]) -> list[bool]:
    """Which characters everybody may know: of the accused body, places, offices and terms of the trade."""
    free = [False] * len(out)
    for phrase in {_plain(one).text for one in known} - {""}:
        for match in re.finditer(re.escape(phrase), out):
            free[match.start() : match.end()] = [True] * len(phrase)
    return free


def _sentences(text: str) -> list[tuple[int, int]]:
    edges = [0, *(m.end() for m in re.finditer(r"[。！？!?；;\n]+", text)), len(text)]
    return [(start, end) for start, end in pairwise(edges) if text[start:end].strip()]


def _inside(out: _Plain, start: int, end: int) -> tuple[int, int]:
    inside = [i for i, place in enumerate(out.places) if start <= place < end]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


# ---------------------------------------------------------------- numbers, names


_NUMBERS = frozenset(
    {PrivateKind.PHONE, PrivateKind.ID_NUMBER, PrivateKind.CARD, PrivateKind.PLATE, PrivateKind.HANDLE}
)


def _numbers(text: str, source: Source) -> list[Leak]:
    """Numbers and handles that stand in the tip too, or are the reporter's."""
    known = {_plain(number).text for number in source.numbers}
    for tip in source.texts:
        known |= {_plain(tip[one.start : one.end]).text for one in find_private(tip) if one.kind in _NUMBERS}
    found = [one for one in find_private(text, numbers=source.numbers) if one.kind in _NUMBERS]
    return [
        Leak(one.start, one.end, LeakKind.NUMBER)
        for one in found
        if any(number and number in _plain(text[one.start : one.end]).text for number in known)
    ]


def _names(text: str, source: Source) -> list[Leak]:
    """The reporter's name, known or said by himself."""
    said = [
        tip[one.start : one.end]
        for tip in source.texts
        for one in find_private(tip)
        if one.kind is PrivateKind.NAME and one.end - one.start > 1
    ]
    names = [*source.names, *said]
    surnames = {_plain(name).text[0] for name in names if len(_plain(name).text) > 1}
    found = [
        Leak(one.start, one.end, LeakKind.NAME)
        for one in find_private(text, names=names)
        if one.kind is PrivateKind.NAME
    ]
    for surname in surnames:
        one = re.escape(surname)
        pattern = rf"(?:举报人|反映人|投诉人|群众|市民|来电人)?{one}(?:某某?|先生|女士|师傅|同志|姓)|姓{one}"
        found += [Leak(*match.span(), LeakKind.NAME) for match in re.finditer(pattern, text)]
    return found


# ---------------------------------------------------------------- days and hours


_N = r"[\d０-９零〇一二两三四五六七八九十]"
_DAY = re.compile(
    rf"({_N}{{1,3}})月(?:份)?({_N}{{1,3}})[日号]?|\d{{4}}[-/.](\d{{1,2}})[-/.](\d{{1,2}})|(?<![\d.])(\d{{1,2}})[./](\d{{1,2}})(?:[日号])?(?![\d.])"
)
_HOUR = re.compile(
    rf"({_N}{{1,3}})(?:点钟?|时(?!候|间|段|常)|[:：](?=\d\d))(半|[\d０-９]{{2}}|{_N}{{1,3}}分|[一三]刻)?"
)
_WEEKDAY = re.compile(
    r"(?:上|这|本|下)?(?:个)?(?:星期|周|礼拜)([一二三四五六日天])(?:的?(早上|早晨|上午|中午|下午|晚上|夜里))?"
)
_RELATIVE = re.compile(
    r"(昨天|前天|今天|昨晚|昨日|前日|今早|今晚|大前天)(?:的?(?:早上|上午|中午|下午|晚上))?"
)
_ONES = {ch: i for i, ch in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def _times(text: str, source: Source) -> list[Leak]:
    """Days and hours that stand in the tip too, however they are written."""
    told = {moment for tip in source.texts for moment, _, _ in _moments(tip)}
    return [Leak(start, end, LeakKind.TIME) for moment, start, end in _moments(text) if moment in told]


def _moments(text: str) -> list[tuple[tuple[object, ...], int, int]]:
    found: list[tuple[tuple[object, ...], int, int]] = []
    for match in _DAY.finditer(text):
        month, day = [int_of(one) for one in match.groups() if one][:2]
        if 1 <= month <= 12 and 1 <= day <= 31:
            found.append((("day", month, day), *match.span()))
    for match in _HOUR.finditer(text):
        hour = int_of(match[1])
        if hour <= 24:
            found.append((("hour", hour % 12, _minute(match[2] or "")), *match.span()))
    found += [
        (("weekday", match[1].replace("天", "日"), match[2]), *match.span())
        for match in _WEEKDAY.finditer(text)
        if match[2]
    ]
    found += [(("relative", match[0][:2]), *match.span()) for match in _RELATIVE.finditer(text)]
    return found


def _minute(written: str) -> int:
    special = {"半": 30, "一刻": 15, "三刻": 45, "": 0}
    return special[written] if written in special else int_of(written.removesuffix("分"))


def int_of(written: str) -> int:
    """The number of `12`, `１２` or `十二`."""
    plain = unicodedata.normalize("NFKC", written)
    if plain.isdecimal():
        return int(plain)
    tens, ten, ones = plain.partition("十")
    if ten:
        return (_ONES.get(tens, 1) if tens else 1) * 10 + (_ONES.get(ones, 0) if ones else 0)
    return int("".join(str(_ONES.get(ch, 0)) for ch in plain) or "0")


# ---------------------------------------------------------------- who the reporter is


_WHO = "举报人|反映人|投诉人|检举人|报案人|来电人|当事人|线索提供人|informant|reporter|whistleblower"
_TRADES = (
    "会计|出纳|财务|文员|前台|保安|门卫|司机|厨师|老师|教师|讲师|教务|助教|班主任|监考员|监考|考务员|考务|考评员|"
    "安全员|安管员|资料员|质检员|班组长|班长|组长|队长|车间主任|店长|业务员|电工|焊工|钳工|叉车工|架子工|操作工|实习生|临时工|"
    "合伙人|股东|邻居|房东|家属|家长|老公|丈夫|老婆|妻子|爱人|儿子|女儿|父亲|母亲|爸爸|妈妈|哥哥|弟弟|姐姐|妹妹|亲戚|"
    "前员工|离职员工|内部员工|内部人员"
)
_NOT_A_TRADE = r"(?!从业|作业|岗位|资格|证|班|培训|公司|服务|操作)"
"""Before these a trade is a kind of work, not a person."""
_PLACED = re.compile(r"第[一二三四五六七八九十\d]{1,4}(?:期|批|考场|机位|车间)")
_SAYS = (
    "举报|反映|投诉|检举|来电|来信|报料|透露|告诉我们|拍摄|拍到|录下|录制"
    r"|提供了?(?:[^，。；！？\n]{0,4})(?:线索|名单|排班表|照片|录音|录像|视频|截图|证据|材料)"
)
_DESCRIBED = (
    re.compile(
        rf"(?:{_WHO})(?:本人)?(?:是|系|为|自称|身份|家住|住在|住|在该|在本|在[^，。；]{{1,12}}(?:工作|上班)|曾在|曾任"
        "|曾是|的(?:工作|职务|住址|电话|手机|姓名|单位|丈夫|妻子|儿子|女儿|老公|老婆|家))",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:{_TRADES}|员工|职工|学员|学生|考生|工人|村民|老乡|同事|同学)(?:[^，。；！？\n]{{0,6}})(?:{_SAYS})"
    ),
    re.compile(
        rf"(?:{_SAYS})(?:的)?(?:人)?(?:是|系|为|来自)[^，。；！？\n]{{0,10}}(?:{_TRADES}|员工|职工|学员|学生|考生|工人|村民)"
    ),
)


def _roles(text: str, source: Source, rules: LeakRules) -> list[Leak]:
    """What describes the reporter, and the work, relatives or course that he told of himself."""
    own = [
        tip[one.start : one.end]
        for tip in source.texts
        for one in find_private(tip)
        if one.kind is PrivateKind.SELF
    ]
    words = {word for told in own for word in re.findall(_TRADES, told)}
    words |= {match[0] for told in (*own, *source.texts) for match in _PLACED.finditer(told)}
    homes = {told for told in own if len(told) > 3}
    found = [Leak(*match.span(), LeakKind.ROLE) for pattern in _DESCRIBED for match in pattern.finditer(text)]
    free = [
        match.span()
        for phrase in (*source.known, *rules.terms)
        if phrase
        for match in re.finditer(re.escape(phrase), text)
    ]
    for word in words | homes:
        for match in re.finditer(re.escape(word) + _NOT_A_TRADE, text):
            is_free = any(start <= match.start() and match.end() <= end for start, end in free)
            found += [] if is_free else [Leak(*match.span(), LeakKind.ROLE)]
    return found
