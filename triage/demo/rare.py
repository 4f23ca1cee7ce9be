"""States that a few months of ordinary days would show too seldom: some cases enter them in the last hour.

Each is one step through the real functions of the program, on a case that has others beside it in its state.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case
from models.queries.cases import CaseFilter, list_cases
from models.queries.likenesses import list_like_cases
from models.states import CaseState, Role, Track
from triage import actions
from triage.actions import MoveRefusedError
from triage.demo.world import World

ARCHIVED_FROM = timedelta(days=120)
MOST_ARCHIVED = 12


async def show_rare_states(world: World) -> None:
    """One case or a few for each state of waiting, of review, of an early end."""
    async with world.db.begin() as session:
        await _merge_one(world, session)
        registered = await _of_state(world, session, CaseState.REGISTERED)
        for case in registered[1:2]:
            await actions.ask_supplement(
                session,
                case,
                words=world.texts.answers.supplement_request,
                by=world.person(Role.INTAKE),
                catalog=world.catalog,
                now=world.now,
            )
        await _verifying(world, session)
        await _ended(world, session)


async def _of_state(world: World, session: AsyncSession, state: CaseState) -> list[Case]:
    """All cases of a state; the view `closed` holds whatever has ended."""
    found: list[Case] = []
    after: str | None = None
    while True:
        wanted = CaseFilter(view=state.value)
        page = await list_cases(session, wanted, scope=None, now=world.now, after=after)
        found += [case for case, _ in page.rows if case.state is state]
        after = page.after
        if after is None:
            return found


async def _verifying(world: World, session: AsyncSession) -> None:
    """One waits for a longer limit, one for an expert, one was withdrawn, one is urged."""
    texts, now, head = world.texts.answers, world.now, world.person(Role.SUPERVISOR)
    in_time = [
        case
        for case in await _of_state(world, session, CaseState.VERIFYING)
        if case.next_due_at > now and case.next_due_rule == "D10" and not case.is_police_matter
    ]
    for place, case in enumerate(in_time[:5]):
        by = world.officer(case.office_id, case.officer_id)
        match place:
            case 0:
                await actions.ask_extension(
                    session,
                    case,
                    days="30",
                    reason=texts.extension_reason,
                    by=by,
                    catalog=world.catalog,
                    now=now,
                )
            case 1:
                await actions.ask_suspension(
                    session, case, kind="expert", reason=texts.suspension_reason, by=by, now=now
                )
                await actions.grant_suspension(session, case, by=head, catalog=world.catalog, now=now)
            case 2:
                reason, answer = texts.withdrawal_reason, texts.withdrawal_answer
                await actions.ask_termination(session, case, kind="withdrawn", reason=reason, by=by, now=now)
                await actions.grant_termination(session, case, answer=answer, by=head, now=now)
            case 3:
                facts = {"reason": texts.urging_reason}
                await actions.advance_track(
                    session,
                    case,
                    Track.URGE,
                    "reminded",
                    facts=facts,
                    by=head,
                    catalog=world.catalog,
                    now=now,
                )
            case _:
                reason = texts.extension_reason
                await actions.ask_extension(
                    session, case, days="15", reason=reason, by=by, catalog=world.catalog, now=now
                )
                await actions.grant_extension(session, case, by=head, catalog=world.catalog, now=now)


async def _ended(world: World, session: AsyncSession) -> None:
    """Old files are archived; the reporter of a young one asked for a review."""
    by, now, is_open = world.person(Role.INTAKE), world.now, False
    closed = await _of_state(world, session, CaseState.CLOSED)
    for case in closed:
        if case.answered_at and not is_open and now - case.answered_at < timedelta(days=28):
            reason = world.texts.answers.review_reason
            await actions.open_review(session, case, reason=reason, by=by, catalog=world.catalog, now=now)
            is_open = True
    old = [case for case in closed if case.closed_at and now - case.closed_at > ARCHIVED_FROM]
    for case in old[:MOST_ARCHIVED]:
        await actions.archive(session, case, by=by, now=now)


async def _merge_one(world: World, session: AsyncSession) -> None:
    """The first pair of open cases that the machine found alike and the procedure lets be joined."""
    for state in (CaseState.REGISTERED, CaseState.ASSIGNED, CaseState.VERIFYING):
        for case in (await _of_state(world, session, state))[1:]:
            for one in await list_like_cases(session, case.id, scope=None):
                try:
                    await actions.merge(
                        session,
                        case,
                        into=one.other.number,
                        reason=world.texts.answers.merge_reason,
                        by=world.person(Role.INTAKE),
                        now=world.now,
                    )
                except MoveRefusedError:
                    continue
                return
