"""What the console shows of papers: those issued, those that can be made now, the form, the preview. In words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from config.documents import DocumentFile, FormField, PaperForm, load_documents
from models.case import Case
from models.issued_paper import Paper
from models.queries.papers import list_drafts, list_papers
from models.queries.staff import find_staff
from models.staff import Staff
from triage.console.words import Words
from triage.documents import LONGEST_TEXT, Choice, Document, list_choices, longest

LONGEST_KEPT = LONGEST_TEXT * 2
"""So much of a field is kept in a draft, so that one that is too long can be shortened."""


@dataclass(frozen=True, slots=True)
class Issued:
    """One issued paper as the list has it."""

    id: int
    form: str
    title: str
    number: str
    line: str
    docx: str
    pdf: str
    replaces: str
    replaced_by: str
    may_correct: bool


@dataclass(frozen=True, slots=True)
class Possible:
    """One form: whether it can be made now, and if not, why."""

    id: str
    title: str
    reader: str
    why_not: str
    has_draft: bool


@dataclass(frozen=True, slots=True)
class Papers:
    """The section of the case page."""

    issued: Sequence[Issued]
    ready: Sequence[Possible]
    closed: Sequence[Possible]


async def view_papers(session: AsyncSession, case: Case, staff: Staff, words: Words) -> Papers:
    """What was issued, newest first; what can be made now; what cannot, with the reason."""
    documents = load_documents()
    papers = await list_papers(session, case.id)
    drafts = {draft.form for draft in await list_drafts(session, case.id, staff.id)}
    choices = list_choices(documents, case, staff.role)
    possible = [_view_choice(choice, words, has_draft=choice.form.id in drafts) for choice in choices]
    open_forms = {choice.form.id for choice in choices if not choice.why_not}
    return Papers(
        issued=[
            await view_issued(session, paper, papers, words, may_correct=paper.form in open_forms)
            for paper in reversed(papers)
        ],
        ready=[form for form in possible if not form.why_not],
        closed=[form for form in possible if form.why_not],
    )


async def view_issued(
    session: AsyncSession, paper: Paper, papers: Sequence[Paper], words: Words, *, may_correct: bool
) -> Issued:
    """One paper with its number, hashes, and what it corrects or what corrects it."""
    person = await find_staff(session, paper.staff_id)
    numbers = {other.id: other.number for other in papers}
    successor = next((other.number for other in papers if other.replaces_id == paper.id), "")
    return Issued(
        id=paper.id,
        form=paper.form,
        title=name_form(paper.form, words),
        number=paper.number,
        line=words.text(
            "papers.issued_line", who=person.name if person else "", when=words.moment(paper.issued_at)
        ),
        docx=paper.docx_sha256.hex(),
        pdf=(paper.pdf_sha256 or b"").hex(),
        replaces=numbers.get(paper.replaces_id or 0, ""),
        replaced_by=successor,
        may_correct=may_correct and not successor,
    )


def _view_choice(choice: Choice, words: Words, *, has_draft: bool) -> Possible:
    form = choice.form
    return Possible(
        id=form.id,
        title=name_form(form.id, words),
        reader=words.text(f"papers.reader.{form.reader}"),
        why_not=say_why_not(choice, words) if choice.why_not else "",
        has_draft=has_draft,
    )


def say_why_not(choice: Choice, words: Words) -> str:
    """The sentence that tells why a form cannot be made now."""
    joiner = words.text("papers.or")
    states = joiner.join(words.state("case", state) for state in choice.form.states)
    return words.text(f"papers.why_not.{choice.why_not}", states=states)


def name_form(form_id: str, words: Words) -> str:
    """What the console calls a form."""
    return words.text(f"papers.form.{form_id}")


# ---------------------------------------------------------------- form and preview


def view_fields(
    form: PaperForm, values: Mapping[str, str], errors: Mapping[str, str], words: Words
) -> list[dict[str, Any]]:
    """The fields of a form, each with its label, hint, value and error."""
    listed = {block.listing: block.columns for block in form.body if block.listing}
    return [_view_field(item, values, errors, words, listed.get(item.id, ())) for item in form.fields]


def _view_field(
    item: FormField,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    words: Words,
    columns: Sequence[str],
) -> dict[str, Any]:
    hint = words.text("papers.hint.listing", columns="｜".join(columns[1:])) if columns else ""
    return {
        "id": item.id,
        "kind": item.kind,
        "label": words.text(f"papers.field.{item.id}"),
        "hint": hint,
        "value": values.get(item.id, ""),
        "error": errors.get(item.id, ""),
        "optional": item.optional,
        "options": [{"value": option, "label": option} for option in item.options],
        "limit": longest(item),
    }


def say_errors(form: PaperForm, errors: Mapping[str, str], words: Words) -> dict[str, str]:
    """A sentence for each field that must be mended."""
    fields = {item.id: item for item in form.fields}
    return {
        name: words.error(
            f"field.{problem}", field=words.text(f"papers.field.{name}"), longest=longest(fields[name])
        )
        for name, problem in errors.items()
    }


def view_document(document: Document) -> dict[str, Any]:
    """The paper for the preview page."""
    return document.to_json()


def view_law(form: PaperForm, documents: DocumentFile) -> dict[str, Any]:
    """What the form cites and what it does not: places that nobody has read are for staff alone."""
    return {
        "cited": form.printed_basis,
        "uncited": form.unprinted_basis,
        "leaves": documents.readers[form.reader].leaves,
    }
