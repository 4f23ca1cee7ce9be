"""A paper as DOCX, for offices that seal and archive in Word. Fonts are named, never shipped: the office's own apply.

Layout as GB/T 9704-2012. Every word that people wrote is a plain run: no field, no markup. The same document gives the
same bytes, so the parts are packed anew with one fixed time.
"""

import re
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import docx
from docx.document import Document as Word
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

BODY, TITLE, HEADING, LATIN = "仿宋_GB2312", "方正小标宋简体", "黑体", "Times New Roman"
_STAND_INS = {BODY: "仿宋", TITLE: "宋体", HEADING: "SimHei"}
"""What a machine without the font of the standard shows in its place."""
RED = "D7000F"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_THUMBNAIL = re.compile(rb"<Relationship [^>]*thumbnail[^>]*/>")


def make_docx(document: dict[str, Any]) -> bytes:
    """Lay the paper out."""
    word = docx.Document()
    _set_page(word)
    _set_properties(word, document)
    _write_top(word, document)
    cut = next(
        (place for place, block in enumerate(document["blocks"]) if block["kind"] == "page"),
        len(document["blocks"]),
    )
    for block in document["blocks"][:cut]:
        _BLOCKS[block["kind"]](word, block)
    _write_issuer(word, document)
    for block in document["blocks"][cut:]:
        _BLOCKS[block["kind"]](word, block)
    out = BytesIO()
    word.save(out)
    return _pack_anew(out.getvalue())


# ---------------------------------------------------------------- page


def _set_page(word: Word) -> None:
    style = word.styles["Normal"]
    style.font.size = Pt(16)
    style.font.name = LATIN
    style.element.rPr.rFonts.set(qn("w:eastAsia"), BODY)
    section = word.sections[0]
    section.start_type = WD_SECTION.NEW_PAGE
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    word.settings.odd_and_even_pages_header_footer = True
    _write_page_number(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _write_page_number(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)


def _write_page_number(paragraph: Paragraph, side: WD_ALIGN_PARAGRAPH) -> None:
    paragraph.alignment = side
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(14)
    _add(paragraph, "— ", size=14)
    run = paragraph.add_run()
    run.font.size = Pt(14)
    for kind, words in (("begin", None), (None, "PAGE"), ("end", None)):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        element.text = words
        run._r.append(element)  # noqa: SLF001 - python-docx has no way to write a page number
    _add(paragraph, " —", size=14)


def _set_properties(word: Word, document: dict[str, Any]) -> None:
    """Author and times are those of the paper: nobody's name, no machine's clock."""
    made_at = datetime.fromisoformat(document["made_at"])
    facts = word.core_properties
    facts.author = facts.last_modified_by = document["issuer"]
    facts.title, facts.subject, facts.comments, facts.keywords = document["title"], document["number"], "", ""
    facts.language = "zh-CN"
    facts.created = facts.modified = made_at.astimezone(UTC).replace(tzinfo=None)
    facts.revision = 1


# ---------------------------------------------------------------- top and end


def _write_top(word: Word, document: dict[str, Any]) -> None:
    if document["head"]:
        head = _line(word, align=WD_ALIGN_PARAGRAPH.CENTER, exact=None)
        head.paragraph_format.space_before = Pt(28)
        size = min(46, 400 // max(len(document["head"]), 1))
        _add(head, document["head"], font=TITLE, size=size, color=RED)
        number = _line(word, document["number"], align=WD_ALIGN_PARAGRAPH.CENTER)
        number.paragraph_format.space_before = Pt(14)
        _rule_below(number)
        _line(word, size=10)
    title = _line(word, align=WD_ALIGN_PARAGRAPH.CENTER, exact=36)
    title.paragraph_format.space_after = Pt(10)
    _add(title, document["title"], font=TITLE, size=22)
    if not document["head"]:
        _line(word, f"编号：{document['number']}", size=14, align=WD_ALIGN_PARAGRAPH.RIGHT)
    if document["addressee"]:
        _line(word, f"{document['addressee']}：")


def _write_issuer(word: Word, document: dict[str, Any]) -> None:
    if document["day"]:
        _line(word)
        for words in (document["issuer"], document["day"]):
            line = _line(word, words, align=WD_ALIGN_PARAGRAPH.RIGHT)
            line.paragraph_format.right_indent = Pt(32)
            line.paragraph_format.keep_with_next = words == document["issuer"]
    if document["copies"]:
        _rule_below(_line(word, f"抄送：{document['copies']}", size=14), color="000000")


def _rule_below(paragraph: Paragraph, *, color: str = RED) -> None:
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "12"), ("space", "6"), ("color", color)):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    # Word refuses properties of a paragraph that stand in another order than the standard's.
    after = ("w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr", "w:sectPr")
    paragraph._p.get_or_add_pPr().insert_element_before(borders, *after)  # noqa: SLF001 - python-docx knows no borders


# ---------------------------------------------------------------- blocks


def _write_text(word: Word, block: dict[str, Any]) -> None:
    _line(word, block["text"], is_indented=True)


def _write_heading(word: Word, block: dict[str, Any]) -> None:
    line = _line(word, is_indented=True)
    line.paragraph_format.keep_with_next = True
    _add(line, block["text"], font=HEADING)


def _write_pairs(word: Word, block: dict[str, Any]) -> None:
    table = _table(word, [38, 118])
    for label, value in block["rows"]:
        cells = table.add_row().cells
        _fill(cells[0], label, align=WD_ALIGN_PARAGRAPH.CENTER)
        _fill(cells[1], value or " ")
    _line(word, size=10)


def _write_listing(word: Word, block: dict[str, Any]) -> None:
    others = len(block["columns"]) - 2
    width = 26 if others < 3 else 24
    widths = [14, 142 - width * others, *[width] * others]
    table = _table(word, widths)
    for cell, name in zip(table.add_row().cells, block["columns"], strict=True):
        _fill(cell, name, align=WD_ALIGN_PARAGRAPH.CENTER, font=HEADING)
    for row in block["rows"]:
        for place, (cell, words) in enumerate(zip(table.add_row().cells, row, strict=True)):
            _fill(cell, words, align=WD_ALIGN_PARAGRAPH.LEFT if place == 1 else WD_ALIGN_PARAGRAPH.CENTER)
    _line(word, size=10)


def _write_sign(word: Word, block: dict[str, Any]) -> None:
    for label in block["labels"]:
        line = _line(word, f"{label}：", size=14)
        line.paragraph_format.space_before = Pt(6)
        line.add_run(" " * 36).underline = True


def _write_page(word: Word, block: dict[str, Any]) -> None:
    _line(word).add_run().add_break(WD_BREAK.PAGE)
    title = _line(word, align=WD_ALIGN_PARAGRAPH.CENTER, exact=36)
    _add(title, block["text"], font=TITLE, size=22)


_BLOCKS = {
    "text": _write_text,
    "heading": _write_heading,
    "pairs": _write_pairs,
    "listing": _write_listing,
    "sign": _write_sign,
    "page": _write_page,
}


def _table(word: Word, widths: list[int]) -> Any:  # noqa: ANN401 - python-docx leaves its tables untyped
    table = word.add_table(rows=0, cols=len(widths), style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    return table


def _fill(
    cell: _Cell, words: str, *, align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT, font: str = BODY
) -> None:
    for place, one in enumerate(words.split("\n")):
        paragraph = cell.paragraphs[0] if place == 0 else cell.add_paragraph()
        paragraph.alignment = align
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(3)
        _add(paragraph, one, size=14, font=font)


def _line(
    word: Word,
    words: str = "",
    *,
    size: int = 16,
    align: WD_ALIGN_PARAGRAPH | None = None,
    is_indented: bool = False,
    exact: int | None = 29,
) -> Paragraph:
    paragraph = word.add_paragraph()
    layout = paragraph.paragraph_format
    if align is not None:
        paragraph.alignment = align
    layout.space_before = layout.space_after = Pt(0)
    if exact:
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(exact)
    if is_indented:
        layout.first_line_indent = Pt(32)
    if words:
        _add(paragraph, words, size=size)
    return paragraph


def _add(paragraph: Paragraph, words: str, *, font: str = BODY, size: int = 16, color: str = "") -> None:
    run = paragraph.add_run(words)
    run.font.size, run.font.name = Pt(size), LATIN
    fonts = run._element.get_or_add_rPr().get_or_add_rFonts()  # noqa: SLF001 - python-docx names Western fonts only
    fonts.set(qn("w:eastAsia"), font)
    if color:
        run.font.color.rgb = RGBColor.from_string(color)


# ---------------------------------------------------------------- packing


def _pack_anew(data: bytes) -> bytes:
    """The same parts with one time, without the picture of the template, and with the fonts' stand-ins named."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in made.infolist():
            if "thumbnail" in part.filename:
                continue
            content = made.read(part)
            if part.filename == "_rels/.rels":
                content = _THUMBNAIL.sub(b"", content)
            if part.filename == "word/fontTable.xml":
                content = content.replace(b"</w:fonts>", _name_stand_ins() + b"</w:fonts>")
            entry = zipfile.ZipInfo(part.filename, _EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            packed.writestr(entry, content)
    return out.getvalue()


def _name_stand_ins() -> bytes:
    fonts = (
        f'<w:font w:name="{name}"><w:altName w:val="{stand_in}"/></w:font>'
        for name, stand_in in _STAND_INS.items()
    )
    return "".join(fonts).encode()
