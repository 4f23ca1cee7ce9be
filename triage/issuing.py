"""Issuing a paper: it gets its number, is laid out, sealed and stored with hashes, and the history says so.

The files hold the number, and laying out is too slow for a transaction. So the next number is looked up, the files are
made, and the row is stored only if nobody was quicker; else all is done again with the number after. A number is taken
by a whole paper or not at all: the row has no gaps. Within one process papers wait for each other, so this is rare.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from config.clock import LOCAL
from config.documents import DocumentFile, PaperForm
from config.keys import Keys
from models.audit import record_event
from models.case import Case
from models.issued_paper import Paper
from models.queries.cases import find_case, list_deadlines
from models.queries.papers import (
    drop_draft,
    find_paper,
    find_paper_by_request,
    get_next_serial,
    list_papers,
)
from models.queries.staff import find_staff
from models.queries.tips import list_tips_of_case
from models.session import Database
from models.staff import Staff
from triage import outgoing
from triage.document_files import PaperFiles, make_files
from triage.documents import (
    Document,
    Entry,
    Surroundings,
    collect_facts,
    find_why_not,
    list_words,
    make_document,
    write_number,
)
from triage.permissions import CITY, reach_of

TRIES = 25
BLANK_SERIAL = "　"
REPORTER = "reporter"
LayOut = Callable[[Document], Awaitable[PaperFiles]]
_turns: WeakKeyDictionary[Database, asyncio.Lock] = WeakKeyDictionary()


class PaperRefusedError(Exception):
    """The paper cannot be made now. `reason`: a text key under papers.why_not.; `points`: words and kind of leak."""

    def __init__(self, reason: str, points: Sequence[tuple[str, str]] = ()) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason
        self.points = tuple(points)


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to issue. `request_key` makes the same form sent twice one paper."""

    case_number: str
    form: PaperForm
    values: Mapping[str, str] = field(repr=False)
    request_key: str
    replaces_id: int | None = None


async def issue_paper(
    db: Database,
    order: Order,
    *,
    by: Staff,
    catalog: Catalog,
    documents: DocumentFile,
    keys: Keys,
    now: datetime,
    lay_out: LayOut = make_files,
) -> Paper:
    """Issue it, or give the paper that this order has brought forth already.

    Raises PaperRefusedError, and PaperNotMadeError when the files could not be made.
    """
    async with _turns.setdefault(db, asyncio.Lock()):
        for _ in range(TRIES):
            async with db.read() as session:
                if done := await find_paper_by_request(session, order.request_key):
                    return done
                case = await _get_case(session, order, by)
                serial = await get_next_serial(session, series_of(order.form, by), _year(now))
                document = await write_document(
                    session,
                    case,
                    order,
                    by=by,
                    catalog=catalog,
                    documents=documents,
                    keys=keys,
                    now=now,
                    serial=serial,
                )
            files = await lay_out(document)
            try:
                async with db.begin() as session:
                    return await _store(session, order, document, files, serial, by=by, keys=keys, now=now)
            except IntegrityError:  # somebody was quicker, with this number or this very order
                continue
    raise PaperRefusedError("crowded")


def series_of(form: PaperForm, by: Staff) -> str:
    """Whose numbers of what: linying:answer."""
    return f"{by.office_id}:{form.id}"


def _year(now: datetime) -> int:
    return now.astimezone(LOCAL).year


async def _get_case(session: AsyncSession, order: Order, by: Staff) -> Case:
    """The case, if this person may see it and make this paper of it now. Raises PaperRefusedError."""
    case = await find_case(session, order.case_number, scope=reach_of(by))
    if case is None:
        raise PaperRefusedError("gone")
    if why_not := find_why_not(order.form, case, by.role):
        raise PaperRefusedError(why_not)
    return case


async def write_document(  # noqa: PLR0913 - the case, who writes, and by which rules
    session: AsyncSession,
    case: Case,
    order: Order,
    *,
    by: Staff,
    catalog: Catalog,
    documents: DocumentFile,
    keys: Keys,
    now: datetime,
    serial: int | None = None,
) -> Document:
    """The paper in words; without a serial as a preview, whose number is still open.

    Raises PaperRefusedError for words that must not leave the bureau.
    """
    around = await load_surroundings(session, case, by=by)
    replaced = await find_paper(session, case.id, order.replaces_id) if order.replaces_id else None
    number = write_number(
        documents, order.form, catalog, by.office_id,
        year=_year(now), serial=BLANK_SERIAL if serial is None else str(serial),
    )  # fmt: skip
    document = make_document(
        order.form,
        order.values,
        collect_facts(case, catalog, around, now=now),
        documents,
        number=number,
        is_city=by.office_id == CITY,
        now=now,
        replaces=f"{replaced.title}（{replaced.number}）" if replaced else "",
    )
    if documents.readers[order.form.reader].leaves and order.form.reader != REPORTER:
        await _check_leaks(session, case, order.form, list_words(document), catalog=catalog, keys=keys)
    return document


async def _check_leaks(
    session: AsyncSession, case: Case, form: PaperForm, words: str, *, catalog: Catalog, keys: Keys
) -> None:
    """No paper for anybody but the reporter himself may give him away. Raises PaperRefusedError."""
    try:
        await outgoing.check(session, case, f"paper:{form.id}", words, catalog=catalog, keys=keys)
    except outgoing.LeakFoundError as found:
        points = [(words[leak.start : leak.end], leak.kind.value) for leak in found.leaks]
        raise PaperRefusedError("leak", points) from found


async def load_surroundings(session: AsyncSession, case: Case, *, by: Staff) -> Surroundings:
    """What papers need to know beside the case's own row."""
    officer = await find_staff(session, case.officer_id)
    tips = await list_tips_of_case(session, case.id)
    files = [file for tip in tips for file in tip.attachments]
    papers = await list_papers(session, case.id)
    return Surroundings(
        deadlines=await list_deadlines(session, case.id),
        officer=officer.name if officer else "",
        channel=tips[0].channel if tips else "",
        tips=len(tips),
        files=len(files),
        entries=[*(_enter_paper(paper) for paper in papers)],
        issuer_office=by.office_id,
    )


def _enter_paper(paper: Paper) -> Entry:
    digest = (paper.pdf_sha256 or paper.docx_sha256).hex()
    return Entry(f"{paper.title}（{paper.number}）", paper.issuer, paper.issued_at, digest)


async def _store(
    session: AsyncSession,
    order: Order,
    document: Document,
    files: PaperFiles,
    serial: int,
    *,
    by: Staff,
    keys: Keys,
    now: datetime,
) -> Paper:
    """The account and the case as they are now: what changed a second ago counts."""
    staff = await session.get_one(Staff, by.id)
    case = await _get_case(session, order, staff)
    paper = Paper(
        case_id=case.id,
        form=order.form.id,
        title=document.title,
        series=series_of(order.form, by),
        year=_year(now),
        serial=serial,
        number=document.number,
        issuer=document.issuer,
        staff_id=by.id,
        issued_at=now,
        replaces_id=order.replaces_id,
        request_key=order.request_key,
        docx_sha256=files.docx_sha256,
        pdf_sha256=files.pdf_sha256,
        docx=keys.seal("file", files.docx, place="paper.docx"),
        pdf=None if files.pdf is None else keys.seal("file", files.pdf, place="paper.pdf"),
        typed=seal_typed(keys, order.values),
    )
    session.add(paper)
    await session.flush()
    await drop_draft(session, case.id, order.form.id, by.id)
    record_event(
        session, "paper_issued", at=now, by=by.id, case_id=case.id, form=order.form.id, number=document.number,
        docx=files.docx_sha256.hex(), pdf=(files.pdf_sha256 or b"").hex(), replaces=order.replaces_id,
    )  # fmt: skip
    return paper


def seal_typed(keys: Keys, values: Mapping[str, str]) -> bytes:
    """What was typed, as it is stored."""
    return keys.seal("file", json.dumps(dict(values)).encode(), place="paper.typed")


def open_typed(keys: Keys, sealed: bytes) -> dict[str, str]:
    """What was typed."""
    return {
        str(name): str(value)
        for name, value in json.loads(keys.unseal("file", sealed, place="paper.typed")).items()
    }
