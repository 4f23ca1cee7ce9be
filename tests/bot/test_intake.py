"""The one door: what is acknowledged is stored once, byte for byte; what cannot be stored is refused in words."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.intake import KeyReusedError, Submission, SubmissionError, receive_message, receive_tip
from bot.receipts import Receipt, find_tip_by_receipt
from config.keys import Keys
from models.event import Event
from models.numbers import is_case_number
from models.queries.tips import find_identity, find_tip_by_number, get_tip
from models.session import Database
from models.states import Channel
from models.tip import Identity, Tip

SUBMISSION = Submission(
    channel=Channel.WEB,
    submission_key="k-1",
    text="  城南职校包过班，\r\n收 3000 元。🙂  ",
    place="源汇区大刘镇",
    target="城南职校",
    occurred="上周",
)


async def receive(db: Database, submission: Submission, *, keys: Keys, now: datetime) -> Receipt:
    async with db.begin() as session:
        return await receive_tip(session, submission, keys=keys, now=now)


async def count_tips(db: Database) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(Tip)) or 0


async def test_a_tip_is_stored_as_it_was_sent(db: Database, keys: Keys, now: datetime) -> None:
    receipt = await receive(db, SUBMISSION, keys=keys, now=now)
    async with db.read() as session:
        tip = await find_tip_by_number(session, receipt.case_number)
        kinds = (await session.scalars(select(Event.kind))).all()
    assert tip is not None
    assert (tip.text, tip.place, tip.target, tip.occurred) == (
        SUBMISSION.text,
        SUBMISSION.place,
        SUBMISSION.target,
        SUBMISSION.occurred,
    )
    assert tip.received_at == receipt.received_at == now
    assert kinds == ["tip_received"]


async def test_number_and_code_can_be_dictated(db: Database, keys: Keys, now: datetime) -> None:
    receipt = await receive(db, SUBMISSION, keys=keys, now=now)
    assert is_case_number(receipt.case_number)
    assert receipt.case_number.startswith("26")
    assert len(receipt.code) == 20
    assert receipt.code.isdecimal()


async def test_the_code_is_stored_nowhere(db: Database, keys: Keys, now: datetime) -> None:
    receipt = await receive(db, SUBMISSION, keys=keys, now=now)
    async with db.read() as session:
        row = (await session.execute(select(Tip.__table__))).one()
    assert receipt.code not in repr(row)
    assert SUBMISSION.submission_key not in repr(row)


async def test_a_repeated_request_gets_the_same_receipt(db: Database, keys: Keys, now: datetime) -> None:
    first = await receive(db, SUBMISSION, keys=keys, now=now)
    again = await receive(db, SUBMISSION, keys=keys, now=now + timedelta(hours=1))
    assert (again.case_number, again.code, again.received_at) == (
        first.case_number,
        first.code,
        first.received_at,
    )
    assert again.is_repeat
    assert await count_tips(db) == 1


async def test_twins_at_the_same_moment_become_one_tip(db: Database, keys: Keys, now: datetime) -> None:
    receipts = await asyncio.gather(*(receive(db, SUBMISSION, keys=keys, now=now) for _ in range(8)))
    assert len({(receipt.case_number, receipt.code) for receipt in receipts}) == 1
    assert sum(not receipt.is_repeat for receipt in receipts) == 1
    assert await count_tips(db) == 1


async def test_one_key_cannot_carry_two_different_tips(db: Database, keys: Keys, now: datetime) -> None:
    await receive(db, SUBMISSION, keys=keys, now=now)
    with pytest.raises(KeyReusedError):
        await receive(db, replace(SUBMISSION, text="另一件事"), keys=keys, now=now)


async def test_equal_texts_under_other_keys_are_other_tips(db: Database, keys: Keys, now: datetime) -> None:
    first = await receive(db, SUBMISSION, keys=keys, now=now)
    other = await receive(db, replace(SUBMISSION, submission_key="k-2"), keys=keys, now=now)
    assert first.case_number != other.case_number
    assert first.code != other.code


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"text": ""}, "text", "empty"),
        ({"text": " \n\u3000"}, "text", "empty"),
        ({"text": "长" * 20_001}, "text", "too_long"),
        ({"text": "坏\x00字"}, "text", "bad_characters"),
        ({"text": "坏\ud800字"}, "text", "bad_characters"),
        ({"place": "坏\x00字"}, "place", "bad_characters"),
        ({"target": "长" * 501}, "target", "too_long"),
        ({"name": "长" * 101}, "name", "too_long"),
        ({"text": "1234 5678 9012 3456 7890"}, "text", "holds_code"),
        ({"text": "编号：2631 8472 0396"}, "text", "holds_code"),
        ({"text": "他们又来了。我的查询码是１２３４５６７８９０１２３４５６７８９０"}, "text", "holds_code"),
        ({"place": "12345678901234567890"}, "place", "holds_code"),
    ],
)
async def test_what_cannot_be_stored_is_refused_by_field(
    db: Database, keys: Keys, now: datetime, change: dict[str, str], field: str, problem: str
) -> None:
    with pytest.raises(SubmissionError) as refused:
        await receive(db, replace(SUBMISSION, **change), keys=keys, now=now)
    assert (refused.value.field, refused.value.problem) == (field, problem)
    assert await count_tips(db) == 0


async def test_the_longest_text_is_taken(db: Database, keys: Keys, now: datetime) -> None:
    await receive(db, replace(SUBMISSION, text="长" * 20_000), keys=keys, now=now)
    assert await count_tips(db) == 1


async def test_who_reports_is_kept_apart_and_sealed(db: Database, keys: Keys, now: datetime) -> None:
    named = replace(SUBMISSION, name="王小明", phone="13800001234", chat_id="777001")
    receipt = await receive(db, named, keys=keys, now=now)
    async with db.read() as session:
        tip = (await session.execute(select(Tip.__table__))).one()
        identity = await find_identity(session, receipt.tip_id)
        row = repr((await session.execute(select(Identity.__table__))).one())
    assert identity is not None
    assert tip.is_named
    for secret in ("王小明", "13800001234", "777001"):
        assert secret not in repr(tip)
        assert secret not in row
        assert repr(secret.encode())[2:-1] not in row
    assert keys.unseal("identity", identity.phone or b"", place="identity.phone") == b"13800001234"


async def test_nothing_is_kept_of_who_says_nothing_about_himself(
    db: Database, keys: Keys, now: datetime
) -> None:
    receipt = await receive(db, SUBMISSION, keys=keys, now=now)
    async with db.read() as session:
        assert await find_identity(session, receipt.tip_id) is None


async def test_what_is_added_later_belongs_to_the_tip(db: Database, keys: Keys, now: datetime) -> None:
    receipt = await receive(db, SUBMISSION, keys=keys, now=now)
    tip = await find_tip_by_receipt(db, receipt.case_number, receipt.code, keys=keys, now=now)
    assert tip is not None
    async with db.begin() as session:
        message = await receive_message(
            session, tip, "补充：周六上课。", channel=Channel.WEB, keys=keys, now=now
        )
    assert message.tip_id == receipt.tip_id
    async with db.begin() as session:
        with pytest.raises(SubmissionError):
            await receive_message(session, tip, "  ", channel=Channel.WEB, keys=keys, now=now)


async def test_a_code_is_never_stored_as_an_addition(db: Database, keys: Keys, now: datetime) -> None:
    receipt = await receive(db, SUBMISSION, keys=keys, now=now)
    for words in (receipt.code, f"编号 {receipt.case_number}，查询码 {receipt.code}", receipt.case_number):
        with pytest.raises(SubmissionError) as refused:
            async with db.begin() as session:
                tip = await get_tip(session, receipt.tip_id)
                await receive_message(session, tip, words, channel=Channel.WEB, keys=keys, now=now)
        assert (refused.value.field, refused.value.problem) == ("text", "holds_code")
