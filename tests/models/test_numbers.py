import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.numbers import (
    find_receipt,
    holds_code,
    in_groups,
    is_case_number,
    looks_like_receipt,
    make_case_number,
    make_code,
    read_digits,
    split_receipt,
)

numbers = st.builds(make_case_number, st.integers(2021, 2099), st.integers(0, 10**12))


@given(numbers)
def test_a_made_number_is_a_number(number: str) -> None:
    assert len(number) == 12
    assert is_case_number(number)


@given(numbers, st.integers(0, 11), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(number: str, place: int, shift: int) -> None:
    wrong = str((int(number[place]) + shift) % 10)
    assert not is_case_number(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("2631 8472 0393", "263184720393"),
        ("2631-8472-0393", "263184720393"),
        ("２６３１８４７２０３９３", "263184720393"),
        ("编号：2631\u200b8472\n0393。", "263184720393"),
        ("٢٦٣١", "2631"),
        ("", ""),
        ("没有", ""),
    ],
)
def test_digits_are_read_however_they_are_typed(typed: str, digits: str) -> None:
    assert read_digits(typed) == digits


def test_a_hostile_length_is_cut_before_it_costs_anything() -> None:
    assert len(read_digits("9" * 1_000_000)) <= 200


@given(numbers, st.integers(0, 2**128))
def test_number_and_code_pasted_together_come_apart(number: str, random: int) -> None:
    code = make_code(random)
    assert split_receipt(f"举报编号 {in_groups(number)}，查询码 {in_groups(code)}") == (number, code)


@pytest.mark.parametrize("digits", ["", "2631", "abc", "26318472039", "2631847203930", "²631847203９３"])
def test_other_things_are_no_number(digits: str) -> None:
    assert not is_case_number(digits)


NUMBER, CODE = make_case_number(2026, 318472039), "12345678901234567890"


@pytest.mark.parametrize(
    ("typed", "receipt"),
    [
        ("2631 8472 0396", (NUMBER, "")),
        ("２６３１－８４７２－０３９６", (NUMBER, "")),
        ("举报编号：2631 8472 0396。", (NUMBER, "")),
        ("我的编号是263184720396", (NUMBER, "")),
        ("Case number: 2631 8472 0396", (NUMBER, "")),
        ("1234 5678 9012 3456 7890", ("", CODE)),
        ("查询码：１２３４ ５６７８ ９０１２ ３４５６ ７８９０", ("", CODE)),
        ("my code is 12345678901234567890", ("", CODE)),
        ("编号 2631 8472 0396\n查询码 1234 5678 9012 3456 7890", (NUMBER, CODE)),
        ("26318472039612345678901234567890", (NUMBER, CODE)),
        (f"查询码12345678901234567890，编号{NUMBER}", (NUMBER, CODE)),
    ],
)
def test_a_message_that_is_number_or_code_is_known_as_such(typed: str, receipt: tuple[str, str]) -> None:
    assert find_receipt(typed) == receipt
    assert looks_like_receipt(typed)
    assert holds_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "编号",
        "13839512345",
        "0371-65512345",
        "+44 20 7946 0958",
        "411102198001011234",
        "41110219800101123X",
        "2026-03-05 12:30",
        "2026-03-01 10:00 到 03-02 11:30",
        "13839512345 13839512346",
        "6222 0217 0200 1234 567",
        "证书编号 T411102198001011234",
        "他的发票号是12345678901234567890",
        "编号263184720393的事情又发生了",
        "1" * 100_000,
    ],
)
def test_phones_identity_numbers_dates_and_stories_are_no_receipt(typed: str) -> None:
    assert not looks_like_receipt(typed)
    assert not holds_code(typed)


def test_a_code_with_its_name_is_found_inside_a_text() -> None:
    pasted = (
        "举报已收到。\n\n举报编号：2631 8472 0396\n查询码：1234 5678 9012 3456 7890\n点一下数字就能复制。"
    )
    assert holds_code(pasted)
    assert not looks_like_receipt(pasted)
    assert not holds_code("查询码我忘了，身份证 411102198001011234")


@given(numbers, st.integers(0, 2**128))
def test_every_made_receipt_is_found(number: str, random: int) -> None:
    code = make_code(random)
    for words in (
        f"{in_groups(number)} {in_groups(code)}",
        f"{in_groups(code)}，{number}",
        f"{code}\n{number}",
    ):
        assert find_receipt(words) == (number, code)
