"""Whether the simulated year kept every promise: its rows against the oracle, the ladder, the borders between offices.

Every check answers sentences that name rows by number or id, never by content.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from config.clock import LOCAL
from models.case import NO_CLOCK, Case, Deadline
from models.event import Event
from models.notice import Notice
from models.queries.cases import CaseFilter, list_cases
from models.queries.likenesses import list_like_cases
from models.queries.reports import list_next_due, list_office_loads
from models.queries.whole import Whole
from models.staff import Staff
from models.states import Role, Urgency
from triage.permissions import CITY, reach_of
from triage.year.life import Diary
from triage.year.oracle import SLACK, Born, Key, Oracle, Said, Ticking, walk_offices, walk_states

STEP_KINDS = ("deadline_warned", "deadline_breached", "deadline_escalated")
DIGEST, DIGEST_FROM = "deadline_digest", 4
VIEWS = ("open", "closed", "overdue", "due_soon", "mine", "unassigned", "all")
COUNTY_ROLES = (Role.OFFICER, Role.LEAD)
SAME = timedelta(minutes=12)
"""The demo's acts of one sitting carry moments a few minutes apart."""


@dataclass(frozen=True, slots=True)
class CaseLife:
    """One case with all that belongs to it."""

    case: Case
    said: Sequence[Said]
    events: Sequence[Event]
    deadlines: Sequence[Deadline]
    clocks: dict[Key, Ticking]


def gather(whole: Whole, oracle: Oracle) -> list[CaseLife]:
    """Put together what belongs to each case, and let the oracle count."""
    events: dict[int, list[Event]] = defaultdict(list)
    for event in whole.events:
        if event.case_id is not None:
            events[event.case_id].append(event)
    deadlines: dict[int, list[Deadline]] = defaultdict(list)
    for row in whole.deadlines:
        deadlines[row.case_id].append(row)
    lives = []
    for case in whole.cases:
        said = [
            Said(one.kind, one.at, one.staff_id, one.data)
            for one in events[case.id]
            if not one.kind.startswith(("clock_", "deadline_"))
        ]
        ends = {(row.rule_id, row.occasion): row.met_at or row.cancelled_at for row in deadlines[case.id]}
        # The machine, not the rule, says which tips are urgent: whether the clock was right to start is its row.
        some = frozenset({"D02"}) if case.urgency is Urgency.IMMEDIATE else frozenset()
        clocks = oracle.tell_clocks(said, Born(case.registered_at, some), ends)
        lives.append(CaseLife(case, said, events[case.id], deadlines[case.id], clocks))
    return lives


def _say(moment: datetime) -> str:
    """In Luohe's time, where it is one."""
    return "never" if moment >= NO_CLOCK else f"{moment.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}"


# ---------------------------------------------------------------- (a) clocks


def check_clocks(lives: Iterable[CaseLife]) -> Iterator[str]:
    """The same clocks, started at the same moment, due at the same second."""
    for life in lives:
        rows = {(row.rule_id, row.occasion): row for row in life.deadlines}
        for key in rows.keys() ^ life.clocks.keys():
            who = "the oracle" if key in life.clocks else "the program"
            yield f"case {life.case.number}: only {who} has clock {key[0]} no. {key[1]}"
        for key in rows.keys() & life.clocks.keys():
            row, clock = rows[key], life.clocks[key]
            if (row.due_at, row.started_at) != (clock.due or NO_CLOCK, clock.started):
                yield (
                    f"case {life.case.number}: {key[0]} no. {key[1]} is due {_say(row.due_at)}, "
                    f"by the oracle {_say(clock.due or NO_CLOCK)}"
                )


# ---------------------------------------------------------------- (b) the ladder


def check_steps(lives: Iterable[CaseLife], oracle: Oracle, *, until: datetime) -> Iterator[str]:
    """Every step happened once, as soon as it could, and none that should not have."""
    for life in lives:
        taken: dict[Key, list[tuple[str, datetime]]] = defaultdict(list)
        for event in life.events:
            if event.kind in STEP_KINDS:
                taken[event.data["rule"], event.data["occasion"]].append((event.kind, event.at))
        is_urgent = life.case.urgency is Urgency.IMMEDIATE
        for key, clock in life.clocks.items():
            owed = oracle.tell_steps(clock, is_urgent=is_urgent, until=until)
            yield from _compare(f"case {life.case.number}: {key[0]} no. {key[1]}", owed, taken[key])


def _compare(
    what: str, owed: Sequence[tuple[str, datetime, bool]], taken: Sequence[tuple[str, datetime]]
) -> Iterator[str]:
    left = sorted(taken, key=lambda step: step[1])
    for kind, first, is_certain in owed:
        done = next((step for step in left if step[0] == kind and first <= step[1] <= first + SLACK), None)
        if done:
            left.remove(done)
        elif is_certain:
            yield f"{what}: {kind} was owed at {_say(first)} and did not happen then"
    for kind, at in left:
        yield f"{what}: {kind} at {_say(at)} was not owed, or not once more"


def check_storms(whole: Whole, diary: Diary) -> Iterator[str]:
    """Nobody gets more than three single notices from one sweep: with more, one digest and nothing else."""
    sent: dict[tuple[int | None, datetime, str], Counter[bool]] = defaultdict(Counter)
    for notice in whole.notices:
        if notice.kind in {*STEP_KINDS, "deadline_warning", DIGEST} and notice.tip_id is None:
            sent[notice.staff_id, notice.created_at, notice.channel][notice.kind == DIGEST] += 1
    deaths = set(diary.deaths)
    for (staff_id, at, channel), count in sent.items():
        most = 2 if at in deaths else 1
        is_storm = staff_id is not None and count[False] >= DIGEST_FROM
        is_both = bool(count[True] and count[False]) and at not in deaths
        if is_storm or is_both or count[True] > most:
            yield (
                f"staff {staff_id}: {count[False]} notices and {count[True]} digests by {channel} "
                f"of {_say(at)}"
            )


# ---------------------------------------------------------------- (c) borders between offices


def check_notices(whole: Whole, lives: Iterable[CaseLife]) -> Iterator[str]:
    """Who was told of a case worked at the city or at the office that had it then, and was not barred from it."""
    ways = {life.case.id: walk_offices(life.said) for life in lives}
    people = {person.id: person for person in whole.staff}
    bars = defaultdict(list)
    for bar in whole.bars:
        bars[bar.case_id].append(bar)
    for notice in whole.notices:
        person = people.get(notice.staff_id or 0)
        if person is None or notice.case_id is None:
            continue
        if person.office_id not in {CITY, *_had_it(ways[notice.case_id], notice.created_at)}:
            yield f"notice {notice.id} ({notice.kind}) went to {person.office_id}, which did not have the case"
        for bar in bars[notice.case_id]:
            is_he = bar.staff_id == person.id or bar.office_id == person.office_id
            if is_he and bar.created_at < notice.created_at:
                yield f"notice {notice.id} ({notice.kind}) went to somebody barred from the case"


def _had_it(way: Sequence[tuple[datetime, str]], at: datetime) -> set[str]:
    """The office at that moment, and those of the same sitting."""
    before = [office for moment, office in way if moment <= at]
    return {*before[-1:], *(office for moment, office in way if abs(moment - at) <= SAME)}


async def check_lists(session: AsyncSession, whole: Whole, *, now: datetime) -> list[str]:
    """Whatever a list answers within somebody's scope is his office's own."""
    wrong: list[str] = []
    for person in whole.staff:
        if person.role in COUNTY_ROLES and person.office_id != CITY:
            wrong += await _check_lists_of(session, person, now=now)
    return wrong


async def _check_lists_of(session: AsyncSession, person: Staff, *, now: datetime) -> list[str]:
    scope, seen = reach_of(person), list[tuple[str, str]]()
    first: Case | None = None
    for view in VIEWS:
        after: str | None = None
        while True:
            wanted = CaseFilter(view=view, officer_id=person.id)
            page = await list_cases(session, wanted, scope=scope, now=now, after=after)
            seen += [(view, case.office_id) for case, _ in page.rows]
            first = first or (page.rows[0][0] if page.rows else None)
            after = page.after
            if after is None:
                break
    due = await list_next_due(session, scope=scope, office_id="", now=now, limit=500)
    seen += [("next_due", row.office_id) for row in due]
    loads = await list_office_loads(session, scope=scope, now=now, today_ends=now, soon_ends=now)
    seen += [("loads", row.office_id) for row in loads]
    if first:
        likes = await list_like_cases(session, first.id, scope=scope)
        seen += [("like", one.other.office_id) for one in likes]
    return [
        f"{person.login} of {person.office_id} sees a case of {office} in {view}"
        for view, office in seen
        if office != person.office_id
    ]


# ---------------------------------------------------------------- (e) tips and states


def check_tips(whole: Whole, lives: Sequence[CaseLife], diary: Diary) -> Iterator[str]:
    """I1, I2, I3: each acknowledged tip is there once, was read, lies with an office, has its clocks and its trail."""
    tips = Counter(tip.number for tip in whole.tips)
    numbers = {number for number, _ in diary.receipts}
    yield from (f"tip {number} exists {tips[number]} times" for number in numbers if tips[number] != 1)
    yield from (f"tip {number} was never acknowledged" for number in tips.keys() - numbers)
    yield from (f"tip {number} got another number when it was sent again" for number in diary.doubled)
    by_number = {life.case.number: life for life in lives}
    for tip in whole.tips:
        life = by_number.get(tip.number)
        if life is None:
            yield f"tip {tip.number} has no case"
        elif tip.case_id not in whole.found or not life.case.office_id:
            yield f"tip {tip.number} was not read or lies nowhere"
        elif (
            not life.deadlines
            or not life.events
            or life.events[0].kind not in {"case_opened", "tip_received"}
        ):
            yield f"tip {tip.number} has no clock, or no trail from its birth"


def check_states(lives: Iterable[CaseLife]) -> Iterator[str]:
    """I11: from state to state only as the procedure says, and each case stands where its acts have brought it."""
    for life in lives:
        state, wrong = walk_states(life.said)
        yield from (f"case {life.case.number}: {act}" for act in wrong)
        if state != life.case.state:
            yield f"case {life.case.number} is {life.case.state}, by its acts {state}"


def count_steps(lives: Iterable[CaseLife]) -> Counter[str]:
    """How often each step of a ladder was taken."""
    return Counter(event.kind for life in lives for event in life.events if event.kind in STEP_KINDS)


def count_notices(notices: Iterable[Notice]) -> Counter[str]:
    """How many notices of each kind went to staff."""
    return Counter(notice.kind for notice in notices if notice.staff_id)
