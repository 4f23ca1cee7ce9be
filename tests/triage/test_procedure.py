"""Random histories of all moves by all roles, against a table written here from the procedure's text.

What the table allows must happen and what it forbids must be refused with a sentence that says why, nothing changed.
At the end every clock is what the events give, every act has its event, and the audit chain holds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from config.catalog import load_catalog
from config.text import LOCALES, has_text
from models.audit import find_broken_event, record_event
from models.case import NO_CLOCK, Case, Deadline
from models.checks import check_database
from models.event import Event
from models.queries.tips import list_tips_of_case
from models.session import Database
from models.staff import Staff
from models.states import Role, Verdict
from tests.factories import NOW, make_case, make_message, make_staff, make_tip, verified
from triage import actions
from triage.actions import MoveRefusedError
from triage.clocks import is_running, start_clock
from triage.replay import count_with, replay_deadlines
from triage.waiting import move_waiting_cases

CATALOG = load_catalog()
I, S, O, L = "intake", "supervisor", "officer", "lead"  # noqa: E741 - the letters of the table
LIVE = "registered accepted assigned verifying suspended"
# Move: from → to ("" stays), by whom. Written from the procedure, row by row; not from the code.
TABLE: dict[str, tuple[str, str, str]] = {
    "accept": ("registered", "accepted", f"{I} {S}"),
    "refuse": ("registered", "refused", f"{I} {S}"),
    "transfer_out": ("registered accepted", "transferred", f"{I} {S}"),
    "ask_supplement": ("registered", "needs_supplement", f"{I} {S}"),
    "end_supplement": ("needs_supplement", "registered", f"{I} {S}"),
    "assign": ("accepted assigned verifying", "assigned", f"{I} {S} {L}"),
    "verify_directly": ("accepted", "verifying", f"{I} {S}"),
    "sign_for": ("assigned", "verifying", f"{O} {L}"),
    "return_case": ("assigned verifying", "accepted", f"{O} {L}"),
    "recuse": ("registered accepted assigned verifying result_filed", "", f"{O} {L} {I} {S}"),
    "file_result": ("verifying", "result_filed", f"{O} {L} {I}"),
    "ask_extension": ("verifying", "extension_pending", f"{O} {L} {I}"),
    "grant_extension": ("extension_pending", "verifying", S),
    "deny_extension": ("extension_pending", "verifying", S),
    "ask_suspension": ("verifying", "", f"{O} {L} {I}"),
    "grant_suspension": ("verifying", "suspended", f"{L} {S}"),
    "deny_suspension": ("verifying", "", f"{L} {S}"),
    "resume": ("suspended", "verifying", f"{O} {L} {I} {S}"),
    "send_back": ("result_filed", "verifying", f"{L} {S}"),
    "approve": ("result_filed", "answer_due", f"{L} {S}"),
    "answer": ("answer_due", "answered", f"{O} {L} {I} {S}"),
    "follow_up": ("answered", "closed", f"{I} {L} {S}"),
    "note_call": ("answered", "", f"{I} {L} {S}"),
    "redo": ("answered", "verifying", f"{I} {S}"),
    "close": ("answered", "closed", f"{O} {L} {I} {S}"),
    "archive": ("closed", "archived", f"{I} {L} {S}"),
    "open_review": ("refused answered closed", "in_review", f"{I} {S}"),
    "uphold": ("in_review", "closed", S),
    "reopen": ("in_review", "verifying", S),
    "take_up": ("in_review", "accepted", S),
    "ask_termination": (LIVE, "", f"{O} {L} {I} {S}"),
    "grant_termination": (LIVE, "terminated", S),
    "deny_termination": (LIVE, "", S),
    "merge": ("registered accepted assigned verifying", "merged", f"{I} {S}"),
    "split": ("merged", "registered", f"{I} {S}"),
    "add_note": (f"{LIVE} needs_supplement extension_pending in_review result_filed answer_due answered", "",
                 f"{O} {L} {I} {S}"),
}  # fmt: skip
ENDED = {"refused", "transferred", "closed", "archived", "terminated", "merged"}
# Which clock must run in a state, one of these; D10 in all others that are open.
OWED = {
    "registered": "D03", "needs_supplement": "P01", "accepted": "D06", "assigned": "D07", "answer_due": "D12",
    "answered": "P03", "in_review": "D13", "verifying": "D10 D11 P02", "extension_pending": "D10",
    "result_filed": "D10 D11 P02", "suspended": "D10 D11 P02",
}  # fmt: skip
OWN_OFFICE_OF_DESK = {"file_result", "ask_extension", "ask_suspension", "resume"}
NOT_HANDLER = {"follow_up", "note_call", "uphold", "reopen", "take_up"}
COUNTY = "yancheng"


@dataclass
class Model:
    """What the procedure knows of the case, kept apart from the program."""

    state: str = "registered"
    office: str = "city"
    officer: int | None = None
    filed_by: int | None = None
    asked: str = ""
    asked_by: int | None = None
    returns: int = 0
    appointed: bool = False
    extended: bool = False
    has_limit: bool = False
    was_accepted: bool = False
    reviewed: bool = False
    calls: int = 0
    named: bool = False
    followed_up: bool = False
    recused: set[int] = field(default_factory=set)


def allowed(model: Model, move: str, who: Staff) -> bool:  # noqa: C901, PLR0911, PLR0912 - one line for each sentence of the rules
    """Whether the procedure allows it."""
    origins, _, roles = TABLE[move]
    role = who.role.value
    if role in {O, L} and who.office_id != model.office:
        return False
    if model.state not in origins.split() or role not in roles.split() or who.id in model.recused:
        return False
    if move in OWN_OFFICE_OF_DESK and role == I and model.office != "city":
        return False
    if move in {"accept", "assign", "verify_directly"} and model.returns >= 3 and not model.appointed:
        return role == S
    if move == "assign":
        return role != L or model.office == COUNTY
    if move in NOT_HANDLER and who.id in {model.officer, model.filed_by}:
        return False
    if move.startswith("ask_") and move != "ask_supplement" and model.asked:
        return False
    if move == "ask_extension":
        return model.has_limit and not model.extended
    if move.startswith(("grant_", "deny_")):
        return model.asked == move.partition("_")[2] and model.asked_by != who.id
    match move:
        case "return_case":
            return not model.appointed
        case "approve":
            return model.filed_by != who.id
        case "close":
            return model.followed_up or not model.named
        case "open_review":
            return not model.reviewed
        case "reopen":
            return model.was_accepted
        case "take_up":
            return not model.was_accepted
        case _:
            return True


def carry_on(model: Model, move: str, who: Staff) -> None:  # noqa: C901, PLR0912 - one branch for each effect
    """What the move changes."""
    before = model.state
    model.state = TABLE[move][1] or model.state
    asked_for = move.partition("_")[2]
    match move:
        case "accept" | "take_up":
            model.was_accepted = model.has_limit = True
        case "assign":
            if who.role is Role.SUPERVISOR and before == "accepted" and model.returns >= 2:
                model.appointed = True
            model.office = COUNTY
        case "verify_directly":
            model.office = "city"
        case "return_case":
            model.returns, model.office, model.asked = model.returns + 1, "city", ""
        case "ask_extension" | "ask_suspension" | "ask_termination":
            model.asked, model.asked_by = asked_for, who.id
        case "grant_extension":
            model.extended, model.has_limit, model.asked = True, False, ""
        case _ if move.startswith(("grant_", "deny_")):
            model.asked = ""
        case "file_result":
            model.filed_by, model.asked = who.id, ""
        case "approve":
            model.has_limit = False
        case "note_call":
            model.calls += 1
            if model.calls == 3:
                model.state, model.followed_up = "closed", True
        case "follow_up":
            model.followed_up = True
        case "redo" | "reopen":
            model.calls, model.followed_up = 0, False
        case "ask_supplement":
            model.asked = ""
        case "recuse":
            model.recused.add(who.id)
            if model.officer == who.id and before in {"assigned", "verifying"}:
                model.state, model.asked = "assigned", ""
        case "split":
            model.office, model.was_accepted, model.has_limit = "city", False, False
        case _:
            pass
    if move in {"uphold", "reopen", "take_up"}:
        model.reviewed = True
    if model.state in ENDED:
        model.has_limit, model.asked = False, ""


def act(move: str, session: Any, case: Case, other: Case, who: Staff, now: datetime) -> Awaitable[None]:
    """The program's function for a move, with fitting words."""
    do: Callable[..., Awaitable[None]] = getattr(actions, move)
    words: dict[str, dict[str, Any]] = {
        "refuse": {"code": "R2", "answer": "事实不清。"},
        "transfer_out": {"to": "住建局", "answer": "已移送。"},
        "ask_supplement": {"words": "请补充。"},
        "end_supplement": {"how": "desk"},
        "assign": {"office_id": COUNTY},
        "file_result": {"verdict": Verdict.PROVEN, "result": "属实。", "verification": verified(case)},
        "ask_extension": {"days": "10", "reason": "等鉴定"},
        "ask_suspension": {"kind": "expert", "reason": "送鉴定"},
        "ask_termination": {"kind": "withdrawn", "reason": "撤回"},
        "follow_up": {"satisfaction": "satisfied"},
        "merge": {"into": other.number, "reason": "同一事项"},
        "answer": {"words": "已查处。"},
        "add_note": {"words": "已去电。"},
        **{key: {"answer": "说明。"} for key in ("uphold", "reopen", "take_up", "grant_termination")},
        **{
            key: {"reason": "理由"}
            for key in ("return_case", "recuse", "send_back", "redo", "open_review", "split")
        },
        **{key: {"reason": "理由"} for key in ("deny_extension", "deny_suspension", "deny_termination")},
    }
    counted = {"accept", "refuse", "transfer_out", "answer", "ask_supplement", "end_supplement", "assign",
               "return_case", "recuse", "ask_extension", "grant_extension", "grant_suspension", "resume", "approve",
               "redo", "open_review", "reopen", "take_up", "split"}  # fmt: skip
    more = {"catalog": CATALOG} if move in counted else {}
    return do(session, case, **words.get(move, {}), **more, by=who, now=now)


class World:
    """One database and its people for all histories."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.db = Database(f"sqlite+aiosqlite:///{folder}/procedure.db")
        self.people: dict[str, Staff] = {}
        self.runner.run(self._open())

    async def _open(self) -> None:
        await self.db.upgrade()
        async with self.db.begin() as session:
            for name, role, office in (
                ("desk", Role.INTAKE, "city"), ("desk2", Role.INTAKE, "city"), ("head", Role.SUPERVISOR, "city"),
                ("head2", Role.SUPERVISOR, "city"), ("officer", Role.OFFICER, COUNTY),
                ("officer2", Role.OFFICER, COUNTY), ("lead", Role.LEAD, COUNTY), ("lead2", Role.LEAD, COUNTY),
                ("stranger", Role.OFFICER, "wuyang"), ("operator", Role.OPERATOR, "city"),
                ("auditor", Role.AUDITOR, "city"),
            ):  # fmt: skip
                self.people[name] = await make_staff(session, role, office)

    def close(self) -> None:
        self.runner.run(self.db.close())
        self.runner.close()


WORLD: list[World] = []
PEOPLE = (
    "desk",
    "desk2",
    "head",
    "head2",
    "officer",
    "officer2",
    "lead",
    "lead2",
    "stranger",
    "operator",
    "auditor",
)


class Procedure(RuleBasedStateMachine):
    """One case on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.world = WORLD[0]
        self.now = NOW
        self.acts = 0

    @initialize(named=st.booleans())
    def open(self, named: bool) -> None:
        self.model = Model(named=named)
        self.case_id, self.other_id = self.world.runner.run(self._open(named=named))

    async def _open(self, *, named: bool) -> tuple[int, int]:
        async with self.world.db.begin() as session:
            other = await make_case(session, self.state("answered"), due_in=None)
            record_event(session, "case_opened", at=self.now, case_id=other.id)
            tip = await make_tip(session, is_named=named, received_at=self.now)
            case = await make_case(session, self.state("registered"), "city", tip=tip, due_in=None)
            record_event(session, "case_opened", at=self.now, tip_id=tip.id, case_id=case.id)
            await start_clock(session, case, "D03", event="registered", started_at=self.now, catalog=CATALOG)
        return case.id, other.id

    @staticmethod
    def state(name: str) -> Any:
        from models.states import CaseState

        return CaseState(name)

    @rule(move=st.sampled_from(sorted(TABLE)), name=st.sampled_from(PEOPLE), hours=st.integers(0, 15))
    def try_anything(self, move: str, name: str, hours: int) -> None:
        self._attempt(move, self.world.people[name], hours)

    @rule(data=st.data(), hours=st.integers(0, 15))
    def do_what_is_allowed(self, data: st.DataObject, hours: int) -> None:
        choices = [
            (move, name)
            for move in sorted(TABLE)
            for name in PEOPLE
            if move not in {"merge", "refuse", "transfer_out", "grant_termination"} or hours == 0
            if allowed(self.model, move, self.world.people[name])
        ]
        if choices:
            move, name = data.draw(st.sampled_from(choices))
            self._attempt(move, self.world.people[name], hours)

    @rule()
    def the_reporter_writes(self) -> None:
        """What he adds ends the wait for a supplement and changes no other case."""
        self.world.runner.run(self._write())
        if self.model.state == "needs_supplement":
            self.model.state = "registered"

    async def _write(self) -> None:
        async with self.world.db.begin() as session:
            tips = await list_tips_of_case(session, self.case_id)
            if tips:
                case = await session.get_one(Case, self.case_id)
                await make_message(session, case, tips[0], created_at=self.now)
        await move_waiting_cases(self.world.db, catalog=CATALOG, now=self.now)

    def _attempt(self, move: str, who: Staff, hours: int) -> None:
        self.now += timedelta(hours=hours)
        expects = allowed(self.model, move, who)
        before = self.world.runner.run(self._look())
        refusal = self.world.runner.run(self._act(move, who))
        if expects:
            assert refusal is None, f"{move} by {who.role} in {self.model.state}: {refusal}"
            carry_on(self.model, move, who)
        else:
            assert refusal is not None, f"{move} by {who.role} in {self.model.state} was allowed"
            assert all(has_text(f"errors.{refusal}", locale) for locale in LOCALES), refusal
            assert self.world.runner.run(self._look()) == before
        self._follow()

    async def _act(self, move: str, who: Staff) -> str | None:
        try:
            async with self.world.db.begin() as session:
                case, other = [
                    await session.get_one(Case, number) for number in (self.case_id, self.other_id)
                ]
                by = await session.get_one(Staff, who.id)
                await act(move, session, case, other, by, self.now)
        except MoveRefusedError as error:
            return error.refusal.reason
        return None

    async def _look(self) -> tuple[object, ...]:
        async with self.world.db.read() as session:
            case = await session.get_one(Case, self.case_id)
            events = await session.scalar(select(func.count()).where(Event.case_id == self.case_id))
            return case.version, case.state, case.office_id, case.next_due_at, events

    def _follow(self) -> None:
        """Which officer the load gave it to is the program's choice; that he has no interest is ours to check."""
        case = self.world.runner.run(self._load())
        assert (
            case.officer_id is None
            or case.officer_id not in self.model.recused
            or case.officer_id == self.model.officer
        )
        self.model.officer = case.officer_id

    async def _load(self) -> Case:
        async with self.world.db.read() as session:
            return await session.get_one(Case, self.case_id)

    @invariant()
    def the_case_stands_where_the_procedure_says(self) -> None:
        if hasattr(self, "model"):
            case = self.world.runner.run(self._load())
            assert (case.state.value, case.office_id) == (self.model.state, self.model.office)
            assert case.is_open == (self.model.state not in ENDED)

    @invariant()
    def its_nearest_clock_is_shown_and_an_ended_case_owes_nothing(self) -> None:
        if hasattr(self, "model"):
            self.world.runner.run(self._check_clocks())

    async def _check_clocks(self) -> None:
        async with self.world.db.read() as session:
            case = await session.get_one(Case, self.case_id)
            rows = (await session.scalars(select(Deadline).where(Deadline.case_id == self.case_id))).all()
        running = [row for row in rows if is_running(row)]
        due = min((row.due_at for row in running if not row.is_watched), default=NO_CLOCK)
        assert case.next_due_at == due
        assert len({row.rule_id for row in running}) == len(running), "one clock of a rule at a time"
        rules = {row.rule_id for row in running}
        if not case.is_open:
            assert rules <= {"D13a"}, "only the reporter's right to ask for a review outlives the case"
        else:
            owed = OWED.get(self.model.state, "D10")
            assert rules & set(owed.split()), f"somebody owes {owed} in {case.state}"
        may_go_back = self.model.state == "assigned" and not self.model.appointed
        assert not may_go_back or "D08" in rules

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.world.runner.run(self._close())

    async def _close(self) -> None:
        """The events give the rows; nobody else's case lies about to be chosen by load."""
        async with self.world.db.read() as session:
            events = (
                await session.scalars(
                    select(Event).where(Event.case_id == self.case_id).order_by(Event.position)
                )
            ).all()
            rows = (await session.scalars(select(Deadline).where(Deadline.case_id == self.case_id))).all()
        told = replay_deadlines([e for e in events if e.kind.startswith("clock_")], count_with(CATALOG))
        assert {key: (clock.due_at, clock.met_at, clock.cancelled_at) for key, clock in told.items()} == {
            (row.rule_id, row.occasion): (row.due_at, row.met_at, row.cancelled_at) for row in rows
        }


def test_every_move_of_the_program_is_in_the_table() -> None:
    from triage.workflow import Move

    names = {"return": "return_case"}
    assert {names.get(move.value, move.value) for move in Move} == {*TABLE, "ask_reporter"}


def test_random_histories_follow_the_procedure(tmp_path: Path) -> None:
    WORLD[:] = [World(tmp_path)]
    try:
        run_state_machine_as_test(
            Procedure,
            settings=settings(
                max_examples=15,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        WORLD[0].runner.run(_check_all(WORLD[0], tmp_path))
    finally:
        WORLD[0].close()


async def _check_all(world: World, folder: Path) -> None:
    async with world.db.read() as session:
        assert await find_broken_event(session) is None
    problems = await check_database(
        world.db,
        files=folder / "files",
        now=NOW,
        replay=lambda events: replay_deadlines(events, count_with(CATALOG)),
    )
    assert [str(one) for one in problems if one.check in {"rows", "clocks", "replay", "audit"}] == []
