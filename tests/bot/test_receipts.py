"""The way back: only number and code together open it, and guessing gets slower and slower."""

from datetime import datetime, timedelta

import pytest

from bot.intake import Submission, receive_tip
from bot.receipts import LONGEST_WAIT, Receipt, TooManyTriesError, find_tip_by_receipt, harden
from config.keys import Keys
from models.numbers import in_groups, make_case_number
from models.queries.tips import harden_code, list_unhardened_codes
from models.session import Database
from models.states import Channel


async def receive(db: Database, *, keys: Keys, now: datetime) -> Receipt:
    submission = Submission(channel=Channel.API, submission_key="k-9", text="考场有人替考。")
    async with db.begin() as session:
        return await receive_tip(session, submission, keys=keys, now=now)


async def harden_all(db: Database) -> None:
    async with db.begin() as session:
        for tip_id, fast in await list_unhardened_codes(session, limit=10):
            await harden_code(session, tip_id, fast=fast, slow=harden(fast))


@pytest.mark.parametrize("is_hard", [False, True])
async def test_number_and_code_open_the_tip_before_and_after_hardening(
    db: Database, keys: Keys, now: datetime, is_hard: bool
) -> None:
    receipt = await receive(db, keys=keys, now=now)
    if is_hard:
        await harden_all(db)
    typed_number, typed_code = (
        f" {in_groups(receipt.case_number)}",
        in_groups(receipt.code).replace(" ", "－"),
    )
    tip = await find_tip_by_receipt(db, typed_number, typed_code, keys=keys, now=now)
    assert tip is not None
    assert tip.id == receipt.tip_id


@pytest.mark.parametrize("is_hard", [False, True])
async def test_a_wrong_code_or_number_opens_nothing(
    db: Database, keys: Keys, now: datetime, is_hard: bool
) -> None:
    receipt = await receive(db, keys=keys, now=now)
    if is_hard:
        await harden_all(db)
    wrong = str((int(receipt.code[0]) + 1) % 10) + receipt.code[1:]
    missing = make_case_number(2026, 1)
    for number, code in [
        (receipt.case_number, wrong),
        (receipt.case_number, ""),
        (receipt.case_number, receipt.code + "0"),
        (missing, receipt.code),
        ("", receipt.code),
        ("123", receipt.code),
    ]:
        assert await find_tip_by_receipt(db, number, code, keys=keys, now=now) is None


async def test_hardening_leaves_no_fast_hash(db: Database, keys: Keys, now: datetime) -> None:
    await receive(db, keys=keys, now=now)
    await harden_all(db)
    async with db.read() as session:
        assert await list_unhardened_codes(session, limit=10) == []


async def test_guessing_waits_longer_each_time_but_never_for_good(
    db: Database, keys: Keys, now: datetime
) -> None:
    receipt = await receive(db, keys=keys, now=now)
    waits: list[int] = []
    moment = now
    for _ in range(25):
        try:
            await find_tip_by_receipt(db, receipt.case_number, "0" * 20, keys=keys, now=moment)
        except TooManyTriesError as refused:
            waits.append(refused.wait_seconds)
            moment += timedelta(seconds=refused.wait_seconds)
    assert waits == sorted(waits)
    assert waits[0] <= 4
    assert waits[-1] <= LONGEST_WAIT.total_seconds()
    with pytest.raises(TooManyTriesError):
        await find_tip_by_receipt(db, receipt.case_number, receipt.code, keys=keys, now=moment)
    later = moment + LONGEST_WAIT
    assert await find_tip_by_receipt(db, receipt.case_number, receipt.code, keys=keys, now=later) is not None


async def test_guesses_at_one_number_do_not_slow_another(db: Database, keys: Keys, now: datetime) -> None:
    receipt = await receive(db, keys=keys, now=now)
    other = make_case_number(2026, 5)
    with pytest.raises(TooManyTriesError):
        for _ in range(10):
            await find_tip_by_receipt(db, other, "0" * 20, keys=keys, now=now)
    assert await find_tip_by_receipt(db, receipt.case_number, receipt.code, keys=keys, now=now) is not None
