"""Logs: facts and ids; secrets and people are blotted out even where somebody forgot himself."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from config.log import FORBIDDEN, blot_out, drop_forbidden, set_up_logging

TOKEN = "8123456789:AAF-zx81kQ0fGq3mT7nUuV5wYbC2dEhJkLm"


@pytest.fixture(autouse=True)
def logs_hold_no_content():
    """The house's guard of all logs steps aside: here secrets are logged on purpose."""


@pytest.fixture
def said():
    """What was logged so far, one dict for each line."""
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    set_up_logging(stream=stream, as_json=True, level=logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


def test_a_fact_is_one_line_of_json_with_its_moment(said):
    structlog.get_logger().info("tip_received", tip_id=7, channel="web")
    (line,) = said()
    assert (line["event"], line["tip_id"], line["channel"], line["level"]) == (
        "tip_received",
        7,
        "web",
        "info",
    )
    assert line["timestamp"].endswith("Z")


def test_libraries_speak_through_the_same_form(said):
    logging.getLogger("somebody").warning("disk is %s", "slow")
    (line,) = said()
    assert (line["event"], line["level"], line["logger"]) == ("disk is slow", "warning", "somebody")


def test_the_library_that_logs_the_token_is_silent(said):
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("httpcore").debug("send %s", TOKEN)
    logging.getLogger("apprise").error("failed: wecombot://%s", TOKEN)
    assert said() == []


@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "13812345678",
        "+86 138 1234 5678",
        "411102199001011234",
        "41110219900101123X",
        "12345678901234567890",
        "1234 5678 9012 3456 7890",
        "wang@example.org",
    ],
)
def test_what_looks_like_a_secret_is_blotted_out_wherever_it_stands(said, secret):
    log = structlog.get_logger()
    event = f"it said {secret} today"
    log.error(
        event,
        reason=f"因{secret}，",
        more={"deep": [f"x {secret}"]},
        thing=ValueError(secret),
    )
    logging.getLogger("somebody").error("about %s", secret)
    assert len(said()) == 2
    assert secret not in json.dumps(said(), ensure_ascii=False)


def test_passwords_in_addresses_are_blotted_out(said):
    structlog.get_logger().error("no_mail", server="smtp://duty:hunter2@mail.example.org")
    assert "hunter2" not in str(said())
    assert "mail.example.org" in str(said())


def test_ids_case_numbers_and_moments_stay_readable(said):
    structlog.get_logger().info(
        "x",
        case_id=123456789012,
        number="263184720393",
        shown="2631 8472 0393",
        at="2026-03-04T02:00:00+00:00",
    )
    (line,) = said()
    assert line["case_id"] == 123456789012
    assert line["number"] == "263184720393"
    assert line["shown"] == "2631 8472 0393"
    assert line["at"] == "2026-03-04T02:00:00+00:00"


def test_forbidden_fields_are_dropped_at_any_depth(said):
    structlog.get_logger().info("x", text="宏达学校", deep={"phone": "1", "ok": [{"chat_id": 5, "id": 6}]})
    (line,) = said()
    assert "text" not in line
    assert line["deep"] == {"ok": [{"id": 6}]}


def test_an_exception_is_told_by_type_and_place_never_by_its_words(said):
    log = structlog.get_logger()
    try:
        int("宏达学校的举报人王五")
    except ValueError as error:
        log.exception("job_failed", job="assess")
        log.error("job_failed", exc_info=error)
        logging.getLogger("somebody").exception("oh")
    lines = said()
    assert len(lines) == 3
    for line in lines:
        assert line["error"] == "ValueError"
        assert line["places"][-1].startswith("test_log.py:")
    assert "王五" not in json.dumps(lines, ensure_ascii=False)


def test_on_a_terminal_there_are_words():
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    set_up_logging(stream=stream, as_json=False)
    structlog.get_logger().info("tip_received", tip_id=7)
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()
    assert "tip_received" in stream.getvalue()
    assert "tip_id=7" in stream.getvalue()


@given(st.dictionaries(st.sampled_from(sorted(FORBIDDEN)), st.text()))
def test_nothing_forbidden_gets_through(fields):
    assert drop_forbidden(None, "", {"event": "x", **fields}) == {"event": "x"}


@given(st.text(max_size=200))
def test_words_without_a_secret_stay_as_they_are(words):
    plain = "".join(ch for ch in words if not ch.isdigit() and ch not in "@:/")
    assert blot_out(None, "", {"event": plain})["event"] == plain
