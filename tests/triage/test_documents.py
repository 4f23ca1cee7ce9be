"""Papers: every form fills, lays out as DOCX and PDF, and says nothing that its reader may not see."""

import io
import zipfile
from datetime import timedelta

import docx
import pytest
from pypdf import PdfReader

from config.catalog import Catalog, load_catalog
from config.documents import BLANK, DocumentFile, load_documents
from models.case import Case, Deadline
from models.states import CaseState, Disposition, Role, Urgency, Verdict
from tests.factories import NOW
from triage.document_docx import make_docx
from triage.document_files import PaperNotMadeError, make_files
from triage.document_pdf import FontsMissingError, make_pdf
from triage.documents import (
    Entry,
    Surroundings,
    check_values,
    clean,
    collect_facts,
    find_why_not,
    list_choices,
    list_states,
    make_document,
    prefill,
    write_number,
)

DOCUMENTS = load_documents()
FORMS = [form.id for form in DOCUMENTS.forms]
HOSTILE = (
    '<w:p>&amp; &lt;b> "\' ]]> #let x = 1 #import "a" *stark* _kursiv_ $x^2$ @ref <label> \\ `code` '
    "{ DDEAUTO c:\\cmd } {case_number} {{ case }} =cmd|x  https://example.cn/" + "a" * 300
)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def make(**changes) -> Case:
    values = {
        "number": "202603041234", "state": CaseState.VERIFYING, "office_id": "city", "jurisdiction": "unknown",
        "disposition": Disposition.IN_SCOPE, "urgency": Urgency.NORMAL, "clauses": [], "target": "", "result": "",
        "answer": "", "registered_at": NOW, "is_police_matter": False, "verdict": None, "reason_code": None,
    }  # fmt: skip
    return Case(**(values | changes))


def make_full(catalog) -> Case:
    moments = {
        f"{name}_at": NOW for name in ("accepted", "assigned", "signed", "result", "approved", "answered")
    }
    return make(
        office_id="linying", jurisdiction="linying", clauses=list(catalog.clauses), target="临颍县宏达培训学校" * 8,
        result="内部核查记载。\n" * 60, answer="答复内容。\n" * 60, is_police_matter=True,
        verdict=Verdict.PARTLY_PROVEN, reason_code="R4", **moments,
    )  # fmt: skip


AROUND = Surroundings(
    deadlines=[
        Deadline(rule_id="D10", occasion=1, due_at=NOW + timedelta(days=60)),
        Deadline(rule_id="D10", occasion=2, due_at=NOW + timedelta(days=90)),
    ],
    channel="web",
    files=3,
    entries=[Entry(f"文书{count}", "漯河市应急管理局", NOW, "ab" * 32) for count in range(40)],
)


def type_all(form, values, words):
    """Every field that nothing prefilled, filled with words."""
    return {
        item.id: values.get(item.id)
        or (item.options[0] if item.options else words if item.kind == "text" else words[:150])
        for item in form.fields
    }  # fmt: skip


def write(catalog, form_id, case, around, words, **changes):
    form = DOCUMENTS.find_form(form_id)
    facts = collect_facts(case, catalog, around, now=NOW)
    values = type_all(form, prefill(form, facts, DOCUMENTS), words)
    number = write_number(DOCUMENTS, form, catalog, "city", year=2026, serial="12")
    made = {"number": number, "is_city": True, "now": NOW} | changes
    return make_document(form, values, facts, DOCUMENTS, **made)


def read_docx(data: bytes) -> str:
    word = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in word.paragraphs), *cells])


def read_pdf(data: bytes) -> str:
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return "".join(words.replace("\u200b", "").split())


# ---------------------------------------------------------------- each form


@pytest.mark.parametrize("is_full", [False, True], ids=["minimal", "maximal"])
@pytest.mark.parametrize("form_id", FORMS)
def test_every_form_can_be_read_again_from_both_files(catalog, form_id, is_full):
    case = make_full(catalog) if is_full else make()
    around, words = (AROUND, "核查发现的具体情况，逐条写明。\n" * 20) if is_full else (Surroundings(), "略")
    document = write(catalog, form_id, case, around, words)
    form = document.to_json()
    word, pdf = make_docx(form), make_pdf(form)
    said = read_docx(word)
    for told in (said, read_pdf(pdf)):
        assert document.title in told
        assert document.number in told.replace(" ", "")
        assert "{" not in told
        assert "None" not in told
        assert not BLANK.search(told)


def test_the_same_paper_is_the_same_bytes(catalog):
    form = write(catalog, "assignment", make_full(catalog), AROUND, "略").to_json()
    assert make_docx(form) == make_docx(form)
    assert make_pdf(form) == make_pdf(form)


def test_files_name_the_bureau_and_no_person_or_machine(catalog):
    document = write(catalog, "answer", make_full(catalog), AROUND, "略").to_json()
    word, pdf = make_docx(document), make_pdf(document)
    facts = docx.Document(io.BytesIO(word)).core_properties
    assert (facts.author, facts.last_modified_by) == ("漯河市应急管理局", "漯河市应急管理局")
    assert facts.created == NOW
    told = PdfReader(io.BytesIO(pdf)).metadata
    assert (told.author, told.title) == ("漯河市应急管理局", "举报事项答复书")
    with zipfile.ZipFile(io.BytesIO(word)) as parts:
        assert not any("thumbnail" in name for name in parts.namelist())
        assert b"python-docx" not in b"".join(parts.read(name) for name in parts.namelist())


def test_docx_is_laid_out_as_official_papers_are(catalog):
    word = docx.Document(io.BytesIO(make_docx(write(catalog, "acceptance", make(), AROUND, "略").to_json())))
    page = word.sections[0]
    assert [round(side.mm) for side in (page.page_width, page.page_height)] == [210, 297]
    margins = (page.top_margin, page.bottom_margin, page.left_margin, page.right_margin)
    assert [round(side.mm) for side in margins] == [37, 35, 28, 26]
    xml = word.element.xml
    assert 'w:eastAsia="仿宋_GB2312"' in xml
    assert 'w:eastAsia="方正小标宋简体"' in xml
    assert "PAGE" in page.footer._element.xml
    line = next(one for one in word.paragraphs if one.text == "漯应急举受〔2026〕12号")
    order = [child.tag.rpartition("}")[2] for child in line._p.pPr]
    assert order == ["pBdr", "spacing", "jc"], "Word refuses another order"


def test_the_red_head_is_the_bureaus_own_numbered_papers_alone(catalog):
    assert write(catalog, "acceptance", make(), AROUND, "略").head == "漯河市应急管理局"
    assert write(catalog, "acceptance", make(), AROUND, "略", is_city=False).head == ""
    assert write(catalog, "verification_report", make(), AROUND, "略").head == ""


# ---------------------------------------------------------------- hostile words


@pytest.mark.parametrize("form_id", ["answer", "police_referral", "archive_index", "registration"])
def test_hostile_words_appear_literally(catalog, form_id):
    document = write(
        catalog, form_id, make(), Surroundings(), HOSTILE + "\x00\x07\x1b\u202e\ud800末尾"
    ).to_json()
    wanted = "".join(clean(HOSTILE).split())[:150]
    assert wanted in "".join(read_docx(make_docx(document)).split())
    assert wanted in read_pdf(make_pdf(document))
    with zipfile.ZipFile(io.BytesIO(make_docx(document))) as parts:
        body = parts.read("word/document.xml")
    assert b"instrText" not in body
    assert b"fldSimple" not in body


def test_long_words_are_kept_to_the_last_character(catalog):
    document = write(catalog, "answer", make(), Surroundings(), "字" * 5_000 + "终").to_json()
    assert "终" in read_docx(make_docx(document))
    assert "终" in read_pdf(make_pdf(document))


# ---------------------------------------------------------------- what a reader may see


def test_a_form_that_asks_for_more_than_its_reader_may_see_does_not_load():
    raw = DOCUMENTS.model_dump()
    form = next(form for form in raw["forms"] if form["id"] == "inspection_notice")
    form["addressee"] = "{target}（{case_number}）"
    with pytest.raises(ValueError, match="case_number, which its reader"):
        DocumentFile.model_validate(raw)


def test_the_accused_does_not_learn_that_there_was_a_tip(catalog):
    document = write(catalog, "inspection_notice", make_full(catalog), AROUND, "略")
    said = read_docx(make_docx(document.to_json()))
    for word in ("举报人", "2026 0304 1234", "答复内容", "内部核查记载"):
        assert word not in said


def test_findings_of_staff_stay_inside(catalog):
    for form in DOCUMENTS.forms:
        if form.reader != "internal":
            document = write(catalog, form.id, make_full(catalog), AROUND, "略")
            assert "内部核查记载" not in str(document.to_json()), form.id


def test_only_law_that_somebody_has_read_is_printed(catalog):
    for form in DOCUMENTS.forms:
        said = str(write(catalog, form.id, make_full(catalog), AROUND, "略").to_json())
        assert not [place for place in form.unprinted_basis if place in said], form.id


def test_a_crime_is_only_ever_suspected(catalog):
    for form_id in ("police_approval", "police_referral"):
        assert "涉嫌非法买卖" in str(
            write(catalog, form_id, make_full(catalog), AROUND, "非法买卖国家机关证件罪").to_json()
        )


# ---------------------------------------------------------------- when, who, what is missing


def test_states_and_roles_are_known_words():
    for form in DOCUMENTS.forms:
        assert list_states(form)
        assert {Role(role) for role in form.roles}


def test_what_cannot_be_made_says_why():
    form = DOCUMENTS.find_form("police_referral")
    assert find_why_not(form, make(), Role.LEAD) == "needs_police_matter"
    assert find_why_not(form, make(is_police_matter=True), Role.LEAD) == ""
    assert find_why_not(form, make(state=CaseState.REGISTERED), Role.LEAD) == "state"
    assert find_why_not(form, make(is_police_matter=True), Role.INTAKE) == "role"
    assert "acceptance" not in [choice.form.id for choice in list_choices(DOCUMENTS, make(), Role.OFFICER)]


def test_empty_long_and_unknown_values_are_told_by_field():
    form = DOCUMENTS.find_form("urging")
    errors = check_values(
        form, {"level": "别的", "grounds": "字" * 8_001, "demands": " \n", "new_due": "5月"}
    )
    assert errors == {"level": "empty", "grounds": "too_long", "demands": "empty", "contact": "empty"}


def test_the_newest_limit_of_a_clock_is_written(catalog):
    facts = collect_facts(make(), catalog, AROUND, now=NOW)
    assert facts["verification_due"] == "2026年6月2日"
    assert facts["case_number"] == "2026 0304 1234"


def test_without_chinese_fonts_it_is_said(catalog):
    with pytest.raises(FontsMissingError):
        make_pdf(write(catalog, "acceptance", make(), AROUND, "略").to_json(), families=["Libertinus Serif"])


async def test_the_child_makes_the_same_files_and_is_ended_when_slow(catalog):
    document = write(catalog, "acceptance", make(), AROUND, "略")
    files = await make_files(document)
    assert files.docx == make_docx(document.to_json())
    assert files.pdf == make_pdf(document.to_json())
    with pytest.raises(PaperNotMadeError):
        await make_files(document, seconds=0.01)
