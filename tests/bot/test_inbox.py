"""Nothing that was acknowledged is lost, nothing happens twice, one chat is served in order."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import inbox
from models.queries.updates import count_waiting_updates, delete_old_updates, release_claims
from models.states import UpdateState
from models.tip import InboundUpdate


def message(number: int, chat: int, text: str = "你好"):
    return {"update_id": number, "message": {"message_id": number, "chat": {"id": chat}, "text": text}}


async def store(db, *updates, keys, now):
    return await inbox.store_updates(db, updates, bot_id="1", keys=keys, now=now)


async def rows(db):
    async with db.read() as session:
        return (await session.scalars(select(InboundUpdate).order_by(InboundUpdate.id))).all()


async def test_an_update_that_comes_twice_is_stored_once(db, keys, now):
    assert await store(db, message(7, 1), message(7, 1), keys=keys, now=now) == 1
    assert await store(db, message(7, 1), message(8, 1), keys=keys, now=now) == 1
    assert [row.update_id for row in await rows(db)] == ["7", "8"]


async def test_numbers_may_start_anew(db, keys, now):
    await store(db, message(900, 1), keys=keys, now=now)
    assert await store(db, message(5, 1), keys=keys, now=now) == 1


async def test_the_same_number_of_another_bot_is_another_update(db, keys, now):
    await store(db, message(7, 1), keys=keys, now=now)
    assert await inbox.store_updates(db, [message(7, 1)], bot_id="2", keys=keys, now=now) == 1


@pytest.mark.parametrize(
    "bad",
    [{}, {"update_id": "7"}, {"update_id": -1}, {"update_id": 2**63}, {"update_id": True}, [], "x", None],
)
async def test_what_has_no_number_is_no_update(db, keys, now, bad):
    with pytest.raises(inbox.BadUpdateError):
        await store(db, bad, keys=keys, now=now)
    assert await rows(db) == []


async def test_one_chat_is_served_in_order_and_others_do_not_wait_for_it(db, keys, now):
    await store(db, message(1, 10, "一"), message(2, 10, "二"), message(3, 20, "三"), keys=keys, now=now)
    first = await inbox.claim_waiting(db, keys=keys, now=now)
    assert [claimed.payload["message"]["text"] for claimed in first] == ["一", "三"]
    assert await inbox.claim_waiting(db, keys=keys, now=now) == []
    await inbox.finish(db, first[0], UpdateState.DONE)
    [second] = await inbox.claim_waiting(db, keys=keys, now=now)
    assert second.payload["message"]["text"] == "二"


async def test_a_silent_worker_loses_its_claim_and_can_no_longer_write(db, keys, now):
    await store(db, message(1, 10), keys=keys, now=now)
    [slow] = await inbox.claim_waiting(db, keys=keys, now=now)
    [quick] = await inbox.claim_waiting(db, keys=keys, now=now + inbox.LEASE + timedelta(seconds=1))
    async with db.begin() as session:
        with pytest.raises(inbox.ClaimLostError):
            await inbox.store_effect(session, slow, [], keys=keys)
    await inbox.finish(db, slow, UpdateState.REJECTED)
    assert (await rows(db))[0].state is UpdateState.WAITING
    async with db.begin() as session:
        await inbox.store_effect(session, quick, [], keys=keys)


async def test_replies_survive_a_crash_between_effect_and_sending(db, keys, now):
    await store(db, message(1, 10), keys=keys, now=now)
    [claimed] = await inbox.claim_waiting(db, keys=keys, now=now)
    async with db.begin() as session:
        await inbox.store_effect(session, claimed, [{"send": "收到"}], keys=keys)
    async with db.begin() as session:
        await release_claims(session)
    [again] = await inbox.claim_waiting(db, keys=keys, now=now)
    assert (again.payload, again.replies) == ({}, [{"send": "收到"}])


async def test_an_effect_that_fails_leaves_the_update_as_it_was(db, keys, now):
    await store(db, message(1, 10), keys=keys, now=now)
    [claimed] = await inbox.claim_waiting(db, keys=keys, now=now)

    async def fail() -> None:
        async with db.begin() as session:
            await inbox.store_effect(session, claimed, [{"send": "收到"}], keys=keys)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await inbox.try_later(db, claimed, at=now, reason="error", keys=keys)
    [again] = await inbox.claim_waiting(db, keys=keys, now=now + timedelta(seconds=1))
    assert again.replies is None
    assert again.attempt == 2


async def test_what_is_done_holds_nothing_and_is_forgotten_after_eight_days(db, keys, now):
    await store(db, message(1, 10), keys=keys, now=now)
    [claimed] = await inbox.claim_waiting(db, keys=keys, now=now)
    await inbox.finish(db, claimed, UpdateState.DONE)
    assert (await rows(db))[0].payload is None
    async with db.begin() as session:
        assert await delete_old_updates(session, before=now - timedelta(days=8)) == 0
        assert await delete_old_updates(session, before=now + timedelta(seconds=1)) == 1


async def test_stored_updates_show_neither_words_nor_chat(db, keys, now):
    await store(db, message(1, 987654321, "请查恒达公司"), keys=keys, now=now)
    [row] = await rows(db)
    stored = f"{row.payload} {row.chat} {row.reason}"
    assert "987654321" not in stored
    assert "恒达" not in stored
    async with db.read() as session:
        assert await count_waiting_updates(session, before=now + timedelta(seconds=1)) == 1


async def test_broken_characters_can_be_stored(db, keys, now):
    await store(db, message(1, 10, "坏\ud83d字\x00"), keys=keys, now=now)
    [claimed] = await inbox.claim_waiting(db, keys=keys, now=now)
    assert claimed.payload["message"]["text"] == "坏\ud83d字\x00"


async def test_a_claim_lives_as_long_as_the_work(db, keys, now, monkeypatch):
    monkeypatch.setattr(inbox, "LEASE", timedelta(seconds=0.3))
    monkeypatch.setattr(inbox, "read_clock", lambda: now + timedelta(seconds=60))
    await store(db, message(1, 10), keys=keys, now=now)
    [claimed] = await inbox.claim_waiting(db, keys=keys, now=now)
    async with inbox.held_claim(db, claimed):
        await asyncio.sleep(0.3)
    assert await inbox.claim_waiting(db, keys=keys, now=now + timedelta(seconds=30)) == []
