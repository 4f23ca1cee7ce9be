"""All processes of one installation, started anew whenever one ends, as a service manager does."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.fakes.botapi import FakeBotApi
from tests.journeys.serving import ROOT, free_port

START_SECONDS = 600.0
STOP_SECONDS = 30.0
PAUSE_SECONDS = 0.2


@dataclass
class Life:
    """One process from start to end."""

    process: asyncio.subprocess.Process
    started: float
    log: Path
    ready_after: float | None = None
    ready_work: float = 0.0
    """Seconds of a processor until it was ready."""
    term_at: float | None = None


@dataclass
class Place:
    """One process that must always be there: `tipline public`, `console`, `bot`, or a worker."""

    name: str
    command: str
    lives: list[Life] = field(default_factory=list)
    is_paused: bool = False

    @property
    def life(self) -> Life | None:
        living = self.lives[-1] if self.lives else None
        return living if living and living.process.returncode is None else None

    @property
    def is_ready(self) -> bool:
        return self.life is not None and self.life.ready_after is not None

    def signal(self, number: signal.Signals) -> bool:
        """Whether there was a process to signal."""
        if self.life is None:
            return False
        with suppress(ProcessLookupError):
            self.life.process.send_signal(number)
        return True


class Fleet:
    """`workers` workers, a public site, a console and a bot on one database."""

    def __init__(
        self, folder: Path, database_url: str, fake: FakeBotApi, *, workers: int, **settings: str
    ) -> None:
        self.data = folder / "data"
        self._folder = folder
        self._fake = fake
        ports = {name: f"127.0.0.1:{free_port()}" for name in ("public", "console")}
        self.public, self.console = (f"http://{ports[name]}" for name in ("public", "console"))
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "TIPLINE_DATA": str(self.data),
            "TIPLINE_DATABASE_URL": database_url,
            "TIPLINE_PUBLIC": ports["public"],
            "TIPLINE_CONSOLE": ports["console"],
            "TIPLINE_TELEGRAM_TOKEN": fake.token,
            "TIPLINE_TELEGRAM_API_URL": fake.api_url,
            "TIPLINE_TELEGRAM_FILE_URL": fake.file_url,
            **settings,
        }
        self.places = [Place(name, name) for name in ("public", "console", "bot")]
        self.places += [Place(f"worker{number}", "worker") for number in range(1, workers + 1)]
        self.slow_stops: list[str] = []
        self._is_stopping = False
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def workers(self) -> list[Place]:
        return [place for place in self.places if place.command == "worker"]

    def start(self) -> None:
        self._keepers = [asyncio.create_task(self._keep(place)) for place in self.places]

    async def ready(self, *, seconds: float = START_SECONDS) -> None:
        """Wait until every place has a process that is ready."""
        end = time.monotonic() + seconds
        while late := [place for place in self.places if not place.is_ready]:
            if time.monotonic() > end:
                said = {place.name: place.lives[-1].log.read_text(errors="replace")[-2000:] for place in late}
                raise AssertionError(f"not ready after {seconds} s: {said}")
            await asyncio.sleep(0.05)

    async def stop(self) -> list[str]:
        """Stop all as an administrator does; answers those that did not end well."""
        self._is_stopping = True
        living = [(place, place.life) for place in self.places if place.life]
        for place, _ in living:
            place.signal(signal.SIGCONT)
            place.signal(signal.SIGTERM)
        bad = []
        for place, life in living:
            try:
                status = await asyncio.wait_for(life.process.wait(), STOP_SECONDS)
            except TimeoutError:
                status = "no end"
            if status != 0:
                bad.append(f"{place.name} ended with {status}")
        await asyncio.gather(*self._keepers, return_exceptions=True)
        return bad

    async def kill_all(self) -> None:
        """Whatever still runs, at the end of a test."""
        self._is_stopping = True
        for place in self.places:
            place.signal(signal.SIGKILL)
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for life in (life for place in self.places for life in place.lives):
            with suppress(ProcessLookupError):
                life.process.kill()
            await life.process.wait()

    def ready_lives(self) -> list[Life]:
        return [life for place in self.places for life in place.lives if life.ready_after is not None]

    def logs(self) -> Mapping[str, str]:
        """All that was printed, by place and number of the life."""
        return {
            f"{place.name}.{number}": life.log.read_text(encoding="utf-8", errors="replace")
            for place in self.places
            for number, life in enumerate(place.lives)
        }

    # ------------------------------------------------------------ one place

    async def _keep(self, place: Place) -> None:
        while not self._is_stopping:
            life = await self._begin(place)
            watch = asyncio.create_task(self._watch(place, life))
            await life.process.wait()
            watch.cancel()
            if life.term_at is not None and time.monotonic() - life.term_at > STOP_SECONDS:
                self.slow_stops.append(place.name)
            if not self._is_stopping:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _begin(self, place: Place) -> Life:
        log = self._folder / f"{place.name}.{len(place.lives)}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tipline", place.command,
                cwd=ROOT, env=self._environment, stdout=output, stderr=output, stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        place.lives.append(Life(process, time.monotonic(), log))
        return place.lives[-1]

    async def _watch(self, place: Place, life: Life) -> None:
        while not await self._is_ready(place, life):
            await asyncio.sleep(0.1)
        life.ready_after = time.monotonic() - life.started
        life.ready_work = _processor_seconds(life.process.pid)

    async def _is_ready(self, place: Place, life: Life) -> bool:
        if place.command == "worker":
            return "worker_started" in life.log.read_text(encoding="utf-8", errors="replace")
        if place.command == "bot":
            return any(call.at > life.started for call in self._fake.calls_of("getUpdates")[-1:])
        return await answers(f"{self.public if place.command == 'public' else self.console}/healthz")


def _processor_seconds(process_id: int) -> float:
    """Of a living process, from the kernel's books (Linux)."""
    with suppress(OSError):
        words = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


async def answers(address: str) -> bool:
    """Whether this address answers 200 now."""
    try:
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(timeout=timeout) as client, client.get(address) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, ConnectionError):
        return False
