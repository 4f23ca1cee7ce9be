"""From a posted form to a move of the procedure: which fields a move has, and who performs it.

`perform` opens no transaction and answers nothing; refusals of the procedure pass through as
`MoveRefusedError`. A form that was made for an older state of the case raises `StaleFormError`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

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
    Move.ASSIGN: ("office_id", "officer_id", "reason"),
    Move.SIGN_FOR: (),
    Move.RETURN: ("reason",),
    Move.FILE_RESULT: ("verdict", "clauses", "police", "result"),
    Move.SEND_BACK: ("reason",),
    Move.APPROVE: ("reason",),
    Move.ANSWER: ("answer",),
    Move.CLOSE: (),
    Move.ASK_REPORTER: ("words",),
    Move.ADD_NOTE: ("words",),
}
WITH_PREVIEW = frozenset({Move.FILE_RESULT, Move.ANSWER, Move.REFUSE, Move.TRANSFER_OUT, Move.ASK_REPORTER})
"""What the reporter or the record keeps word for word is shown once more before it counts."""
WITH_CLAUSES = frozenset({Verdict.PROVEN, Verdict.PARTLY_PROVEN})
"""Verdicts that say which clauses were violated."""


class StaleFormError(Exception):
    """Somebody changed the case after this form was opened."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form brought: the version it was made for, single values and the ticked clauses."""

    version: int
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    clauses: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        """One value, or nothing."""
        return self.values.get(name, "")


def moves_of(move: Move) -> tuple[Move, ...]:
    """What one button does: accepting at the desk also assigns."""
    return (Move.ACCEPT, Move.ASSIGN) if move is Move.ACCEPT else (move,)


def check_version(case: Case, typed: Typed) -> None:
    """Raise StaleFormError when the form was made for an older case."""
    if case.version != typed.version:
        raise StaleFormError


async def perform(  # noqa: C901, PLR0912 - one branch per move, and none can be forgotten
    session: AsyncSession, case: Case, move: Move, typed: Typed, *, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """Make one move with what was typed. Raises MoveRefusedError."""
    match move:
        case Move.ACCEPT:
            await _accept(session, case, typed, by=by, catalog=catalog, now=now)
        case Move.REFUSE:
            await actions.refuse(
                session, case, code=typed.get("code"), answer=typed.get("answer"), by=by, now=now
            )
        case Move.TRANSFER_OUT:
            to, answer = typed.get("to"), typed.get("answer")
            await actions.transfer_out(session, case, to=to, answer=answer, by=by, now=now)
        case Move.ASSIGN:
            await _assign(session, case, typed, by=by, catalog=catalog, now=now)
        case Move.SIGN_FOR:
            await actions.sign_for(session, case, by=by, now=now)
        case Move.RETURN:
            await actions.return_case(
                session, case, reason=typed.get("reason"), by=by, catalog=catalog, now=now
            )
        case Move.FILE_RESULT:
            await _file_result(session, case, typed, by=by, catalog=catalog, now=now)
        case Move.SEND_BACK:
            await actions.send_back(session, case, reason=typed.get("reason"), by=by, now=now)
        case Move.APPROVE:
            await actions.approve(session, case, reason=typed.get("reason"), by=by, catalog=catalog, now=now)
        case Move.ANSWER:
            await actions.answer(session, case, words=typed.get("answer"), by=by, now=now)
        case Move.CLOSE:
            await actions.close(session, case, by=by, now=now)
        case Move.ASK_REPORTER:
            await actions.ask_reporter(session, case, words=typed.get("words"), by=by, now=now)
        case Move.ADD_NOTE:
            await actions.add_note(session, case, words=typed.get("words"), by=by, now=now)
        case _:
            assert_never(move)


def read_verdict(typed: Typed) -> Verdict:
    """The chosen verdict. Raises MoveRefusedError where none was chosen."""
    try:
        return Verdict(typed.get("verdict"))
    except ValueError:
        raise actions.MoveRefusedError(Refusal("field.empty", {"field": "verdict"})) from None


async def _accept(
    session: AsyncSession, case: Case, typed: Typed, *, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """The desk's one act: correct the proposal where it is wrong, accept, assign."""
    office_id = typed.get("office_id")
    if not office_id:
        raise actions.MoveRefusedError(Refusal("field.empty", {"field": "office_id"}))
    _check_clauses(case, typed, catalog)
    await actions.accept(session, case, by=by, catalog=catalog, now=now)
    for kind, before, after in (
        (FindingKind.CLAUSE, list(case.clauses), list(typed.clauses)),
        (FindingKind.JURISDICTION, [case.jurisdiction], [office_id]),
    ):
        if set(before) != set(after):
            await actions.decide_finding(
                session, case, kind=kind, values=after, by=by, catalog=catalog, now=now
            )
    await actions.assign(
        session, case, office_id=office_id, reason=typed.get("reason"), by=by, catalog=catalog, now=now
    )


def _check_clauses(case: Case, typed: Typed, catalog: Catalog) -> None:
    """Another safety matter needs no clause, anything else at least one; all must be known."""
    if not typed.clauses and case.disposition is not Disposition.OTHER_SAFETY:
        raise actions.MoveRefusedError(Refusal("field.empty", {"field": "clauses"}))
    if unknown := set(typed.clauses) - set(catalog.clauses):
        raise actions.MoveRefusedError(Refusal("move.unknown_clause", {"clause": min(unknown)[:20]}))


async def _file_result(
    session: AsyncSession, case: Case, typed: Typed, *, by: Staff, catalog: Catalog, now: datetime
) -> None:
    """The result with its findings: the verified clauses and, where suspected, whether it is for the police."""
    verdict = read_verdict(typed)
    if verdict in WITH_CLAUSES:
        _check_clauses(case, typed, catalog)
    asks_police = needs_police_answer(case, await list_findings(session, case.id))
    if asks_police and typed.get("police") not in {"true", "false"}:
        raise actions.MoveRefusedError(Refusal("field.empty", {"field": "police"}))
    await actions.file_result(session, case, verdict=verdict, result=typed.get("result"), by=by, now=now)
    verified = verified_clauses(typed)
    decisions = [(FindingKind.CLAUSE, verified, bool(verified))]
    if asks_police:
        decisions.append((FindingKind.POLICE_REFERRAL, [typed.get("police")], True))
    for kind, values, changes in decisions:
        await actions.decide_finding(
            session, case, kind=kind, values=values, by=by, catalog=catalog, now=now, changes_case=changes
        )


def verified_clauses(typed: Typed) -> list[str]:
    """The clauses that count as verified: none where nothing was proven, whatever was left ticked."""
    return list(typed.clauses) if typed.get("verdict") in WITH_CLAUSES else []


def needs_police_answer(case: Case, findings: Sequence[Finding]) -> bool:
    """Whether the officer must say if this is for the police: somebody or the machine suspected a crime."""
    return case.is_police_matter or any(
        row.kind is FindingKind.POLICE_REFERRAL and row.value == "true" for row in findings
    )


async def _assign(
    session: AsyncSession, case: Case, typed: Typed, *, by: Staff, catalog: Catalog, now: datetime
) -> None:
    officer = typed.get("officer_id")
    if officer and not officer.isdecimal():
        raise actions.MoveRefusedError(Refusal("move.unknown_officer", {}))
    await actions.assign(
        session,
        case,
        office_id=typed.get("office_id") or case.office_id,
        officer_id=int(officer[:18]) if officer else None,
        reason=typed.get("reason"),
        by=by,
        catalog=catalog,
        now=now,
    )
