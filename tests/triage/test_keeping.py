"""What is kept how long: two people change it, promises are not lengthened, a hold stops every purge."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from config.keeping import CALL, CONTACT, DRAFT, KEPT, promised_spans
from models.administration import CaseHold, PurgeDay
from models.call import HotlineCall
from models.event import Event
from models.queries.consent import list_waiting_changes
from models.queries.keeping import count_due, count_held_contacts, count_kept, list_spans
from models.states import CaseState, Role
from models.tip import Identity
from tests.factories import NOW, make_case, make_staff, make_tip
from triage.consent import (
    ASKED_LASTS,
    ConsentProblem,
    ConsentRefusedError,
    ask_change,
    decide_change,
    withdraw_change,
)
from triage.disclosure import DisclosureRefusedError
from triage.holds import place_hold
from triage.jobs import forget_identities, purge
from triage.keeping import days_of
from triage.protected_changes import CHANGES, LIFT, PERIOD
from triage.protected_changes import CONTACT as ERASE

DAY = timedelta(days=1)
REASON = "举报人担心，希望早些删除"


@pytest.fixture
async def people(db):
    async with db.begin() as session:
        return {
            name: await make_staff(session, role, "city", login=name)
            for name, role in {
                "admin": Role.ADMINISTRATOR,
                "second": Role.ADMINISTRATOR,
                "head": Role.SUPERVISOR,
                "auditor": Role.AUDITOR,
            }.items()
        }


async def closed_case(db, *, received_at=NOW, closed_at=NOW):
    """A case that is over, whose reporter left a contact."""
    async with db.begin() as session:
        tip = await make_tip(session, received_at=received_at)
        case = await make_case(session, CaseState.CLOSED, tip=tip, closed_at=closed_at)
        session.add(Identity(tip_id=tip.id, name=b"sealed"))
    return case


async def ask(db, by, *, days=150, before=180, now=NOW, reason=REASON):
    async with db.begin() as session:
        change = await ask_change(
            session, PERIOD, "contact", {"before": before, "after": days}, reason=reason, by=by, now=now
        )
        return change.id


async def decide(db, change_id, by, *, allow=True, now=NOW):
    async with db.begin() as session:
        await decide_change(session, change_id, kinds=CHANGES, allow=allow, reason="已核对", by=by, now=now)


async def kinds_of_events(db) -> list[str]:
    async with db.read() as session:
        return list(await session.scalars(select(Event.kind).order_by(Event.position)))


async def contacts(db) -> int:
    async with db.read() as session:
        return await count_kept(session, CONTACT)


def problem(error) -> str:
    return error.value.problem


# ---------------------------------------------------------------- two people


async def test_a_period_changes_when_a_second_administrator_agrees_and_not_before(db, people):
    change = await ask(db, people["admin"])
    async with db.read() as session:
        assert await days_of(session, CONTACT) == 180
    await decide(db, change, people["second"])
    async with db.read() as session:
        assert await days_of(session, CONTACT) == 150
        event = (await session.scalars(select(Event).where(Event.kind == "period_changed"))).one()
    assert (event.staff_id, event.data["before"], event.data["after"]) == (people["second"].id, 180, 150)
    assert await kinds_of_events(db) == ["change_asked", "change_allowed", "period_changed"]


async def test_a_no_changes_nothing_and_is_kept(db, people):
    await decide(db, await ask(db, people["admin"]), people["second"], allow=False)
    async with db.read() as session:
        assert await days_of(session, CONTACT) == 180
    assert await kinds_of_events(db) == ["change_asked", "change_refused"]


async def test_nobody_decides_what_he_asked_and_with_two_administrators_the_supervisor_does_not(db, people):
    change = await ask(db, people["admin"])
    for who, why in (("admin", "own"), ("head", "not_yours"), ("auditor", "not_yours")):
        with pytest.raises(ConsentRefusedError) as refusal:
            await decide(db, change, people[who])
        assert problem(refusal) == why


async def test_where_there_is_one_administrator_the_supervisor_decides(db, people):
    async with db.begin() as session:
        (await session.merge(people["second"])).is_active = False
    await decide(db, await ask(db, people["admin"]), people["head"])
    async with db.read() as session:
        assert await days_of(session, CONTACT) == 150


async def test_an_account_that_the_asker_opened_himself_is_no_second_person(db, people, keys):
    from triage.staffing import Person, add_staff

    made = await add_staff(
        db,
        "puppet",
        Person(name="另一个", role=Role.ADMINISTRATOR, office_id="city"),
        by=people["admin"],
        offices={"city"},
        now=NOW,
    )
    change = await ask(db, people["admin"])
    with pytest.raises(ConsentRefusedError) as refusal:
        await decide(db, change, made.staff)
    assert problem(refusal) == ConsentProblem.NOT_YOURS
    await decide(db, change, people["second"])


async def test_where_nobody_is_left_to_decide_it_is_not_even_asked(db, people):
    async with db.begin() as session:
        for name in ("second", "head"):
            (await session.merge(people[name])).is_active = False
    with pytest.raises(ConsentRefusedError) as refusal:
        await ask(db, people["admin"])
    assert problem(refusal) == ConsentProblem.NOBODY_DECIDES


async def test_what_nobody_decides_in_time_lapses_and_may_be_asked_again(db, people):
    change = await ask(db, people["admin"])
    with pytest.raises(ConsentRefusedError) as refusal:
        await ask(db, people["second"], days=160)
    assert problem(refusal) == ConsentProblem.WAITS_ALREADY
    with pytest.raises(ConsentRefusedError) as refusal:
        await decide(db, change, people["second"], now=NOW + ASKED_LASTS)
    assert problem(refusal) == ConsentProblem.OVER
    again = await ask(db, people["admin"], now=NOW + ASKED_LASTS)
    with pytest.raises(ConsentRefusedError):
        async with db.begin() as session:
            await withdraw_change(session, again, by=people["second"], now=NOW + ASKED_LASTS)
    async with db.begin() as session:
        await withdraw_change(session, again, by=people["admin"], now=NOW + ASKED_LASTS)
    async with db.read() as session:
        assert await list_waiting_changes(session, since=NOW) == []


@pytest.mark.parametrize(
    ("days", "before", "why"),
    [(119, 180, "bounds"), (181, 180, "bounds"), (180, 180, "same"), (150, 170, "moved")],
)
async def test_a_period_stays_within_its_bounds(db, people, days, before, why):
    with pytest.raises(ConsentRefusedError) as refusal:
        await ask(db, people["admin"], days=days, before=before)
    assert problem(refusal) == why


async def test_it_takes_a_reason(db, people):
    with pytest.raises(DisclosureRefusedError):
        await ask(db, people["admin"], reason="想改")


def test_the_usual_periods_lie_within_their_bounds_and_what_the_program_never_deletes_has_none():
    for kept in KEPT:
        if kept.is_changeable:
            assert kept.least <= kept.usual <= kept.most
    assert [kept.name for kept in KEPT if kept.usual is None] == ["notice", "case", "audit"]


# ---------------------------------------------------------------- promises and purges


async def test_a_promise_is_never_lengthened(db, people):
    """Shortened, then lengthened again: who wrote in between keeps the short period."""
    await decide(db, await ask(db, people["admin"], days=120), people["second"])
    later = NOW + 30 * DAY
    await decide(
        db, await ask(db, people["admin"], days=180, before=120, now=later), people["second"], now=later
    )
    early = await closed_case(db, received_at=NOW - DAY, closed_at=later)
    between = await closed_case(db, received_at=NOW + DAY, closed_at=later)
    late = await closed_case(db, received_at=later + DAY, closed_at=later + DAY)
    assert await forget_identities(db, now=later + 120 * DAY) == 0
    assert await forget_identities(db, now=later + 121 * DAY) == 2
    async with db.read() as session:
        gone = set(await session.scalars(select(Event.case_id).where(Event.kind == "contact_expired")))
    assert gone == {early.id, between.id}
    assert await forget_identities(db, now=later + 182 * DAY) == 1
    assert late.id not in gone


def test_spans_are_the_shortest_period_since():
    history = [(NOW, 120), (NOW + DAY, 150), (NOW + 2 * DAY, 130)]
    spans = [(span.before, span.period.days) for span in promised_spans(CONTACT, history)]
    assert spans == [(NOW, 120), (NOW + DAY, 120), (NOW + 2 * DAY, 130), (None, 130)]


async def test_nothing_of_a_held_case_is_purged_until_two_people_lift_the_hold(db, people, tmp_path):
    case, other = await closed_case(db), await closed_case(db)
    over = NOW + CONTACT.usual + DAY
    async with db.begin() as session:
        tip_id = await session.scalar(select(Identity.tip_id).order_by(Identity.id))
        calls = [
            HotlineCall(staff_id=people["head"].id, tip_id=tip, started_at=NOW, updated_at=NOW, ended_at=NOW)
            for tip in (tip_id, None)
        ]
        session.add_all(calls)
        await place_hold(session, case.number, reason="公安机关正在侦查此案", by=people["head"], now=NOW)
    async with db.read() as session:
        spans = await list_spans(session, CONTACT)
        assert await count_due(session, CONTACT, spans, now=over) == 1
        assert await count_held_contacts(session, spans, now=over) == 1
        assert await count_due(session, CALL, await list_spans(session, CALL), now=over) == 1
    assert await forget_identities(db, now=over) == 1
    await purge(db, tmp_path, now=over)
    async with db.read() as session:
        assert list(await session.scalars(select(HotlineCall.tip_id))) == [tip_id]
    assert await contacts(db) == 1

    async with db.begin() as session:
        with pytest.raises(ConsentRefusedError):
            await place_hold(
                session, case.number, reason="再保留一次，以防万一", by=people["auditor"], now=over
            )
    async with db.begin() as session:
        lift = await ask_change(
            session, LIFT, case.number, {}, reason="侦查已经结束，可以恢复", by=people["head"], now=over
        )
    await decide(db, lift.id, people["auditor"], now=over)
    assert await forget_identities(db, now=over) == 1
    assert await contacts(db) == 0
    assert other.id


async def test_holds_are_not_the_administrators_to_place(db, people):
    case = await closed_case(db)
    async with db.begin() as session:
        with pytest.raises(ConsentRefusedError) as refusal:
            await place_hold(session, case.number, reason="公安机关正在侦查此案", by=people["admin"], now=NOW)
    assert problem(refusal) == ConsentProblem.NOT_YOURS


async def test_a_contact_is_erased_before_its_time_by_two_people_and_not_under_a_hold(db, people):
    case = await closed_case(db)
    async with db.begin() as session:
        await place_hold(session, case.number, reason="公安机关正在侦查此案", by=people["auditor"], now=NOW)
        erase = await ask_change(
            session, ERASE, case.number, {}, reason="举报人来电要求删除电话", by=people["admin"], now=NOW
        )
    with pytest.raises(ConsentRefusedError) as refusal:
        await decide(db, erase.id, people["second"])
    assert problem(refusal) == ConsentProblem.HELD
    assert await contacts(db) == 1
    async with db.begin() as session:
        (await session.scalars(select(CaseHold))).one().lifted_at = NOW
    await decide(db, erase.id, people["second"])
    assert await contacts(db) == 0
    assert "contact_erased" in await kinds_of_events(db)


async def test_a_number_that_does_not_exist_is_no_case(db, people):
    async with db.begin() as session:
        with pytest.raises(ConsentRefusedError) as refusal:
            await ask_change(session, ERASE, "202600000000", {}, reason=REASON, by=people["admin"], now=NOW)
    assert problem(refusal) == ConsentProblem.NO_CASE


async def test_each_purge_is_noted_by_the_day(db, tmp_path):
    await closed_case(db)
    over = NOW + CONTACT.usual + DAY
    for _ in range(2):
        await forget_identities(db, now=over)
        await purge(db, tmp_path, now=over)
    async with db.read() as session:
        rows = {row.name: (row.runs, row.gone) for row in await session.scalars(select(PurgeDay))}
    assert rows["contact"] == (2, 1)
    assert rows[DRAFT.name] == (2, 0)
