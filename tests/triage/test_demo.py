"""The demo bureau: made by the program's own functions, every state to be seen, nothing copied twice."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.intake import receive_message, receive_tip
from bot.receipts import find_tip_by_receipt
from config.calendars import Calendar
from config.catalog import load_catalog
from config.clock import LOCAL
from models.audit import find_broken_event
from models.case import Case, Deadline
from models.event import Event
from models.examination import examine_file
from models.message import Message
from models.notice import Notice
from models.session import Database
from models.solo import SoloDatabase
from models.staff import Staff
from models.states import CaseState, Channel, Disposition, MessageKind, NoticeState, Role, Verdict
from models.tip import Attachment, Tip
from triage.accounts import matches_password
from triage.demo import build_demo
from triage.demo.files import make_file
from triage.demo.texts import choose_words, load_texts, read_label, write_tip
from triage.demo.worktime import add_work, spread
from triage.language import load_classifier
from triage.workflow import STEPS

REACHED = {step.to for step in STEPS.values() if step.to} | {CaseState.REGISTERED}
TODAY = datetime(2026, 11, 18, 3, 30, tzinfo=UTC)  # a Wednesday, half past eleven in Luohe


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.fixture(scope="module")
def classifier(catalog):
    return load_classifier(catalog)


async def build(db, keys, catalog, classifier, folder, **options):
    return await build_demo(
        db,
        receive_tip=receive_tip,
        receive_message=receive_message,
        classifier=classifier,
        catalog=catalog,
        keys=keys,
        folder=folder,
        now=TODAY,
        **options,
    )


@pytest.fixture
def make_demo(make_database, keys, catalog, classifier, tmp_path):
    async def make(**options):
        db = Database(make_database("sqlite"))
        return db, await build(db, keys, catalog, classifier, tmp_path / "files", **options)

    return make


# ---------------------------------------------------------------- the whole


@pytest.mark.timeout(300)
async def test_the_whole_bureau(make_demo, keys):
    """One long test, for the demo takes a while to build: what must be true of all of it."""
    seen = []
    db, demo = await make_demo(progress=lambda done, total: seen.append((done, total)))
    async with db.read() as session:
        cases = list(await session.scalars(select(Case)))
        assert await find_broken_event(session) is None

        assert len(cases) == demo.cases >= 300
        assert seen == [(done, demo.cases) for done in range(1, demo.cases + 1)]
        assert {case.state for case in cases} >= REACHED
        assert {case.disposition for case in cases} == set(Disposition)
        assert {case.verdict for case in cases} == {*Verdict, None}
        offices = Counter(case.office_id for case in cases)
        assert len(offices) == 9
        assert min(offices.values()) >= 8
        for office in offices:
            assert any(case.is_open for case in cases if case.office_id == office), office

        days = [(TODAY - case.registered_at).days for case in cases]
        assert max(days) >= 200
        assert sum(day < 7 for day in days) >= 5
        assert all(case.registered_at <= TODAY for case in cases)

        assert 15 <= sum(case.has_breach for case in cases) <= len(cases) / 2
        breached = set(
            await session.scalars(select(Deadline.rule_id).where(Deadline.breached_at.is_not(None)))
        )
        assert breached >= {"D03", "D07", "D10", "D12"}
        late_now = [case for case in cases if case.is_open and case.next_due_at < TODAY]
        assert late_now
        assert any(case.has_unread for case in cases)
        assert any("escalat" in kind for kind in await session.scalars(select(Event.kind).distinct()))

        kinds = Counter(await session.scalars(select(Message.kind)))
        assert all(kinds[kind] >= 50 for kind in MessageKind)
        assert len(set(await session.scalars(select(Attachment.media_type)))) >= 3
        assert {NoticeState.SENT, NoticeState.FAILED} <= set(await session.scalars(select(Notice.state)))
        assert set(await session.scalars(select(Tip.channel))) == set(Channel)
        texts = list(await session.scalars(select(Tip.text)))
        assert len(set(texts)) == len(texts)
        moments = list(await session.scalars(select(Event.at)))
        assert max(moments) <= TODAY

    await check_ways_in(db, demo, keys)
    await db.close()


async def check_ways_in(db, demo, keys):
    """The accounts open with the printed password, the receipts with the printed codes."""
    async with db.read() as session:
        staff = list(await session.scalars(select(Staff)))
    assert {person.login for person in staff} == {account.login for account in demo.accounts}
    assert {person.role for person in staff} == set(Role)
    assert await matches_password(staff[0].password_hash, demo.password)
    assert not any(person.must_change_password for person in staff)
    assert len(demo.receipts) >= 2
    for receipt in demo.receipts:
        tip = await find_tip_by_receipt(db, receipt.number, receipt.code, keys=keys, now=TODAY)
        assert tip is not None
        assert tip.number == receipt.number


@pytest.mark.timeout(300)
async def test_the_same_seed_tells_the_same_story(make_demo):
    stories = []
    for seed in (1, 1, 2):
        db, demo = await make_demo(seed=seed, limit=12)
        async with db.read() as session:
            rows = await session.execute(
                select(Case.number, Case.state, Case.next_due_at, Case.version).order_by(Case.number)
            )
            events = await session.execute(
                select(Event.kind, Event.at, Event.case_id).order_by(Event.position)
            )
            stories.append(([tuple(row) for row in rows], [tuple(row) for row in events], demo.receipts))
        await db.close()
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_it_also_runs_on_postgresql(db, keys, catalog, classifier, tmp_path):
    await build(db, keys, catalog, classifier, tmp_path, limit=12)
    async with db.read() as session:
        assert await find_broken_event(session) is None


# ---------------------------------------------------------------- texts


def test_there_are_many_voices():
    texts = load_texts()
    assert len({voice.entry for voice in texts.voices}) >= 150
    assert len(texts.voices) >= 300
    offices = Counter(voice.office for voice in texts.voices)
    assert set(offices) == {
        "yuanhui", "yancheng", "shaoling", "wuyang", "linying", "jingkai", "shifanqu", "xichengqu",
        "city", "outside", "unknown",
    }  # fmt: skip


def test_every_clause_and_pattern_is_told(catalog):
    labels = [voice.label for voice in load_texts().voices]
    assert {clause for label in labels for clause in label.clauses} == set(catalog.clauses)
    assert {pattern for label in labels for pattern in label.patterns} == set(catalog.patterns)
    assert {label.disposition for label in labels} == set(Disposition)


def test_nothing_is_left_to_fill_in():
    for voice in load_texts().voices:
        words = write_tip(voice, at=TODAY)
        assert not set("{}|") & set(words), voice.entry


def test_every_topic_has_every_verdict_and_questions():
    answers = load_texts().answers
    for topic in set(answers.topics.values()):
        assert set(answers.findings[topic]) == set(Verdict), topic
        assert answers.questions[topic], topic


def test_each_matter_that_is_not_ours_knows_its_answer():
    texts = load_texts()
    for voice in texts.voices:
        match voice.label.disposition:
            case Disposition.CONSULTATION:
                assert voice.entry in texts.answers.consultations
            case Disposition.OTHER_DEPARTMENT:
                assert voice.entry in texts.answers.transfers
            case _:
                pass


def test_second_voices_follow_somebody():
    voices = load_texts().voices
    entries = {voice.entry for voice in voices}
    assert all(voice.after in entries for voice in voices if voice.after)


def test_choices_go_by_use():
    assert [choose_words("[甲|乙]和[丙|丁|戊]", use) for use in range(3)] == ["甲和丙", "乙和丁", "甲和戊"]
    assert choose_words("考吗[呲牙]", 0) == "考吗[呲牙]"


def test_labels_are_read_strictly():
    label = read_label("in_scope 3.1.4 5.4 collusion police high")
    assert label.clauses == ("3.1.4", "5.4")
    assert label.patterns == ("collusion",)
    assert label.is_police_matter
    with pytest.raises(ValueError, match="hgih"):
        read_label("in_scope 3.1.4 hgih")


# ---------------------------------------------------------------- time and files


@pytest.fixture(scope="module")
def calendar(catalog) -> Calendar:
    return catalog.calendar


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-18 10:00", 2, "2026-11-18 12:00"),
        ("2026-11-18 16:30", 2, "2026-11-19 10:00"),
        ("2026-11-20 17:00", 1, "2026-11-23 09:30"),  # over a weekend
        ("2026-11-21 03:00", 0, "2026-11-23 09:00"),
        ("2026-09-30 17:00", 1, "2026-10-08 09:30"),  # over the holidays
    ],
)
def test_office_hours(start, hours, expected, calendar):
    begun = datetime.fromisoformat(start).replace(tzinfo=LOCAL)
    assert add_work(begun, hours, calendar=calendar) == datetime.fromisoformat(expected).replace(tzinfo=LOCAL)


def test_tips_come_by_day_and_more_and_more(calendar):
    moments = spread(
        400, since=TODAY - timedelta(days=240), until=TODAY, calendar=calendar, rng=random.Random(1)
    )
    assert len(moments) == 400
    assert moments == sorted(moments)
    assert moments[-1] < TODAY
    half = sum(moment < TODAY - timedelta(days=120) for moment in moments)
    assert half < 200
    assert sum(8 <= moment.astimezone(LOCAL).hour < 18 for moment in moments) > 300


def test_drawn_files_pass_the_door():
    rng = random.Random(4)
    types = {examine_file(*make_file(rng)).media_type for _ in range(20)}
    assert {"image/jpeg", "image/png", "application/pdf", "text/plain"} <= types


# ---------------------------------------------------------------- SQLite without its thread


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_solo_database_is_the_same_database(db, database_url):
    solo = SoloDatabase(database_url)
    async with solo.begin() as session:
        session.add(
            Staff(
                login="solo",
                name="独",
                role=Role.INTAKE,
                office_id="city",
                password_hash="",
                created_at=TODAY,
            )
        )
    with pytest.raises(ZeroDivisionError):
        async with solo.begin() as session:
            session.add(
                Staff(
                    login="gone",
                    name="无",
                    role=Role.INTAKE,
                    office_id="city",
                    password_hash="",
                    created_at=TODAY,
                )
            )
            await session.flush()
            raise ZeroDivisionError
    async with solo.read() as session:
        assert list(await session.scalars(select(Staff.login))) == ["solo"]
    await solo.close()
    async with db.read() as session:
        assert list(await session.scalars(select(Staff.login))) == ["solo"]
