"""Words: found by key, in the right language, with values that stay what they are."""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import pytest

from config import text as words
from config.text import (
    LOCALES,
    MissingTextError,
    MissingTextWarning,
    find_locale,
    format_date,
    format_day,
    format_due,
    has_text,
    text,
)
from models import states


@pytest.fixture
def texts(monkeypatch):
    """Two small languages; English has not been finished."""
    both = {
        "zh-CN": {"a.hello": "你好，{name}", "a.left": "剩 {count} 天", "a.only": "只有中文"},
        "en": {
            "a.hello": "Hello {name}",
            "a.left.one": "{count} day left",
            "a.left.other": "{count} days left",
        },
    }
    monkeypatch.setattr(words, "load_texts", both.__getitem__)


def test_a_text_with_its_value(texts):
    assert text("a.hello", "zh-CN", name="老王") == "你好，老王"
    assert text("a.hello", "en", name="Wang") == "Hello Wang"


@pytest.mark.parametrize("nasty", ["{name}", "{0.__class__}", "%s", "\\1", "{count}"])
def test_values_are_never_read_again(texts, nasty):
    assert text("a.hello", "en", name=nasty) == f"Hello {nasty}"


@pytest.mark.parametrize(("count", "said"), [(0, "0 days left"), (1, "1 day left"), (2, "2 days left")])
def test_one_and_many(texts, count, said):
    assert text("a.left", "en", count=count) == said
    assert text("a.left", "zh-CN", count=count) == f"剩 {count} 天"
    assert has_text("a.left", "en")


def test_a_text_missing_in_one_language_is_an_error_here_and_the_other_language_in_production(texts):
    with pytest.raises(MissingTextWarning, match=r"en has no text a\.only"):
        text("a.only", "en")
    with pytest.warns(MissingTextWarning):
        assert text("a.only", "en") == "只有中文"


def test_a_text_that_no_language_has(texts):
    with pytest.raises(MissingTextError, match=r"a\.nothing"):
        text("a.nothing", "zh-CN")


def test_a_value_that_is_not_given(texts):
    with pytest.raises(KeyError):
        text("a.hello", "en")


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [
        ("zh-CN", "zh-CN"),
        ("zh_Hans", "zh-CN"),
        ("ZH-TW", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8,zh;q=0.7", "en"),
        ("fr, zh;q=0.4, en;q=0.5", "en"),
        ("en;q=0, zh", "zh-CN"),
        ("de", "zh-CN"),
        ("", "zh-CN"),
        (None, "zh-CN"),
        ("en;q=much, *", "zh-CN"),
        ("english", "zh-CN"),
    ],
)
def test_the_language_of_a_reader(wanted, locale):
    assert find_locale(wanted) == locale


MOMENT = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
END_OF_DAY = datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "zh", "en"),
    [
        (lambda locale: format_date(MOMENT, locale), "2026年3月5日（周四）17:30", "5 March 2026 (Thu) 17:30"),
        (lambda locale: format_day(MOMENT, locale), "2026年3月5日（周四）", "5 March 2026 (Thu)"),
        (
            lambda locale: format_day(date(2022, 1, 30), locale),
            "2022年1月30日（周日）",
            "30 January 2022 (Sun)",
        ),
        # Nearly midnight in Luohe is the afternoon before in UTC.
        (
            lambda locale: format_day(MOMENT - timedelta(hours=17), locale),
            "2026年3月5日（周四）",
            "5 March 2026 (Thu)",
        ),
        # A limit in days ends with its day; one in hours at its minute.
        (
            lambda locale: format_due(END_OF_DAY, locale),
            "2026年3月5日（周四）24:00",
            "5 March 2026 (Thu) 24:00",
        ),
        (lambda locale: format_due(MOMENT, locale), "2026年3月5日（周四）17:30", "5 March 2026 (Thu) 17:30"),
    ],
)
def test_dates_as_people_read_them(shown, zh, en):
    assert (shown("zh-CN"), shown("en")) == (zh, en)


def test_a_moment_without_a_zone_is_not_shown():
    with pytest.raises(ValueError, match="time zone"):
        format_date(datetime(2026, 3, 5, 9, 30), "en")  # noqa: DTZ001 - that is the point


WORDS: dict[str, type[StrEnum]] = {
    "case": states.CaseState,
    "channel": states.Channel,
    "disposition": states.Disposition,
    "finding": states.FindingKind,
    "likeness": states.LikenessState,
    "mark": states.MarkKind,
    "message": states.MessageKind,
    "notice": states.NoticeState,
    "notice_channel": states.NoticeChannel,
    "request": states.RequestKind,
    "role": states.Role,
    "solved": states.Solved,
    "source": states.FindingSource,
    "update": states.UpdateState,
    "urgency": states.Urgency,
    "verdict": states.Verdict,
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", WORDS)
def test_every_stored_value_has_a_word_and_no_two_the_same(kind, locale):
    said = [text(f"states.{kind}.{value}", locale) for value in WORDS[kind]]
    assert len(set(said)) == len(said)
