"""Reading what a request brings: parameters, forms with files, JSON. Counted and timed while it streams.

Everything that comes out is valid text: NUL, lone surrogates and broken UTF-8 are refused with a
sentence. aiohttp has no deadline for slow bodies and does not count streamed parts; both happen here.
"""

import asyncio
import json
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from config.web.errors import Refusal
from config.web.site import SITE, Limits

CHUNK = 64 * 1024
IN_MEMORY = 1024 * 1024
FILE_NAME_CHARACTERS = 100
DEEPEST_JSON = 20


class Parameters:
    """Names and values of a query or a form. A name given twice is refused where one value is asked for."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str, default: str = "") -> str:
        """The one value of `name`; raises Refusal 400 when it came twice."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise Refusal(400, "request.repeated", name=name[:40])
        return values[0] if values else default

    def get_all(self, name: str) -> list[str]:
        """All values of a name that may come several times (checkboxes, filters)."""
        return list(self._values.get(name, []))

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


@dataclass(slots=True)
class Upload:
    """One file as it came. `is_too_big`: the content was thrown away beyond the limit."""

    name: str
    size: int = 0
    is_too_big: bool = False
    file: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115

    def drop(self) -> None:
        """Throw away what was read."""
        self.file.close()

    def read(self) -> bytes:
        """All bytes; none of a file that is too big."""
        if self.is_too_big:
            return b""
        self.file.seek(0)
        return self.file.read()


class Form(Parameters):
    """A form with its files. `left_out` counts files beyond the allowed number."""

    def __init__(self, pairs: list[tuple[str, str]], uploads: dict[str, list[Upload]], left_out: int) -> None:
        super().__init__(pairs)
        self._uploads = uploads
        self.left_out = left_out

    def files(self, name: str) -> list[Upload]:
        """Files sent under `name`; an empty file field gives none."""
        return self._uploads.get(name, [])

    def close(self) -> None:
        """Let go of temporary files."""
        for uploads in self._uploads.values():
            for upload in uploads:
                upload.drop()


FORM = web.RequestKey("form", Form)


def get_query(request: web.Request) -> Parameters:
    """The parameters in the address. Raises Refusal 400 for broken ones."""
    return Parameters(_parse_pairs(request.rel_url.raw_query_string, request.app[SITE].limits))


def get_form(request: web.Request) -> Form:
    """The form of a POST, read and CSRF-checked before the handler ran."""
    return request[FORM]


async def read_form(request: web.Request) -> Form:
    """Read a posted form of either kind; raises Refusal 400, 408, 413 or 415."""
    limits = request.app[SITE].limits
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, limits)
    if request.content_type == "application/x-www-form-urlencoded":
        raw = await read_body(request)
        try:
            pairs = _parse_pairs(raw.decode("ascii"), limits)
        except UnicodeDecodeError as error:
            raise Refusal(400, "request.encoding") from error
        return Form(pairs, {}, 0)
    if not request.body_exists:
        return Form([], {}, 0)
    raise Refusal(415, "status.415.body")


async def read_json(request: web.Request) -> Any:  # noqa: ANN401 - whatever was sent
    """The JSON value of a body; raises Refusal 400, 408, 413 or 415."""
    if request.content_type != "application/json":
        raise Refusal(415, "request.json_type")
    raw = await read_body(request)
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "request.json") from error
    _check_json(value, DEEPEST_JSON)
    return value


async def read_body(request: web.Request) -> bytes:
    """The whole body of at most `limits.body_bytes`; raises Refusal 408 or 413."""
    limits = request.app[SITE].limits
    if (request.content_length or 0) > limits.body_bytes:
        raise Refusal(413, "status.413.body")
    body = bytearray()
    async for chunk in _timed(request.content.iter_chunked(CHUNK), limits):
        body += chunk
        if len(body) > limits.body_bytes:
            raise Refusal(413, "status.413.body")
    return bytes(body)


def check_text(value: str) -> str:
    """Answer `value`; raises Refusal 400 when no database could keep it."""
    if "\0" in value:
        raise Refusal(400, "request.nul")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise Refusal(400, "request.encoding")
    return value


def _parse_pairs(raw: str, limits: Limits) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            raw, keep_blank_values=True, errors="strict", max_num_fields=limits.fields, separator="&"
        )
    except UnicodeDecodeError as error:
        raise Refusal(400, "request.encoding") from error
    except ValueError as error:
        raise Refusal(413, "request.fields") from error
    return [(check_text(name), check_text(value)) for name, value in pairs]


async def _timed(chunks: AsyncIterator[bytes], limits: Limits) -> AsyncIterator[bytes]:
    """Pass chunks on as long as the sender keeps up: some seconds of grace, then a slowest rate."""
    start, received = asyncio.get_running_loop().time(), 0
    while True:
        deadline = start + limits.grace_seconds + received / limits.slowest_bytes_per_second
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(chunks, b"")
        except TimeoutError as error:
            raise Refusal(408, "request.slow", headers={"Connection": "close"}) from error
        if not chunk:
            return
        received += len(chunk)
        yield chunk


async def _read_multipart(request: web.Request, limits: Limits) -> Form:
    if (request.content_length or 0) > limits.upload_bytes:
        raise Refusal(413, "status.413.body")
    reading = _MultipartReading(request, limits)
    deadline = limits.grace_seconds + limits.upload_bytes / limits.slowest_bytes_per_second
    try:
        async with asyncio.timeout(deadline):
            return await reading.read()
    except TimeoutError as error:
        raise Refusal(408, "request.slow", headers={"Connection": "close"}) from error
    except (
        ValueError,
        AssertionError,
        HttpProcessingError,
    ) as error:  # how aiohttp's reader reports broken boundaries and headers
        raise Refusal(400, "request.form") from error


class _MultipartReading:
    """One multipart body on its way in."""

    def __init__(self, request: web.Request, limits: Limits) -> None:
        self.request = request
        self.limits = limits
        self.pairs: list[tuple[str, str]] = []
        self.uploads: dict[str, list[Upload]] = {}
        self.left_out = 0
        self.received = 0
        self.start = asyncio.get_running_loop().time()

    async def read(self) -> Form:
        """All parts."""
        form = Form(self.pairs, self.uploads, self.left_out)
        try:
            await self._read_parts()
        except BaseException:
            form.close()
            raise
        return Form(self.pairs, self.uploads, self.left_out)

    async def _read_parts(self) -> None:
        reader = await self.request.multipart()
        while (part := await self._in_time(reader.next())) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise Refusal(400, "request.form")
            if hdrs.CONTENT_ENCODING in part.headers or hdrs.CONTENT_TRANSFER_ENCODING in part.headers:
                raise Refusal(400, "request.form")
            if part.filename is None:
                await self._read_field(part, part.name)
            else:
                await self._read_file(part, part.name, part.filename)

    async def _read_field(self, part: BodyPartReader, name: str) -> None:
        if len(self.pairs) >= self.limits.fields:
            raise Refusal(413, "request.fields")
        raw = bytearray()
        async for chunk in self._chunks(part):
            raw += chunk
            if len(raw) > self.limits.body_bytes:
                raise Refusal(413, "status.413.body")
        try:
            self.pairs.append((check_text(name), check_text(raw.decode("utf-8"))))
        except UnicodeDecodeError as error:
            raise Refusal(400, "request.encoding") from error

    async def _read_file(self, part: BodyPartReader, name: str, file_name: str) -> None:
        upload = Upload(clean_file_name(file_name))
        is_wanted = sum(map(len, self.uploads.values())) < self.limits.files
        if is_wanted:
            self.uploads.setdefault(name, []).append(upload)
        async for chunk in self._chunks(part):
            upload.size += len(chunk)
            if upload.size > self.limits.file_bytes:
                upload.is_too_big = True
                upload.drop()
            elif is_wanted:
                await asyncio.to_thread(upload.file.write, chunk)
        if not file_name and not upload.size:  # an empty file field
            self.uploads[name] = [other for other in self.uploads.get(name, []) if other is not upload]
            upload.drop()
        elif not is_wanted:
            self.left_out += 1
            upload.drop()

    async def _chunks(self, part: BodyPartReader) -> AsyncIterator[bytes]:
        while chunk := await self._in_time(part.read_chunk(CHUNK)):
            self.received += len(chunk)
            if self.received > self.limits.upload_bytes:
                raise Refusal(413, "status.413.body")
            yield chunk

    async def _in_time(self, waiting: Any) -> Any:  # noqa: ANN401 - a coroutine of the reader and its result
        deadline = (
            self.start + self.limits.grace_seconds + self.received / self.limits.slowest_bytes_per_second
        )
        async with asyncio.timeout_at(deadline):
            return await waiting


def clean_file_name(name: str) -> str:
    """A file name as people may see it: no path, no control or direction marks, at most 100 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(
        ch for ch in last if unicodedata.category(ch) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    plain = plain.strip()
    if len(plain) > FILE_NAME_CHARACTERS:
        stem, dot, ending = plain.rpartition(".")
        tail = dot + ending[:10] if dot else ""
        plain = (stem or ending)[: FILE_NAME_CHARACTERS - len(tail)] + tail
    return plain


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        message = "a member is repeated"
        raise ValueError(message)
    return values


def _refuse_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _check_json(value: object, depth: int) -> None:
    """Walk a JSON value; raises Refusal 400 for text that cannot be kept and for absurd depth."""
    if depth == 0:
        raise Refusal(400, "request.json")
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, member in value.items():
            check_text(name)
            _check_json(member, depth - 1)
    elif isinstance(value, list):
        for member in value:
            _check_json(member, depth - 1)
