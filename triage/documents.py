"""The papers of a case as plain documents: which may be made now, what they are prefilled with, what they say.

Pure: a case and its facts in, a `Document` out; `document_files` makes DOCX and PDF of it. What a paper may take from a
case by itself is what `documents.yaml` allows its reader; the reporter's identity and own words are no facts at all, so
no form can ask for them. What officers type is looked through by `outgoing.check_outgoing` before it leaves.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from config.catalog import Catalog
from config.clock import LOCAL
from config.documents import BLANK, Block, DocumentFile, FormField, PaperForm
from config.text import BASE_LOCALE, text
from models.case import Case, Deadline
from models.states import CaseState, Role
from triage.permissions import CITY

LONGEST_LINE = 200
LONGEST_TEXT = 8_000
PARTS = "｜"
"""Parts the cells in a line of a listing."""


@dataclass(frozen=True, slots=True)
class Document:
    """One paper, ready to be laid out. `head`: the red head, or none; no `day` where the bureau does not sign."""

    form: str
    title: str
    number: str
    head: str
    addressee: str
    blocks: tuple[dict[str, Any], ...]
    issuer: str
    day: str
    made_at: str
    copies: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is given to the renderers and shown as a preview."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Choice:
    """A form, and why it cannot be made now: a text key under papers.why_not., or none."""

    form: PaperForm
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the file of a case, for its index: title, who made it, when, pages, hash."""

    title: str
    by: str
    at: datetime
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a case beside its own row, and who issues the paper."""

    deadlines: Sequence[Deadline] = ()
    officer: str = ""
    channel: str = ""
    tips: int = 1
    files: int = 0
    entries: Sequence[Entry] = field(default_factory=tuple)
    issuer_office: str = CITY


# ---------------------------------------------------------------- what can be made now


def list_choices(documents: DocumentFile, case: Case, role: Role) -> list[Choice]:
    """Every form that this role ever makes, with the reason where it cannot be made now."""
    return [
        Choice(form, find_why_not(form, case, role)) for form in documents.forms if role.value in form.roles
    ]


def find_why_not(form: PaperForm, case: Case, role: Role) -> str:
    """The text key of what stands against making this paper now, or nothing."""
    if role.value not in form.roles:
        return "role"
    if case.state.value not in form.states:
        return "state"
    known = {"police_matter": case.is_police_matter, "verdict": case.verdict, "target": case.target}
    return next((f"needs_{name}" for name in form.requires if not known[name]), "")


def list_states(form: PaperForm) -> list[CaseState]:
    """The states in which a form is made. Raises ValueError for a state that nobody knows."""
    return [CaseState(state) for state in form.states]


# ---------------------------------------------------------------- facts


def collect_facts(case: Case, catalog: Catalog, around: Surroundings, *, now: datetime) -> dict[str, str]:
    """All facts that any paper may ever take from a case, in words. None of them is about the reporter."""
    return {
        "case_number": group_number(case.number),
        "target": case.target,
        "verdict": _state("verdict", case.verdict),
        "result": case.result,
        "answer": case.answer,
        "reason": text(f"console.refusal_code.{case.reason_code}", BASE_LOCALE) if case.reason_code else "",
        "urgency": _state("urgency", case.urgency),
        "channel": _state("channel", around.channel),
        "tips": str(around.tips),
        "files": text("papers.files", BASE_LOCALE, count=around.files) if around.files else "",
        "officer": around.officer,
        "contents": "\n".join(_write_entry(entry) for entry in around.entries),
        "bureau": _authority(catalog, CITY),
        "issuer": _authority(catalog, around.issuer_office),
        "office": _authority(catalog, case.office_id),
        "place": _place(catalog, case.jurisdiction),
        "today": write_day(now),
        **_clause_facts(case, catalog),
        **_dates(case, around.deadlines),
    }


def group_number(number: str) -> str:
    """2026 0304 1234: as it is printed everywhere else."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def write_day(moment: datetime | None) -> str:
    """The day in Luohe as papers write it; empty for no moment."""
    if moment is None:
        return ""
    local = moment.astimezone(LOCAL)
    return text("papers.day", BASE_LOCALE, year=local.year, month=local.month, day=local.day)


def _state(kind: str, value: str | None) -> str:
    return text(f"states.{kind}.{value}", BASE_LOCALE) if value else ""


def _authority(catalog: Catalog, office_id: str) -> str:
    office = catalog.offices.get(office_id) or catalog.offices[CITY]
    return office.authority[BASE_LOCALE]


def _place(catalog: Catalog, jurisdiction: str) -> str:
    office = catalog.offices.get(jurisdiction)
    return office.name[BASE_LOCALE] if office else _state("jurisdiction", jurisdiction or "unknown")


def _clause_facts(case: Case, catalog: Catalog) -> dict[str, str]:
    clauses = [catalog.clauses[name] for name in case.clauses if name in catalog.clauses]
    checks = dict.fromkeys(line for clause in clauses for line in clause.checklist(BASE_LOCALE))
    return {
        "clauses": "\n".join(f"{clause.id} {clause.title(BASE_LOCALE)}" for clause in clauses),
        "clause_words": "\n".join(clause.title(BASE_LOCALE) for clause in clauses),
        "checks": "\n".join(f"{place}. {line}" for place, line in enumerate(checks, start=1)),
    }


_DAYS = ("registered", "accepted", "assigned", "signed", "result", "approved", "answered")
_CLOCKS = {"verification_due": "D10", "signing_due": "D07", "answer_due": "D12"}


def _dates(case: Case, deadlines: Iterable[Deadline]) -> dict[str, str]:
    newest = {row.rule_id: row for row in sorted(deadlines, key=lambda row: row.occasion)}
    days = {f"{name}_on": write_day(getattr(case, f"{name}_at")) for name in _DAYS}
    dues = {fact: write_day(newest[rule].due_at) if rule in newest else "" for fact, rule in _CLOCKS.items()}
    return days | dues


def _write_entry(entry: Entry) -> str:
    return PARTS.join([entry.title, entry.by, write_day(entry.at), "", entry.digest[:16]])


# ---------------------------------------------------------------- filling in


def prefill(form: PaperForm, facts: Mapping[str, str], documents: DocumentFile) -> dict[str, str]:
    """What the fields of a form begin with. A prefilled sentence whose fact is unknown stays empty."""
    allowed = _only_allowed(form, facts, documents)
    return {item.id: _prefill_field(item, allowed, documents) for item in form.fields}


def _prefill_field(item: FormField, facts: Mapping[str, str], documents: DocumentFile) -> str:
    if item.preset:
        return documents.presets[item.preset]
    if not all(facts.get(name) for name in BLANK.findall(item.prefill)):
        return ""
    return fill(item.prefill, facts)


def _only_allowed(form: PaperForm, facts: Mapping[str, str], documents: DocumentFile) -> dict[str, str]:
    may_know = documents.may_know(form)
    return {name: value for name, value in facts.items() if name in may_know}


def fill(template: str, values: Mapping[str, str]) -> str:
    """Values in their places, once: braces inside a value stay as they are. An unknown day is left to be written in."""
    blank = text("papers.blank_day", BASE_LOCALE)
    return BLANK.sub(
        lambda match: values.get(match[1]) or (blank if match[1].endswith("_on") else ""), template
    )


def clean(words: str) -> str:
    """As it may be printed: no control, direction or private characters; lines without blanks at their ends."""
    plain = words.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    visible = "".join(ch for ch in plain if ch == "\n" or not unicodedata.category(ch).startswith("C"))
    return "\n".join(line.strip() for line in visible.split("\n")).strip("\n")


def check_values(form: PaperForm, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with which field: a text key under errors.field., by field."""
    errors = {}
    for item in form.fields:
        value = clean(values.get(item.id, ""))
        if not value and not item.optional:
            errors[item.id] = "empty"
        elif len(value) > longest(item):
            errors[item.id] = "too_long"
        elif item.kind == "choice" and value and value not in item.options:
            errors[item.id] = "empty"
    return errors


def longest(item: FormField) -> int:
    """How many characters a field takes."""
    return LONGEST_TEXT if item.kind == "text" else LONGEST_LINE


def make_document(
    form: PaperForm,
    values: Mapping[str, str],
    facts: Mapping[str, str],
    documents: DocumentFile,
    *,
    number: str,
    is_city: bool,
    now: datetime,
    replaces: str = "",
) -> Document:
    """The paper. Facts that its reader may not see are left out before anything is written."""
    typed = {item.id: clean(values.get(item.id, "")) for item in form.fields}
    known = {name: clean(value) for name, value in _only_allowed(form, facts, documents).items()}
    said = known | typed | {"basis": text("papers.and", BASE_LOCALE).join(form.printed_basis)}
    blocks = [made for block in form.body for made in _make_blocks(block, said)]
    if replaces:
        blocks.insert(0, {"kind": "text", "text": fill(documents.correction, {"replaced": replaces})})
    return Document(
        form=form.id,
        title=form.title,
        number=number,
        head=facts["bureau"] if form.head == "red" and is_city else "",
        addressee=fill(form.addressee, said),
        blocks=tuple(blocks),
        issuer=facts["issuer"],
        day="" if form.unsigned else write_day(now),
        made_at=now.astimezone(LOCAL).isoformat(timespec="seconds"),
        copies=fill(form.copies, said),
    )


def _make_blocks(block: Block, said: Mapping[str, str]) -> list[dict[str, Any]]:
    if block.when and not said.get(block.when):
        return []
    if block.text is not None:
        lines = fill(block.text, said).split("\n")
        return [{"kind": "text", "text": line} for line in lines if line.strip()]
    if block.pairs is not None:
        rows = [[label, fill(value, said)] for label, value in block.pairs]
        return [{"kind": "pairs", "rows": rows}]
    if block.listing is not None:
        rows = _list_rows(said.get(block.listing, ""), len(block.columns))
        return [{"kind": "listing", "columns": list(block.columns), "rows": rows}]
    if block.sign is not None:
        return [{"kind": "sign", "labels": list(block.sign)}]
    kind, words = ("heading", block.heading) if block.heading is not None else ("page", block.page)
    return [{"kind": kind, "text": fill(words or "", said)}]


def _list_rows(words: str, width: int) -> list[list[str]]:
    """One row for each line, numbered; the last cell takes what is left over."""
    rows = []
    for serial, line in enumerate((line for line in words.split("\n") if line.strip()), start=1):
        cells = [cell.strip() for cell in line.split(PARTS, width - 2)]
        rows.append([str(serial), *cells, *[""] * (width - 1 - len(cells))])
    return rows


def list_words(document: Document) -> str:
    """All that a paper says, for those who look it through before it leaves."""
    said = [document.addressee, document.copies]
    for block in document.blocks:
        said += [block.get("text", ""), *(" ".join(row) for row in block.get("rows", ()))]
    return "\n".join(line for line in said if line)


def write_number(
    documents: DocumentFile, form: PaperForm, catalog: Catalog, office_id: str, *, year: int, serial: str
) -> str:
    """漯应急举受〔2026〕12号; a county office has its name before it. `serial` is a figure, or blanks in a preview."""
    pattern = documents.numbers["city" if office_id == CITY else "other"]
    office = catalog.offices.get(office_id) or catalog.offices[CITY]
    return fill(
        pattern,
        {"office": office.short_name[BASE_LOCALE], "mark": form.mark, "year": str(year), "serial": serial},
    )
