"""Files: told by their content, never opened as sent, without metadata, never lost and never left over.

Hostile files are made here by script; none is stored in the repository.
"""

import asyncio
import io
import os
import struct
import time
import zipfile
import zlib
from contextlib import suppress
from datetime import timedelta

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select

from models import files
from models.files import (
    AttachmentLostError,
    FileRefusedError,
    clean_name,
    delete_files,
    examine_file,
    examine_in_thread,
    find_missing_files,
    open_original,
    open_working,
    save_attachment,
    store_in_thread,
    sweep_orphans,
)
from models.photos import MAX_PIXELS
from models.queries.tips import give_attachments_to_tip
from models.recordings import _ogg_checksum
from models.states import Channel
from models.tip import Attachment, Draft
from tests.factories import make_tip

SECRET = b"SECRET-WANG-13800001111"


def refusal(name: str, data: bytes) -> str:
    with pytest.raises(FileRefusedError) as refused:
        examine_file(name, data)
    return refused.value.reason


# ---------------------------------------------------------------- photos


def picture(size=(64, 48), mode="RGB") -> Image.Image:
    image = Image.new(mode, size)
    image.putpixel((0, 0), (255, 0, 0) if mode == "RGB" else 255)
    return image


def photo(kind="JPEG", *, size=(64, 48), **options) -> bytes:
    out = io.BytesIO()
    picture(size).save(out, kind, **options)
    return out.getvalue()


def telling_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010E] = SECRET.decode()
    exif[0x8769] = {0xA431: SECRET.decode()}  # camera's serial number
    exif[0x8825] = {1: "N", 2: (33.0, 34.0, 50.0), 3: "E", 4: (114.0, 1.0, 0.0)}
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_keeps_its_pixels_and_loses_who_where_and_with_what(kind):
    data = photo(kind, exif=telling_exif(), quality=95)
    assert SECRET in data
    examined = examine_file("证据", data)
    copy = Image.open(io.BytesIO(examined.working))
    assert copy.size == (48, 64), "set upright"
    assert not copy.getexif()
    assert not set(copy.info) & {"exif", "comment", "xmp", "icc_profile"}
    assert SECRET not in examined.working
    assert examined.data == data, "the original stays as it was sent"
    assert examined.media_type == f"image/{kind.lower()}"


def test_what_hangs_on_the_end_of_a_photo_or_in_its_comment_is_left_behind():
    data = photo(comment=SECRET) + b"<?php system($_GET['c']); ?>" + SECRET
    examined = examine_file("a.jpg", data)
    assert SECRET not in examined.working
    assert b"php" not in examined.working


def test_a_png_with_text_chunks_loses_them():
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Author", SECRET.decode())
    assert SECRET not in examine_file("a.png", photo("PNG", pnginfo=notes)).working


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "F"])
def test_unusual_kinds_of_pixels_are_taken(mode):
    kind = {"CMYK": "JPEG", "F": "PNG"}.get(mode, "PNG")
    image = Image.new("L" if mode == "F" else mode, (20, 20))
    out = io.BytesIO()
    image.save(out, kind)
    copy = Image.open(io.BytesIO(examine_file("a", out.getvalue()).working))
    assert copy.size == (20, 20)


def test_a_pixel_bomb_is_refused_before_it_is_unpacked():
    width = 30_000
    rows = zlib.compress(b"\x00" * 10_000)
    head = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    started = time.monotonic()
    assert refusal("a.png", bomb) == "unsafe"
    assert time.monotonic() - started < 2


def test_a_very_large_photo_of_a_telephone_is_shrunk_not_refused():
    out = io.BytesIO()
    Image.new("L", (9000, 6000)).save(out, "JPEG", quality=30)
    copy = Image.open(io.BytesIO(examine_file("a.jpg", out.getvalue()).working))
    assert copy.width * copy.height <= MAX_PIXELS
    assert copy.size == (4500, 3000)


@pytest.mark.parametrize("cut", [3, 20, 300])
def test_a_photo_that_was_cut_off_is_damaged(cut):
    noise = Image.effect_noise((64, 64), 90)
    out = io.BytesIO()
    noise.save(out, "JPEG")
    assert refusal("a.jpg", out.getvalue()[:cut]) in {"damaged", "type"}


# ---------------------------------------------------------------- office files


def office(parts: dict[str, bytes | str], *, kind="docx") -> bytes:
    main = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}[kind]
    whole = {"[Content_Types].xml": "<Types/>", main: "<document/>"} | parts
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in whole.items():
            archive.writestr(name, content)
    return out.getvalue()


def relation(kind: str, target: str) -> str:
    link = f'<Relationship Type="http://x/{kind}" Target="{target}" TargetMode="External"/>'
    return f"<Relationships>{link}</Relationships>"


def test_a_document_loses_its_properties_authors_and_photo_notes():
    data = office(
        {
            "docProps/core.xml": f"<creator>{SECRET.decode()}</creator>",
            "docProps/thumbnail.jpeg": SECRET,
            "_rels/.rels": '<r><R Id="a" Target="docProps/core.xml"/><R Id="b" Target="word/document.xml"/></r>',
            "word/comments.xml": f'<w:comment w:id="0" w:author="{SECRET.decode()}" w:initials="W">好</w:comment>',
            "word/media/image1.jpeg": photo(exif=telling_exif()),
        }
    )
    examined = examine_file("材料.docx", data)
    with zipfile.ZipFile(io.BytesIO(examined.working)) as copy:
        assert not [name for name in copy.namelist() if name.lower().startswith("docprops")]
        everything = b"".join(copy.read(name) for name in copy.namelist())
        assert {entry.date_time for entry in copy.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert SECRET not in everything
    assert "docProps" not in everything.decode("latin-1")
    assert "word/document.xml" in everything.decode("latin-1")
    assert "好".encode() in everything


def test_a_workbook_can_be_opened_and_names_nobody():
    book = openpyxl.Workbook()
    book.properties.creator = SECRET.decode()
    book.active["A1"] = "收费表"
    out = io.BytesIO()
    book.save(out)
    examined = examine_file("名单.xlsx", out.getvalue())
    copy = openpyxl.load_workbook(io.BytesIO(examined.working))
    assert copy.active["A1"].value == "收费表"
    assert copy.properties.creator != SECRET.decode()


def test_links_in_the_text_are_harmless():
    parts = {"word/_rels/document.xml.rels": relation("hyperlink", "https://example.org")}
    assert examine_file("a.docx", office(parts)).working


@pytest.mark.parametrize(
    "parts",
    [
        {"word/vbaProject.bin": b"x"},
        {"word/activeX/activeX1.xml": b"x"},
        {"word/embeddings/oleObject1.bin": b"x"},
        {"word/run.exe": b"MZ"},
        {"../evil.xml": b"x"},
        {"word/_rels/settings.xml.rels": relation("attachedTemplate", "http://evil/t.dotm")},
        {"word/_rels/document.xml.rels": relation("image", "http://evil/spy.png")},
        {"word/header.xml": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'},
        {"word/header.xml": "<x/>".encode("utf-16")},
        {"word/footer.xml": "<w:instrText>DDEAU</w:instrText><w:instrText>TO c:\\\\cmd</w:instrText>"},
        {"[Content_Types].xml": '<Types><Override ContentType="application/x.macroEnabled.main"/></Types>'},
        {f"word/part{number}.xml": b"" for number in range(2_100)},
        {"word/bomb.xml": b"\x00" * 60_000_000},
        {f"word/bomb{number}.xml": os.urandom(10_000) * 1_100 for number in range(11)},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_documents_that_could_do_harm_are_refused_quickly(parts):
    data = office(parts)
    started = time.monotonic()
    assert refusal("a.docx", data) == "unsafe"
    assert time.monotonic() - started < 2


def test_workbooks_that_fetch_from_elsewhere_are_refused():
    assert (
        refusal("a.xlsx", office({"xl/externalLinks/externalLink1.xml": "<ddeLink/>"}, kind="xlsx"))
        == "unsafe"
    )
    assert refusal("a.xlsx", office({"xl/macrosheets/sheet1.xml": "<x/>"}, kind="xlsx")) == "unsafe"


def test_a_zip_that_lies_about_sizes_is_damaged():
    data = bytearray(office({"word/a.xml": b"x" * 5_000}))
    place = data.rfind(b"word/a.xml") - 46 + 24
    data[place : place + 4] = struct.pack("<I", 50)
    assert refusal("a.docx", bytes(data)) == "damaged"


def test_a_password_on_the_document_is_named_as_such():
    data = bytearray(office({}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(mark, place + 1)
    assert refusal("a.docx", bytes(data)) == "password"


# ---------------------------------------------------------------- PDF


def pdf(extra: bytes = b"", *, info: bytes = b"", tail: bytes = b"") -> bytes:
    return (
        b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R" + extra + b">> endobj\n"
        b"2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\n"
        b"3 0 obj <</Producer(Word)" + info + b">> endobj\n"
        b"trailer <</Root 1 0 R/Info 3 0 R>>\nstartxref\n0\n%%EOF\n" + tail
    )


def stream(number: int, head: bytes, body: bytes) -> bytes:
    return b"%d 0 obj <<%s/Length %d>>\nstream\n%s\nendstream endobj\n" % (number, head, len(body), body)


def test_a_pdf_keeps_its_length_and_loses_who_wrote_it():
    notes = stream(4, b"/Type/Metadata/Subtype/XML", b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
    packed = stream(5, b"/Type/Metadata/Filter/FlateDecode", zlib.compress(SECRET * 9))
    image = stream(6, b"/Subtype/Image/Filter/DCTDecode", photo(exif=telling_exif()))
    info = b"/Author(" + SECRET + b" \\( (x) )/Title<" + SECRET.hex().encode() + b">"
    data = pdf(info=info).replace(b"trailer", notes + packed + image + b"trailer")
    examined = examine_file("a.pdf", data)
    assert len(examined.working) == len(data)
    assert SECRET not in examined.working
    assert SECRET.hex().encode() not in examined.working
    assert zlib.compress(SECRET * 9) not in examined.working
    assert b"/Root 1 0 R" in examined.working


def test_information_in_a_compressed_object_stream_is_emptied_too():
    author = b"<</Author(" + SECRET.ljust(28, b".") + b")>>"
    objects = b"3 0 7 40 %s <</Kept(yes)>>%s" % (author, os.urandom(40).hex().encode())
    first = len(b"3 0 7 40 ")
    body = zlib.compress(objects, 1)
    data = pdf().replace(b"3 0 obj <</Producer(Word)>> endobj\n", b"")
    data = data.replace(
        b"trailer", stream(9, b"/Type/ObjStm/N 2/First %d/Filter/FlateDecode" % first, body) + b"trailer"
    )
    working = examine_file("a.pdf", data).working
    assert len(working) == len(data)
    start = working.index(b"stream\n") + 7
    unpacked = zlib.decompressobj().decompress(working[start:])
    assert SECRET not in unpacked
    assert b"Kept(yes)" in unpacked


@pytest.mark.parametrize(
    "extra",
    [
        b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>",
        b"/OpenAction<</S/J#61vaScript/JS(1)>>",
        b"/AA<</O<</S/Launch/F(cmd.exe)>>>>",
        b"/Names<</EmbeddedFiles 9 0 R>>",
        b"/AcroForm<</XFA 9 0 R>>",
    ],
)
def test_a_pdf_that_could_act_is_kept_sealed_and_has_no_working_copy(extra):
    examined = examine_file("a.pdf", pdf(extra))
    assert examined.working is None
    assert examined.data


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", zlib.compress(b"7 0 <</S/JavaScript/JS(1)>>")),
        (b"/Type/ObjStm/N 1/First 4/Filter/ASCIIHexDecode", b"00"),
        (b"/Type/ObjStm/N 1/First 4/Filter[/ASCII85Decode/FlateDecode]", b"x"),
        (b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", b"broken"),
        (b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", zlib.compress(bytes(80_000_000))),
    ],
)
def test_a_pdf_that_cannot_be_seen_through_has_no_working_copy(head, body):
    data = pdf().replace(b"trailer", stream(9, head, body) + b"trailer")
    started = time.monotonic()
    assert examine_file("a.pdf", data).working is None
    assert time.monotonic() - started < 2


def test_a_locked_pdf_and_a_broken_one_say_so():
    assert refusal("a.pdf", pdf().replace(b"/Root", b"/Encrypt 8 0 R/Root")) == "password"
    assert refusal("a.pdf", b"%PDF-1.7\nnothing") == "damaged"


def test_two_files_in_one_are_refused():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as inside:
        inside.writestr("run.exe", b"MZ")
    for name, front in (("a.pdf", pdf()), ("a.jpg", photo()), ("a.png", photo("PNG")), ("a.txt", b"hello\n")):
        assert refusal(name, front + archive.getvalue()) == "unsafe"
    assert refusal("a.jpg", photo() + b"Rar!\x1a\x07\x00") == "unsafe"
    assert refusal("a.docx", office({}) + b"<script>") == "unsafe"


# ---------------------------------------------------------------- sound and video


def mp3(frames=4) -> bytes:
    frame = b"\xff\xfb\x90\x64" + bytes(417 - 4)
    return frame * frames


def id3(words: bytes) -> bytes:
    size = len(words)
    return (
        b"ID3\x03\x00\x00" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + words
    )


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def mp4(brand=b"isom") -> bytes:
    udta = box(b"udta", box(b"\xa9xyz", b"+33.58+114.02/" + SECRET))
    trak = box(b"trak", box(b"tkhd", bytes(20)) + udta)
    return (
        box(b"ftyp", brand + bytes(8))
        + box(b"moov", box(b"mvhd", bytes(20)) + trak + udta + box(b"meta", SECRET))
        + struct.pack(">I4sQ", 1, b"mdat", 16 + 5)
        + b"frame"
        + box(b"uuid", SECRET)
    )


def ogg_page(body: bytes, serial=1) -> bytes:
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    page = bytearray(
        b"OggS\x00\x02" + bytes(8) + struct.pack("<III", serial, 0, 0) + bytes([len(lacing)]) + lacing + body
    )
    page[22:26] = _ogg_checksum(page).to_bytes(4, "little")
    return bytes(page)


def ogg(comment: bytes) -> bytes:
    tags = (
        b"OpusTags"
        + struct.pack("<I", 4)
        + b"opus"
        + struct.pack("<I", 1)
        + struct.pack("<I", len(comment))
        + comment
    )
    return ogg_page(b"OpusHead" + bytes(11)) + ogg_page(tags) + ogg_page(b"sound" * 30)


def wav() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)

    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    chunks = chunk(b"fmt ", form) + chunk(b"LIST", b"INFO" + SECRET) + chunk(b"data", b"sound" * 31)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks + SECRET


AMR_FRAMES = (b"\x3c" + b"sound".ljust(31)) * 3 + b"\x7c"  # three of 12.2 kbit/s, one of silence


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("录音.mp3", id3(SECRET) + mp3() + b"TAG" + SECRET.ljust(125), "audio/mpeg"),
        ("录像.mp4", mp4(), "video/mp4"),
        ("录音.m4a", mp4(b"M4A "), "audio/mp4"),
        ("语音.oga", ogg(b"ARTIST=" + SECRET), "audio/ogg"),
        ("录像.mov", mp4(b"qt  "), "video/quicktime"),
        ("录像.3gp", mp4(b"3gp4"), "video/3gpp"),
        ("录音.wav", wav(), "audio/wav"),
        ("录音.amr", b"#!AMR\n" + AMR_FRAMES + b"\xff" + SECRET, "audio/amr"),
    ],
)
def test_recordings_keep_their_frames_and_lose_their_tags(name, data, media_type):
    examined = examine_file(name, data)
    assert (examined.media_type, examined.name) == (media_type, name)
    assert SECRET not in examined.working
    frames = (mp3(), b"frame", b"sound" * 30, AMR_FRAMES)
    assert any(sound in examined.working for sound in frames)
    if not name.endswith((".mp3", ".wav", ".amr")):
        assert len(examined.working) == len(data), "offsets still hold"


def test_checksums_of_blanked_pages_are_right_again():
    working = examine_file("a.ogg", ogg(b"ARTIST=" + SECRET)).working
    start = working.index(b"OggS", 10)
    page = bytearray(working[start : working.index(b"OggS", start + 4)])
    stored, page[22:26] = bytes(page[22:26]), bytes(4)
    assert _ogg_checksum(page).to_bytes(4, "little") == stored


@pytest.mark.parametrize(
    "data",
    [
        mp4()[:-3],
        box(b"ftyp", b"isom" + bytes(8)),
        box(b"ftyp", b"isom" + bytes(8)) + struct.pack(">I4s", 4, b"moov"),
        ogg(b"A=b")[:-5],
        wav()[:30],
        b"#!AMR\n" + b"\xff" * 40,
    ],
)
def test_broken_recordings_are_damaged(data):
    assert refusal("a", data) == "damaged"


def test_boxes_within_boxes_end():
    nest = b""
    for _ in range(200):
        nest = box(b"moov", nest)
    assert refusal("a.mp4", box(b"ftyp", b"isom") + nest) == "damaged"


# ---------------------------------------------------------------- text and everything else


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_is_read_in_the_encodings_of_our_citizens(encoding):
    words = "张老师说交八百包过。\r\n\t证件一周后拿。"
    assert examine_file("说明.txt", words.encode(encoding)).working.decode() == words


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.exe", b"MZ\x90\x00" + bytes(60)),
        ("a.txt", b"MZ\x90\x00" + bytes(60)),
        ("a.jpg", b"MZ\x90\x00" + bytes(60)),
        ("a", b"\x7fELF\x02\x01\x01" + bytes(60)),
        ("a.txt", b"#!/bin/sh\nrm -rf /"),
        ("a.bat", b"echo hello"),
        ("a.js", b"alert(1)"),
        ("a.html", b"<html><script>alert(1)</script>"),
        ("a.txt", b"  <!DOCTYPE html><html>"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.svg", b"<svg/>"),
        ("a.txt", b"{\\rtf1 hello}"),
        ("a.zip", b"PK\x03\x04" + bytes(30)),
        ("a.rar", b"Rar!\x1a\x07\x00" + bytes(30)),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(30)),
        ("a.gif", b"GIF89a/*" + bytes(30) + b"*/=1;alert(1)"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
        ("IMG_1.heic", box(b"ftyp", b"heic" + bytes(8)) + bytes(50)),
        ("a.heic", box(b"ftyp", b"heic" + bytes(8)) + box(b"moov", b"")),
        ("a.txt", bytes(range(256)) * 4),
        ("a.exe", mp3()),
        ("a.pdf", mp3()),
        ("photo.jpg", pdf()),
    ],
)
def test_everything_else_is_refused_whatever_it_is_called(name, data):
    assert refusal(name, data) in {"type", "unsafe", "damaged"}


def test_a_plain_zip_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("photo.jpg", photo())
    assert refusal("a.zip", out.getvalue()) == "type"
    assert refusal("a.docx", out.getvalue()) == "type"


def test_nothing_and_too_much_are_named():
    assert refusal("a.txt", b"") == "empty"
    assert refusal("a.txt", b"a" * (20 * 1024 * 1024 + 1)) == "too_big"
    assert examine_file("a.txt", b"a" * (20 * 1024 * 1024)).size == 20 * 1024 * 1024


def test_a_picture_that_is_called_by_another_picture_s_name_gets_its_own():
    assert examine_file("微信图片.jpg", photo("PNG")).name == "微信图片.png"
    assert examine_file("扫描", photo()).name == "扫描.jpg"
    assert examine_file("A.JPEG", photo()).name == "A.jpeg"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\王五\\桌面\\证据.docx", "证据.docx"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nSet-Cookie: x.txt", "a Set-Cookie_ x.txt"),
        ("\ud800x\x00\u200b.pdf", "x.pdf"),
        ('"><script>.txt', "___script_.txt"),
        ("．．．", "．．．"),
        ("...", "file"),
        ("", "file"),
        ("漯" * 300 + ".PDF", "漯" * 96 + ".pdf"),
    ],
)
def test_names_are_cleaned_and_stay_chinese(given, shown):
    assert clean_name(given) == shown


@given(st.text(max_size=300))
def test_whatever_a_file_is_called_its_name_is_safe_to_show(name):
    shown = clean_name(name)
    assert 1 <= len(shown) <= 100
    assert not set(shown) & set('/\\<>:"|?*\r\n\t\x00\u202e\u200b')
    assert shown == clean_name(shown)
    shown.encode()


@settings(max_examples=150, deadline=None)
@given(
    base=st.sampled_from(
        [photo(), photo("PNG"), photo("WEBP"), pdf(), mp4(), ogg(b"A=b"), mp3(), office({})]
    ),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 400),
)
def test_damaged_files_are_taken_or_refused_and_never_break_the_program(base, changes, cut):
    data = bytearray(base)
    for place, value in changes:
        data[place % len(data)] = value
    kept = bytes(data[: max(0, len(data) - cut)])
    with suppress(FileRefusedError):
        assert examine_file("x", kept).size == len(kept)


MANY = 20_000_000
TRAPS = {
    "pdf-open-strings": lambda: pdf(info=b"(" * 7_000),
    "pdf-open-xmp": lambda: pdf(b"", tail=b"").replace(b"trailer", b"<x:xmpmeta" * (MANY // 11) + b"trailer"),
    "pdf-many-streams": lambda: pdf().replace(b"trailer", b"/ObjStm stream\n" * (MANY // 16) + b"trailer"),
    "pdf-many-infos": lambda: pdf() + b"".join(b"/Info %d 0 R " % n for n in range(50_000)) + b"%%EOF",
    "pdf-many-bombs": lambda: (
        pdf()
        + stream(9, b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", zlib.compress(bytes(2_000_000))) * 800
        + b"%%EOF"
    ),
    "pdf-photo-notes": lambda: pdf() + b"\xff\xe1\xff\xffExif\x00\x00" * (MANY // 11) + b"%%EOF",
    "pdf-hex-names": lambda: pdf() + b"/#4a" * (MANY // 5) + b"%%EOF",
    "office-open-links": lambda: office(
        {"_rels/.rels": b"<Override" + b'"docProps/ TargetMode="External" ' * 60_000}
    ),
    "office-open-authors": lambda: office(
        {"word/a.xml": b' w:author="' * 90_000 + os.urandom(90_000).hex().encode()}
    ),
    "office-open-fields": lambda: office(
        {"word/a.xml": b"<w:instrText" * 90_000 + os.urandom(90_000).hex().encode()}
    ),
    "mp4-many-boxes": lambda: mp4() + box(b"free", b"") * (MANY // 9),
    "mp3-many-tags": lambda: id3(b"") * (MANY // 11) + mp3(),
    "ogg-many-tags": lambda: ogg(b"A=" + b"x" * 200) * 30_000,
    "txt-long-line": lambda: b"a" * MANY,
}


@pytest.mark.parametrize("trap", sorted(TRAPS))
def test_files_that_are_built_to_take_long_do_not(trap):
    data = TRAPS[trap]()
    assert len(data) <= 20 * 1024 * 1024
    started = time.process_time()
    with suppress(FileRefusedError):
        examine_file("x", data)
    assert time.process_time() - started < 8, "seconds, on a slow machine"


# ---------------------------------------------------------------- on the disk


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


async def make_draft(session, now, owner: bytes = bytes(32)) -> Draft:
    draft = Draft(
        channel=Channel.WEB,
        owner=owner,
        submission_key="k",
        locale="zh-CN",
        step="text",
        answers={},
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    await session.flush()
    return draft


def files_in(folder) -> list:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_a_saved_file_can_be_opened_both_ways_and_only_by_us(db, keys, now, folder):
    data = photo(exif=telling_exif())
    async with db.begin() as session:
        tip = await make_tip(session)
        row = await save_attachment(
            session, folder, await examine_in_thread("证据.jpg", data), keys=keys, now=now, tip_id=tip.id
        )
    assert open_original(folder, row, keys) == data
    assert Image.open(io.BytesIO(open_working(folder, row))).size == (48, 64)
    assert (row.name, row.media_type, row.size) == ("证据.jpg", "image/jpeg", len(data))
    for path in files_in(folder):
        assert path.stat().st_mode & 0o777 == 0o600
        assert SECRET not in path.read_bytes(), "sealed"
        assert "证据" not in path.name


async def test_the_same_file_twice_is_one_and_ten_are_enough(db, keys, now, folder):
    async with db.begin() as session:
        draft = await make_draft(session, now)
        texts = [examine_file("a.txt", f"text {number}".encode()) for number in range(11)]
        first = await save_attachment(session, folder, texts[0], keys=keys, now=now, draft_id=draft.id)
        again = await save_attachment(session, folder, texts[0], keys=keys, now=now, draft_id=draft.id)
        assert again.id == first.id
        for examined in texts[1:10]:
            await save_attachment(session, folder, examined, keys=keys, now=now, draft_id=draft.id)
        with pytest.raises(FileRefusedError) as refused:
            await save_attachment(session, folder, texts[10], keys=keys, now=now, draft_id=draft.id)
        assert refused.value.reason == "too_many"
        assert (await save_attachment(session, folder, texts[3], keys=keys, now=now, draft_id=draft.id)).id
        tip = await make_tip(session)
        await give_attachments_to_tip(session, draft_id=draft.id, tip_id=tip.id)
        assert await save_attachment(session, folder, texts[0], keys=keys, now=now, draft_id=draft.id)
    assert len(files_in(folder)) == 2 * 11


async def test_many_files_sent_at_once_stay_ten(db, keys, now, folder):
    async with db.begin() as session:
        draft = await make_draft(session, now)

    async def send(number: int) -> bool:
        stored = await store_in_thread(folder, examine_file("a.txt", f"text {number}".encode()), keys=keys)
        try:
            async with db.begin() as session:
                await save_attachment(session, folder, stored, keys=keys, now=now, draft_id=draft.id)
        except FileRefusedError:
            return False
        return True

    assert sum(await asyncio.gather(*(send(number) for number in range(14)))) == 10
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Attachment)) == 10


async def test_a_row_never_lacks_its_file_and_files_without_a_row_are_swept(db, keys, folder):
    from config.clock import now as this_moment

    moment = this_moment()
    with pytest.raises(SystemError):
        async with db.begin() as session:
            draft = await make_draft(session, moment)
            await save_attachment(
                session, folder, examine_file("a.txt", b"lost"), keys=keys, now=moment, draft_id=draft.id
            )
            assert len(files_in(folder)) == 2, "there before the commit"
            raise SystemError("killed before the commit")
    async with db.begin() as session:
        draft = await make_draft(session, moment)
        kept = await save_attachment(
            session, folder, examine_file("b.txt", b"kept"), keys=keys, now=moment, draft_id=draft.id
        )
    (folder / "ab").mkdir(exist_ok=True)
    (folder / "ab" / f"{'ab' * 16}.part").write_bytes(b"half")
    async with db.read() as session:
        assert await sweep_orphans(session, folder, now=moment) == 0, "too young to judge"
        assert await sweep_orphans(session, folder, now=moment + timedelta(hours=50)) == 3
        assert await sweep_orphans(session, folder, now=moment + timedelta(hours=50)) == 0
        assert await find_missing_files(session, folder) == []
    assert len(files_in(folder)) == 2
    delete_files(folder, [kept])
    delete_files(folder, [kept])
    assert files_in(folder) == []
    async with db.read() as session:
        assert await find_missing_files(session, folder) == [kept.id]
    with pytest.raises(AttachmentLostError):
        open_working(folder, kept)


async def test_a_disk_that_is_full_refuses_the_file_and_leaves_nothing(db, keys, now, folder, monkeypatch):
    real, calls = os.fsync, []

    def fail_at_the_second_file(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(files.os, "fsync", fail_at_the_second_file)
    with pytest.raises(FileRefusedError) as refused:
        await store_in_thread(folder, examine_file("a.txt", b"words"), keys=keys)
    assert refused.value.reason == "failed"
    monkeypatch.undo()
    assert files_in(folder) == []


def test_links_pipes_and_foreign_names_are_never_opened(keys, folder, tmp_path, now):
    outside = tmp_path / "secret"
    outside.write_bytes(SECRET)
    name = "cd" * 16
    (folder / "cd").mkdir(parents=True)
    row = Attachment(name="a", media_type="text/plain", size=1, digest=bytes(32), original=name, working=name)
    (folder / "cd" / name).symlink_to(outside)
    with pytest.raises(AttachmentLostError):
        open_working(folder, row)
    (folder / "cd" / name).unlink()
    os.mkfifo(folder / "cd" / name)
    with pytest.raises(AttachmentLostError):
        open_working(folder, row)
    for foreign in ("../secret", "secret", "", "CD" * 16, "/etc/passwd"):
        row.working = foreign
        with pytest.raises(AttachmentLostError):
            open_working(folder, row)
    (folder / "ef").symlink_to(tmp_path)
    (tmp_path / ("ef" * 16)).write_bytes(SECRET)
    row.working = "ef" * 16
    with pytest.raises(AttachmentLostError):
        open_working(folder, row)


async def test_files_of_one_report_tell_no_order(db, keys, now, folder):
    """When somebody chose which photo is his own affair: in the database and on the disk."""
    async with db.begin() as session:
        draft = await make_draft(session, now)
        for minute, name in enumerate("abc"):
            await save_attachment(
                session, folder, examine_file(f"{name}.txt", name.encode()), keys=keys,
                now=now + timedelta(minutes=minute), draft_id=draft.id,
            )  # fmt: skip
        tip = await make_tip(session, received_at=now + timedelta(minutes=9))
        await give_attachments_to_tip(session, draft_id=draft.id, tip_id=tip.id)
    async with db.read() as session:
        times = set(await session.scalars(select(Attachment.created_at)))
    assert times == {now + timedelta(minutes=9)}
    moments = {path.stat().st_mtime for path in files_in(folder)}
    assert all(moment % 86_400 == 0 for moment in moments)
