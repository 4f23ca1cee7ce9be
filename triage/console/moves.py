"""From a posted form to a move of the procedure: which fields a move has, and who performs it.

`perform` opens no transaction and answers nothing; refusals of the procedure pass through as
`MoveRefusedError`. A form that was made for an older state of the case raises `StaleFormError`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.case import Case, Finding
from models.queries.cases import list_findings
from models.staff import Staff
from models.states import Disposition, FindingKind, Verdict
from triage import actions
from triage.workflow import Move, Refusal

FIELDS: Mapping[Move, tuple[str, ...]] = {
    Move.ACCEPT: ("office_id", "clauses", "reason"),
    Move.REFUSE: ("code", "answer"),
    Move.TRANSFER_OUT: ("to", "answer"),
    Move.ASK_SUPPLEMENT: ("words",),
    Move.END_SUPPLEMENT: (),
    Move.ASSIGN: ("office_id", "officer_id", "reason"),
    Move.VERIFY_DIRECTLY: (),
    Move.SIGN_FOR: (),
    Move.RETURN: ("reason",),
    Move.RECUSE: ("reason",),
    Move.FILE_RESULT: ("allegations", "clauses", "verdict", "police", "second", "evidence", "result"),
    Move.ASK_EXTENSION: ("days", "reason"),
    Move.GRANT_EXTENSION: ("reason",),
    Move.DENY_EXTENSION: ("reason",),
    Move.ASK_SUSPENSION: ("kind", "reason"),
    Move.GRANT_SUSPENSION: ("reason",),
    Move.DENY_SUSPENSION: ("reason",),
    Move.RESUME: ("reason",),
    Move.SEND_BACK: ("reason",),
    Move.APPROVE: ("reason",),
    Move.ANSWER: ("answer",),
    Move.FOLLOW_UP: ("satisfaction", "reason"),
    Move.NOTE_CALL: (),
    Move.REDO: ("reason",),
    Move.CLOSE: (),
    Move.ARCHIVE: (),
    Move.OPEN_REVIEW: ("reason",),
    Move.UPHOLD: ("answer",),
    Move.REOPEN: ("answer",),
    Move.TAKE_UP: ("answer",),
    Move.ASK_TERMINATION: ("kind", "reason"),
    Move.GRANT_TERMINATION: ("answer",),
    Move.DENY_TERMINATION: ("reason",),
    Move.MERGE: ("into", "reason"),
    Move.SPLIT: ("reason",),
    Move.ASK_REPORTER: ("words",),
    Move.ADD_NOTE: ("words",),
}
LISTS = ("clauses", "allegations")
"""Fields that bring several values. An allegation comes as "3.1.4:proven"."""
FOR_RECORD = frozenset({Move.FILE_RESULT, Move.ASK_EXTENSION})
"""Previewed for what will stand in the record; the other previews are what the reporter will read."""
WITH_PREVIEW = FOR_RECORD | {
    Move.ANSWER,
    Move.REFUSE,
    Move.TRANSFER_OUT,
    Move.ASK_SUPPLEMENT,
    Move.UPHOLD,
    Move.REOPEN,
    Move.TAKE_UP,
    Move.GRANT_TERMINATION,
    Move.ASK_REPORTER,
}
"""What the reporter or the record keeps word for word is shown once more before it counts."""
WITH_CLAUSES = frozenset({Verdict.PROVEN, Verdict.PARTLY_PROVEN})
"""Verdicts that say which clauses were violated."""


class StaleFormError(Exception):
    """Somebody changed the case after this form was opened."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form brought: the version it was made for, single values, the ticked clauses, the judged allegations.

    `page_key`: random, of the page that was typed into; a draft knows by it which page has sent its words.
    """

    version: int
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    clauses: tuple[str, ...] = ()
    allegations: tuple[str, ...] = ()
    page_key: str = ""

    def get(self, name: str) -> str:
        """One value, or nothing."""
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class Made:
    """One move in the making: everything that an action takes."""

    session: AsyncSession
    case: Case
    typed: Typed
    by: Staff
    catalog: Catalog
    now: datetime

    def get(self, name: str) -> str:
        """One typed value, or nothing."""
        return self.typed.get(name)


def moves_of(move: Move) -> tuple[Move, ...]:
    """What one button does: accepting at the desk also assigns."""
    return (Move.ACCEPT, Move.ASSIGN) if move is Move.ACCEPT else (move,)


def check_version(case: Case, typed: Typed) -> None:
    """Raise StaleFormError when the form was made for an older case."""
    if case.version != typed.version:
        raise StaleFormError


async def perform(
    session: AsyncSession, case: Case, move: Move, typed: Typed, *, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """Make one move with what was typed. Raises MoveRefusedError."""
    await PERFORM[move](Made(session, case, typed, by, catalog, now))


def read_verdict(typed: Typed) -> Verdict:
    """The chosen verdict. Raises MoveRefusedError where none was chosen."""
    try:
        return Verdict(typed.get("verdict"))
    except ValueError:
        raise _empty("verdict") from None


def read_allegations(typed: Typed) -> dict[str, Verdict]:
    """The verdict on each allegation; those without one are left out."""
    said = (line.partition(":") for line in typed.allegations)
    known = {verdict.value for verdict in Verdict}
    return {clause: Verdict(word) for clause, _, word in said if word in known}


def verified_clauses(typed: Typed) -> list[str]:
    """The clauses that count as verified: none where nothing was proven, whatever was left ticked."""
    if typed.get("verdict") not in WITH_CLAUSES:
        return []
    proven = [clause for clause, said in read_allegations(typed).items() if said in WITH_CLAUSES]
    return list(dict.fromkeys([*proven, *typed.clauses]))


def needs_police_answer(case: Case, findings: Sequence[Finding]) -> bool:
    """Whether the officer must say if this is for the police: somebody or the machine suspected a crime."""
    return case.is_police_matter or any(
        row.kind is FindingKind.POLICE_REFERRAL and row.value == "true" for row in findings
    )


def _empty(name: str) -> actions.MoveRefusedError:
    return actions.MoveRefusedError(Refusal("field.empty", {"field": name}))


async def _accept(made: Made) -> None:
    """The desk's one act: correct the proposal where it is wrong, accept, assign."""
    session, case, typed, office_id = made.session, made.case, made.typed, made.get("office_id")
    if not office_id:
        raise _empty("office_id")
    _check_clauses(case, typed.clauses, made.catalog)
    await actions.accept(session, case, by=made.by, catalog=made.catalog, now=made.now)
    for kind, before, after in (
        (FindingKind.CLAUSE, list(case.clauses), list(typed.clauses)),
        (FindingKind.JURISDICTION, [case.jurisdiction], [office_id]),
    ):
        if set(before) != set(after):
            await _decide(made, kind, after)
    await actions.assign(
        session,
        case,
        office_id=office_id,
        reason=typed.get("reason"),
        by=made.by,
        catalog=made.catalog,
        now=made.now,
    )


def _check_clauses(case: Case, clauses: Sequence[str], catalog: Catalog) -> None:
    """Another safety matter needs no clause, anything else at least one; all must be known."""
    if not clauses and case.disposition is not Disposition.OTHER_SAFETY:
        raise _empty("clauses")
    if unknown := set(clauses) - set(catalog.clauses):
        raise actions.MoveRefusedError(Refusal("move.unknown_clause", {"clause": min(unknown)[:20]}))


async def _file_result(made: Made) -> None:
    """The result with its findings: the verified clauses and, where suspected, whether it is for the police."""
    typed, case = made.typed, made.case
    verdict, verified = read_verdict(typed), verified_clauses(typed)
    asks_police = needs_police_answer(case, await list_findings(made.session, case.id))
    if asks_police and typed.get("police") not in {"true", "false"}:
        raise _empty("police")
    await actions.file_result(
        made.session,
        case,
        verdict=verdict,
        result=typed.get("result"),
        verification=actions.Verification(
            typed.get("second"), read_allegations(typed), typed.get("evidence").splitlines()
        ),
        by=made.by,
        now=made.now,
    )
    if verdict in WITH_CLAUSES:
        _check_clauses(case, verified, made.catalog)
    await _decide(made, FindingKind.CLAUSE, verified, changes_case=bool(verified))
    if asks_police:
        await _decide(made, FindingKind.POLICE_REFERRAL, [typed.get("police")])


async def _decide(made: Made, kind: FindingKind, values: Sequence[str], *, changes_case: bool = True) -> None:
    await actions.decide_finding(
        made.session,
        made.case,
        kind=kind,
        values=values,
        by=made.by,
        catalog=made.catalog,
        now=made.now,
        changes_case=changes_case,
    )


async def _assign(made: Made) -> None:
    officer = made.get("officer_id")
    if officer and not officer.isdecimal():
        raise actions.MoveRefusedError(Refusal("move.unknown_officer", {}))
    await actions.assign(
        made.session,
        made.case,
        office_id=made.get("office_id") or made.case.office_id,
        officer_id=int(officer[:18]) if officer else None,
        reason=made.get("reason"),
        by=made.by,
        catalog=made.catalog,
        now=made.now,
    )


Act = Callable[[Made], Awaitable[None]]


def _simple(act: Callable[..., Awaitable[None]], **names: str) -> Act:
    """An action that takes what was typed as it is: the name of its argument → the field of the form."""

    def make(made: Made) -> Awaitable[None]:
        values = {name: made.get(typed) for name, typed in names.items()}
        return act(made.session, made.case, **values, by=made.by, now=made.now)

    return make


def _counted(act: Callable[..., Awaitable[None]], **names: str) -> Act:
    """The same for an action that starts or counts clocks."""

    def make(made: Made) -> Awaitable[None]:
        values = {name: made.get(typed) for name, typed in names.items()}
        return act(made.session, made.case, **values, by=made.by, catalog=made.catalog, now=made.now)

    return make


def _end_supplement(made: Made) -> Awaitable[None]:
    return actions.end_supplement(
        made.session, made.case, how="desk", by=made.by, catalog=made.catalog, now=made.now
    )


PERFORM: Mapping[Move, Act] = {
    Move.ACCEPT: _accept,
    Move.REFUSE: _counted(actions.refuse, code="code", answer="answer"),
    Move.TRANSFER_OUT: _counted(actions.transfer_out, to="to", answer="answer"),
    Move.ASK_SUPPLEMENT: _counted(actions.ask_supplement, words="words"),
    Move.END_SUPPLEMENT: _end_supplement,
    Move.ASSIGN: _assign,
    Move.VERIFY_DIRECTLY: _simple(actions.verify_directly),
    Move.SIGN_FOR: _simple(actions.sign_for),
    Move.RETURN: _counted(actions.return_case, reason="reason"),
    Move.RECUSE: _counted(actions.recuse, reason="reason"),
    Move.FILE_RESULT: _file_result,
    Move.ASK_EXTENSION: _counted(actions.ask_extension, days="days", reason="reason"),
    Move.GRANT_EXTENSION: _counted(actions.grant_extension, reason="reason"),
    Move.DENY_EXTENSION: _simple(actions.deny_extension, reason="reason"),
    Move.ASK_SUSPENSION: _simple(actions.ask_suspension, kind="kind", reason="reason"),
    Move.GRANT_SUSPENSION: _counted(actions.grant_suspension, reason="reason"),
    Move.DENY_SUSPENSION: _simple(actions.deny_suspension, reason="reason"),
    Move.RESUME: _counted(actions.resume, reason="reason"),
    Move.SEND_BACK: _simple(actions.send_back, reason="reason"),
    Move.APPROVE: _counted(actions.approve, reason="reason"),
    Move.ANSWER: _counted(actions.answer, words="answer"),
    Move.FOLLOW_UP: _simple(actions.follow_up, satisfaction="satisfaction", reason="reason"),
    Move.NOTE_CALL: _simple(actions.note_call),
    Move.REDO: _counted(actions.redo, reason="reason"),
    Move.CLOSE: _simple(actions.close),
    Move.ARCHIVE: _simple(actions.archive),
    Move.OPEN_REVIEW: _counted(actions.open_review, reason="reason"),
    Move.UPHOLD: _simple(actions.uphold, answer="answer"),
    Move.REOPEN: _counted(actions.reopen, answer="answer"),
    Move.TAKE_UP: _counted(actions.take_up, answer="answer"),
    Move.ASK_TERMINATION: _simple(actions.ask_termination, kind="kind", reason="reason"),
    Move.GRANT_TERMINATION: _simple(actions.grant_termination, answer="answer"),
    Move.DENY_TERMINATION: _simple(actions.deny_termination, reason="reason"),
    Move.MERGE: _simple(actions.merge, into="into", reason="reason"),
    Move.SPLIT: _counted(actions.split, reason="reason"),
    Move.ASK_REPORTER: _simple(actions.ask_reporter, words="words"),
    Move.ADD_NOTE: _simple(actions.add_note, words="words"),
}
