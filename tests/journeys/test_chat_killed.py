"""The chat of the real program, killed in the middle of a dialogue and at the moment of sending."""

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager

import pytest

from tests.bot.channels.test_journeys import STORY
from tests.fakes.botapi import FakeBotApi
from tests.journeys.serving import free_port, start_program

PAYEE = "一个姓王的，微信转的。"


@pytest.fixture
async def fake():
    async with FakeBotApi() as server:
        yield server


@pytest.fixture
def program(tmp_path, fake):
    """`async with program() as running:` the program on one data folder; killed at the end as by a power cut."""
    ports = (free_port(), free_port())

    @asynccontextmanager
    async def run():
        running = await start_program(
            tmp_path / "data",
            ports=ports,
            TIPLINE_TELEGRAM_TOKEN=fake.token,
            TIPLINE_TELEGRAM_API_URL=fake.api_url,
            TIPLINE_TELEGRAM_FILE_URL=fake.file_url,
        )
        try:
            yield running
        finally:
            running.kill()
            await running.process.wait()

    return run


def read_tips(folder):
    with sqlite3.connect(folder / "data" / "tipline.db") as connection:
        return connection.execute("SELECT number, text, answers FROM tip").fetchall()


@pytest.mark.timeout(300)
async def test_a_dialogue_survives_kills_and_gives_one_tip(fake, program, tmp_path):
    citizen = fake.user(1001)
    async with program():
        citizen.says("/report")
        await citizen.hears("请把事情说一说", seconds=30)
        citizen.says(STORY)
        await citizen.hears("钱交给了谁", seconds=30)  # the one thing that the story does not say yet
    citizen.says(PAYEE)  # nobody is there to see it
    async with program():
        await citizen.hears("什么时候", seconds=30)
        citizen.presses("其余跳过")
        await citizen.hears("愿意留下联系方式吗", seconds=30)
        citizen.presses("匿名")
        await citizen.hears("请核对", seconds=30)
        citizen.presses("提交举报")
        while fake.pending:  # stored and confirmed, perhaps not yet answered: now the power goes
            await asyncio.sleep(0.001)
    async with program() as running:
        done = await citizen.hears("举报已收到", seconds=30)
        log = running.said()
    [(number, text, answers)] = read_tips(tmp_path)
    assert text == STORY
    assert PAYEE in json.loads(answers).values()
    assert done.marked("code")[0].replace(" ", "") == number
    for secret in (fake.token, "1001\n", STORY[:8], *done.marked("code")):
        assert secret not in log
