"""Papers of a case: the form with what the case prefills, drafts, preview, issuing, download."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web

from config.documents import PaperForm, load_documents
from config.keys import SealBrokenError
from config.web import Refusal, get_form, get_locale, get_query, see_other
from models.case import Case
from models.issued_paper import Paper
from models.queries.papers import drop_draft, find_draft, find_paper, get_sealed, keep_draft, list_papers
from models.staff import Staff
from triage.console import paper_page
from triage.console.case_access import get_case
from triage.console.context import DESK, show
from triage.console.paper_page import name_form
from triage.console.views.files import SANDBOX
from triage.console.words import Words
from triage.document_files import PaperNotMadeError
from triage.documents import (
    Choice,
    Document,
    check_values,
    collect_facts,
    find_why_not,
    list_words,
    prefill,
)
from triage.issuing import (
    Order,
    PaperRefusedError,
    issue_paper,
    load_surroundings,
    open_typed,
    seal_typed,
    write_document,
)

MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
_KEY = re.compile(r"[0-9a-f]{32}")


async def show_form(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The form as it was left, else prefilled from the case, or from the paper that it corrects."""
    form, query = _read_form(request), get_query(request)
    desk, replaces = request.app[DESK], _read_id(query.get("replaces"))
    case = await _get_open_case(request, staff, form)
    async with desk.db.read() as session:
        draft = await find_draft(session, case.id, form.id, staff.id)
        old = await find_paper(session, case.id, replaces) if replaces else None
        if replaces and (old is None or old.form != form.id):
            raise Refusal(404, "papers.gone")
        if old is not None:
            values, source = open_typed(desk.keys, (await get_sealed(session, old.id))[2]), "correction"
        elif draft is not None:
            values, source, replaces = open_typed(desk.keys, draft.typed), "draft", draft.replaces_id
        else:
            around = await load_surroundings(session, case, by=staff)
            facts = collect_facts(case, desk.catalog, around, now=desk.now())
            values, source = prefill(form, facts, load_documents()), "case"
    done = "saved" if query.get("done") == "saved" else ""
    return await _show_form(request, staff, case, form, values, {}, replaces=replaces, source=done or source)


async def take_form(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Keep, begin anew, preview, edit again or issue: as the button said."""
    form, posted = _read_form(request), get_form(request)
    case = await _get_open_case(request, staff, form)
    replaces = await _read_replaced(request, case, form, posted.get("replaces"))
    values = {item.id: posted.get(item.id).replace("\r\n", "\n") for item in form.fields}
    match posted.get("step"):
        case "anew":
            async with request.app[DESK].db.begin() as session:
                await drop_draft(session, case.id, form.id, staff.id)
            return see_other(f"/cases/{case.number}/papers/{form.id}")
        case "save":
            await _keep(request, staff, case, form, values, replaces)
            return see_other(f"/cases/{case.number}/papers/{form.id}?done=saved")
        case "edit":
            return await _show_form(request, staff, case, form, values, {}, replaces=replaces, source="typed")
        case step:
            await _keep(request, staff, case, form, values, replaces)
            if errors := check_values(form, values):
                said = paper_page.say_errors(form, errors, _words(request))
                return await _show_form(
                    request, staff, case, form, values, said, replaces=replaces, source="typed", status=422
                )
            key = posted.get("request_key") if step == "issue" else secrets.token_hex(16)
            if not _KEY.fullmatch(key):
                raise Refusal(400, "status.400.body")
            order = Order(case.number, form, values, key, replaces)
            return await _go_on(
                request, staff, case, order, seen=posted.get("seen") if step == "issue" else ""
            )


async def _go_on(
    request: web.Request, staff: Staff, case: Case, order: Order, *, seen: str
) -> web.StreamResponse:
    """Issue what was seen in the preview; what the case has changed since then is shown first."""
    desk = request.app[DESK]
    try:
        async with desk.db.read() as session:
            document = await write_document(
                session,
                case,
                order,
                by=staff,
                catalog=desk.catalog,
                documents=load_documents(),
                keys=desk.keys,
                now=desk.now(),
            )
        if seen != _digest(document):
            return await _show_preview(request, staff, case, order, document, changed=bool(seen))
        paper = await issue_paper(
            desk.db,
            order,
            by=staff,
            catalog=desk.catalog,
            documents=load_documents(),
            keys=desk.keys,
            now=desk.now(),
        )
    except PaperRefusedError as error:
        return await _refuse(request, staff, case, order, error)
    except PaperNotMadeError as error:
        raise Refusal(503, "papers.not_made") from error
    return see_other(f"/cases/{case.number}/papers/{paper.id}?done=issued")


async def show_paper(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One issued paper: number, hashes, both files, and the way to a correction."""
    desk, words = request.app[DESK], _words(request)
    case, paper = await _find(request, staff)
    form = load_documents().find_form(paper.form)
    async with desk.db.read() as session:
        papers = await list_papers(session, case.id)
        may_correct = form is not None and not find_why_not(form, case, staff.role)
        issued = await paper_page.view_issued(session, paper, papers, words, may_correct=may_correct)
    done = get_query(request).get("done") == "issued"
    return await show(request, staff, "paper_issued.html", case=case, paper=issued, is_new=done)


async def send_file(request: web.Request, staff: Staff) -> web.StreamResponse:
    """DOCX or PDF, as it was issued: its hash is checked before it goes out."""
    desk, kind = request.app[DESK], request.match_info["kind"]
    _, paper = await _find(request, staff)
    async with desk.db.read() as session:
        docx, pdf, _ = await get_sealed(session, paper.id)
    sealed, wanted = (docx, paper.docx_sha256) if kind == "docx" else (pdf, paper.pdf_sha256)
    if sealed is None:
        raise Refusal(404, "papers.no_fonts")
    try:
        content = desk.keys.unseal("file", sealed, place=f"paper.{kind}")
    except SealBrokenError as error:
        raise Refusal(404, "papers.lost") from error
    if hashlib.sha256(content).digest() != wanted:
        raise Refusal(404, "papers.lost")
    return _download(content, f"{paper.title} {paper.number}.{kind}", kind)


def _download(content: bytes, name: str, kind: str) -> web.Response:
    """A Chinese file name as RFC 6266 has it, with a plain one for old programs."""
    disposition = f"attachment; filename=\"paper.{kind}\"; filename*=UTF-8''{quote(name, safe='')}"
    return web.Response(
        body=content,
        content_type=MEDIA[kind],
        headers={"Content-Disposition": disposition, "Content-Security-Policy": SANDBOX},
    )


# ---------------------------------------------------------------- reading


def _words(request: web.Request) -> Words:
    return Words(request.app[DESK].catalog, get_locale(request))


def _read_form(request: web.Request) -> PaperForm:
    form = load_documents().find_form(request.match_info["form"])
    if form is None:
        raise Refusal(404, "papers.gone")
    return form


def _read_id(words: str) -> int | None:
    return int(words) if words.isascii() and words.isdecimal() and len(words) < 19 else None


async def _get_open_case(request: web.Request, staff: Staff, form: PaperForm) -> Case:
    """The case, if this person may see it and make this paper of it now. Raises Refusal 404, 403 or 409."""
    async with request.app[DESK].db.read() as session:
        case = await get_case(session, staff, request.match_info["number"])
    why_not = find_why_not(form, case, staff.role)
    if why_not == "role":
        raise Refusal(403, "console.role")
    if why_not:
        words = _words(request)
        raise Refusal(409, "papers.cannot", why=paper_page.say_why_not(Choice(form, why_not), words))
    return case


async def _read_replaced(request: web.Request, case: Case, form: PaperForm, words: str) -> int | None:
    """The paper that is corrected: one of this case and form, or none."""
    paper_id = _read_id(words)
    if paper_id is None:
        return None
    async with request.app[DESK].db.read() as session:
        old = await find_paper(session, case.id, paper_id)
    if old is None or old.form != form.id:
        raise Refusal(404, "papers.gone")
    return paper_id


async def _find(request: web.Request, staff: Staff) -> tuple[Case, Paper]:
    async with request.app[DESK].db.read() as session:
        case = await get_case(session, staff, request.match_info["number"])
        paper = await find_paper(session, case.id, int(request.match_info["paper_id"]))
    if paper is None:
        raise Refusal(404, "papers.gone")
    return case, paper


def _digest(document: Document) -> str:
    """What tells whether the paper still says what somebody saw."""
    return hashlib.sha256(f"{document.title}\n{list_words(document)}".encode()).hexdigest()


# ---------------------------------------------------------------- showing


async def _keep(
    request: web.Request,
    staff: Staff,
    case: Case,
    form: PaperForm,
    values: Mapping[str, str],
    replaces: int | None,
) -> None:
    desk = request.app[DESK]
    short = {name: value[: paper_page.LONGEST_KEPT] for name, value in values.items()}
    typed = seal_typed(desk.keys, short)
    async with desk.db.begin() as session:
        await keep_draft(
            session, case.id, form.id, staff.id, typed=typed, replaces_id=replaces, now=desk.now()
        )


async def _show_form(  # noqa: PLR0913 - all that the page shows
    request: web.Request,
    staff: Staff,
    case: Case,
    form: PaperForm,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    replaces: int | None,
    source: str,
    status: int = 200,
    points: Iterable[tuple[str, str]] = (),
) -> web.Response:
    words = _words(request)
    shown: dict[str, Any] = {
        "case": case,
        "form": form,
        "title": name_form(form.id, words),
        "reader": words.text(f"papers.reader.{form.reader}"),
        "fields": paper_page.view_fields(form, values, errors, words),
        "law": paper_page.view_law(form, load_documents()),
        "errors": errors,
        "replaces": replaces,
        "source": source,
        "points": [f"“{quote}”：{words.text(f'access.leak_advice.{kind}')}" for quote, kind in points],
    }
    return await show(request, staff, "paper_form.html", status=status, **shown)


async def _show_preview(
    request: web.Request, staff: Staff, case: Case, order: Order, document: Document, *, changed: bool
) -> web.Response:
    shown: dict[str, Any] = {
        "case": case,
        "form": order.form,
        "title": name_form(order.form.id, _words(request)),
        "document": paper_page.view_document(document),
        "typed": order.values,
        "replaces": order.replaces_id,
        "request_key": order.request_key,
        "seen": _digest(document),
        "changed": changed,
    }
    return await show(request, staff, "paper_preview.html", **shown)


async def _refuse(
    request: web.Request, staff: Staff, case: Case, order: Order, error: PaperRefusedError
) -> web.StreamResponse:
    """What must not leave is shown beside the form, with every word kept; anything else says why."""
    if error.reason == "gone":
        raise Refusal(404, "console.no_case") from error
    if error.reason != "leak":
        why = paper_page.say_why_not(Choice(order.form, error.reason), _words(request))
        raise Refusal(409, "papers.cannot", why=why) from error
    return await _show_form(
        request, staff, case, order.form, order.values, {},
        replaces=order.replaces_id, source="typed", status=422, points=error.points,
    )  # fmt: skip
