"""How the months of the demo pass: tips arrive, people act in their hours, clocks are swept, notices go out.

Everything happens in the order of its moment, through the program's own functions, with that moment as `now`;
so clocks, events and the audit chain are what they would have been.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from config.clock import LOCAL
from models.case import Case
from models.queries.cases import find_case
from models.queries.notices import claim_notices, claim_of, mark_failed, mark_sent
from models.queries.tips import find_tip_by_number
from models.states import CaseState, Channel, NoticeChannel, Urgency
from triage.assess import assess_waiting
from triage.console.context import Call
from triage.demo import acts
from triage.demo.attachments import attach
from triage.demo.rare import show_rare_states
from triage.demo.texts import Voice, write_tip
from triage.demo.worktime import add_work, spread
from triage.demo.world import Thread, World
from triage.jobs import sweep_deadlines
from triage.waiting import move_waiting_cases

MONTHS_BACK = timedelta(days=240)
SWEEPS = (time(9, 5), time(14, 45), time(17, 35))
SWEEPS_OF_DAY_OFF = (time(9, 5),)
DELIVERY = time(21, 0)
SUNDAY = 6
UNREAD_LATELY = timedelta(days=9)
"""Of messages that came within these days, half are not opened yet."""
BATCH_MINUTES = timedelta(minutes=25)
SLOW_OFFICES = {"shaoling": 1.9, "wuyang": 1.3, "jingkai": 0.6, "yancheng": 0.8}
"""How much longer than others an office takes: supervisors shall have something to see."""
DECIDED = frozenset({CaseState.ASSIGNED, CaseState.REFUSED, CaseState.TRANSFERRED})
BEFORE_VERIFYING = frozenset({CaseState.REGISTERED, CaseState.ACCEPTED, CaseState.ASSIGNED})
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Stall:
    """Cases that lie still at one step: so many of those that came so many days ago, and then how likely."""

    youngest: int
    oldest: int
    left: int
    chance: float


class Story:
    """One telling of the months up to `world.now`."""

    def __init__(self, world: World) -> None:
        """Prepare; `tell` plays."""
        self._world = world
        self._rng = world.rng
        self._queue: list[tuple[datetime, int, Voice | tuple[Thread, acts.Act]]] = []
        self._serial = 0
        self._passed = world.now - MONTHS_BACK - timedelta(days=2)
        self._stalls = {
            CaseState.REGISTERED: Stall(4, 9, 2, 0.4),
            CaseState.ACCEPTED: Stall(0, 9, 3, 1.0),
            CaseState.ASSIGNED: Stall(2, 12, 5, 0.4),
            CaseState.VERIFYING: Stall(63, 120, 7, 0.2),
            CaseState.RESULT_FILED: Stall(6, 80, 4, 0.15),
            CaseState.ANSWER_DUE: Stall(20, 90, 5, 0.2),
            CaseState.ANSWERED: Stall(20, 90, 5, 0.3),
        }
        self.threads: list[Thread] = []

    async def tell(self, voices: Sequence[Voice], *, progress: Progress) -> None:
        """Let all these tips arrive and take their course up to now."""
        moments = self._moments(voices)
        for voice, moment in moments:
            self._push(moment, voice)
        while self._queue:
            moment = self._queue[0][0]
            await self._pass_time(moment)
            first = self._queue[0][2]
            if isinstance(first, Voice):
                heapq.heappop(self._queue)
                await self._arrive(first, moment)
                progress(len(self.threads), len(voices))
            else:
                await self._act(moment)
        await self._pass_time(self._world.now)
        await show_rare_states(self._world)
        await self._deliver(self._world.now)

    # ------------------------------------------------------------ arrivals

    def _moments(self, voices: Sequence[Voice]) -> list[tuple[Voice, datetime]]:
        """Who speaks when: a second voice after the first, the two uses of one entry half the time apart."""
        places: dict[str, float] = {}
        ranked = []
        for voice in voices:
            if voice.use == 0:
                earliest = places.get(voice.after, 0.0)
                places[voice.entry] = earliest + (1 - earliest) * self._rng.random()
            ranked.append((places[voice.entry] + voice.use / 2, voice))
        ranked = [(place % 1.0001, voice) for place, voice in ranked]
        ranked.sort(key=lambda pair: pair[0])
        world = self._world
        moments = spread(
            len(ranked),
            since=world.now - MONTHS_BACK,
            until=world.now - timedelta(minutes=3),
            calendar=world.catalog.calendar,
            rng=self._rng,
        )
        return [
            (voice, self._in_hours(voice, moment)) for (_, voice), moment in zip(ranked, moments, strict=True)
        ]

    def _in_hours(self, voice: Voice, moment: datetime) -> datetime:
        """The hour that the words speak of; calls by day."""
        local = moment.astimezone(LOCAL)
        hour = voice.hour
        if hour is None and voice.channel is Channel.HOTLINE and not 8 <= local.hour < 20:
            hour = self._rng.randrange(9, 19)
        if hour is not None:
            local = local.replace(hour=hour)
        return min(local.astimezone(moment.tzinfo), self._world.now - timedelta(minutes=2))

    async def _arrive(self, voice: Voice, at: datetime) -> None:
        """One tip: sent, stored, assessed half a minute later."""
        world = self._world
        async with world.db.begin() as session:
            receipt = await world.receive_tip(session, self._call(voice, at), keys=world.keys, now=at)
            tip = await find_tip_by_number(session, receipt.case_number)
            if tip and self._has_files(voice):
                await attach(session, tip.id, folder=world.folder, keys=world.keys, rng=self._rng, now=at)
        assessed_at = min(at + timedelta(seconds=self._rng.randrange(18, 55)), world.now)
        await assess_waiting(
            world.db, world.classifier, catalog=world.catalog, matters=world.matters, now=assessed_at
        )
        async with world.db.read() as session:
            case = await find_case(session, receipt.case_number, scope=None)
        if case is None:
            message = "A tip of the demo was not assessed."
            raise RuntimeError(message)
        thread = Thread(voice, receipt.case_number, receipt.code, case.id, case.state)
        self.threads.append(thread)
        self._plan(thread, case, assessed_at)

    def _has_files(self, voice: Voice) -> bool:
        """Whoever speaks of an attachment sends one; a caller cannot."""
        if voice.channel is Channel.HOTLINE:
            return False
        return "附" in voice.text or self._rng.random() < 0.09

    def _call(self, voice: Voice, at: datetime) -> Call:
        rng, is_office = self._rng, voice.office in self._world.catalog.counties
        is_form = voice.channel in {Channel.WEB, Channel.API}
        is_named = rng.random() < {Channel.HOTLINE: 0.6, Channel.WEB: 0.3}.get(voice.channel, 0.0)
        return Call(
            channel=voice.channel,
            submission_key=f"demo-{voice.entry}-{voice.use}",
            text=write_tip(voice, at=at),
            place=voice.place if is_form and rng.random() < 0.6 else "",
            county=voice.office if voice.channel is Channel.WEB and is_office and rng.random() < 0.7 else "",
            target=voice.body if is_form and rng.random() < 0.6 else "",
            name=rng.choice(self._world.texts.people.reporters) if is_named else "",
            phone=f"100{rng.randrange(10**7, 10**8)}" if is_named else "",
            chat_id=str(9_000_000_000_000 + rng.randrange(10**9))
            if voice.channel is Channel.TELEGRAM
            else None,
        )

    # ------------------------------------------------------------ acts

    def _push(self, at: datetime, what: Voice | tuple[Thread, acts.Act]) -> None:
        if at < self._world.now:
            self._serial += 1
            heapq.heappush(self._queue, (at, self._serial, what))

    async def _act(self, start: datetime) -> None:
        """What people do in the next minutes, in one transaction."""
        world = self._world
        async with world.db.begin() as session:
            while self._queue and self._queue[0][0] < start + BATCH_MINUTES:
                at, _, what = self._queue[0]
                if isinstance(what, Voice):
                    break
                heapq.heappop(self._queue)
                thread, act = what
                case = await session.get_one(Case, thread.case_id)
                if case.state is thread.state or act in {acts.read, acts.tell}:
                    await act(world, session, case, thread, at)
                self._follow(thread, case, act, at)

    def _follow(self, thread: Thread, case: Case, act: acts.Act, at: datetime) -> None:
        """What an act leads to: the next step of the case, or somebody reading what was written."""
        is_lately = at > self._world.now - UNREAD_LATELY
        if act in {acts.reply, acts.add, acts.thank} and not (is_lately and self._rng.random() < 0.5):
            self._push(self._work(at, 1, 14), (thread, acts.read))
        if case.state is not thread.state:
            thread.state = case.state
            self._plan(thread, case, at)

    def _plan(self, thread: Thread, case: Case, at: datetime) -> None:
        """Put the next step on the calendar, unless the case lies still."""
        if case.state in DECIDED:
            self._push(self._late_or(at, 0.04, (110, 160), (1, 30)), (thread, acts.tell))
        lies_still = self._stalls_here(case)
        if case.state is CaseState.VERIFYING:
            self._plan_verifying(thread, case, at, lies_still=lies_still)
        elif lies_still and case.state is CaseState.ASSIGNED:
            self._push(self._work(at, 12, 20), (thread, acts.urge))
        elif not lies_still and (step := self._next_step(case, at)):
            self._push(step[0], (thread, step[1]))
        if case.state is CaseState.ANSWERED and self._rng.random() < 0.25:
            self._push(self._work(at, 2, 20), (thread, acts.thank))

    def _next_step(self, case: Case, at: datetime) -> tuple[datetime, acts.Act] | None:
        """When what is done with a case that is not being verified: mostly in time, now and then late."""
        slow = self._slowness(case)
        match case.state:
            case CaseState.REGISTERED:
                wait, act = self._late_or(at, 0.05, (27, 40), (0.6, 14)), acts.decide_at_desk
            case CaseState.ACCEPTED:
                wait, act = self._work(at, 0.2, 6), acts.assign
            case CaseState.ASSIGNED:
                wait = self._late_or(at, 0.11 * slow, (18, 34), (0.5, 8 * slow))
                act = acts.sign_or_return
            case CaseState.RESULT_FILED:
                wait, act = self._work(at, 3, 26), acts.review
            case CaseState.ANSWER_DUE:
                wait, act = self._late_or(at, 0.08, (95, 120), (6, 55)), acts.answer
            case CaseState.ANSWERED:
                wait, act = self._work(at, 26, 130), acts.close
            case _:
                return None
        is_urgent = case.urgency is Urgency.IMMEDIATE and case.state in BEFORE_VERIFYING
        # The duty officer takes urgent cases at once, whatever the hour.
        return (at + timedelta(minutes=self._rng.randrange(6, 75)) if is_urgent else wait), act

    def _plan_verifying(self, thread: Thread, case: Case, at: datetime, *, lies_still: bool) -> None:
        """Notes, questions and answers on the way to the result."""
        if thread.was_sent_back:
            self._push(self._work(at, 8, 36), (thread, acts.file_result))
            return
        days = self._rng.choices((8, 18, 32, 48, 64), (18, 34, 28, 13, 7))[0] * self._slowness(case) ** 0.5
        done = self._work(at + timedelta(days=days * self._rng.uniform(0.6, 1.05)), 0.2, 7)
        span = (done - at).total_seconds()

        def within(start: float, end: float) -> datetime:
            return self._work(at + timedelta(seconds=span * self._rng.uniform(start, end)), 0, 3)

        if self._rng.random() < 0.75:
            self._push(within(0.05, 0.3), (thread, acts.note))
        if self._rng.random() < 0.45:
            asked_at = within(0.1, 0.4)
            self._push(asked_at, (thread, acts.ask))
            if self._rng.random() < 0.7:
                self._push(asked_at + timedelta(hours=self._rng.uniform(1, 60)), (thread, acts.reply))
        if self._rng.random() < 0.22:
            self._push(at + timedelta(seconds=span * self._rng.uniform(0.3, 0.8)), (thread, acts.add))
        if self._rng.random() < 0.3:
            self._push(within(0.5, 0.9), (thread, acts.note))
        if lies_still:
            for days in (57, 66):
                self._push(self._work(case.registered_at + timedelta(days=days), 1, 8), (thread, acts.urge))
        else:
            self._push(done, (thread, acts.file_result))

    def _stalls_here(self, case: Case) -> bool:
        stall, age = self._stalls.get(case.state), (self._world.now - case.registered_at).days
        if stall is None or not stall.left or not stall.youngest <= age <= stall.oldest:
            return False
        if case.state is CaseState.REGISTERED and case.disposition not in acts.OURS:
            return False
        if self._rng.random() > stall.chance:
            return False
        stall.left -= 1
        return True

    def _late_or(
        self, at: datetime, chance: float, late: tuple[float, float], ordinary: tuple[float, float]
    ) -> datetime:
        """After so many office hours: between the two of `late` with this chance, else of `ordinary`."""
        return self._work(at, *(late if self._rng.random() < chance else ordinary))

    def _work(self, at: datetime, least: float, most: float) -> datetime:
        hours = self._rng.uniform(least, max(least, most))
        return add_work(at, hours, calendar=self._world.catalog.calendar)

    def _slowness(self, case: Case) -> float:
        return SLOW_OFFICES.get(case.office_id, 1.0)

    # ------------------------------------------------------------ the machine's own rounds

    async def _pass_time(self, until: datetime) -> None:
        """Sweep the clocks and send the notices that fall between the last moment and this one."""
        for moment, is_delivery in self._rounds(self._passed, until):
            if is_delivery:
                await self._deliver(moment)
            else:
                await sweep_deadlines(self._world.db, catalog=self._world.catalog, now=moment)
                if moment.astimezone(LOCAL).time() == SWEEPS[0]:
                    await move_waiting_cases(self._world.db, catalog=self._world.catalog, now=moment)
        self._passed = max(until, self._passed)

    def _rounds(self, after: datetime, until: datetime) -> list[tuple[datetime, bool]]:
        day: date = after.astimezone(LOCAL).date()
        rounds = []
        while day <= until.astimezone(LOCAL).date():
            for moment in self._round_times(day):
                at = datetime.combine(day, moment, LOCAL).astimezone(until.tzinfo)
                if after < at <= until:
                    rounds.append((at, moment is DELIVERY))
            day += timedelta(days=1)
        return rounds

    def _round_times(self, day: date) -> tuple[time, ...]:
        """The worker looks every minute; a few looks a day tell the same story."""
        sweeps = SWEEPS if self._world.catalog.calendar.is_working_day(day) else SWEEPS_OF_DAY_OFF
        # Each notice is marked with its own moment, so that one round a week is enough.
        return (*sweeps, DELIVERY) if day.weekday() == SUNDAY else sweeps

    async def _deliver(self, at: datetime) -> None:
        """Notices of the week as if sent on time; a few chats are closed to us, a few mails come back."""
        world = self._world
        notices = await claim_notices(world.db, now=at, limit=1000, lease=timedelta(minutes=5))
        async with world.db.begin() as session:
            for notice in notices:
                chance = self._rng.random()
                if chance < 0.03 and notice.channel is NoticeChannel.TELEGRAM:
                    await mark_failed(session, claim_of(notice), reason="unreachable")
                elif chance < 0.008:
                    await mark_failed(session, claim_of(notice), reason="refused")
                else:
                    sent_at = notice.send_at + timedelta(seconds=self._rng.randrange(2, 9))
                    await mark_sent(session, claim_of(notice), now=sent_at)
