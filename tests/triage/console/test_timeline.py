"""The history: newest first, each thing told once."""

from datetime import timedelta

import pytest

from config.text import LOCALES, has_text
from models.audit import record_event
from models.event import Event
from models.message import Message
from models.states import MessageKind, Role
from tests.factories import NOW
from triage.console.timeline import CLOCKS, Show, Voice, make_timeline, read_show


def event(kind: str, minutes: int, staff_id: int | None = None, **data: object) -> tuple[Event, str | None]:
    row = Event(kind=kind, at=NOW + timedelta(minutes=minutes), staff_id=staff_id, reason="", data=data)
    return row, "王工" if staff_id else None


def message(kind: MessageKind, minutes: int, text: str, serial: int) -> Message:
    row = Message(id=serial, kind=kind, text=text, created_at=NOW + timedelta(minutes=minutes), staff_id=7)
    row.attachments = []
    return row


def test_acts_and_messages_by_time_newest_first():
    entries = make_timeline(
        [event("tip_received", 0), event("case_opened", 1), event("signed_for", 5, staff_id=7)],
        [message(MessageKind.FROM_REPORTER, 3, "补充", 1)],
        names={7: "王工"},
    )
    assert [entry.kind for entry in entries] == [
        "signed_for",
        "message_from_reporter",
        "case_opened",
        "tip_received",
    ]
    assert [entry.voice for entry in entries] == [Voice.STAFF, Voice.REPORTER, Voice.SYSTEM, Voice.REPORTER]


def test_of_one_moment_the_later_act_stands_above():
    entries = make_timeline([event("accepted", 1), event("assigned", 1)], [], names={})
    assert [entry.kind for entry in entries] == ["assigned", "accepted"]


def test_a_message_is_told_by_itself_and_not_by_its_act():
    entries = make_timeline(
        [
            event("reporter_asked", 2, staff_id=7),
            event("note_added", 3, staff_id=7),
            event("reporter_wrote", 4),
        ],
        [],
        names={},
    )
    assert entries == []


def test_a_question_to_several_reporters_is_one_entry_but_their_answers_are_several():
    messages = [
        message(MessageKind.TO_REPORTER, 1, "有收据吗？", 1),
        message(MessageKind.TO_REPORTER, 1, "有收据吗？", 2),
        message(MessageKind.FROM_REPORTER, 2, "有", 3),
        message(MessageKind.FROM_REPORTER, 2, "有", 4),
    ]
    entries = make_timeline([], messages, names={7: "王工"})
    assert [entry.text for entry in entries] == ["有", "有", "有收据吗？"]
    assert entries[-1].who == "王工"


def test_clocks_show_only_when_asked_for():
    events = [event("clock_started", 1, rule="D10"), event("signed_for", 2, staff_id=7)]
    assert [entry.kind for entry in make_timeline(events, [], names={})] == ["signed_for"]
    assert len(make_timeline(events, [], names={}, show=Show.ALL)) == 2


@pytest.mark.parametrize(
    ("show", "kinds"),
    [
        ("", "deadline_breached message_from_reporter signed_for case_opened"),
        ("all", "deadline_breached message_from_reporter signed_for clock_started case_opened"),
        ("reporter", "message_from_reporter"),
        ("staff", "signed_for"),
        ("system", "deadline_breached case_opened"),
        ("clocks", "deadline_breached clock_started"),
        ("nothing like it", "deadline_breached message_from_reporter signed_for case_opened"),
    ],
)
def test_the_address_says_whose_part_is_shown(show, kinds):
    events = [
        event("case_opened", 0),
        event("clock_started", 1, rule="D10"),
        event("signed_for", 2, staff_id=7),
        event("deadline_breached", 4, rule="D10"),
    ]
    letters = [message(MessageKind.FROM_REPORTER, 3, "补充", 1)]
    entries = make_timeline(events, letters, names={}, show=read_show(show))
    assert [entry.kind for entry in entries] == kinds.split()


def test_every_part_has_a_name_and_every_kind_of_clock_a_sentence():
    assert all(has_text(f"case.history.{show or 'acts'}", locale) for show in Show for locale in LOCALES)
    assert all(has_text(f"console.event.{kind}") for kind in CLOCKS)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_moment_tells_its_second_and_its_zone(db, bureau, sign_in):
    async with db.begin() as session:
        moment = NOW + timedelta(seconds=17)
        record_event(
            session, "signed_for", at=moment, by=bureau.by_role[Role.OFFICER].id, case_id=bureau.case.id
        )
    lead = await sign_in(bureau.by_role[Role.LEAD])
    shown = await lead.get(f"/cases/{bureau.case.number}?events=staff")
    assert 'title="2026年3月4日（周三）10:00:17，北京时间"' in shown.text
    assert shown.says("时间均为北京时间")
    assert '<a href="?events=staff#history" aria-current="true">' in shown.text
    assert (await lead.get(f"/cases/{bureau.case.number}?events=reporter")).says("这个范围内还没有记录")


@pytest.mark.parametrize(
    "kind",
    [
        "withdrawal_asked",
        "review_asked",
        "outcome_rated",
        "contact_changed",
        "contact_removed",
        "letters_hidden",
    ],
)
def test_what_a_reporter_asked_or_did_is_his_own_entry_with_words(kind: str):
    facts = {"solved": "partly", "score": 3} if kind == "outcome_rated" else {}
    act = Event(kind=kind, at=NOW, staff_id=None, reason="", data=facts)
    (entry,) = make_timeline([(act, None)], [], names={})
    assert entry.voice is Voice.REPORTER
    assert all(has_text(f"console.event.{kind}", locale) for locale in LOCALES)
