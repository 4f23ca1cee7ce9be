"""What machine and people said about a tip: every value with its reasons, rules and decision, side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from models.case import Case, Finding
from models.staff import Staff
from models.states import FindingKind, FindingSource
from triage.actions.findings import CORRECTABLE, MANY, list_values, why_not_corrected
from triage.console.case_page import CaseFile
from triage.console.words import Words
from triage.judge import LEARNED


@dataclass(frozen=True, slots=True)
class Said:
    """One finding: what the machine proposed and what a person decided, side by side."""

    kind: FindingKind
    value: str
    label: str
    law: Sequence[str]
    consequences: Sequence[str]
    checks: Sequence[str]
    is_proposed: bool
    confidence: float | None
    reasons: Sequence[str]
    quotes: Sequence[str]
    from_files: Sequence[str]
    rules: str
    """Which rules spoke, by id, and the version of the rules; empty where no machine did."""
    decision: str  # text key under console.finding.: confirmed, added, dropped, open
    decided_by: str
    decided_at: datetime | None
    decided_why: str
    correct: str = ""
    """Address of the form that corrects it; empty where this reader cannot."""


SHOWN = (
    FindingKind.CLAUSE,
    FindingKind.PATTERN,
    FindingKind.DISPOSITION,
    FindingKind.JURISDICTION,
    FindingKind.URGENCY,
    FindingKind.POLICE_REFERRAL,
    FindingKind.SUBJECT,
    FindingKind.TARGET,
)


def view_findings(file: CaseFile, staff: Staff, words: Words) -> list[Said]:
    """Every value that machine or people named, in the order in which an officer asks for it."""
    return [replace(said, correct=_find_form(file.case, staff, said)) for said in _list_said(file, words)]


def _find_form(case: Case, staff: Staff, said: Said) -> str:
    """Where this reader corrects this finding. Of one that can be only confirmed the form offers only that."""
    if said.kind not in CORRECTABLE or why_not_corrected(case, staff, said.kind, drops=False):
        return ""
    return f"?correct={said.kind}&value={said.value}#correct"


@dataclass(frozen=True, slots=True)
class CorrectionForm:
    """The open form of one correction. `options`: values to choose from; none where `value` is kept or dropped."""

    kind: str
    label: str
    value: str
    options: Sequence[dict[str, str]]
    may_drop: bool
    chosen: str
    reason: str


def view_correction(
    file: CaseFile,
    staff: Staff,
    kind: FindingKind,
    value: str,
    words: Words,
    *,
    chosen: str = "",
    reason: str = "",
) -> CorrectionForm | None:
    """The form for one value, or for one that is to be added; None where this reader cannot correct it."""
    case = file.case
    if kind not in CORRECTABLE or why_not_corrected(case, staff, kind, drops=False):
        return None
    known = list_values(kind, words.catalog)
    if kind in MANY and value:
        if value not in known:
            return None
        may_drop = why_not_corrected(case, staff, kind, value, drops=True) is None
        return CorrectionForm(kind.value, words.finding(kind, value), value, (), may_drop, chosen, reason)
    named = {row.value for row in file.findings if row.kind is kind} if kind in MANY else set()
    options = [
        {"value": one, "label": words.finding(kind, one)}
        for one in known
        if one not in named and why_not_corrected(case, staff, kind, one, drops=False) is None
    ]
    label = words.state("finding", kind)
    return CorrectionForm(
        kind.value, label, "", options, may_drop=False, chosen=chosen or value, reason=reason
    )


def _list_said(file: CaseFile, words: Words) -> list[Said]:
    said: list[Said] = []
    for kind in SHOWN:
        rows = [finding for finding in file.findings if finding.kind is kind]
        values = dict.fromkeys(finding.value for finding in rows)
        said += [
            replace(
                _view_value(kind, value, rows, find_decision(file, kind, value), words),
                rules=_say_rules([row for row in rows if row.value == value], file.case.rules_version, words),
                from_files=_quote_files(file, [row for row in rows if row.value == value], words),
            )
            for value in values
        ]
    return said


def _quote_files(file: CaseFile, rows: Iterable[Finding], words: Words) -> list[str]:
    """What was read in attachments that speaks for a value: which attachment, how it was read, the words."""
    numbers = file.file_numbers
    quotes = [
        words.file_quote(numbers[entry["attachment"]], entry)
        for row in rows
        if row.source is FindingSource.ATTACHMENT
        for entry in row.evidence
        if entry.get("attachment") in numbers
    ]
    return list(dict.fromkeys(quotes))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of one kind of finding: these values and no others, be there none.

    `only`: the one value that was looked at, where it was corrected by itself.
    """

    values: frozenset[str]
    by: str
    at: datetime
    only: str = ""
    reason: str = ""


def find_decision(
    file: CaseFile, kind: FindingKind, value: str | None = None, *, at: datetime | None = None
) -> Decision | None:
    """The newest decision of a person, from the history: it also tells when all proposals were dropped.

    `value`: the newest that was about this value; a correction of another value says nothing about it. `at`: the
    one of this moment.
    """
    acts = [
        (event, name)
        for event, name in file.events
        if event.kind == "finding_decided"
        and event.data.get("finding") == kind
        and at in {None, event.at}
        and (value is None or kind not in MANY or event.data.get("only") in {None, value})
    ]
    if not acts:
        return None
    event, name = acts[-1]
    staff = (row for row in file.findings if row.kind is kind and row.source is FindingSource.STAFF)
    values = frozenset(row.value for row in staff if row.created_at == event.at)
    return Decision(values, name or "", event.at, event.data.get("only", ""), event.reason)


def view_verified(file: CaseFile, words: Words) -> list[str]:
    """What was decided together with the result: the verified clauses and, where asked, about the police."""
    clauses, police = (
        find_decision(file, kind, at=file.case.result_at) if file.case.result_at else None
        for kind in (FindingKind.CLAUSE, FindingKind.POLICE_REFERRAL)
    )
    return [
        *([words.verified(sorted(clauses.values))] if clauses else []),
        *([words.police_decided(value) for value in police.values] if police else []),
    ]


def _view_value(
    kind: FindingKind, value: str, rows: Sequence[Finding], decision: Decision | None, words: Words
) -> Said:
    machine = next((row for row in rows if row.value == value and row.source is FindingSource.MACHINE), None)
    read = next((row for row in rows if row.value == value and row.source is FindingSource.ATTACHMENT), None)
    proposed = machine or read
    evidence = machine.evidence if machine else []
    return Said(
        kind=kind,
        value=value,
        label=words.finding(kind, value),
        law=words.law(value) if kind is FindingKind.CLAUSE else (),
        consequences=words.consequences(value) if kind is FindingKind.CLAUSE else (),
        checks=words.checks(value) if kind is FindingKind.CLAUSE else (),
        is_proposed=proposed is not None,
        confidence=proposed.confidence if proposed else None,
        reasons=list(dict.fromkeys(words.why(entry) for entry in evidence)),
        quotes=list(dict.fromkeys(str(entry["text"]) for entry in evidence if entry.get("text"))),
        from_files=(),
        rules="",
        decision=_name_decision(value, decision, is_proposed=proposed is not None),
        decided_by=decision.by if decision else "",
        decided_at=decision.at if decision else None,
        decided_why=decision.reason if decision else "",
    )


def _say_rules(rows: Iterable[Finding], usual: str, words: Words) -> str:
    """Which rules spoke, so that a reason can be looked up; and their version, where it is not that of the case."""
    proposed = next((row for row in rows if row.source is not FindingSource.STAFF), None)
    if proposed is None:
        return ""
    named = dict.fromkeys(str(entry.get("rule") or "").partition(":")[0] for entry in proposed.evidence)
    ids = [words.text("case.findings.learned") if name == LEARNED else name for name in named if name]
    lines = [words.text("case.findings.rules", rules=words.text("deadlines.joiner").join(ids))] if ids else []
    if proposed.rules_version != usual:
        lines.append(words.text("case.findings.version", version=proposed.rules_version))
    return words("finding.joiner").join(lines)


def _name_decision(value: str, decision: Decision | None, *, is_proposed: bool) -> str:
    if decision is None:
        return "open"
    if value in decision.values:
        return "confirmed" if is_proposed else "added"
    return "dropped"
