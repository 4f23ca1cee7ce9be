"""`tipline bench intake`: how fast tips are taken, and whether one is lost, on a real site of its own.

The site runs as a process of its own on an empty data folder that is deleted afterwards; submitters press
the API over loopback, all at once. What was acknowledged is looked for in the database at the end.
"""

import asyncio
import os
import secrets
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from models.queries.bulk import count_rows
from models.queries.tips import find_tip_by_number
from models.session import Database
from models.tip import Tip

COMMAND = (sys.executable, "-m", "tipline", "public")
START_SECONDS = 60
WARM_UP = 50
EVERY_REPEAT = 10
TWINS = 8
SWITCHED_OFF = (
    "PUBLIC_URL", "TELEGRAM_TOKEN", "TELEGRAM_API_URL", "TELEGRAM_FILE_URL", "TELEGRAM_WEBHOOK_SECRET",
    "PROXY", "SMTP_URL", "NOTIFY_URLS",
)  # fmt: skip
_WORDS = (
    "我在一所培训学校报名学习低压电工，通知书上写着七天课，实际只上了两个半天，剩下的时间让我们自己背题库。"
    "老师明说考试有人照应，每人另交八百元，不开收据。考试那天监考在门口聊天，身份证也没有核对，旁边的人拿着手机看答案。"
    "我担心这样拿到的证害人害己，请派人核查。"
)


class BenchFailedError(RuntimeError):
    """The benchmark could not run; the message says why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One tip that was acknowledged."""

    key: str = field(repr=False)
    body: Mapping[str, Any] = field(repr=False)
    number: str
    code: str = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What the submitters note while they work."""

    sent: list[Sent] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    submitted: int = 0
    refused: int = 0


async def run_intake_bench(
    *, submitters: int = 50, rounds: int = 20, command: Sequence[str] = COMMAND
) -> dict[str, Any]:
    """Figures of `submitters` who each send `rounds` tips. Raises BenchFailedError."""
    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder:
        async with _serve(Path(folder), command) as address, _client(address, submitters) as client:
            await _press(client, Tally(), submitters=min(submitters, WARM_UP), rounds=1)
            tally, started = Tally(), time.perf_counter()
            await _press(client, tally, submitters=submitters, rounds=rounds)
            elapsed = time.perf_counter() - started
            repeats = await _check_repeats(client, tally.sent)
        stored = await _look(Path(folder), tally.sent)
    return {
        "bench": "intake",
        "database": "sqlite",
        "submitters": submitters,
        "rounds": rounds,
        "submitted": tally.submitted,
        "acknowledged": len(tally.sent),
        "refused": tally.refused,
        "seconds": round(elapsed, 3),
        "tips_per_second": round(len(tally.sent) / elapsed, 1),
        "ms": spread(tally.seconds),
        **stored,
        **repeats,
    }


# ---------------------------------------------------------------- the site


@asynccontextmanager
async def _serve(folder: Path, command: Sequence[str]) -> AsyncIterator[str]:
    """The public site in a process of its own; answers its address."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=make_environment(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            address = await _read_address(process)
        drain = asyncio.create_task(_drain(process))
        yield address
        drain.cancel()
    except TimeoutError as error:
        message = f"The site did not start within {START_SECONDS} seconds."
        raise BenchFailedError(message) from error
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


def make_environment(folder: Path) -> dict[str, str]:
    """Settings of the site under test. All are set, so that nothing of a real installation reaches it."""
    own = {
        "DATA": str(folder),
        "DATABASE_URL": f"sqlite+aiosqlite:///{find_database(folder)}",
        "KEYS": str(folder / "keys.json"),
        "PUBLIC": "127.0.0.1:0",
        "CONSOLE": "127.0.0.1:0",
    } | dict.fromkeys(SWITCHED_OFF, "")
    return dict(os.environ) | {f"TIPLINE_{name}": value for name, value in own.items()}


def find_database(folder: Path) -> Path:
    """The database file of a run."""
    return folder / "tipline.db"


async def _read_address(process: asyncio.subprocess.Process) -> str:
    """The address that the site prints once it listens."""
    assert process.stdout is not None  # noqa: S101 - asked for above
    async for line in process.stdout:
        if b"Citizens: http://" in line:
            return line.decode().split()[-1]
    message = "The site ended before it listened: start `tipline public` by hand to see why."
    raise BenchFailedError(message)


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read on, or the site would stop when the pipe is full."""
    assert process.stdout is not None  # noqa: S101 - asked for above
    while await process.stdout.read(65536):
        pass


# ---------------------------------------------------------------- the submitters


@asynccontextmanager
async def _client(address: str, submitters: int) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=submitters)
    async with aiohttp.ClientSession(address, connector=connector) as client:
        yield client


async def _press(client: aiohttp.ClientSession, tally: Tally, *, submitters: int, rounds: int) -> None:
    async def submit(submitter: int) -> None:
        for number in range(rounds):
            body = {
                "text": f"{_WORDS}（{submitter}之{number}）",
                "place": "郾城区孟庙镇",
                "target": "某培训学校",
            }
            await _submit(client, tally, secrets.token_urlsafe(18), body)

    await asyncio.gather(*(submit(submitter) for submitter in range(submitters)))


async def _submit(client: aiohttp.ClientSession, tally: Tally, key: str, body: Mapping[str, Any]) -> None:
    tally.submitted += 1
    started = time.perf_counter()
    status, answer = await _post(client, key, body)
    tally.seconds.append(time.perf_counter() - started)
    if status == 201:
        tally.sent.append(Sent(key, body, answer["case_number"], answer["code"]))
    else:
        tally.refused += 1


async def _post(
    client: aiohttp.ClientSession, key: str, body: Mapping[str, Any]
) -> tuple[int, dict[str, Any]]:
    try:
        async with client.post("/api/v1/tips", json=body, headers={"Idempotency-Key": key}) as response:
            return response.status, await response.json(content_type=None)
    except (aiohttp.ClientError, ValueError):
        return 0, {}


async def _check_repeats(client: aiohttp.ClientSession, sent: Sequence[Sent]) -> dict[str, Any]:
    """Repeated requests must answer with the first receipt, reused keys be refused, twins become one tip."""
    sample = sent[::EVERY_REPEAT]
    same = changed = 0
    for first in sample:
        status, answer = await _post(client, first.key, first.body)
        same += status == 201 and (answer["case_number"], answer["code"]) == (first.number, first.code)
        status, _ = await _post(client, first.key, {**first.body, "text": "另一件事，不是同一封举报。"})
        changed += status == 422
    key, body = secrets.token_urlsafe(18), {"text": f"{_WORDS}（同时）"}
    twins = await asyncio.gather(*(_post(client, key, body) for _ in range(TWINS)))
    return {
        "repeats": {"tried": len(sample), "same_receipt": same, "reused_keys_refused": changed},
        "twins": {
            "sent_at_once": TWINS,
            "acknowledged": sum(status == 201 for status, _ in twins),
            "receipts": len({(answer.get("case_number"), answer.get("code")) for _, answer in twins}),
        },
    }


# ---------------------------------------------------------------- the count


async def _look(folder: Path, sent: Sequence[Sent]) -> dict[str, int]:
    """What the database holds once the site has stopped: every acknowledged tip with its words, and nothing twice."""
    db = Database(f"sqlite+aiosqlite:///{find_database(folder)}")
    try:
        async with db.read() as session:
            lost = 0
            for tip in sent:
                stored = await find_tip_by_number(session, tip.number)
                lost += stored is None or stored.text != tip.body["text"]
            extra = await count_rows(session, Tip) - len(sent)
    finally:
        await db.close()
    return {"lost": lost, "numbers": len({tip.number for tip in sent}), "other_tips_stored": extra}


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [*seconds] * 99
    named = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(seconds)}
    return {name: round(value * 1000, 2) for name, value in named.items()}
