"""What staff and reporters of the demo do: each act is one step through the real functions of the program."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case
from models.queries.cases import list_messages
from models.queries.tips import list_tips_of_case
from models.staff import Staff
from models.states import CaseState, Channel, Disposition, FindingKind, Role, Track, Verdict
from triage import actions
from triage.clocks import find_running
from triage.demo.texts import OTHER_TOPIC, Outcome, choose_words, say_day
from triage.demo.world import Thread, World
from triage.permissions import CITY

Act = Callable[[World, AsyncSession, Case, Thread, datetime], Awaitable[None]]
"""One step of a case: (world, session, case, thread, moment)."""

OURS = frozenset({Disposition.IN_SCOPE, Disposition.OTHER_SAFETY})
VERDICTS = {Verdict.PROVEN: 44, Verdict.PARTLY_PROVEN: 22, Verdict.NOT_PROVEN: 21, Verdict.UNCLEAR: 13}
NOTED_AT_THE_DESK = 0.3
WRONG_CLAUSES_MENDED = 0.8


# ---------------------------------------------------------------- the city desk


async def decide_at_desk(
    world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime
) -> None:
    """受理, 不予受理 or 移送, as an experienced officer would."""
    match thread.voice.label.disposition:
        case Disposition.CONSULTATION:
            words = world.texts.answers.consultations[thread.voice.entry]
            await _refuse(world, session, case, "R3", f"{world.texts.answers.refusals['R3']}{words}", at)
        case Disposition.NOT_ACTIONABLE:
            words = world.texts.answers.empty.get(thread.voice.entry, world.texts.answers.refusals["R2"])
            await _refuse(world, session, case, "R2", words, at)
        case Disposition.OTHER_DEPARTMENT:
            await transfer_out(world, session, case, thread, at)
        case _ if thread.voice.office == "outside":
            await transfer_out(world, session, case, thread, at)
        case _ if thread.voice.office == "unknown" and not thread.voice.label.is_police_matter:
            await _refuse(world, session, case, "R2", world.texts.answers.refusals["R2"], at)
        case _:
            await _accept(world, session, case, thread, at)


async def _refuse(
    world: World, session: AsyncSession, case: Case, code: str, answer: str, at: datetime
) -> None:
    await actions.refuse(
        session, case, code=code, answer=answer, by=world.person(Role.INTAKE), catalog=world.catalog, now=at
    )


async def transfer_out(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """移送: to the department, or the city, that is competent."""
    answers = world.texts.answers
    place = next((name for name in answers.elsewhere if name in thread.voice.text + thread.voice.place), None)
    if thread.voice.office == "outside" and place:
        to = answers.elsewhere[place]
        answer = answers.elsewhere_answer.replace("{to}", to)
    else:
        transfer = answers.transfers.get(thread.voice.entry, answers.other_transfer)
        to, answer = transfer.to, f"{answers.refusals['R4']}{transfer.answer}"
    await actions.transfer_out(
        session, case, to=to, answer=answer, by=world.person(Role.INTAKE), catalog=world.catalog, now=at
    )


async def _accept(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    by = world.person(Role.INTAKE)
    label = thread.voice.label
    place = thread.voice.office if thread.voice.office in world.catalog.offices else CITY
    decisions: list[tuple[FindingKind, str, Sequence[str]]] = [
        (FindingKind.DISPOSITION, case.disposition, [label.disposition]),
        (FindingKind.JURISDICTION, case.jurisdiction, [place]),
    ]
    for kind, before, after in decisions:
        if [before] != after:
            await _decide(world, session, case, kind, after, by, at)
    await mend_findings(world, session, case, thread, by, at)
    if world.rng.random() < NOTED_AT_THE_DESK:
        words = world.rng.choice(world.texts.answers.desk_notes)
        await actions.add_note(session, case, words=words, by=by, now=at)
    await actions.accept(session, case, by=by, catalog=world.catalog, now=at + timedelta(minutes=2))


async def mend_findings(
    world: World, session: AsyncSession, case: Case, thread: Thread, by: Staff, at: datetime
) -> None:
    """认定 of what the machine saw otherwise."""
    label = thread.voice.label
    if world.rng.random() > WRONG_CLAUSES_MENDED:
        return
    if set(case.clauses) != set(label.clauses):
        await _decide(world, session, case, FindingKind.CLAUSE, sorted(label.clauses), by, at)
    if set(case.patterns) != set(label.patterns):
        await _decide(world, session, case, FindingKind.PATTERN, sorted(label.patterns), by, at)
    if not case.target and thread.voice.body:
        await _decide(world, session, case, FindingKind.TARGET, [thread.voice.body], by, at)


async def _decide(
    world: World,
    session: AsyncSession,
    case: Case,
    kind: FindingKind,
    values: Sequence[str],
    by: Staff,
    at: datetime,
) -> None:
    await actions.decide_finding(
        session, case, kind=kind, values=values, by=by, catalog=world.catalog, now=at
    )


async def assign(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """交办 to the office that should have it; what is not ours and came back goes out now."""
    if thread.voice.label.disposition not in OURS or thread.voice.office == "outside":
        await transfer_out(world, session, case, thread, at)
        return
    office = world.right_office(thread.voice)
    await actions.assign(
        session, case, office_id=office, by=world.person(Role.INTAKE), catalog=world.catalog, now=at
    )


async def tell(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:  # noqa: ARG001 - an Act
    """The desk calls whoever left only a telephone number, where that is owed."""
    if await find_running(session, case, "D04"):
        await actions.advance_track(
            session,
            case,
            Track.TELLING,
            "told",
            facts={},
            by=world.person(Role.INTAKE),
            catalog=world.catalog,
            now=at,
        )


# ---------------------------------------------------------------- the county


async def sign_or_return(
    world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime
) -> None:
    """签收, or 退回 where the matter belongs elsewhere."""
    by = world.officer(case.office_id, case.officer_id)
    is_ours = thread.voice.label.disposition in OURS and case.office_id == world.right_office(thread.voice)
    if is_ours:
        await actions.sign_for(session, case, by=by, now=at)
        await mend_findings(world, session, case, thread, by, at + timedelta(minutes=6))
    else:
        reason = world.rng.choice(world.texts.answers.returns)
        await actions.return_case(session, case, reason=reason, by=by, catalog=world.catalog, now=at)


async def note(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """A note of the officer."""
    words = _fill(world, world.rng.choice(world.texts.answers.notes), thread, at)
    await actions.add_note(
        session, case, words=words, by=world.officer(case.office_id, case.officer_id), now=at
    )


async def urge(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:  # noqa: ARG001 - an Act
    """The supervisor reminds."""
    urgings = world.texts.answers.urgings
    words = urgings.late if case.has_breach else urgings.soon
    if case.state is CaseState.ASSIGNED:
        words = urgings.unsigned
    await actions.add_note(session, case, words=words, by=world.person(Role.SUPERVISOR), now=at)


async def ask(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """The officer asks; the answer comes with `reply`."""
    question, _ = _pair(world, thread)
    by = world.officer(case.office_id, case.officer_id)
    await actions.ask_reporter(session, case, words=question, by=by, now=at)
    thread.has_open_question = True


async def reply(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """The reporter answers the question."""
    _, answer = _pair(world, thread)
    await _write(world, session, case, thread, answer, at)
    thread.has_open_question = False


async def add(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """The reporter adds something unasked."""
    answers = world.texts.answers
    said = answers.calls if thread.voice.channel is Channel.HOTLINE else answers.additions
    await _write(world, session, case, thread, world.rng.choice(said), at)


async def thank(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """The reporter writes after the answer."""
    await _write(world, session, case, thread, world.rng.choice(world.texts.answers.thanks), at)


async def read(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:  # noqa: ARG001 - an Act
    """The officer opens the case."""
    await actions.mark_read(session, case, await list_messages(session, case.id), now=at)


async def file_result(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """提交核查结果; the second time with what was asked for."""
    verdict = case.verdict or world.rng.choices(list(VERDICTS), list(VERDICTS.values()))[0]
    if thread.outcome is None:
        thread.visited_at = max(case.signed_at or at, at - timedelta(days=world.rng.randrange(2, 6)))
        thread.outcome = world.rng.choice(_outcomes(world, thread)[verdict])
    result = _fill(world, thread.outcome.result, thread, at, office=case.office_id)
    if thread.was_sent_back:
        result += "\n" + choose_words(world.texts.answers.supplement, case.id)
    by = world.officer(case.office_id, case.officer_id)
    verification = _verification(world, case, verdict, by)
    await actions.file_result(
        session, case, verdict=verdict, result=result, verification=verification, by=by, now=at
    )


def _verification(world: World, case: Case, verdict: Verdict, by: Staff) -> actions.Verification:
    """A colleague went along; partly proven means that the last allegation was not."""
    allegations = actions.list_allegations(case)
    verdicts = dict.fromkeys(allegations, verdict)
    if verdict is Verdict.PARTLY_PROVEN and len(allegations) > 1:
        verdicts = {**dict.fromkeys(allegations, Verdict.PROVEN), allegations[-1]: Verdict.NOT_PROVEN}
    texts = world.texts.answers
    others = [name for name in texts.second_officers if name != by.name]
    return actions.Verification(others[case.id % len(others)], verdicts, texts.evidence)


async def review(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """审核: approved, or sent back once in a while."""
    by = world.approver(case.office_id)
    if not thread.was_sent_back and world.rng.random() < 0.14:
        thread.was_sent_back = True
        reason = world.rng.choice(world.texts.answers.send_backs)
        await actions.send_back(session, case, reason=reason, by=by, now=at)
    else:
        await actions.approve(session, case, by=by, catalog=world.catalog, now=at)


async def answer(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:
    """反馈."""
    outcome = thread.outcome or world.rng.choice(_outcomes(world, thread)[case.verdict or Verdict.UNCLEAR])
    words = _fill(world, outcome.answer, thread, at, office=case.office_id)
    by = world.officer(case.office_id, case.officer_id)
    await actions.answer(session, case, words=words, by=by, catalog=world.catalog, now=at)


async def close(world: World, session: AsyncSession, case: Case, thread: Thread, at: datetime) -> None:  # noqa: ARG001 - an Act
    """回访 where the reporter left a way to be called, then 办结; by the desk: who handled a case does neither."""
    by = world.person(Role.INTAKE)
    if any(tip.is_named for tip in await list_tips_of_case(session, case.id)):
        said = ("satisfied", "partly", "dissatisfied")[min(case.id % 7, 2)]
        await actions.follow_up(session, case, satisfaction=said, by=by, now=at)
    else:
        await actions.close(session, case, by=by, now=at)


# ---------------------------------------------------------------- words


def _topic(world: World, thread: Thread) -> str:
    topics = world.texts.answers.topics
    return next((topics[clause] for clause in thread.voice.label.clauses), topics[OTHER_TOPIC])


def _outcomes(world: World, thread: Thread) -> dict[Verdict, tuple[Outcome, ...]]:
    return dict(world.texts.answers.findings[_topic(world, thread)])


def _pair(world: World, thread: Thread) -> tuple[str, str]:
    pairs = world.texts.answers.questions[_topic(world, thread)]
    return pairs[thread.case_id % len(pairs)]


def _fill(world: World, words: str, thread: Thread, at: datetime, *, office: str = CITY) -> str:
    answers = world.texts.answers
    visited = thread.visited_at or at
    values = {
        "body": thread.voice.body or answers.unnamed,
        "office": world.catalog.offices[office].authority["zh-CN"],
        "day": say_day(visited),
        "later": say_day(visited + timedelta(days=18)),
    }
    words = choose_words(words, thread.case_id)
    for name, value in values.items():
        words = words.replace(f"{{{name}}}", value)
    return words


async def _write(
    world: World, session: AsyncSession, case: Case, thread: Thread, words: str, at: datetime
) -> None:
    tip = (await list_tips_of_case(session, case.id))[0]
    channel = thread.voice.channel
    await world.receive_message(session, tip, words, channel=channel, keys=world.keys, now=at)
    await session.refresh(case)
