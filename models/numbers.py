"""Case numbers and return codes: making, reading, showing.

A case number 举报编号 is 12 digits: two of the year, nine random ones, and an ISO 7064 MOD 11,10 check
digit, which catches every single wrong digit and nearly every swap of neighbours. Random, so that
numbers tell neither how many tips there are nor that one is missing from a list.
A return code 查询码 is 20 random digits (66.4 bits).
Both can be dictated over the phone and are shown in groups of four.
"""

import re
import unicodedata

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

NUMBER_DIGITS = 12
CODE_DIGITS = 20
_RANDOM_DIGITS = 9
_LONGEST_INPUT = 200
_YEAR_BEFORE = "20"
"""Numbers begin with the year, 21 and later; 20… is a date such as 2026-03-05 12:30, 0… a landline, 1… a mobile."""
_AROUND = re.compile(
    r"(?:举报编号|案件编号|编号|案号|查询码|返回码|号码|密码|单号|查询|查一下|进度|你好|您好|我的|您的|这是|[我的请查是为和与及号码]"
    r"|\b(?:my|the|case|return|number|no|code|tip|report|is|and|status|progress|hello|hi|please|check)\b"
    r"|(?<!\d)[:=#]|[:=](?!\d))",
    re.IGNORECASE,
)
"""Words (and marks beside them) with which people send number and code; between digits a colon is a time."""
_BETWEEN = re.compile(r"[\s\u200b\ufeff.,;、。·/|()\[\]<>《》【】\"'“”‘’「」_~*`\-‐-―−!]+")
_LABELLED_CODE = re.compile(
    rf"(?:查询码|return code|\bcode)[\s:：是为is]{{0,6}}((?:\d[\s\-‐-―−]{{0,3}}){{{CODE_DIGITS}}})(?!\d)",
    re.IGNORECASE,
)
_GAP = r"[ \-‐-―−\u00a0\u3000]{0,3}"
_LONG_RUN = re.compile(rf"(?:\d{_GAP}){{{CODE_DIGITS - 1},}}\d")
_SHOWN_CODE = re.compile(
    rf"((?:查询码|return code|\bcode)\D{{0,12}})(?:\d\s{{0,3}}-?){{{CODE_DIGITS - 1}}}\d", re.IGNORECASE
)
"""As a page shows it: under its name, perhaps over two lines. Elsewhere lines of digits are lists of numbers."""
_BLANK = "▇▇▇▇"


def make_case_number(year: int, random: int) -> str:
    """Twelve digits from a year and a random number."""
    stem = f"{year % 100:02d}{random % 10**_RANDOM_DIGITS:0{_RANDOM_DIGITS}d}"
    return stem + mod_11_10.calc_check_digit(stem)


def make_code(random: int) -> str:
    """Twenty digits from a random number of at least 128 bits."""
    return f"{random % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def read_digits(typed: str) -> str:
    """The digits of what a person typed or pasted: full-width ones too, whatever stands between them."""
    # Cut before normalising: nobody's number is that long, and hostile input must stay cheap.
    plain = unicodedata.normalize("NFKC", typed[:_LONGEST_INPUT])
    return "".join(str(unicodedata.decimal(ch)) for ch in plain if ch.isdecimal())


def is_case_number(digits: str) -> bool:
    """Whether the length and the check digit are right."""
    try:
        return len(digits) == NUMBER_DIGITS and bool(mod_11_10.validate(digits))
    except ValidationError:
        return False


def find_receipt(typed: str) -> tuple[str, str] | None:
    """Number and code of a message that is nothing else, either one empty where it is missing; else None.

    Digits may be full-width, spaced, in any order, with words like 编号 or “my code” around. A phone number (11), an
    identity number (18), a landline with its area code, a time or a date is none of it.
    """
    if len(typed) > _LONGEST_INPUT:
        return None
    digits = _BETWEEN.sub("", _AROUND.sub(" ", unicodedata.normalize("NFKC", typed)))
    if not digits.isdecimal():
        return None
    digits = read_digits(digits)
    if len(digits) == NUMBER_DIGITS:
        return (digits, "") if digits[:2] > _YEAR_BEFORE else None
    if len(digits) == CODE_DIGITS:
        return "", digits
    if len(digits) != NUMBER_DIGITS + CODE_DIGITS:
        return None
    is_swapped = _is_code_first(typed, digits)
    return (digits[CODE_DIGITS:], digits[:CODE_DIGITS]) if is_swapped else split_receipt(digits)


def _is_code_first(typed: str, digits: str) -> bool:
    """Which half comes first: by what stands between them, else by the check digit of the number."""
    sizes = [len(read_digits(part)) for part in re.split(r"[^\d \-]+", unicodedata.normalize("NFKC", typed))]
    parts = [size for size in sizes if size]
    if len(parts) == len((NUMBER_DIGITS, CODE_DIGITS)):
        return parts[0] == CODE_DIGITS
    return not is_case_number(digits[:NUMBER_DIGITS]) and is_case_number(digits[CODE_DIGITS:])


def looks_like_receipt(text: str) -> bool:
    """Whether a text is a case number, a return code or both, and nothing else: never evidence."""
    return find_receipt(text) is not None


def holds_code(text: str) -> bool:
    """Whether a text must not be stored because a return code stands in it, alone or with its name before it."""
    return looks_like_receipt(text) or bool(_LABELLED_CODE.search(unicodedata.normalize("NFKC", text)))


def hide_codes(text: str) -> str:
    """The text with everything that may be a return code blanked: for what a machine read from a picture."""
    return _SHOWN_CODE.sub(lambda found: found[1] + _BLANK, _LONG_RUN.sub(_BLANK, text))


def split_receipt(typed: str) -> tuple[str, str]:
    """Number and code out of one pasted text that holds both; either may come out empty."""
    digits = read_digits(typed)
    return digits[:NUMBER_DIGITS], digits[NUMBER_DIGITS:]


def in_groups(digits: str) -> str:
    """`263184720393` as `2631 8472 0393`."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
