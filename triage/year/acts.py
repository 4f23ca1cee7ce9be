"""What people of the simulated year do beside the ordinary acts of the demo: late, unwilling, mistaken, silent.

Each act is one step through the program's own functions. `PLANS` says what may follow in each state and how often.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case
from models.queries.likenesses import list_like_cases
from models.queries.tips import list_tips_of_case
from models.staff import Staff
from models.states import CaseState, Role, Track
from triage import actions
from triage.actions.side_tracks import stand
from triage.demo import acts as demo
from triage.demo.acts import Act
from triage.demo.world import Thread, World
from triage.permissions import CITY
from triage.tracks import check_row, list_next

S = CaseState


@dataclass(frozen=True, slots=True)
class Option:
    """What may come next: how often, after how many office hours, what; no act is silence."""

    weight: float
    least: float
    most: float
    act: Act | None


async def look(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """Somebody looks and does nothing; what comes next is planned from what he saw."""


def _intake(world: World) -> Staff:
    return world.person(Role.INTAKE)


def _head(world: World) -> Staff:
    return world.person(Role.SUPERVISOR)


def _handler(world: World, case: Case) -> Staff:
    return world.officer(case.office_id, case.officer_id)


# ---------------------------------------------------------------- the city desk


async def ask_supplement(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """补正 before a decision."""
    words = world.texts.answers.supplement_request
    await actions.ask_supplement(session, case, words=words, by=_intake(world), catalog=world.catalog, now=at)


async def end_supplement(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """The desk does not wait longer."""
    await actions.end_supplement(session, case, how="desk", by=_intake(world), catalog=world.catalog, now=at)


async def merge(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """并案 with an open case that the machine found alike, where there is one."""
    likes = await list_like_cases(session, case.id, scope=None)
    into = next((one.other for one in likes if one.other.is_open and one.other.state is not S.MERGED), None)
    if into is None:
        return
    reason = world.texts.answers.merge_reason
    await actions.merge(session, case, into=into.number, reason=reason, by=_intake(world), now=at)


async def split(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """拆案: another matter after all."""
    await actions.split(
        session, case, reason="核实后不是同一事项", by=_intake(world), catalog=world.catalog, now=at
    )


async def assign_anywhere(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """交办 to some county, by mistake."""
    office = world.rng.choice(sorted(world.catalog.counties))
    await actions.assign(session, case, office_id=office, by=_intake(world), catalog=world.catalog, now=at)


async def appoint(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """The superior settles whose it is."""
    office = world.right_office(thread.voice)
    await actions.assign(session, case, office_id=office, by=_head(world), catalog=world.catalog, now=at)


async def verify_directly(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """The city keeps it."""
    by = _head(world) if (case.returns or 0) > 2 else _intake(world)
    await actions.verify_directly(session, case, by=by, now=at)


# ---------------------------------------------------------------- whoever handles it


async def sign(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """签收, whatever it is."""
    await actions.sign_for(session, case, by=_handler(world, case), now=at)


async def give_back(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """退回, rightly or not."""
    reason = world.rng.choice(world.texts.answers.returns)
    await actions.return_case(
        session, case, reason=reason, by=_handler(world, case), catalog=world.catalog, now=at
    )


async def recuse(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """回避, where a colleague is left to take over."""
    left = {one.id for one in world.staff[Role.OFFICER, case.office_id]} - set(case.recused or ())
    if len(left) > 1 and case.officer_id in left:
        await actions.recuse(
            session,
            case,
            reason="与被举报人有利害关系",
            by=_handler(world, case),
            catalog=world.catalog,
            now=at,
        )


async def ask_extension(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """申请延期."""
    await actions.ask_extension(
        session, case, days=str(world.rng.randint(5, 30)), reason=world.texts.answers.extension_reason,
        by=_handler(world, case), catalog=world.catalog, now=at,
    )  # fmt: skip


async def grant_extension(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """准予延期."""
    await actions.grant_extension(session, case, by=_head(world), catalog=world.catalog, now=at)


async def deny_extension(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """不准延期."""
    await actions.deny_extension(session, case, reason="理由不足", by=_head(world), now=at)


async def ask_suspension(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """申请挂起."""
    await actions.ask_suspension(
        session, case, kind=world.rng.choice(actions.SUSPENSION_KINDS),
        reason=world.texts.answers.suspension_reason, by=_handler(world, case), now=at,
    )  # fmt: skip


async def ask_termination(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """申请终止."""
    await actions.ask_termination(
        session, case, kind="withdrawn", reason=world.texts.answers.withdrawal_reason,
        by=_intake(world) if case.office_id == CITY else _handler(world, case), now=at,
    )  # fmt: skip


async def decide_request(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """Granted, or not, by the superior."""
    asks, by = (case.pending or {}).get("asks"), _head(world)
    says_yes = world.rng.random() < 0.6
    if asks == "suspension" and says_yes:
        await actions.grant_suspension(session, case, by=by, catalog=world.catalog, now=at)
    elif asks == "suspension":
        await actions.deny_suspension(session, case, reason="应当继续核查", by=by, now=at)
    elif asks == "termination" and says_yes:
        answer = world.texts.answers.withdrawal_answer
        await actions.grant_termination(session, case, answer=answer, by=by, now=at)
    elif asks == "termination":
        await actions.deny_termination(session, case, reason="事项仍需核查", by=by, now=at)


async def resume(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """恢复核查."""
    by = _head(world) if case.office_id == CITY else _handler(world, case)
    await actions.resume(session, case, by=by, catalog=world.catalog, now=at)


async def track_step(world: World, session: AsyncSession, case: Case, track: Track, at: datetime) -> bool:
    """The next step of a side track, one of those that may follow; False when none may."""
    standing = await stand(session, case, None)
    rows = [row for row, refusal in list_next(track, standing) if refusal is None]
    if not rows:
        return False
    row = world.rng.choice(rows)
    by = next(
        person
        for role, person in (
            (Role.OFFICER, _handler(world, case)), (Role.SUPERVISOR, _head(world)), (Role.INTAKE, _intake(world))
        )
        if role in row.roles
    )  # fmt: skip
    if check_row(row, await stand(session, case, by)):
        return False
    facts = {
        "reason": "见记录",
        "paper": "漯应急移〔2026〕1号",
        "second": "贺工",
        "fine": "20000",
        "amount": "3000",
    }
    await actions.advance_track(
        session, case, track, row.step, facts=facts, by=by, catalog=world.catalog, now=at
    )
    return True


# ---------------------------------------------------------------- after the answer


async def note_call(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """Nobody answers."""
    await actions.note_call(session, case, by=_intake(world), now=at)


async def redo(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """重办."""
    reason = world.texts.answers.review_reason
    await actions.redo(session, case, reason=reason, by=_intake(world), catalog=world.catalog, now=at)


async def open_review(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """The reporter asked at the counter."""
    reason = world.texts.answers.review_reason
    await actions.open_review(session, case, reason=reason, by=_intake(world), catalog=world.catalog, now=at)


async def decide_review(
    world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime
) -> None:
    """复查决定: it stands, or it is done again."""
    by, answer = _head(world), "经复查，决定如下。"
    if world.rng.random() < 0.6:
        await actions.uphold(session, case, answer=answer, by=by, now=at)
    elif case.accepted_at is None:
        await actions.take_up(session, case, answer=answer, by=by, catalog=world.catalog, now=at)
    else:
        await actions.reopen(session, case, answer=answer, by=by, catalog=world.catalog, now=at)


async def archive(world: World, session: AsyncSession, case: Case, _thread: Thread, at: datetime) -> None:
    """归档."""
    await actions.archive(session, case, by=_intake(world), now=at)


async def write(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """The reporter adds something."""
    tips = await list_tips_of_case(session, case.id)
    if tips:
        words = world.rng.choice(world.texts.answers.additions)
        await world.receive_message(
            session, tips[0], words, channel=thread.voice.channel, keys=world.keys, now=at
        )


PLANS: Mapping[CaseState, Sequence[Option]] = {
    S.REGISTERED: (
        Option(78, 0.5, 14, demo.decide_at_desk), Option(7, 30, 90, demo.decide_at_desk),
        Option(8, 1, 12, ask_supplement), Option(4, 1, 12, merge), Option(2, 1, 20, ask_termination),
        Option(1, 0, 0, None),
    ),
    S.NEEDS_SUPPLEMENT: (
        Option(40, 4, 60, write), Option(40, 100, 110, look), Option(20, 10, 50, end_supplement),
    ),
    S.ACCEPTED: (
        Option(78, 0.3, 6, demo.assign), Option(8, 12, 40, demo.assign), Option(9, 0.3, 6, assign_anywhere),
        Option(3, 0.5, 8, verify_directly), Option(2, 0.5, 8, demo.transfer_out),
    ),
    S.ASSIGNED: (
        Option(70, 0.5, 8, demo.sign_or_return), Option(13, 15, 60, demo.sign_or_return),
        Option(8, 0.5, 30, give_back), Option(4, 0.5, 8, recuse), Option(3, 1, 9, ask_termination),
        Option(2, 0, 0, None),
    ),
    S.VERIFYING: (
        Option(58, 20, 300, demo.file_result), Option(9, 330, 620, demo.file_result),
        Option(12, 60, 300, ask_extension), Option(7, 10, 120, ask_suspension), Option(4, 2, 60, give_back),
        Option(4, 5, 90, ask_termination), Option(3, 2, 40, recuse), Option(3, 0, 0, None),
    ),
    S.SUSPENDED: (Option(90, 20, 260, resume), Option(10, 20, 90, ask_termination)),
    S.EXTENSION_PENDING: (Option(70, 1, 20, grant_extension), Option(30, 1, 30, deny_extension)),
    S.RESULT_FILED: (Option(90, 2, 30, demo.review), Option(10, 40, 120, demo.review)),
    S.ANSWER_DUE: (Option(85, 4, 50, demo.answer), Option(12, 80, 160, demo.answer), Option(3, 0, 0, None)),
    S.ANSWERED: (
        Option(60, 10, 120, demo.close), Option(18, 8, 40, note_call), Option(10, 10, 60, redo),
        Option(10, 10, 120, open_review), Option(2, 0, 0, None),
    ),
    S.IN_REVIEW: (Option(85, 10, 150, decide_review), Option(15, 230, 300, decide_review)),
    S.CLOSED: (Option(35, 60, 400, archive), Option(6, 20, 150, open_review), Option(59, 0, 0, None)),
    S.REFUSED: (Option(8, 10, 150, open_review), Option(92, 0, 0, None)),
    S.MERGED: (Option(12, 10, 100, split), Option(88, 0, 0, None)),
}  # fmt: skip
FALLBACKS: Mapping[CaseState, Sequence[Act]] = {
    S.ACCEPTED: (appoint, verify_directly),
    S.ASSIGNED: (sign,),
    S.VERIFYING: (demo.file_result,),
    S.ANSWERED: (demo.close,),
    S.REGISTERED: (demo.decide_at_desk,),
}
"""Where the procedure said no: what then leads on."""
