"""`kill -9` at any moment: what was acknowledged is there once, with triage, route and deadlines."""

import asyncio
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from tests.journeys.serving import Program, end_programs, free_port, start_program

ROUNDS = 3
AT_ONCE = 16
TEXT = "举报郾城区龙塔街道的“顺达职业培训学校”开包过班，交三千八保证拿电工证，不用上课。第{}个人。"


class Citizen:
    """Submits one tip with one key until it is acknowledged, and remembers each acknowledgement."""

    def __init__(self, number: int) -> None:
        self.key = str(uuid4())
        self.body = {"text": TEXT.format(number)}
        self.receipts: list[tuple[str, str]] = []

    async def submit(self, program: Program) -> None:
        headers = {"Idempotency-Key": self.key}
        timeout = aiohttp.ClientTimeout(total=20)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as client,
                client.post(f"{program.public}/api/v1/tips", json=self.body, headers=headers) as answer,
            ):
                if answer.status == 201:
                    receipt = await answer.json()
                    self.receipts.append((receipt["case_number"], receipt["code"]))
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return


def read_tips(data: Path) -> list[tuple[str, int | None, int]]:
    """(number, case, clocks) of every stored tip, read past the program."""
    with sqlite3.connect(data / "tipline.db") as connection:
        return connection.execute(
            "SELECT tip.number, tip.case_id, (SELECT count(*) FROM deadline WHERE case_id = tip.case_id) FROM tip"
        ).fetchall()


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A test that fails in the middle must not leave its program behind."""
    yield
    end_programs()


@pytest.mark.timeout(300)
async def test_acknowledged_tips_survive_kills_and_retries_change_nothing(tmp_path: Path) -> None:
    data, ports, dice = tmp_path / "data", (free_port(), free_port()), random.Random(12350)
    citizens = [Citizen(number) for number in range(ROUNDS * AT_ONCE)]
    for start in range(0, len(citizens), AT_ONCE):
        program = await start_program(data, ports=ports)
        submitting = asyncio.gather(
            *(citizen.submit(program) for citizen in citizens[start : start + AT_ONCE])
        )
        await asyncio.sleep(dice.uniform(0.0, 0.25))
        program.kill()
        await asyncio.gather(program.process.wait(), submitting)

    acknowledged = {citizen.key: citizen.receipts[0] for citizen in citizens if citizen.receipts}
    program = await start_program(data, ports=ports)
    await asyncio.gather(*(citizen.submit(program) for citizen in citizens))
    for citizen in citizens:
        assert len(set(citizen.receipts)) == 1, "the same key must give the same number and code"
        assert citizen.receipts[0] == acknowledged.get(citizen.key, citizen.receipts[0])

    async with asyncio.timeout(60):
        while not all(case and clocks for _, case, clocks in read_tips(data)):
            await asyncio.sleep(0.2)
    assert await program.stop() == 0
    tips = read_tips(data)
    numbers = [number for number, _, _ in tips]
    assert sorted(numbers) == sorted({citizen.receipts[0][0] for citizen in citizens})
    assert len(tips) == len(citizens)
