"""Asking the antivirus program of this machine about a file, where the installation names one.

`TIPLINE_ANTIVIRUS` is `clamd:///run/clamav/clamd.ctl`, `clamd://HOST:PORT`, or `command:/usr/bin/clamscan -`
(the file comes on standard input; status 0 is clean, 1 is a find, anything else is no answer). No answer is
never a yes: the file is kept but nobody opens it until the program has passed it. The tip goes on meanwhile.
"""

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from models.states import Scan

AT_ONCE_SECONDS = 4.0
"""A person waits for the upload; what is not answered by then is asked again by the worker."""
LATER_SECONDS = 60.0
_PIECE = 64 * 1024
_LONGEST_ANSWER = 4_096
COMMAND = "command:"


async def scan(address: str | None, data: bytes, *, seconds: float) -> Scan:
    """What the program at `address` says of these bytes; OFF where there is none, WAITING where it does not say."""
    if not address:
        return Scan.OFF
    ask = _ask_command if address.startswith(COMMAND) else _ask_clamd
    try:
        async with asyncio.timeout(seconds):
            return await ask(address, data)
    except (OSError, TimeoutError, ValueError, EOFError):
        return Scan.WAITING


async def _ask_clamd(address: str, data: bytes) -> Scan:
    """The INSTREAM dialogue of clamd."""
    async with _connect(address) as (reader, writer):
        writer.write(b"zINSTREAM\x00")
        for place in range(0, len(data), _PIECE):
            piece = data[place : place + _PIECE]
            writer.write(len(piece).to_bytes(4, "big") + piece)
            await writer.drain()
        writer.write(bytes(4))
        await writer.drain()
        return _read_answer(await reader.read(_LONGEST_ANSWER))


@asynccontextmanager
async def _connect(address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(address)
    if parts.hostname:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 3310)
    else:
        reader, writer = await asyncio.open_unix_connection(parts.path)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _read_answer(answer: bytes) -> Scan:
    words = answer.rstrip(b"\x00\r\n ")
    if words.endswith(b" FOUND"):
        return Scan.INFECTED
    return Scan.CLEAN if words.endswith(b": OK") else Scan.WAITING


async def _ask_command(address: str, data: bytes) -> Scan:
    process = await asyncio.create_subprocess_exec(
        *shlex.split(address.removeprefix(COMMAND)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await process.communicate(data)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return {0: Scan.CLEAN, 1: Scan.INFECTED}.get(process.returncode or 0, Scan.WAITING)
