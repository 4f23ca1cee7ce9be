"""`tipline bench chat`: the figures are those of a real bot, and nothing that was told is lost."""

import pytest

from bot.bench import BenchFailedError
from bot.bench_chat import run_chat_bench


@pytest.mark.timeout(300)
async def test_thirty_chats_at_once_lose_nothing_and_are_answered_in_order():
    figures = await run_chat_bench(chats=30, busy_every=15)
    assert (figures["finished"], figures["tips"]) == (30, 30)
    assert (figures["lost"], figures["out_of_order"]) == (0, 0)
    assert figures["told_to_wait"] > 0
    assert figures["messages"] >= 30 * 9
    assert 0 < figures["reply_ms"]["p50"] <= figures["reply_ms"]["p95"]


async def test_a_bot_that_does_not_start_is_said_so(monkeypatch):
    monkeypatch.setattr("bot.bench_chat.START_SECONDS", 0.5)
    with pytest.raises(BenchFailedError, match="did not ask for messages"):
        await run_chat_bench(chats=1, command=("true",))
