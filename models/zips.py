"""Reading the end of a ZIP without unpacking anything."""

import struct
from dataclasses import dataclass

_END = b"PK\x05\x06"
_END_BYTES = 22
_LONGEST_COMMENT = 65_535
_OTHER_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")


@dataclass(frozen=True, slots=True)
class ZipEnd:
    """What the end record of a ZIP says, and where it stands."""

    position: int
    entries: int
    directory_bytes: int
    directory_offset: int
    comment_bytes: int

    def is_exact(self, size: int) -> bool:
        """Whether the ZIP fills a file of `size` bytes from the first to the last byte."""
        is_last = self.position + _END_BYTES == size and not self.comment_bytes
        return is_last and self.directory_offset + self.directory_bytes == self.position


def find_zip_end(data: bytes) -> ZipEnd | None:
    """The end record when a ZIP directory really stands before it."""
    position = data.rfind(_END, max(0, len(data) - _LONGEST_COMMENT - _END_BYTES))
    if position < 0 or position + _END_BYTES > len(data):
        return None
    entries, size, offset, comment = struct.unpack_from("<HIIH", data, position + 10)
    start = position - size
    if start < 0 or data[start : start + 4] not in {b"PK\x01\x02", _END}:
        return None
    return ZipEnd(position, entries, size, offset, comment)


def is_archive(data: bytes) -> bool:
    """Whether the bytes can be opened as an archive, also when something else stands before it."""
    return find_zip_end(data) is not None or any(mark in data for mark in _OTHER_ARCHIVES)
