"""Facts in a tip: phones, WeChat and QQ numbers, links, amounts, days relative to the receipt, certificate kinds.

In: the original text (contacts are written in Latin and digits, in every disguise) or the folded one. Out:
plain values. Every expression is bounded, so that no text can make it slow.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from triage.normalise import Normal
from triage.reading import Facts, Moment

LOCAL = ZoneInfo("Asia/Shanghai")

_SPOKEN = {
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("〇壹贰叁肆伍陆柒捌玖", "0123456789", strict=True)),
    "两": "2", "幺": "1", "洞": "0", "貳": "2", "參": "3", "陸": "6",
}  # fmt: skip
_LOOKALIKE = {"o": "0", "l": "1", "i": "1"}
# What follows a number that counts something: 两 in “13812345678，两千八” is no digit of the phone.
_AFTER_AMOUNT = tuple("十百千万块元个本")
_GLUE = " -.·_~*/|,，、"
_PHONE = re.compile(r"(?<!\d)(?:86)?(1[3-9]\d{9})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})[-\s]?(\d{7,8})(?!\d)")
_WECHAT = re.compile(
    r"(?:微信号?|微x|vx|wx|v信|加v|\+v|薇信?|威信|徽信|维信|卫星号?|weixin|wechat)"
    r"(?:号|同号|是|为|联系|加|:|：|\s|【|\(|（){0,4}"
    r"([a-z][a-z0-9_-]{4,19}|\d{5,11})"
)
_QQ = re.compile(r"(?:qq|扣扣|叩叩|企鹅|球球)(?:号|群|是|为|:|：|\s){0,4}([1-9]\d{4,11})")
_LINK = re.compile(
    r"https?://[^\s，。；、“”《》（）()<>\"']{3,200}"
    r"|(?<![a-z0-9@.-])(?:[a-z0-9][a-z0-9-]{0,40}\.){1,4}"
    r"(?:com|cn|net|org|vip|top|cc|xyz|club|site|info|shop|cyou|icu)(?![a-z])(?:/[a-z0-9/_.?=&%-]{0,100})?"
)
_CN = "零〇一二两三四五六七八九十百千万"
_AMOUNT = re.compile(
    rf"(\d{{1,9}}(?:\.\d{{1,2}})?|[{_CN}]{{1,9}})(万|千|百|k|w)?(多|来|余)?(块钱|块|元钱|元|万元|圆|rmb)"
)
_BIG = re.compile(
    rf"(?<![{_CN}])([二两三四五六七八九一][百千万][{_CN}]{{0,7}})"
    rf"(?![{_CN}]|年|月|日|天|号|个|人|多个|本|名|次|米|度|斤|吨)"
)
_DAY = re.compile(
    r"(?:(\d{4})年)?(去年|今年|前年|上个月|本月|这个月|下个月)?"
    r"(?:(\d{1,2}|十[一二]?|[一二三四五六七八九])月份?)?"
    r"(\d{1,2}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])[日号]"
)
_DAYS_AWAY = {
    3: "大后天",
    2: "后天 后日",
    1: "明天 明儿 明早 明晚 明日 明儿个",
    0: "今天 今晚 今日 今儿 今早 今夜 今黑 当天",
    -1: "昨天 昨晚 昨日 夜个",
    -2: "前天 前日",
    -3: "大前天",
}
_RELATIVE = {word: days for days, words in _DAYS_AWAY.items() for word in words.split()}
_RELATIVE_RE = re.compile("|".join(sorted(_RELATIVE, key=len, reverse=True)))
# “每周六”, “周一到周五” and “周一三五” are habits, no day.
_WEEKDAY = re.compile(
    r"(?<![每逢])(上上|上|下|这个?|本)?(?<![每逢])(?<![一二三四五六][到至])(?:周|星期|礼拜)([一二三四五六日天1-6末])(?![到至一二三四五六日天])"
)
_UNITS = {"十": 10, "百": 100, "千": 1000}
_SCALE = {"万": 10000, "w": 10000, "千": 1000, "k": 1000, "百": 100}


def find_facts(text: str, normal: Normal, moments: list[Moment], certificates: tuple[str, ...]) -> Facts:
    """All facts of one tip."""
    plain = _plain(text)
    digits = _spoken_digits(plain)
    phones = [m.group(1) for m in _PHONE.finditer(digits)]
    phones += [f"{m.group(1)}-{m.group(2)}" for m in _LANDLINE.finditer(plain)]
    wechat = [m.group(1) for m in _WECHAT.finditer(plain)]
    return Facts(
        phones=_unique(phones),
        wechat=_unique(wechat),
        qq=_unique([m.group(1) for m in _QQ.finditer(plain)]),
        links=_unique([m.group(0).rstrip(".-") for m in _LINK.finditer(plain)]),
        amounts=tuple(dict.fromkeys(_amounts(normal.text))),
        dates=_unique([moment.day.isoformat() for moment in moments]),
        certificates=certificates,
    )


def find_moments(normal: Normal, received_at: datetime | None) -> list[Moment]:
    """Days named in the folded text, counted from the day of receipt; none when that is unknown."""
    if received_at is None:
        return []
    today = received_at.astimezone(LOCAL).date()
    found = [
        Moment(today + timedelta(days=_RELATIVE[m.group()]), *m.span())
        for m in _RELATIVE_RE.finditer(normal.text)
    ]
    found += [
        Moment(_weekday(today, m.group(1) or "", m.group(2)), *m.span())
        for m in _WEEKDAY.finditer(normal.text)
    ]
    for m in _DAY.finditer(normal.text):
        day = _calendar_day(today, m)
        if day is not None:
            found.append(Moment(day, *m.span()))
    return sorted(found, key=lambda moment: moment.start)


def _plain(text: str) -> str:
    kept = (
        c
        for c in unicodedata.normalize("NFKC", text).lower()
        if unicodedata.category(c) not in {"Cf", "Cs", "Mn", "Me"}
    )
    return "".join(kept)


def _spoken_digits(plain: str) -> str:
    """A view in which a number told in any disguise stands as digits without gaps."""
    out: list[str] = []
    for at, char in enumerate(plain):
        is_amount = plain[at + 1 : at + 2] in _AFTER_AMOUNT
        digit = char if is_amount else _SPOKEN.get(char, char)
        if char in _LOOKALIKE and out and out[-1].isdecimal() and plain[at + 1 : at + 2].isdecimal():
            digit = _LOOKALIKE[char]
        if char in _GLUE and out and out[-1].isdecimal():
            continue
        out.append(digit)
    return "".join(out)


def _amounts(text: str) -> list[float]:
    values = []
    for match in _AMOUNT.finditer(text):
        value = _number(match.group(1))
        if value is not None:
            values.append(value * _SCALE.get(match.group(2) or "", 1))
    for match in _BIG.finditer(text):
        value = _number(match.group(1))
        if value is not None:
            values.append(value)
    return values


def _number(digits: str) -> float | None:
    """2800, 3.5, 两千八, 二万九千八; None where the characters make no number."""
    if digits[0].isdecimal():
        return float(digits)
    total, section, digit, unit = 0, 0, 0, 1
    for char in digits:
        if char == "万":
            total, section, digit, unit = (total + section + digit) * 10000, 0, 0, 10000
        elif char in _UNITS:
            section += (digit or 1) * _UNITS[char]
            digit, unit = 0, _UNITS[char]
        else:
            digit = int(_SPOKEN[char])
            unit = 1 if char in "零〇" else unit
    # 两千八 is 2,800: a last digit without unit counts in the next lower one.
    value = total + section + digit * (unit // 10 if unit >= 100 and digits[-1] not in _UNITS else 1)
    return float(value) if value else None


def _weekday(today: date, which: str, day: str) -> date:
    number = {"末": 5, "日": 6, "天": 6}.get(day)
    if number is None:
        number = int(_SPOKEN.get(day, day)) - 1
    monday = today - timedelta(days=today.weekday())
    weeks = {"上上": -2, "上": -1, "下": 1}.get(which, 0)
    found = monday + timedelta(days=number, weeks=weeks)
    # “周六考” said on a Sunday means the next one.
    return found + timedelta(weeks=1) if not which and found < today else found


def _calendar_day(today: date, match: re.Match[str]) -> date | None:
    year, which, month_text, day_text = match.groups()
    month = _number(month_text) if month_text else float(today.month)
    day = _number(day_text)
    if month is None or day is None:
        return None
    at_year = int(year) if year else today.year - {"去年": 1, "前年": 2}.get(which or "", 0)
    month_shift = {"上个月": -1, "下个月": 1}.get(which or "", 0)
    months = at_year * 12 + int(month) - 1 + month_shift
    try:
        return date(months // 12, months % 12 + 1, int(day))
    except ValueError:
        return None


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
