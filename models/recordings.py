"""Working copies of sound and video: same frames, without tags (names, places, pictures)."""

import re
import struct
from collections.abc import Iterator
from itertools import islice

from models.refusal import FileRefusedError

_MOST_TAGS = 8
_MOST_BOXES = 100_000

# ---------------------------------------------------------------- MP3

_BITRATES = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def is_mp3(data: bytes) -> bool:
    """Whether, behind any tag, two frames of layer III follow each other."""
    start = _after_id3(data)
    length = _frame_length(data, start)
    return length > 0 and (start + length >= len(data) or _frame_length(data, start + length) > 0)


def copy_mp3(data: bytes) -> bytes:
    """The frames without ID3 and APE tags."""
    end = len(data)
    if data[-128:].startswith(b"TAG"):
        end -= 128
    footer = data[end - 32 : end]
    if footer.startswith(b"APETAGEX"):
        size = int.from_bytes(footer[12:16], "little")
        has_header = int.from_bytes(footer[20:24], "little") >> 31
        end = max(0, end - size - 32 * has_header)
    frames = data[_after_id3(data) : end]
    if not frames:
        raise FileRefusedError("damaged")
    return frames


def _after_id3(data: bytes) -> int:
    start = 0
    for _ in range(_MOST_TAGS):
        if data[start : start + 3] != b"ID3" or len(data) < start + 10:
            break
        size = 0
        for part in data[start + 6 : start + 10]:
            size = size << 7 | part & 0x7F
        start += 10 + size + (10 if data[start + 5] & 0x10 else 0)
    # Some recorders pad the tag with zeros that they do not count.
    return start + len(data[start : start + 4096]) - len(data[start : start + 4096].lstrip(b"\x00"))


def _frame_length(data: bytes, start: int) -> int:
    """Bytes of the layer III frame that begins here; 0 when none does."""
    head = data[start : start + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or bitrate in {0, 15} or rate == 3:
        return 0
    factor, table = (144, 1) if version == 3 else (72, 2)
    return factor * _BITRATES[table][bitrate] * 1000 // _RATES[version][rate] + (head[2] >> 1 & 1)


# ---------------------------------------------------------------- MP4

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"edts"})
_NOTES = frozenset({b"udta", b"meta", b"uuid", b"XMP_", b"free", b"skip"})
_DEEPEST = 8


def copy_mp4(data: bytes) -> bytes:
    """The same file with every box of notes (place, model, names) emptied in place, so that offsets hold."""
    copy = bytearray(data)
    boxes = list(islice(_walk_boxes(data, 0, len(data), depth=0), _MOST_BOXES))
    if len(boxes) == _MOST_BOXES:
        raise FileRefusedError("unsafe")
    if not {b"ftyp", b"moov"} <= {kind for kind, _, _, _ in boxes}:
        raise FileRefusedError("damaged")
    for kind, head, start, end in boxes:
        if kind in _NOTES:
            copy[head + 4 : head + 8] = b"free"
            copy[start:end] = bytes(end - start)
    return bytes(copy)


def _walk_boxes(data: bytes, start: int, end: int, *, depth: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, start, start of content and end of each box, containers before what they hold."""
    while start < end:
        if end - start < 8:
            raise FileRefusedError("damaged")
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + 8
        if size == 1 and end - start >= 16:
            (size,) = struct.unpack_from(">Q", data, content)
            content += 8
        stop = end if size == 0 else start + size
        if stop < content or stop > end or depth > _DEEPEST:
            raise FileRefusedError("damaged")
        yield kind, start, content, stop
        if kind in _CONTAINERS:
            yield from _walk_boxes(data, content, stop, depth=depth + 1)
        start = stop


# ---------------------------------------------------------------- Ogg

_OGG_PAGE = re.compile(rb"OggS\x00")
_COMMENT_MARKS = (b"OpusTags", b"\x03vorbis")


def copy_ogg(data: bytes) -> bytes | None:
    """The same sound with its comments overwritten; None when they spread over pages (a cover picture)."""
    if not any(mark in data[:300] for mark in (b"OpusHead", b"\x01vorbis", b"Speex   ")):
        raise FileRefusedError("type")
    copy = bytearray(data)
    tags = 0
    for start, content, end in _walk_pages(data):
        mark = next((mark for mark in _COMMENT_MARKS if data.startswith(mark, content)), None)
        if mark is None:
            continue
        tags += 1
        if tags > _MOST_TAGS or not _blank_comments(copy, content + len(mark), end):
            return None
        copy[start + 22 : start + 26] = bytes(4)
        copy[start + 22 : start + 26] = _ogg_checksum(copy[start:end]).to_bytes(4, "little")
    return bytes(copy)


def _walk_pages(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Start, start of content and end of each page. Raises FileRefusedError where pages do not meet."""
    start = 0
    while start < len(data):
        if not _OGG_PAGE.match(data, start) or start + 27 > len(data):
            raise FileRefusedError("damaged")
        segments = data[start + 26]
        content = start + 27 + segments
        end = content + sum(data[start + 27 : content])
        if end > len(data):
            raise FileRefusedError("damaged")
        yield start, content, end
        start = end


def _blank_comments(page: bytearray, position: int, end: int) -> bool:
    """Overwrite the values of a comment list with spaces; False when it does not end on this page."""

    def read_length() -> int:
        nonlocal position
        if position + 4 > end:
            return end
        (length,) = struct.unpack_from("<I", page, position)
        position += 4
        return int(length)

    maker = read_length()
    position += maker
    if position >= end:
        return False
    for _ in range(min(read_length(), 10_000)):
        length = read_length()
        if position + length > end:
            return False
        words = bytes(page[position : position + length])
        value = words.find(b"=") + 1
        page[position + value : position + length] = b" " * (length - value)
        position += length
    return True


def _make_ogg_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        rest = byte << 24
        for _ in range(8):
            rest = rest << 1 ^ 0x04C11DB7 if rest & 0x80000000 else rest << 1
        table.append(rest & 0xFFFFFFFF)
    return tuple(table)


_OGG_TABLE = _make_ogg_table()


def _ogg_checksum(page: bytearray) -> int:
    """CRC-32 as Ogg counts it: polynomial 04C11DB7, not reflected, from zero."""
    rest = 0
    for byte in page:
        rest = (rest << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[rest >> 24 ^ byte]
    return rest


# ---------------------------------------------------------------- WAV

_WAV_SOUND = frozenset({b"fmt ", b"fact", b"data"})


def copy_wav(data: bytes) -> bytes:
    """The sound alone: chunks of notes (names, place, device) and what follows the sound are left out."""
    kept: list[bytes] = []
    start, end = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while start + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, start)
        stop = min(start + 8 + size, end) if kind == b"data" else start + 8 + size
        if stop > end or len(kept) > _MOST_TAGS:
            raise FileRefusedError("damaged")
        if kind in _WAV_SOUND:
            content = data[start + 8 : stop]
            kept.append(struct.pack("<4sI", kind, len(content)) + content + bytes(len(content) % 2))
        start = stop + size % 2
    sound = b"".join(kept)
    if not sound.startswith(b"fmt ") or b"data" not in {chunk[:4] for chunk in kept}:
        raise FileRefusedError("damaged")
    return struct.pack("<4sI4s", b"RIFF", 4 + len(sound), b"WAVE") + sound


# ---------------------------------------------------------------- AMR

_AMR_BYTES = {
    b"#!AMR\n": (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1),
    b"#!AMR-WB\n": (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1),
}
"""Bytes of a frame by its type, first byte included (RFC 4867, section 5.3)."""


def copy_amr(data: bytes) -> bytes:
    """The frames; what is none ends the copy. The format has no place for notes."""
    mark = next(mark for mark in _AMR_BYTES if data.startswith(mark))
    start = len(mark)
    while start < len(data) and not data[start] & 0x83:
        size = _AMR_BYTES[mark][data[start] >> 3 & 0x0F]
        if start + size > len(data):
            break
        start += size
    if start == len(mark):
        raise FileRefusedError("damaged")
    return data[:start]
