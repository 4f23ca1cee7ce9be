"""What a file is, told from its bytes, and a copy of it that is safe to open.

Nothing here touches a disk or a database. `examine_file` refuses what may not come in and gives, with
the bytes as sent, a working copy without metadata; a file that is allowed but not safe to open (a PDF
with a script in it) comes back without one and is only kept sealed.
"""

import asyncio
import hashlib
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from models.antivirus import AT_ONCE_SECONDS, scan
from models.papers import copy_office, copy_text, tell_office_kind
from models.pdf import copy_pdf
from models.photos import copy_photo
from models.recordings import copy_amr, copy_mp3, copy_mp4, copy_ogg, copy_wav, is_mp3
from models.refusal import FileRefusedError
from models.states import Scan
from models.zips import is_archive

MAX_BYTES = 20 * 1024 * 1024
MAX_NAME = 100
MAX_AT_ONCE = 2
"""Files examined at the same time: a photo of 50 megapixels needs 300 MB while it is re-encoded."""


@dataclass(frozen=True, slots=True)
class ExaminedFile:
    """A file that may come in."""

    name: str = field(repr=False)
    media_type: str
    digest: bytes
    size: int
    data: bytes = field(repr=False)
    working: bytes | None = field(repr=False)
    scan: Scan = Scan.OFF


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file that may come in.

    Kinds of one family may carry each other's extensions: a picture saved from a chat is often a PNG that
    is called .jpg.
    """

    media_type: str
    family: str
    extensions: tuple[str, ...]
    copy: Callable[[bytes], bytes | None]


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = {
    "jpeg": Kind("image/jpeg", "photo", ("jpg", "jpeg", "jfif"), copy_photo("JPEG")),
    "png": Kind("image/png", "photo", ("png",), copy_photo("PNG")),
    "webp": Kind("image/webp", "photo", ("webp",), copy_photo("WEBP")),
    "pdf": Kind("application/pdf", "pdf", ("pdf",), copy_pdf),
    "docx": Kind(_DOCX, "docx", ("docx",), copy_office),
    "xlsx": Kind(_XLSX, "xlsx", ("xlsx",), copy_office),
    "mp3": Kind("audio/mpeg", "mp3", ("mp3",), copy_mp3),
    "ogg": Kind("audio/ogg", "ogg", ("ogg", "oga", "opus"), copy_ogg),
    "m4a": Kind("audio/mp4", "mp4", ("m4a",), copy_mp4),
    "mp4": Kind("video/mp4", "mp4", ("mp4",), copy_mp4),
    "mov": Kind("video/quicktime", "mp4", ("mov",), copy_mp4),
    "3gp": Kind("video/3gpp", "mp4", ("3gp", "3gpp"), copy_mp4),
    "wav": Kind("audio/wav", "wav", ("wav",), copy_wav),
    "amr": Kind("audio/amr", "amr", ("amr", "awb"), copy_amr),
    "txt": Kind("text/plain", "txt", ("txt",), copy_text),
}
EXTENSIONS = tuple(extension for kind in KINDS.values() for extension in kind.extensions)


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(starts)


def _has_brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda data: data[4:8] == b"ftyp" and data[8:12] in brands


_OLE, _LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "EncryptedPackage".encode("utf-16-le")
"""Word and Excel files with a password are no ZIP any more, but the old container with the ZIP encrypted inside."""
_SIGNATURES: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (_begins(b"\xff\xd8\xff"), "jpeg"),
    (_begins(b"\x89PNG\r\n\x1a\n"), "png"),
    (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP", "webp"),
    (lambda data: data.startswith(b"RIFF") and data[8:12] == b"WAVE", "wav"),
    (_begins(b"#!AMR\n", b"#!AMR-WB\n"), "amr"),
    (_begins(b"%PDF-"), "pdf"),
    (_begins(b"OggS\x00"), "ogg"),
    (_has_brand(b"M4A ", b"M4B "), "m4a"),
    (_has_brand(b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"MSNV"), "mp4"),
    (_has_brand(b"qt  "), "mov"),
    (_has_brand(b"3gp4", b"3gp5", b"3gp6", b"3ge6", b"3gg6", b"3g2a"), "3gp"),
    (is_mp3, "mp3"),
)


def examine_file(name: str, data: bytes) -> ExaminedFile:
    """Tell what a file is and make its working copy. Slow: call it in a thread. Raises FileRefusedError."""
    if not data:
        raise FileRefusedError("empty")
    if len(data) > MAX_BYTES:
        raise FileRefusedError("too_big")
    stem, extension = _split_name(_strip_name(name))
    kind = _tell_kind(data, extension)
    relatives = {
        known for other in KINDS.values() if other.family == kind.family for known in other.extensions
    }
    if extension and extension not in relatives:
        raise FileRefusedError("type")
    return ExaminedFile(
        name=_join_name(stem, extension if extension in kind.extensions else kind.extensions[0]),
        media_type=kind.media_type,
        digest=hashlib.sha256(data).digest(),
        size=len(data),
        data=data,
        working=kind.copy(data),
    )


async def examine_in_thread(name: str, data: bytes, *, antivirus: str | None = None) -> ExaminedFile:
    """`examine_file` off the event loop, a few at a time, then the antivirus program. Raises FileRefusedError.

    A file of which the program says nothing in time is taken, and waits for its word: see `models.antivirus`.
    """
    examined = await asyncio.get_running_loop().run_in_executor(_threads, examine_file, name, data)
    said = await scan(antivirus, data, seconds=AT_ONCE_SECONDS)
    if said is Scan.INFECTED:
        raise FileRefusedError("virus")
    return replace(examined, scan=said)


_threads = ThreadPoolExecutor(MAX_AT_ONCE, thread_name_prefix="examine")


def _tell_kind(data: bytes, extension: str) -> Kind:
    if data.startswith(b"PK\x03\x04"):
        return KINDS[tell_office_kind(data)]
    if data.startswith(_OLE) and _LOCKED in data:
        raise FileRefusedError("password")
    if is_archive(data):
        raise FileRefusedError("unsafe")
    for is_kind, kind in _SIGNATURES:
        if is_kind(data):
            return KINDS[kind]
    if extension in {"", "txt"}:
        return KINDS["txt"]
    raise FileRefusedError("type")


def clean_name(name: str) -> str:
    """A name that may be shown and offered for download: no path, no invisible or forbidden characters."""
    return _join_name(*_split_name(_strip_name(name)))


def _strip_name(name: str) -> str:
    last = unicodedata.normalize("NFC", name[-1000:].replace("\\", "/")).rsplit("/", 1)[-1]
    visible = "".join(" " if ch.isspace() else ch for ch in last if ch.isspace() or _is_visible(ch))
    plain = "".join("_" if ch in '<>:"|?*' else ch for ch in visible)
    return " ".join(plain.split()).strip(". ")


def _is_visible(ch: str) -> bool:
    # C…: controls, bidi and zero-width marks, surrogates, private use, unassigned. Zl, Zp: line separators.
    category = unicodedata.category(ch)
    return not category.startswith("C") and category not in {"Zl", "Zp"}


def _split_name(name: str) -> tuple[str, str]:
    """Stem and lower-case extension; what follows the last dot is an extension only when it looks like one."""
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension.isascii() and extension.isalnum() and len(extension) <= 10:
        return stem, extension.lower()
    return name, ""


def _join_name(stem: str, extension: str) -> str:
    end = f".{extension}" if extension else ""
    return (stem[: MAX_NAME - len(end)].rstrip(". ") or "file") + end
