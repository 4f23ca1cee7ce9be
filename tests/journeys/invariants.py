"""What must hold after a run under faults, whatever was killed: I1 to I13, each named in its sentence when it does not.

I1 acknowledged tips once · I2 triage, route, clocks, events · I3 retries · I4 inbox of the chat at an end ·
I5 notices confirmed or dead-letters, sent twice only where a fault fell between · I6 nothing told that was never
stored · I7 clocks replay · I8 audit chain · I9 files and rows · I10 counties and words kept apart · I11 legal moves,
one winner · I12 the backlog drains · I13 back by itself.
"""

import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.delivery import LANES_AT_ONCE, render
from config.catalog import Catalog
from config.keys import Keys
from config.text import text
from models.case import Case, Deadline
from models.checks import check_database
from models.event import Event
from models.message import Message
from models.notice import Notice
from models.session import Database
from models.states import CaseState, NoticeChannel, NoticeState, UpdateState
from models.tip import Identity, InboundUpdate, Tip
from tests.fakes.botapi import FakeBotApi
from tests.fakes.smtp import SmtpServer
from tests.fakes.webhook import NoticeSink
from tests.journeys.crowd import Bureau, Ledger, Sent
from triage.archive import list_versions
from triage.escalation import EVENT_KINDS
from triage.recounting import recount_with
from triage.replay import count_with, replay_deadlines
from triage.workflow import STEPS, Move

NAMED_BY = {
    "rows": "I2",
    "clocks": "I7",
    "replay": "I7",
    "audit": "I8",
    "files": "I9",
    "papers": "I9",
    "versions": "I2",
}
MOVES = {
    "accepted": Move.ACCEPT,
    "refused": Move.REFUSE,
    "transferred_out": Move.TRANSFER_OUT,
    "assigned": Move.ASSIGN,
    "signed_for": Move.SIGN_FOR,
    "returned": Move.RETURN,
    "result_filed": Move.FILE_RESULT,
    "result_sent_back": Move.SEND_BACK,
    "result_approved": Move.APPROVE,
    "answered": Move.ANSWER,
    "closed": Move.CLOSE,
}
WON, LOST, GONE = 303, 409, 404
"""Answers to two clerks at once; a case that the other one gave back is no longer of this office."""
MESSAGE_ID = re.compile(r"<notice-(\d+)@")


@dataclass
class World:
    """What there is to look at once everything stands still."""

    db: Database
    keys: Keys
    catalog: Catalog
    data: Path
    bureau: Bureau
    ledger: Ledger
    fake: FakeBotApi
    mail: SmtpServer
    group: NoticeSink
    faults: int
    """Moments at which something may have died between sending and marking."""
    logs: Mapping[str, str] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)


async def count_backlog(db: Database, *, now: datetime) -> Counter[str]:
    """What is still to be done (I12): nothing of it may last."""
    due = or_(
        (Notice.state == NoticeState.WAITING) & (Notice.send_at <= now), Notice.state == NoticeState.SENDING
    )
    running = (Deadline.met_at.is_(None), Deadline.cancelled_at.is_(None), Deadline.wake_at <= now)
    asked = {
        "tips without a case": select(func.count()).select_from(Tip).where(Tip.case_id.is_(None)),
        "updates": select(func.count())
        .select_from(InboundUpdate)
        .where(InboundUpdate.state == UpdateState.WAITING),
        "notices": select(func.count()).select_from(Notice).where(due),
        "clocks": select(func.count()).select_from(Deadline).where(*running),
    }
    async with db.read() as session:
        return Counter({name: int(await session.scalar(statement) or 0) for name, statement in asked.items()})


async def find_violations(world: World, *, now: datetime) -> list[str]:
    """One sentence each; none is what we want."""
    found = [sentence async for sentence in _check_stored(world, now=now)]
    for name, left in (await count_backlog(world.db, now=now)).items():
        if left:
            found.append(f"I12: {left} {name} are still to be done.")
    async with world.db.read() as session:
        for check in (
            _check_tips, _check_messages, _check_updates, _check_notices, _check_ladders, _check_histories,
        ):  # fmt: skip
            found += [sentence async for sentence in check(session, world)]
        found += [sentence async for sentence in _check_counties(session, world)]
    return [*found, *_check_bids(world), *_check_words(world)]


# ---------------------------------------------------------------- I2, I7, I8, I9: what `tipline db check` looks at


async def _check_stored(world: World, *, now: datetime) -> AsyncIterator[str]:
    problems = await check_database(
        world.db,
        files=world.data / "files",
        now=now,
        keys=world.keys,
        recompute=recount_with(world.catalog),
        replay=lambda events: replay_deadlines(events, count_with(world.catalog)),
        versions=list_versions(world.data),
    )
    for problem in problems:
        yield f"{NAMED_BY.get(problem.check, 'I8')}: {problem}"


# ---------------------------------------------------------------- I1, I2, I3


async def _check_tips(session: AsyncSession, world: World) -> AsyncIterator[str]:
    told = [*world.ledger.tips, *world.ledger.chats.values()]
    stored: dict[str, list[Tip]] = defaultdict(list)
    for tip in await session.scalars(select(Tip)):
        stored[tip.text.strip()].append(tip)
    events = Counter((await session.scalars(select(Event.tip_id).where(Event.kind == "tip_received"))).all())
    clocks = set(await session.scalars(select(Deadline.case_id)))
    for sent in told:
        rows = stored.pop(sent.text, [])
        for sentence in _compare(sent, rows):
            yield sentence
        for tip in rows:
            if tip.case_id is None or tip.case_id not in clocks:
                yield f"I2: Tip {tip.number} has no case or no clock."
            if events[tip.id] != 1:
                yield f"I2: The birth of tip {tip.number} is told {events[tip.id]} times."
    for rows in stored.values():
        yield f"I1: Tip {rows[0].number} was never sent by anybody."
    opened = Counter(await session.scalars(select(Event.case_id).where(Event.kind == "case_opened")))
    for case_id, times in opened.items():
        if times != 1:
            yield f"I2: Case {case_id} was opened {times} times."
    world.figures["tips"] = {
        "sent": len(told),
        "acknowledged": sum(bool(sent.receipts) for sent in told),
        "tries": sum(sent.attempts for sent in told),
        "stored": sum(opened.values()),
    }


def _compare(sent: Sent, rows: list[Tip]) -> Iterator[str]:
    if len(set(sent.receipts)) > 1:
        yield f"I3: One key was told {len(set(sent.receipts))} different receipts."
    if len(rows) > 1:
        name = "I1" if sent.receipts else "I3"
        yield f"{name}: A tip exists {len(rows)} times, as {', '.join(tip.number for tip in rows)}."
    if sent.number and not rows:
        yield f"I1: Tip {sent.number} was acknowledged and is lost."
    if sent.number and rows and rows[0].number != sent.number:
        yield f"I1: Tip {rows[0].number} was acknowledged as {sent.number}."


async def _check_messages(session: AsyncSession, world: World) -> AsyncIterator[str]:
    stored = Counter((await session.scalars(select(Message.text))).all())
    for added in world.ledger.messages:
        times = stored[added.text]
        if times > 1 or (added.is_acknowledged and times != 1):
            yield f"I3: A message to {added.tip.number} is stored {times} times."
    world.figures["messages"] = len(world.ledger.messages)


# ---------------------------------------------------------------- I4


async def _check_updates(session: AsyncSession, world: World) -> AsyncIterator[str]:
    ends = Counter((await session.scalars(select(InboundUpdate.state))).all())
    world.figures["updates"] = {state.value: times for state, times in ends.items()}
    for state in (UpdateState.WAITING, UpdateState.QUARANTINED):
        if ends[state]:
            yield f"I4: {ends[state]} updates are {state}."
    for user_id, sent in world.ledger.chats.items():
        if not sent.receipts:
            yield f"I4: Chat {user_id} never came to its end."


# ---------------------------------------------------------------- I5, I6


async def _check_notices(session: AsyncSession, world: World) -> AsyncIterator[str]:
    """Every send must be that of a row, every row that says "sent" must have been; twice only where a fault fell."""
    rows, sends = await _list_rows(session, world), _count_sends(world)
    stored = Counter(letter for letter, _ in rows)
    marked = Counter(letter for letter, notice in rows if notice.state is NoticeState.SENT)
    for letter, times in marked.items():
        if sends[letter] < times:
            yield f"I5: A notice by {letter[0]} counts as sent {times} times and arrived {sends[letter]} times."
    for letter in sends.keys() - stored.keys():
        if _is_notice(letter, world):
            yield f"I6: What was sent by {letter[0]} to {letter[1]} belongs to no stored notice: {letter[2][:40]!r}"
    extra = sum(max(0, times - marked[letter]) for letter, times in sends.items() if letter in stored)
    if extra > world.faults * LANES_AT_ONCE:
        yield f"I5: {extra} notices were sent again, more than {world.faults} faults explain."
    states = Counter(notice.state.value for _, notice in rows)
    world.figures["notices"] = {
        **states,
        "sent_again": extra,
        "arrived": sum(sends[letter] for letter in stored),
    }
    for _, notice in rows:
        if notice.state is NoticeState.FAILED:
            yield f"I5: Notice {notice.id} ({notice.kind}) failed though every channel works: {notice.reason}."


Letter = tuple[str, str, str]
"""Channel, recipient, words."""


async def _list_rows(session: AsyncSession, world: World) -> list[tuple[Letter, Notice]]:
    chats = {identity.tip_id: identity.chat for identity in await session.scalars(select(Identity))}
    people = {person.id: person for person in world.bureau.people}
    chat_of = {person.id: str(chat) for chat, person in world.bureau.chats.items()}
    rows: list[tuple[Letter, Notice]] = []
    for notice in await session.scalars(select(Notice).order_by(Notice.id)):
        subject, body = render(notice, catalog=world.catalog, public_url=None)
        match notice.channel:
            case NoticeChannel.MAIL if notice.staff_id:
                words = text(
                    "notices.mail", notice.locale, body=body, sign=text("notices.sign", notice.locale)
                )
                to = people[notice.staff_id].email or ""
                rows.append((("mail", to, f"{notice.id} {_flat(words)}"), notice))
            case NoticeChannel.GROUP:
                rows.append((("group", "", _flat(subject + body)), notice))
            case _ if notice.staff_id:
                rows.append((("chat", chat_of[notice.staff_id], _flat(body)), notice))
            case _:
                sealed = chats.get(notice.tip_id)
                to = world.keys.unseal("identity", sealed, place="identity.chat").decode() if sealed else ""
                rows.append((("chat", to, _flat(body)), notice))
    return rows


def _count_sends(world: World) -> Counter[Letter]:
    sends: Counter[Letter] = Counter()
    for mail in world.mail.messages:
        mark = MESSAGE_ID.search(str(mail.message["Message-ID"]))
        sends["mail", mail.recipients[0], f"{mark[1] if mark else '?'} {_flat(mail.text)}"] += 1
    for post in world.group.posts:
        sends["group", "", _flat(post["title"] + post["message"])] += 1
    for chat_id, messages in world.fake.messages.items():
        for message in messages:
            sends["chat", str(chat_id), _flat(message.text)] += 1
    return sends


def _is_notice(letter: Letter, world: World) -> bool:
    """What citizens read in a dialogue is no notice."""
    return letter[0] != "chat" or int(letter[1]) in world.bureau.chats


def _flat(words: str) -> str:
    return re.sub(r"\s+", "", words)


# ---------------------------------------------------------------- I7: each step of a ladder once


async def _check_ladders(session: AsyncSession, world: World) -> AsyncIterator[str]:
    """However many schedulers looked at a clock, its events tell as many steps as its row says were taken."""
    told: Counter[tuple[int | None, str, int]] = Counter()
    steps: Counter[str] = Counter()
    for event in await session.scalars(select(Event).where(Event.kind.in_(EVENT_KINDS.values()))):
        told[event.case_id, event.data["rule"], event.data["occasion"]] += 1
        steps[event.kind] += 1
    for clock in await session.scalars(select(Deadline)):
        times = told.pop((clock.case_id, clock.rule_id, clock.occasion), 0)
        if times != clock.stage:
            yield f"I7: Clock {clock.id} stands at step {clock.stage}, but {times} were told."
    for case_id, rule, _ in told:
        yield f"I7: Case {case_id} has steps of a clock {rule} that does not exist."
    world.figures["steps of ladders"] = dict(steps)


# ---------------------------------------------------------------- I11


async def _check_histories(session: AsyncSession, world: World) -> AsyncIterator[str]:
    """The acts of each case, walked along the table of the procedure, must lead to the state that is stored."""
    states: dict[int, CaseState] = {}
    moves: Counter[str] = Counter()
    for event in await session.scalars(
        select(Event).where(Event.case_id.is_not(None)).order_by(Event.position)
    ):
        case_id = event.case_id or 0
        if event.kind == "case_opened":
            states[case_id] = CaseState.REGISTERED
        move = MOVES.get(event.kind)
        if move is None:
            continue
        moves[move.value] += 1
        step, state = STEPS[move], states.get(case_id, CaseState.REGISTERED)
        if state not in step.origins:
            yield f"I11: Entry {event.position} tells {move} of case {case_id}, which was {state}."
        states[case_id] = step.to or state
    for case in await session.scalars(select(Case)):
        if case.state is not states.get(case.id):
            yield f"I11: Case {case.number} is {case.state}, its acts lead to {states.get(case.id)}."
    world.figures["moves"] = dict(moves)


def _check_bids(world: World) -> Iterator[str]:
    races: dict[tuple[str, int, str], list[int | None]] = defaultdict(list)
    for bid in world.ledger.bids:
        races[bid.number, bid.version, bid.move].append(bid.status)
    for (number, version, move), statuses in races.items():
        if statuses.count(WON) > 1:
            yield f"I11: {move} of case {number} at version {version} was won {statuses.count(WON)} times."
        losers = {status for status in statuses if status is not None and status < 500} - {WON}
        if WON in statuses and losers - ({LOST, GONE} if move == Move.RETURN.value else {LOST}):
            yield f"I11: Who lost {move} of case {number} was answered {losers}, not {LOST}."
    contested = [statuses for statuses in races.values() if WON in statuses and LOST in statuses]
    world.figures["races"] = {"all": len(races), "won against a 409": len(contested)}


# ---------------------------------------------------------------- I10


async def _check_counties(session: AsyncSession, world: World) -> AsyncIterator[str]:
    """A page of another county's case opens only for an office that had the case."""
    was_with: dict[str, set[str]] = defaultdict(set)
    told = (
        select(Case.number, Event.data).join(Event, Event.case_id == Case.id).where(Event.kind == "assigned")
    )
    for number, data in await session.execute(told):
        was_with[number].add(data["office"])
    answers = Counter(status for _, _, status in world.ledger.peeks)
    world.figures["peeks"] = {str(status): times for status, times in answers.items()}
    for number, county, status in world.ledger.peeks:
        if status == 200 and county not in was_with[number]:
            yield f"I10: An officer of {county} opened case {number}, which never was there."


def _check_words(world: World) -> Iterator[str]:
    """No words of a tip in anything that goes out or is logged, but in the reporter's own chat."""
    sent = [*world.ledger.tips, *world.ledger.chats.values()]
    own = {str(chat): tip.canary for chat, tip in world.ledger.chats.items()}
    places: dict[str, str] = {f"log {name}": words for name, words in world.logs.items()}
    for channel, to, words in _count_sends(world):
        name = f"{channel} to {to}"
        places[name] = places.get(name, "") + words
    codes = [code for tip in sent for _, code in tip.receipts]
    for place, words in places.items():
        canaries = {tip.canary for tip in sent} - {own.get(place.removeprefix("chat to "), "")}
        if leaked := _find_any(canaries, words):
            yield f"I10: {place} holds the words of a tip ({leaked})."
        if place.startswith("log") and (leaked := _find_any(codes, words)):
            yield f"I10: {place} holds a return code."


def _find_any(marks: Iterable[str], words: str) -> str | None:
    return next((mark for mark in marks if mark in words), None)
