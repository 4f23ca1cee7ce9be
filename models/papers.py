"""Working copies of Word and Excel files and of plain text.

An office file is a ZIP of XML parts. It is refused when it is built to harm (bombs, macros, parts that
are fetched from elsewhere) and is otherwise packed anew without its property sheets.
"""

import re
import zipfile
from io import BytesIO

from models.photos import blank_photo_notes
from models.refusal import FileRefusedError
from models.zips import find_zip_end

MAX_ENTRIES = 2_000
MAX_DIRECTORY_BYTES = 400_000
MAX_UNPACKED = 64 * 1024 * 1024
MAX_LINKS = 2 * 1024 * 1024
MAX_RATIO = 200
"""A part may unpack to 200 times its size at most (above one megabyte); deflate can reach 1,032."""
_MAIN_PARTS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_FORBIDDEN_PART = re.compile(
    r"vba|macrosheets|activex|embeddings|externallinks|querytables|^xl/connections\.xml$|\.(bin|exe|dll|js|vbs|htm|html|hta)$"
)
_HARMLESS_BINARY = re.compile(r"printersettings/[^/]*\.bin$")
_PROPERTIES = re.compile(r"^(docprops|customxml)/")
_BITE = 64 * 1024
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_ELEMENT = re.compile(rb"<[^<>]*>")
_EXTERNAL = re.compile(rb"TargetMode\s*=\s*[\"']External[\"']", re.IGNORECASE)
_HYPERLINK = re.compile(rb"Type\s*=\s*[\"'][^\"']*/hyperlink[\"']")
_FIELD_CODE = re.compile(rb"\bDDE(AUTO)?\b|\bINCLUDE(TEXT|PICTURE)\b")
_PEOPLE = re.compile(rb"(\s(?:w|w15):(?:author|initials|userId|providerId))=\"[^\"]*\"")
_PROPERTY_LINK = re.compile(rb"[\"'](?:\.\./|/)?(?:docProps|customXml)/")
_COMMENT_AUTHOR = re.compile(rb"<author>[^<]*</author>")


def tell_office_kind(data: bytes) -> str:
    """Either "docx" or "xlsx"; raises FileRefusedError for other ZIPs and for unsafe ones, before unpacking."""
    end = find_zip_end(data)
    if end is None:
        raise FileRefusedError("damaged")
    if end.directory_bytes > MAX_DIRECTORY_BYTES or end.entries > MAX_ENTRIES:
        raise FileRefusedError("unsafe")
    kinds = {
        kind for part, kind in _MAIN_PARTS.items() if part in {name.filename for name in _list_parts(data)}
    }
    if len(kinds) != 1:
        raise FileRefusedError("type")
    if not end.is_exact(len(data)):
        raise FileRefusedError("unsafe")
    return kinds.pop()


def copy_office(data: bytes) -> bytes:
    """Check every part and pack it anew without properties, names of authors and times. Raises FileRefusedError."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        _check_parts(archive.infolist())
        for part in archive.infolist():
            if not part.is_dir() and not _PROPERTIES.search(part.filename.lower()):
                copy.writestr(zipfile.ZipInfo(part.filename, _FIXED_TIME), _clean_part(archive, part), 8)
    return out.getvalue()


def _list_parts(data: bytes) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.infolist()
    except Exception as error:  # a broken directory may raise anything
        raise FileRefusedError("damaged") from error


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    names = [part.filename.lower() for part in parts]
    if any(part.flag_bits & 1 for part in parts):
        raise FileRefusedError("password")
    is_bomb = sum(part.file_size for part in parts) > MAX_UNPACKED or any(
        part.file_size > max(1_000_000, part.compress_size * MAX_RATIO) for part in parts
    )
    # Office programs store or deflate; of the other methods Python unpacks a whole block at once, be it gigabytes.
    is_other = any(part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for part in parts)
    is_strange = len(set(names)) != len(names) or any(
        name.startswith("/") or "\\" in name or ".." in name.split("/") for name in names
    )
    is_active = any(_FORBIDDEN_PART.search(name) and not _HARMLESS_BINARY.search(name) for name in names)
    if is_bomb or is_other or is_strange or is_active:
        raise FileRefusedError("unsafe")


def _clean_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    try:
        content = _unpack(archive, part)
    except FileRefusedError:
        raise
    except Exception as error:  # wrong sizes, checksums, methods
        raise FileRefusedError("damaged") from error
    name = part.filename.lower()
    if name.endswith((".xml", ".rels", ".vml")):
        return _clean_xml(name, content)
    pixels = bytearray(content)
    blank_photo_notes(pixels)
    return bytes(pixels)


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """In small bites: `ZipFile.read` unpacks all that is there, and only then compares it with what was promised."""
    bites, size = [], 0
    with archive.open(part) as packed:
        while bite := packed.read(_BITE):
            bites.append(bite)
            size += len(bite)
            if size > part.file_size:
                raise FileRefusedError("damaged")
    return b"".join(bites)


def _clean_xml(name: str, content: bytes) -> bytes:
    # Office programs write UTF-8 without a DOCTYPE; anything else is there to slip past a reader such as this.
    if (
        content.startswith((b"\xff\xfe", b"\xfe\xff"))
        or b"\x00" in content
        or b"<!DOCTYPE" in content.upper()
    ):
        raise FileRefusedError("unsafe")
    if name.endswith(".rels") or name == "[content_types].xml":
        return _clean_links(content)
    if name.startswith("word/") and _has_field_code(content):
        raise FileRefusedError("unsafe")
    if name.startswith("xl/") and any(
        _ACTIVE_FORMULA.search(formula) for formula in _FORMULA.findall(content)
    ):
        raise FileRefusedError("unsafe")
    return _COMMENT_AUTHOR.sub(b"<author></author>", _PEOPLE.sub(rb'\1=""', content))


def _clean_links(content: bytes) -> bytes:
    """Refuse what is fetched from elsewhere (links in the text are not); drop links to the property sheets."""
    if len(content) > MAX_LINKS or b"macroEnabled" in content:
        raise FileRefusedError("unsafe")
    for element in _ELEMENT.findall(content):
        if _EXTERNAL.search(element) and not _HYPERLINK.search(element):
            raise FileRefusedError("unsafe")
    return _ELEMENT.sub(lambda element: b"" if _PROPERTY_LINK.search(element[0]) else element[0], content)


_FORMULA = re.compile(rb"<(?:\w{1,9}:)?f(?:\s[^<>]*)?>([^<]*)<")
_ACTIVE_FORMULA = re.compile(
    rb"\w\|['\w]|\b(?:WEBSERVICE|CALL|REGISTER(?:\.ID)?|EXEC|RTD)\s*\(", re.IGNORECASE
)
"""Programs started (DDE) and addresses fetched by a cell; functions of a table reach no further than the table."""
_INSTRUCTION = re.compile(rb"<w:instrText[^<>]*>([^<]*)</w:instrText>|w:instr=\"([^\"]*)\"")


def _has_field_code(content: bytes) -> bool:
    """Whether a field starts a program or fetches something; an instruction may be cut over several runs."""
    words = b"".join(first or second for first, second in _INSTRUCTION.findall(content))
    return _FIELD_CODE.search(words) is not None


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP = re.compile(
    r"#!|@echo off|\{\\rtf|%!ps|<(?:!doctype|html|head|body|script|svg|iframe|\?xml|\?php|%)", re.IGNORECASE
)


def copy_text(data: bytes) -> bytes:
    """The text as UTF-8; raises FileRefusedError for what is no text or is a program or page."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROLS.search(text) or _MARKUP.match(text.lstrip()):
            raise FileRefusedError("type")
        return text.encode()
    raise FileRefusedError("type")
