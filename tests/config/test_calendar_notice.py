"""The notice of a year as an administrator has it: pasted as it was published, or in our own form."""

from datetime import date

import pytest

from config.calendar_file import load_calendar
from config.calendar_notice import NoticeError, list_changes, read_notice
from config.calendars import DayKind

KNOWN = load_calendar()
TODAY = date(2026, 11, 28)
NOTICE_2026 = """国务院办公厅关于2026年部分节假日安排的通知
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
"""
MADE_UP_2027 = """关于2027年部分节假日安排的通知
一、元旦：2026年12月31日（周四）至2027年1月2日（周六）放假调休，共3天。2026年12月27日（周日）上班。
二、春节：2月4日（周四）至10日（周三）放假调休，共7天。2月13日（周六）上班。
三、清明节：4月3日至5日放假，共3天。
四、劳动节：5月1日至5日放假调休，共5天。5月8日上班。
五、端午节：6月9日放假，共1天。
六、中秋节：9月15日放假1天。
七、国庆节：10月1日至7日放假调休，共7天。9月26日、10月9日上班。
"""
YAML_2027 = """
years:
  2027:
    holidays:
      new_year: 01-01
      spring_festival: 02-04..02-10
      tomb_sweeping: 04-03..04-05
      labour_day: 05-01..05-05
      dragon_boat: 06-09
      mid_autumn: 09-15
      national_day: 10-01..10-07
    make_up_working_days: [02-13, 05-08, 09-26, 10-09]
"""


def problems_of(written: str) -> list[str]:
    with pytest.raises(NoticeError) as refusal:
        read_notice(written, known=KNOWN, today=TODAY)
    return [problem.key for problem in refusal.value.problems]


def test_the_words_of_the_real_notice_of_2026_give_the_days_that_we_ship():
    (year,) = read_notice(NOTICE_2026, known=KNOWN, today=TODAY)
    assert year == KNOWN.year_days(2026)
    assert KNOWN.with_years([year]).version == KNOWN.version
    assert list_changes(KNOWN, [year]) == []


def test_a_notice_may_move_days_of_the_december_before_and_leaves_the_rest_of_that_year():
    years = read_notice(MADE_UP_2027, known=KNOWN, today=TODAY)
    calendar = KNOWN.with_years(years)
    assert [entry.year for entry in years] == [2026, 2027]
    assert calendar.kind_of(date(2026, 12, 31)) is DayKind.HOLIDAY
    assert calendar.kind_of(date(2026, 12, 27)) is DayKind.MAKE_UP
    assert calendar.year_days(2026).days_off.items() > KNOWN.year_days(2026).days_off.items()
    assert (calendar.first_year, calendar.last_year) == (KNOWN.first_year, 2027)


def test_our_own_form_and_the_notices_words_say_the_same():
    (ours,) = read_notice(YAML_2027, known=KNOWN, today=TODAY)
    words = {entry.year: entry for entry in read_notice(MADE_UP_2027, known=KNOWN, today=TODAY)}[2027]
    assert ours.made_up == words.made_up
    assert ours.days_off.keys() == words.days_off.keys() - {date(2027, 1, 2)}


def test_changes_are_told_against_what_was_estimated():
    changes = {
        change.day: change for change in list_changes(KNOWN, read_notice(YAML_2027, known=KNOWN, today=TODAY))
    }
    assert changes[date(2027, 2, 4)].before is DayKind.WORKING
    assert changes[date(2027, 2, 4)].holiday == "spring_festival"
    assert changes[date(2027, 2, 13)].after is DayKind.MAKE_UP
    assert date(2027, 10, 1) not in changes, "a statutory holiday was held for one already"


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("共9天", "共8天", "count"),
        ("5月9日（周六）", "5月9日（周五）", "weekday"),
        ("6月19日（周五）至21日（周日）放假，共3天", "6月31日放假", "no_day"),
        ("10月10日（周六）上班", "10月12日上班", "no_weekend"),
        ("9月20日（周日）、", "9月26日、", "off_and_worked"),
        ("三、清明节：4月4日（周六）至6日（周一）放假，共3天。\n", "", "statutory"),
        ("四、劳动节：5月1日（周五）至5日（周二）放假调休", "四、劳动节：照常放假", "holiday"),
        ("10月1日（周四）至7日", "10月7日至1日", "run"),
        ("2月15日（农历腊月二十八、周日）至23日", "4月4日至12日", "twice"),
    ],
)
def test_a_mistake_in_the_words_is_found(before: str, after: str, problem: str):
    assert before in NOTICE_2026
    assert problem in problems_of(NOTICE_2026.replace(before, after))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("  \n", "empty"),
        ("years:\n  2027: [", "yaml"),
        ("years: 3", "no_years"),
        ("years:\n  soon: {}", "year"),
        ("years:\n  2027: {holidays: {}}", "keys"),
        (YAML_2027.replace("dragon_boat", "dragon"), "name"),
        (YAML_2027.replace("06-09", "9.6."), "form"),
        (YAML_2027.replace("02-13", "02-30"), "no_day"),
        (YAML_2027.replace("10-09]", "10-11]"), "no_weekend"),
        (YAML_2027.replace("2027", "2029"), "statutory"),
        (NOTICE_2026.replace("2026年", "").replace("关于", ""), "which_year"),
        ("关于2027年部分节假日安排的通知", "no_holidays"),
        ("x" * 20_001, "too_long"),
    ],
)
def test_a_mistake_in_the_form_is_found(written: str, problem: str):
    assert problem in problems_of(written)


def test_a_year_that_is_over_and_a_year_after_a_gap_are_refused():
    with pytest.raises(NoticeError) as over:
        read_notice(NOTICE_2026, known=KNOWN, today=date(2027, 1, 2))
    assert [problem.key for problem in over.value.problems] == ["past"]
    ahead = """years:
  2028:
    holidays: {new_year: 01-01..01-03, spring_festival: 01-25..02-02, tomb_sweeping: 04-04, labour_day: 05-01..05-05,
      dragon_boat: 05-28, mid_autumn_and_national_day: 10-01..10-08}
    make_up_working_days: []
"""
    assert problems_of(ahead) == ["gap"]


def test_all_mistakes_are_told_at_once():
    spoilt = NOTICE_2026.replace("共9天", "共8天").replace("5月9日（周六）", "5月9日（周五）")
    assert problems_of(spoilt) == ["count", "weekday"]
