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
_LOOK_BACK = 2_048
_CHUNK = 64 * 1024
_ACTIVE = re.compile(
    rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|ImportData|SubmitForm|GoToE|XFA)(?![A-Za-z0-9])"
)
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"stream\r?\n")
_PLAIN_FLATE = re.compile(rb"/Filter\s*\[?\s*/(?:FlateDecode|Fl)\s*\]?\s*(?:/|>>)")
_XMP = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)
_INFO_LINK = re.compile(rb"/Info\s+(\d{1,10})\s+(\d{1,5})\s+R")
_STRING = re.compile(rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)|<[0-9A-Fa-f\s]+>", re.DOTALL)


class _OpaqueError(Exception):
    """Something in the file cannot be seen through."""


def copy_pdf(data: bytes) -> bytes | None:
    """The PDF without metadata; None when it may act or cannot be seen through. Raises FileRefusedError."""
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise FileRefusedError("damaged")
    names = _plain_names(data)
    if re.search(rb"/Encrypt(?![A-Za-z0-9])", names):
        raise FileRefusedError("password")
    if _ACTIVE.search(names) or data[end + 5 :].strip(b"\r\n\t \x00"):
        return None
    copy = bytearray(data)
    try:
        _blank_streams(copy, infos=set(_INFO_LINK.findall(names)))
    except _OpaqueError:
        return None
    blank_photo_notes(copy)
    return bytes(copy)


def _plain_names(data: bytes) -> bytes:
    """The bytes with names such as /J#61vaScript written out."""
    return _HEX.sub(lambda found: bytes([int(found[1], 16)]), data)


def _blank_streams(copy: bytearray, *, infos: set[tuple[bytes, bytes]]) -> None:
    """Overwrite metadata streams and information dictionaries, wherever they stand."""
    numbers = {int(number) for number, _ in infos}
    found = _blank_plain_infos(copy, infos)
    for words in _XMP.finditer(bytes(copy)):
        copy[words.start() : words.end()] = b" " * (words.end() - words.start())
    for head, start, end in _list_streams(bytes(copy)):
        if b"/ObjStm" in head:
            found |= _blank_object_stream(copy, head, start, end, numbers)
        elif re.search(rb"/Type\s*/Metadata", head):
            empty = zlib.compress(b"") if b"/Filter" in head else b""
            copy[start:end] = empty[: end - start].ljust(end - start)
    if numbers - found:
        raise _OpaqueError


def _blank_plain_infos(copy: bytearray, infos: set[tuple[bytes, bytes]]) -> set[int]:
    found = set()
    for number, generation in infos:
        pattern = rb"(?<!\d)" + number + rb"\s+" + generation + rb"\s+obj\b(.{0,20000}?)endobj"
        for place in re.finditer(pattern, bytes(copy), re.DOTALL):
            copy[place.start(1) : place.end(1)] = _blank_strings(place[1])
            found.add(int(number))
    return found


def _blank_strings(words: bytes) -> bytes:
    return _STRING.sub(lambda string: string[0][:1] + b" " * (len(string[0]) - 2) + string[0][-1:], words)


def _list_streams(data: bytes) -> list[tuple[bytes, int, int]]:
    """Dictionary, start and end of each stream that is an object stream or metadata."""
    ends = [found.start() for found in re.finditer(rb"endstream", data)]
    streams = []
    before = 0
    for found in _STREAM.finditer(data):
        head = _plain_names(data[max(before, found.start() - _LOOK_BACK) : found.start()])
        place = bisect.bisect_left(ends, found.end())
        before = found.end()
        if place < len(ends) and (b"/ObjStm" in head or b"/Metadata" in head):
            streams.append((head.rsplit(b" obj", 1)[-1], found.end(), ends[place]))
    if len(streams) > MAX_OBJECT_STREAMS:
        raise _OpaqueError
    return streams


def _blank_object_stream(copy: bytearray, head: bytes, start: int, end: int, numbers: set[int]) -> set[int]:
    """Look into a compressed object stream; empty the information dictionaries in it, keeping its length."""
    if not _PLAIN_FLATE.search(head) or b"/DecodeParms" in head or b"/DP" in head:
        raise _OpaqueError
    content = _unpack(bytes(copy[start:end]))
    if _ACTIVE.search(_plain_names(content)):
        raise _OpaqueError
    places = _find_objects(head, content)
    mine = numbers & places.keys()
    if mine:
        for number in mine:
            first, last = places[number]
            content = content[:first] + _blank_strings(content[first:last]) + content[last:]
        packed = zlib.compress(content, 9)
        if len(packed) > end - start:
            raise _OpaqueError
        copy[start:end] = packed.ljust(end - start, b"\n")
    return mine


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


def _unpack(packed: bytes) -> bytes:
    """Inflate in small bites, so that a bomb costs no more than its limit."""
    reader, out, size = zlib.decompressobj(), [], 0
    try:
        for place in range(0, len(packed), _CHUNK):
            bite = packed[place : place + _CHUNK]
            while bite and not reader.eof:
                out.append(reader.decompress(bite, _CHUNK))
                bite = reader.unconsumed_tail
                size += len(out[-1])
                if size > MAX_UNPACKED:
                    raise _OpaqueError
            if reader.eof:
                return b"".join(out)
    except zlib.error as error:
        raise _OpaqueError from error
    raise _OpaqueError
