"""The real program in a process of its own, as an administrator starts it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

ROOT = Path(__file__).parents[2]
START_SECONDS = 30


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_started: list["Program"] = []


@dataclass
class Program:
    """A running `tipline serve`."""

    process: asyncio.subprocess.Process
    public: str
    console: str
    output: Path

    def kill(self) -> None:
        """As a power cut does."""
        self.process.send_signal(signal.SIGKILL)

    async def stop(self) -> int:
        """As an administrator does; answers the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), timeout=30)

    def said(self) -> str:
        """All that it printed."""
        return self.output.read_text(encoding="utf-8")


def end_programs() -> None:
    """Kill whatever was started here and still runs."""
    for program in _started:
        if program.process.returncode is None:
            program.kill()
    _started.clear()


async def start_program(data: Path, *arguments: str, ports: tuple[int, int], **settings: str) -> Program:
    """Start `tipline serve` on a data folder and wait until both sites are alive."""
    public, console = (f"127.0.0.1:{port}" for port in ports)
    output = data.parent / f"{data.name}.log"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        **settings,
    }
    with output.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tipline", "serve", "--data", str(data),
            "--public", public, "--console", console, *arguments,
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    program = Program(process, f"http://{public}", f"http://{console}", output)
    _started.append(program)
    for site in (program.public, program.console):
        await _wait_until_alive(program, f"{site}/healthz")
    return program


@asynccontextmanager
async def serving(data: Path, *arguments: str, **settings: str) -> AsyncIterator[Program]:
    """A running program, stopped at the end whatever happened."""
    program = await start_program(data, *arguments, ports=(free_port(), free_port()), **settings)
    try:
        yield program
    finally:
        if program.process.returncode is None:
            program.kill()
            await program.process.wait()


async def _wait_until_alive(program: Program, address: str) -> None:
    async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as client:
        while True:
            if program.process.returncode is not None:
                raise AssertionError(
                    f"tipline serve ended with {program.process.returncode}:\n{program.said()}"
                )
            try:
                async with client.get(address) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
