"""Issued papers: numbers without gaps, hashes that hold, nothing of the reporter in any byte."""

import asyncio
import hashlib
import io
import re
import zipfile
import zlib

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, select, update

from config.catalog import Catalog, load_catalog
from config.documents import load_documents
from models.audit import find_broken_event
from models.checks import check_database
from models.event import Event
from models.issued_paper import IssuedPaperChangedError, Paper
from models.queries.papers import get_sealed, list_papers
from models.session import Database
from models.states import CaseState, Role, Verdict
from models.tip import Identity
from tests.factories import NOW, make_case, make_staff, make_tip
from triage.document_docx import make_docx
from triage.document_files import PaperFiles
from triage.document_pdf import make_pdf
from triage.documents import collect_facts, prefill
from triage.issuing import Order, PaperRefusedError, issue_paper, load_surroundings, write_document

DOCUMENTS = load_documents()
CANARIES = ("金丝雀姓名", "13912345678", "金丝雀原文", "金丝雀地点", "金丝雀时间", "12345678901234567890")
VALUES = {
    "wanted": "请补充培训的时间和收费凭证。",
    "until": "2026年3月20日",
    "way": "网上补充。",
    "consequence": "按现有材料办理。",
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


async def lay_out(document) -> PaperFiles:
    """Files that tell their number; as slow as real ones, so that others come between."""
    await asyncio.sleep(0.002)
    return PaperFiles(docx=document.number.encode(), pdf=None)


@pytest.fixture
async def desk(db):
    async with db.begin() as session:
        staff = await make_staff(session, Role.INTAKE, "city")
        case = await make_case(session, CaseState.REGISTERED)
    return staff, case


def order(case, key: int, **changes) -> Order:
    form = DOCUMENTS.find_form(changes.pop("form", "supplement"))
    return Order(case.number, form, changes.pop("values", VALUES), f"{key:032x}", **changes)


async def issue(db, staff, order_, catalog, keys, *, lay_out=lay_out, now=NOW):
    known = {"catalog": catalog, "documents": DOCUMENTS, "keys": keys, "now": now}
    return await issue_paper(db, order_, by=staff, lay_out=lay_out, **known)


async def test_twenty_at_once_from_two_processes_have_numbers_without_gaps(db, desk, catalog, keys):
    staff, case = desk
    other = Database(db.url.render_as_string(hide_password=False))
    try:
        papers = await asyncio.gather(
            *(issue((db, other)[key % 2], staff, order(case, key), catalog, keys) for key in range(20))
        )
    finally:
        await other.close()
    assert sorted(paper.serial for paper in papers) == list(range(1, 21))
    assert sorted(paper.number for paper in papers) == sorted(
        f"漯应急举补〔2026〕{n}号" for n in range(1, 21)
    )
    async with db.read() as session:
        for paper in papers:
            sealed, _, _ = await get_sealed(session, paper.id)
            assert keys.unseal("file", sealed, place="paper.docx").decode() == paper.number
        assert await find_broken_event(session) is None


async def test_the_same_order_twice_is_one_paper(db, desk, catalog, keys):
    staff, case = desk
    papers = await asyncio.gather(*(issue(db, staff, order(case, 7), catalog, keys) for _ in range(3)))
    assert len({paper.id for paper in papers}) == 1
    async with db.read() as session:
        events = (await session.scalars(select(Event).where(Event.kind == "paper_issued"))).all()
    assert [event.data["number"] for event in events] == ["漯应急举补〔2026〕1号"]


async def test_numbers_begin_anew_with_the_year_of_luohe_and_for_each_office(db, desk, catalog, keys):
    staff, case = desk
    await issue(db, staff, order(case, 1), catalog, keys)
    new_year = NOW.replace(month=12, day=31, hour=17)  # in Luohe it is 2027 already
    assert (
        await issue(db, staff, order(case, 2), catalog, keys, now=new_year)
    ).number == "漯应急举补〔2027〕1号"
    async with db.begin() as session:
        officer = await make_staff(session, Role.OFFICER, "yancheng")
        theirs = await make_case(session, CaseState.VERIFYING)
    values = {"grounds": "不属本区管辖。", "support": "属地管理。"}
    paper = await issue(db, officer, order(theirs, 3, form="return_request", values=values), catalog, keys)
    assert (paper.number, paper.issuer) == ("郾城区应急举退〔2026〕1号", "郾城区应急管理局")


async def test_a_failed_paper_takes_no_number(db, desk, catalog, keys):
    staff, case = desk

    async def fail(document):
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - our own, from above
        await issue(db, staff, order(case, 1), catalog, keys, lay_out=fail)
    assert (await issue(db, staff, order(case, 2), catalog, keys)).serial == 1


async def test_a_correction_is_a_new_paper_that_names_the_old_one(db, desk, catalog, keys):
    staff, case = desk
    old = await issue(db, staff, order(case, 1), catalog, keys)
    told = []

    async def keep(document):
        told.append(document)
        return await lay_out(document)

    new = await issue(db, staff, order(case, 2, replaces_id=old.id), catalog, keys, lay_out=keep)
    assert (new.serial, new.replaces_id) == (2, old.id)
    assert "举报材料补正通知书（漯应急举补〔2026〕1号）" in told[0].blocks[0]["text"]


async def test_an_issued_paper_never_changes(db, desk, catalog, keys):
    staff, case = desk
    paper = await issue(db, staff, order(case, 1), catalog, keys)
    with pytest.raises(IssuedPaperChangedError):
        async with db.begin() as session:
            (await session.get_one(Paper, paper.id)).title = "别的"


async def test_what_the_case_does_not_allow_is_refused(db, desk, catalog, keys):
    staff, case = desk
    with pytest.raises(PaperRefusedError, match="state"):
        await issue(db, staff, order(case, 1, form="refusal"), catalog, keys)
    async with db.begin() as session:
        stranger = await make_staff(session, Role.OFFICER, "linying")
    with pytest.raises(PaperRefusedError, match="gone"):
        await issue(db, stranger, order(case, 2), catalog, keys)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_of_the_reporter_is_in_any_byte_of_any_form(db, catalog, keys):
    name, phone, words, place, occurred, code = CANARIES
    async with db.begin() as session:
        staff = await make_staff(session, Role.SUPERVISOR, "city")
        tip = await make_tip(session, words * 3 + code, place=place, occurred=occurred, is_named=True)
        session.add(
            Identity(
                tip_id=tip.id,
                name=keys.seal("identity", name.encode(), place="identity.name"),
                phone=keys.seal("identity", phone.encode(), place="identity.phone"),
            )
        )
        case = await make_case(
            session, CaseState.ANSWERED, tip=tip, verdict=Verdict.PROVEN, is_police_matter=True, accepted_at=NOW,
            result="查明的情况。", answer="答复。", reason_code="R4",
        )  # fmt: skip
    for form in DOCUMENTS.forms:
        async with db.read() as session:
            around = await load_surroundings(session, case, by=staff)
            values = prefill(form, collect_facts(case, catalog, around, now=NOW), DOCUMENTS)
            made = await write_document(
                session, case, Order(case.number, form, values, "0" * 32), by=staff, catalog=catalog,
                documents=DOCUMENTS, keys=keys, now=NOW, serial=1,
            )  # fmt: skip
        told = f"{values}{made}{list_everything(make_docx(made.to_json()), make_pdf(made.to_json()))}"
        assert "漯河市应急管理局" in told
        assert not [canary for canary in CANARIES if canary in told], form.id


def list_everything(word: bytes, pdf: bytes) -> str:
    """All parts of a DOCX; bytes, unpacked streams, text and metadata of a PDF."""
    with zipfile.ZipFile(io.BytesIO(word)) as parts:
        said = [parts.read(part).decode("utf-8", "ignore") for part in parts.namelist()]
    said.append(pdf.decode("utf-8", "ignore"))
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            said.append(zlib.decompress(stream).decode("utf-8", "ignore"))
        except zlib.error:
            continue
    read = PdfReader(io.BytesIO(pdf))
    said += [page.extract_text() for page in read.pages]
    return "".join([*said, str(read.metadata)])


async def test_both_files_have_the_hashes_that_were_noted(db, desk, catalog, keys):
    from triage.document_files import make_files

    staff, case = desk
    paper = await issue(db, staff, order(case, 1), catalog, keys, lay_out=make_files)
    async with db.read() as session:
        docx, pdf, _ = await get_sealed(session, paper.id)
        assert [row.id for row in await list_papers(session, case.id)] == [paper.id]
        event = await session.scalar(select(Event).where(Event.kind == "paper_issued"))
    opened = keys.unseal("file", docx, place="paper.docx"), keys.unseal("file", pdf, place="paper.pdf")
    digests = [hashlib.sha256(content).digest() for content in opened]
    assert digests == [paper.docx_sha256, paper.pdf_sha256]
    assert [event.data["docx"], event.data["pdf"]] == [digest.hex() for digest in digests]
    assert paper.number.encode() not in docx


async def test_a_gap_and_a_damaged_file_are_found(db, desk, catalog, keys, tmp_path):
    staff, case = desk
    papers = [await issue(db, staff, order(case, key), catalog, keys) for key in range(3)]
    assert not await check_database(db, files=tmp_path, now=NOW, keys=keys)
    async with db.begin() as session:
        await session.execute(delete(Paper).where(Paper.id == papers[1].id))
        await session.execute(update(Paper).where(Paper.id == papers[2].id).values(docx=b"broken"))
    told = " ".join(str(problem) for problem in await check_database(db, files=tmp_path, now=NOW, keys=keys))
    assert "have a gap: 2 papers, from 1 to 3" in told
    assert f"The DOCX of paper {papers[2].id} is damaged" in told
