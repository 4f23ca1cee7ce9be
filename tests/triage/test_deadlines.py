"""Due times: the golden cases, the sentences that explain them, and a day-by-day counter that must agree."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.calendars import LOCAL, UncoveredYearError
from config.catalog import load_catalog
from config.deadlines import Span, Unit
from triage.deadlines import StepKind, add_span, compute_due, describe_remaining, ladder_of, next_office_hour

CATALOG = load_catalog()
CALENDAR = CATALOG.calendar
H, N, W = Unit.HOURS, Unit.NATURAL_DAYS, Unit.WORKING_DAYS


def at(day: str, clock: str = "10:00") -> datetime:
    """A moment in Luohe."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), LOCAL)


def due_of(rule_id: str, started_at: datetime):
    return compute_due(CATALOG.deadline_in_force(rule_id, started_at), started_at, calendar=CALENDAR)


def end_of(day: str) -> datetime:
    return at(day, "23:59:59")


# ---------------------------------------------------------------- the moment


@pytest.mark.parametrize(
    ("rule_id", "started_at", "due_at"),
    [
        # (a) day 60 is a Sunday that is worked: it stays
        ("D10", at("2021-12-01"), end_of("2022-01-30")),
        # (b) day 60 lies in the Spring Festival: it moves on
        ("D10", at("2021-12-03"), end_of("2022-02-07")),
        # (c) three working days over a weekend that is worked and a holiday
        ("D03", at("2022-01-28"), end_of("2022-02-07")),
        # (d) hours run on
        ("D16", at("2022-01-31", "16:00"), at("2022-02-01", "16:00")),
        # (e) three natural days
        ("D15", at("2022-03-04"), end_of("2022-03-07")),
        # duties where early is safe do not move on
        ("D15", at("2022-03-03"), end_of("2022-03-06")),
        # the last minute and the first minute of a day in Luohe lie on one day in UTC
        ("D07", at("2026-03-04", "23:59"), end_of("2026-03-05")),
        ("D07", at("2026-03-05", "00:00"), end_of("2026-03-06")),
        ("D02", at("2026-03-04", "23:30"), at("2026-03-05", "01:30")),
        ("D12", at("2026-09-15"), end_of("2026-09-28")),
        # an extension counts on from the last second of the first limit
        ("D11", end_of("2026-03-05"), end_of("2026-04-07")),
    ],
)
def test_when_a_clock_runs_out(rule_id, started_at, due_at):
    assert due_of(rule_id, started_at).due_at == due_at
    assert due_of(rule_id, started_at.astimezone(UTC)).due_at == due_at


def naive_end(day: date, amount: int, unit: Unit, *, rolls: bool) -> date:
    """Days ticked off on a wall calendar, one by one."""
    left = amount
    while left:
        day += timedelta(days=1)
        if unit is N or CALENDAR.is_working_day(day):
            left -= 1
    while rolls and not CALENDAR.is_working_day(day):
        day += timedelta(days=1)
    return day


@settings(deadline=None)  # ticking days off takes its time on a busy machine
@given(
    st.datetimes(datetime(2021, 1, 1), datetime(2026, 9, 1)),  # noqa: DTZ001 - the zone is added below
    st.integers(1, 90),
    st.sampled_from([(N, False), (N, True), (W, False)]),
)
def test_any_count_agrees_with_ticking_days_off(moment, amount, way):
    unit, rolls = way
    started_at = moment.replace(tzinfo=LOCAL)
    last = naive_end(started_at.date(), amount, unit, rolls=rolls)
    due_at = add_span(started_at, Span(amount=amount, unit=unit), calendar=CALENDAR, rolls=rolls)
    assert due_at == datetime.combine(last, time(23, 59, 59), LOCAL)
    assert due_at > started_at


@given(st.datetimes(datetime(2021, 1, 1), datetime(2026, 9, 1)), st.integers(0, 90), st.sampled_from([N, W]))  # noqa: DTZ001
def test_starting_later_is_never_due_earlier(moment, minutes, unit):
    early = moment.replace(tzinfo=LOCAL)
    late = early + timedelta(minutes=minutes)
    span = Span(amount=3, unit=unit)
    assert add_span(early, span, calendar=CALENDAR) <= add_span(late, span, calendar=CALENDAR)


def test_a_clock_keeps_the_versions_it_was_counted_by():
    due = due_of("D10", at("2026-03-04"))
    assert (due.rule_version, due.calendar_version) == ("D10-1", CALENDAR.version)


@pytest.mark.parametrize(
    ("rule_id", "started_at", "is_estimate"),
    [
        ("D10", at("2026-10-20"), False),  # ends on 19 December
        ("D10", at("2026-11-02"), True),  # ends on New Year's Day of a year without a notice
        ("D03", at("2026-12-30"), True),
        ("D15", at("2026-12-30"), False),  # plain days, no calendar asked
        ("D16", at("2026-12-31"), False),
    ],
)
def test_beyond_the_calendar_a_due_time_says_that_it_is_an_estimate(rule_id, started_at, is_estimate):
    due = due_of(rule_id, started_at)
    assert due.is_estimate is is_estimate
    assert ("2027年放假安排尚未公布" in due.sentence_zh) is is_estimate
    assert ("an estimate" in due.sentence_en) is is_estimate


def test_before_the_first_calendar_nothing_is_counted():
    with pytest.raises(UncoveredYearError):
        compute_due(CATALOG.deadline_in_force("D10", date(2019, 6, 1)), at("2019-06-01"), calendar=CALENDAR)


def test_a_moment_without_a_zone_starts_nothing():
    with pytest.raises(ValueError, match="time zone"):
        due_of("D10", datetime(2026, 3, 4, 10))  # noqa: DTZ001 - that is the point


# ---------------------------------------------------------------- the sentence

SENTENCES = [
    (
        "D10",
        at("2021-12-01"),
        (
            "核查办结：自2021年12月1日（周三）10:00受理，次日起算60日，至2022年1月30日（周日）24:00止（当日调休上班，不顺延）。"
            "依据：《安全生产领域举报奖励办法》（安监总财〔2018〕19号）。"
        ),
    ),
    (
        "D10",
        at("2021-12-03"),
        (
            "核查办结：自2021年12月3日（周五）10:00受理，次日起算60日，至2022年2月7日（周一）24:00止"
            "（期满日2022年2月1日（周二）为春节假期，顺延至其后第一个工作日）。"
            "依据：《安全生产领域举报奖励办法》（安监总财〔2018〕19号）。"
        ),
    ),
    (
        "D07",
        at("2022-01-28"),
        (
            "签收：自2022年1月28日（周五）10:00交办，次日起算1个工作日，计入调休上班的1月29日，"
            "至2022年1月29日（周六）24:00止。依据：本局服务承诺。"
        ),
    ),
    (
        "D16",
        at("2022-01-31", "16:00"),
        (
            "移送公安：自2022年1月31日（周一）16:00批准移送起算24小时，至2022年2月1日（周二）16:00止。"
            "依据：《行政执法机关移送涉嫌犯罪案件的规定》第五条。"
        ),
    ),
    (
        "D15",
        at("2022-03-03"),
        (
            "移送公安审批：自2022年3月3日（周四）10:00书面报告负责人，次日起算3日，至2022年3月6日（周日）24:00止"
            "（当日为周末，本项不顺延）。依据：《行政执法机关移送涉嫌犯罪案件的规定》第五条。"
        ),
    ),
]


@pytest.mark.parametrize(("rule_id", "started_at", "sentence"), SENTENCES)
def test_the_sentence_lets_anybody_count_again(rule_id, started_at, sentence):
    assert due_of(rule_id, started_at).sentence_zh == sentence


def test_skipped_days_are_told_with_their_reason():
    due = due_of("D03", at("2022-01-28"))
    assert "不计1月31日至2月6日（春节假期），计入调休上班的1月29日、1月30日" in due.sentence_zh
    assert "not counting 31 January to 6 February (Spring Festival)" in due.sentence_en
    assert "counting 29 January, 30 January as make-up working days" in due.sentence_en


def test_every_skipped_run_has_its_own_reason():
    due = due_of("D03", at("2026-04-30"))
    assert "不计5月1日至5月5日（劳动节假期）" in due.sentence_zh
    assert "计入调休上班的5月9日" in due_of("D08", at("2026-05-07")).sentence_zh
    assert "不计3月7日至3月8日（周末）" in due_of("D03", at("2026-03-05")).sentence_zh


@pytest.mark.parametrize("rule", CATALOG.deadlines, ids=lambda rule: rule.id)
def test_every_rule_can_explain_itself(rule):
    due = compute_due(rule, at("2026-03-04"), calendar=CALENDAR)
    for sentence, locale in ((due.sentence_zh, "zh-CN"), (due.sentence_en, "en")):
        assert rule.source.say(locale) in sentence
        assert rule.name.say(locale) in sentence
        assert "{" not in sentence
    assert not set("abcdefghijklmnopqrstuvwxyz") & set(due.sentence_zh)


# ---------------------------------------------------------------- warnings and the ladder


def steps(rule_id: str, started_at: datetime):
    rule = CATALOG.deadline_in_force(rule_id, started_at)
    due = compute_due(rule, started_at, calendar=CALENDAR)
    return ladder_of(rule, started_at=started_at, due_at=due.due_at, calendar=CALENDAR)


def test_sixty_days_are_warned_of_three_times_and_escalate_twice():
    # accepted 2 March 2026, due Friday 1 May, in the holidays: moved on to 6 May
    told = [
        (step.at.strftime("%m-%d %H:%M"), step.kind.value, step.role)
        for step in steps("D10", at("2026-03-02"))
    ]
    assert told == [
        ("04-21 09:00", "warn", "officer"),
        ("04-24 09:00", "warn", "officer"),
        ("04-30 09:00", "warn", "officer"),
        ("05-06 23:59", "breach", "officer"),
        ("05-07 09:00", "escalate", "lead"),
        ("05-09 09:00", "escalate", "supervisor"),
    ]


def test_two_hours_are_warned_of_after_one():
    assert [(step.at, step.kind) for step in steps("D02", at("2026-03-07", "22:00"))][:3] == [
        (at("2026-03-07", "23:00"), StepKind.WARN),
        (at("2026-03-08", "00:00"), StepKind.BREACH),
        (at("2026-03-08", "00:00"), StepKind.ESCALATE),
    ]


def test_a_one_day_limit_is_warned_of_on_its_morning():
    assert steps("D07", at("2026-03-04"))[0].at == at("2026-03-05", "09:00")


@given(st.datetimes(datetime(2021, 3, 1), datetime(2026, 6, 1)), st.sampled_from(CATALOG.deadlines))  # noqa: DTZ001
def test_every_ladder_goes_up_from_start_to_breach_and_beyond(moment, rule):
    started_at = moment.replace(tzinfo=LOCAL)
    due_at = compute_due(rule, started_at, calendar=CALENDAR).due_at
    ladder = ladder_of(rule, started_at=started_at, due_at=due_at, calendar=CALENDAR)
    moments = [step.at for step in ladder]
    assert moments == sorted(moments)
    assert all(started_at < step.at < due_at for step in ladder if step.kind is StepKind.WARN)
    assert [step.at for step in ladder if step.kind is StepKind.BREACH] == [due_at]
    assert all(step.at >= due_at for step in ladder if step.kind is StepKind.ESCALATE)


@pytest.mark.parametrize(
    ("moment", "office"),
    [
        (at("2026-03-04", "10:00"), at("2026-03-04", "10:00")),
        (at("2026-03-04", "07:00"), at("2026-03-04", "09:00")),
        (at("2026-03-04", "17:30"), at("2026-03-05", "09:00")),
        (at("2026-03-06", "18:00"), at("2026-03-09", "09:00")),
        (at("2026-02-13", "18:00"), at("2026-02-14", "09:00")),  # a Saturday that is worked
        (at("2026-02-14", "18:00"), at("2026-02-24", "09:00")),  # then the Spring Festival
    ],
)
def test_office_hours(moment, office):
    assert next_office_hour(moment, calendar=CALENDAR) == office


# ---------------------------------------------------------------- what is left

NOW = at("2026-03-04")  # a Wednesday


@pytest.mark.parametrize(
    ("due_at", "unit", "zh", "en"),
    [
        (end_of("2026-03-06"), W, "剩 2 个工作日", "2 working days left"),
        (end_of("2026-03-09"), W, "剩 3 个工作日", "3 working days left"),
        (end_of("2026-03-05"), W, "剩 1 个工作日", "1 working day left"),
        (end_of("2026-03-04"), W, "今天到期", "due today"),
        (end_of("2026-04-03"), N, "剩 30 天", "30 days left"),
        (end_of("2026-03-05"), N, "剩 1 天", "1 day left"),
        (at("2026-03-04", "12:30"), H, "剩 2 小时", "2 h left"),
        (at("2026-03-04", "10:59"), H, "剩 59 分钟", "59 min left"),
        (at("2026-03-04", "10:00"), H, "剩 1 分钟", "1 min left"),
        (end_of("2026-03-03"), W, "超期 1 天", "1 day late"),
        (end_of("2026-03-01"), N, "超期 3 天", "3 days late"),
        (at("2026-03-04", "09:30"), H, "超期 30 分钟", "30 min late"),
        (at("2026-03-04", "06:00"), H, "超期 4 小时", "4 h late"),
        (at("2026-03-02", "09:00"), H, "超期 2 天", "2 days late"),
        (at("2026-03-04", "09:59"), W, "超期 1 分钟", "1 min late"),
    ],
)
def test_what_is_left_as_people_say_it(due_at, unit, zh, en):
    said = [
        describe_remaining(due_at, now=NOW, unit=unit, calendar=CALENDAR, locale=locale)
        for locale in ("zh-CN", "en")
    ]
    assert said == [zh, en]
