"""The antivirus program: asked about every upload, believed when it finds something, never waited for too long."""

import asyncio
from pathlib import Path

import pytest

from config.settings import SettingsError, read_settings
from models import antivirus
from models.antivirus import scan
from models.examination import examine_in_thread
from models.refusal import FileRefusedError
from models.states import Scan

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A clamd as its manual describes it."""
    assert await reader.readexactly(10) == b"zINSTREAM\x00"
    data = b""
    while size := int.from_bytes(await reader.readexactly(4), "big"):
        data += await reader.readexactly(size)
    if data == b"silent":
        await reader.read()  # until the one who asked goes away
    said = b"stream: Eicar-Test-Signature FOUND" if EICAR in data else b"stream: OK"
    writer.write((b"INSTREAM size limit exceeded. ERROR" if data == b"trouble" else said) + b"\x00")
    await writer.drain()
    writer.close()


@pytest.fixture(params=["socket file", "port"])
async def clamd(request, tmp_path):
    if request.param == "port":
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = f"clamd://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(serve, tmp_path / "clamd")
        address = f"clamd://{tmp_path}/clamd"
    async with server:
        yield address


def program(folder: Path, script: str) -> str:
    path = folder / "scanner"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return f"command:{path} --fast"


async def test_clamd_is_understood(clamd):
    assert await scan(clamd, b"a photo" * 30_000, seconds=5) is Scan.CLEAN
    assert await scan(clamd, b"x" * 200_000 + EICAR, seconds=5) is Scan.INFECTED
    assert await scan(clamd, b"trouble", seconds=5) is Scan.WAITING
    assert await scan(clamd, b"silent", seconds=0.2) is Scan.WAITING


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("cat > /dev/null; exit 0", Scan.CLEAN),
        ("grep -q EICAR && exit 1; exit 0", Scan.INFECTED),
        ("cat > /dev/null; exit 2", Scan.WAITING),
        ("kill -9 $$", Scan.WAITING),
        ("exit 2", Scan.WAITING),
        ("exec sleep 30", Scan.WAITING),
    ],
)
async def test_a_command_is_understood_by_its_status(tmp_path, script, said):
    assert await scan(program(tmp_path, script), EICAR * 20_000, seconds=1) is said


@pytest.mark.parametrize(
    "address",
    ["clamd:///nowhere/clamd", "clamd://127.0.0.1:1", "command:/nowhere/scanner", "command:/etc/passwd"],
)
async def test_a_program_that_is_not_there_passes_nothing(address):
    assert await scan(address, b"words", seconds=1) is Scan.WAITING


async def test_without_a_program_files_are_open():
    assert await scan(None, EICAR, seconds=1) is Scan.OFF


async def test_a_find_refuses_the_upload_and_no_answer_takes_it_unpassed(tmp_path, monkeypatch):
    monkeypatch.setattr("models.examination.AT_ONCE_SECONDS", 0.2)
    with pytest.raises(FileRefusedError) as refused:
        await examine_in_thread("a.txt", b"words", antivirus=program(tmp_path, "cat > /dev/null; exit 1"))
    assert refused.value.reason == "virus"
    taken = await examine_in_thread("a.txt", b"words", antivirus=program(tmp_path, "exec sleep 30"))
    assert taken.scan is Scan.WAITING
    assert (
        await examine_in_thread("a.txt", b"words", antivirus=program(tmp_path, "exit 0"))
    ).scan is Scan.CLEAN
    assert antivirus.AT_ONCE_SECONDS <= 5, "a person waits"


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1",
        "file:///etc/passwd",
        "clamd://",
        "command:scan",
        "clamd://a b",
        "gopher://x",
        "clamd://169.254.169.254:80",
    ],
)
def test_other_addresses_are_refused_at_the_start(value):
    with pytest.raises(SettingsError, match="TIPLINE_ANTIVIRUS"):
        read_settings({"TIPLINE_ANTIVIRUS": value})
    assert read_settings({"TIPLINE_ANTIVIRUS": "clamd:///run/clamd"}).antivirus == "clamd:///run/clamd"
