"""Case numbers and return codes: making, reading, showing.

A case number 举报编号 is 12 digits: two of the year, nine random ones, and an ISO 7064 MOD 11,10 check
digit, which catches every single wrong digit and nearly every swap of neighbours. Random, so that
numbers tell neither how many tips there are nor that one is missing from a list.
A return code 查询码 is 20 random digits (66.4 bits).
Both can be dictated over the phone and are shown in groups of four.
"""

import unicodedata

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

NUMBER_DIGITS = 12
CODE_DIGITS = 20
_RANDOM_DIGITS = 9
_LONGEST_INPUT = 200


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


def split_receipt(typed: str) -> tuple[str, str]:
    """Number and code out of one pasted text that holds both; either may come out empty."""
    digits = read_digits(typed)
    return digits[:NUMBER_DIGITS], digits[NUMBER_DIGITS:]


def in_groups(digits: str) -> str:
    """`263184720393` as `2631 8472 0393`."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
