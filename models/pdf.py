"""Working copies of PDFs.

We do not parse PDFs: a parser is more code for a hostile file to break. We look for the names of what
acts (scripts, launches, embedded files), also in compressed object streams, and overwrite metadata in
place, so that every offset in the file still holds. Whatever we cannot see through is only kept sealed.
"""

import bisect
import re
import zlib

from models.photos import blank_photo_notes
from models.refusal import FileRefusedError

MAX_UNPACKED = 64 * 1024 * 1024
MAX_OBJECT_STREAMS = 5_000
MAX_STREAMS = 200_000
MAX_HEX = 300_000
MAX_INFOS = 8
MAX_INFO = 8_000
"""Longest information dictionary: searching it for strings takes time by the square."""
_LOOK_BACK = 2_048
_CHUNK = 64 * 1024
_ACTIVE = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|ImportData|SubmitForm|GoToE|XFA)(?![A-Za-z0-9])"
)
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"stream\r?\n")
_PLAIN_FLATE = re.compile(rb"/Filter\s*\[?\s*/(?:FlateDecode|Fl)\s*\]?\s*(?:/|>>)")
_XMP_START, _XMP_END = b"<x:xmpmeta", b"</x:xmpmeta>"
_INFO_LINK = re.compile(rb"/Info\s+(\d{1,10})\s+(\d{1,5})\s+R")
_STRING = re.compile(rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+\)|<[0-9A-Fa-f\s]++>", re.DOTALL)


class _OpaqueError(Exception):
    """Something in the file cannot be seen through."""


def copy_pdf(data: bytes) -> bytes | None:
    """The PDF without metadata; None when it may act or cannot be seen through. Raises FileRefusedError."""
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise FileRefusedError("damaged")
    try:
        return _copy_bare(data, has_tail=bool(data[end + 5 :].strip(b"\r\n\t \x00")))
    except _OpaqueError:
        return None


def _copy_bare(data: bytes, *, has_tail: bool) -> bytes:
    names = _plain_names(data)
    if re.search(rb"/Encrypt(?![A-Za-z0-9])", names):
        raise FileRefusedError("password")
    if _ACTIVE.search(names) or has_tail:
        raise _OpaqueError
    copy = bytearray(data)
    _blank_streams(copy, infos=set(_INFO_LINK.findall(names)))
    blank_photo_notes(copy)
    return bytes(copy)


def _plain_names(data: bytes) -> bytes:
    """The bytes with names such as /J#61vaScript written out. Raises _OpaqueError where there are too many."""
    plain, count = _HEX.subn(lambda found: bytes([int(found[1], 16)]), data, count=MAX_HEX)
    if count == MAX_HEX:
        raise _OpaqueError
    return plain


def _blank_streams(copy: bytearray, *, infos: set[tuple[bytes, bytes]]) -> None:
    """Overwrite metadata streams and information dictionaries, wherever they stand."""
    numbers = {int(number) for number, _ in infos}
    if len(infos) > MAX_INFOS:
        raise _OpaqueError
    found = _blank_plain_infos(copy, infos)
    _blank_xmp(copy)
    left = MAX_UNPACKED
    for head, start, end in _list_streams(bytes(copy)):
        if b"/ObjStm" in head:
            content = _unpack_object_stream(head, bytes(copy[start:end]), limit=left)
            left -= len(content)
            if blanked := _blank_infos_in(content, head, numbers):
                copy[start:end] = _pack(blanked[0], end - start)
                found |= blanked[1]
        elif re.search(rb"/Type\s*/Metadata", head):
            empty = zlib.compress(b"") if b"/Filter" in head else b""
            copy[start:end] = empty[: end - start].ljust(end - start)
    if numbers - found:
        raise _OpaqueError


def _blank_plain_infos(copy: bytearray, infos: set[tuple[bytes, bytes]]) -> set[int]:
    found = set()
    for number, generation in infos:
        pattern = rb"(?<!\d)" + number + rb"\s+" + generation + rb"\s+obj\b(.{0,%d}?)endobj" % MAX_INFO
        for place in re.finditer(pattern, bytes(copy), re.DOTALL):
            copy[place.start(1) : place.end(1)] = _blank_strings(place[1])
            found.add(int(number))
    return found


def _blank_xmp(copy: bytearray) -> None:
    start = copy.find(_XMP_START)
    while start >= 0 and (end := copy.find(_XMP_END, start)) >= 0:
        copy[start:end] = b" " * (end - start)
        start = copy.find(_XMP_START, end)


def _blank_strings(words: bytes) -> bytes:
    return _STRING.sub(lambda string: string[0][:1] + b" " * (len(string[0]) - 2) + string[0][-1:], words)


def _list_streams(data: bytes) -> list[tuple[bytes, int, int]]:
    """Dictionary, start and end of each stream that is an object stream or metadata."""
    ends = [found.start() for found in re.finditer(rb"endstream", data)]
    streams = []
    before = 0
    for count, found in enumerate(_STREAM.finditer(data)):
        if count == MAX_STREAMS:
            raise _OpaqueError
        head = _plain_names(data[max(before, found.start() - _LOOK_BACK) : found.start()])
        place = bisect.bisect_left(ends, found.end())
        before = found.end()
        if place < len(ends) and (b"/ObjStm" in head or b"/Metadata" in head):
            streams.append((head.rsplit(b" obj", 1)[-1], found.end(), ends[place]))
    if len(streams) > MAX_OBJECT_STREAMS:
        raise _OpaqueError
    return streams


def _unpack_object_stream(head: bytes, packed: bytes, *, limit: int) -> bytes:
    """The objects in a compressed stream. Raises _OpaqueError where they act or cannot be read."""
    if not _PLAIN_FLATE.search(head) or b"/DecodeParms" in head or b"/DP" in head:
        raise _OpaqueError
    content = _unpack(packed, limit=limit)
    if _ACTIVE.search(_plain_names(content)):
        raise _OpaqueError
    return content


def _blank_infos_in(content: bytes, head: bytes, numbers: set[int]) -> tuple[bytes, set[int]] | None:
    """The objects with empty information dictionaries, and whose they were; None where there are none."""
    places = _find_objects(head, content)
    mine = numbers & places.keys()
    for number in mine:
        first, last = places[number]
        if last - first > MAX_INFO:
            raise _OpaqueError
        content = content[:first] + _blank_strings(content[first:last]) + content[last:]
    return (content, mine) if mine else None


def _pack(content: bytes, size: int) -> bytes:
    """Compress into exactly `size` bytes: readers stop at the end of the compressed data."""
    packed = zlib.compress(content, 9)
    if len(packed) > size:
        raise _OpaqueError
    return packed.ljust(size, b"\n")


def _find_objects(head: bytes, content: bytes) -> dict[int, tuple[int, int]]:
    """Where each object of an object stream lies: number -> (start, end)."""
    first, count = re.search(rb"/First\s+(\d+)", head), re.search(rb"/N\s+(\d+)", head)
    if not first or not count:
        raise _OpaqueError
    pairs = content[: int(first[1])].split()[: 2 * int(count[1])]
    try:
        numbers, offsets = (
            [int(word) for word in pairs[::2]],
            [int(first[1]) + int(word) for word in pairs[1::2]],
        )
    except ValueError as error:
        raise _OpaqueError from error
    return {
        number: (place[0], place[1])
        for number, place in zip(numbers, _pairs(offsets, len(content)), strict=False)
    }


def _pairs(offsets: list[int], end: int) -> list[tuple[int, int]]:
    return list(zip(offsets, [*offsets[1:], end], strict=False))


def _unpack(packed: bytes, *, limit: int) -> bytes:
    """Inflate in small bites, so that a bomb costs no more than its limit."""
    reader, out, size = zlib.decompressobj(), [], 0
    try:
        for place in range(0, len(packed), _CHUNK):
            bite = packed[place : place + _CHUNK]
            while bite and not reader.eof:
                out.append(reader.decompress(bite, _CHUNK))
                bite = reader.unconsumed_tail
                size += len(out[-1])
                if size > limit:
                    raise _OpaqueError
            if reader.eof:
                return b"".join(out)
    except zlib.error as error:
        raise _OpaqueError from error
    raise _OpaqueError
