import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.numbers import in_groups, is_case_number, make_case_number, make_code, read_digits, split_receipt

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
