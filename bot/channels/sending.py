"""Sending the tip: number and code are shown once it is committed."""

from datetime import timedelta
from typing import Any

from bot.channels.asking import ask_current, first_step
from bot.channels.following import QUESTIONNAIRE, told_of
from bot.channels.turn import DONE, RECEIPT, UNSAID, Turn
from bot.intake import Submission, SubmissionError, receive_tip
from bot.limits import Limit, TooManyError, check_count
from bot.proof import derive_salt
from bot.questionnaire import collect_values
from bot.receipts import Receipt, derive_code
from config.calendars import UncoveredYearError
from config.clock import LOCAL
from config.text import format_day, text
from models.numbers import in_groups
from models.queries.limits import count_try
from models.states import Channel

TIPS_OF_CHAT = Limit("tips-of-chat", 10, timedelta(hours=1))


async def submit(turn: Turn) -> None:
    """Store the tip; a refusal says why, and nothing that was told is lost."""
    try:
        receipt = await _receive(turn)
    except TooManyError as error:
        turn.say(turn.word("too_many_tips", minutes=error.wait_minutes))
        await ask_current(turn)
    except SubmissionError as error:
        turn.say(text(f"errors.{error.problem}", turn.draft.locale, **error.values))
        turn.draft.step = first_step(turn).id
        await ask_current(turn)
    else:
        _confirm(turn, receipt)


async def _receive(turn: Turn) -> Receipt:
    digest, limit = turn.draft.owner, TIPS_OF_CHAT
    check_count(limit, await count_try(turn.session, limit.scope, digest, now=turn.now, window=limit.window))
    base = turn.around.catalog.questionnaires[QUESTIONNAIRE]
    values: dict[str, Any] = told_of(turn) | collect_values(base, turn.answers)
    submission = Submission(
        channel=Channel.TELEGRAM,
        submission_key=turn.draft.submission_key,
        locale=turn.draft.locale,
        chat_id=str(turn.incoming.chat_id),
        draft_id=turn.draft.id,
        **values,
    )
    return await receive_tip(turn.session, submission, keys=turn.around.keys, now=turn.now)


def _confirm(turn: Turn, receipt: Receipt) -> None:
    used_up, key = turn.recall("token"), turn.draft.submission_key
    salt = derive_salt(turn.around.keys, Channel.TELEGRAM, key)
    turn.restart(DONE)
    turn.draft.tip_id = receipt.tip_id
    turn.remember(submitted_token=used_up, number_sent=receipt.case_number, tip_id=receipt.tip_id)
    turn.remember(proof_salt=salt.hex(), **{UNSAID: key})
    if turn.incoming.kind == "tap" and turn.incoming.message_id:
        turn.change(turn.incoming.message_id, turn.word("submit.closed"))
    _say_receipt(turn, receipt.case_number, receipt.code)


def say_receipt_again(turn: Turn) -> None:
    """Number and code once more, where their message never arrived: the chat was blocked when it was sent."""
    if not (key := turn.recall(UNSAID)):
        return
    code = derive_code(turn.around.keys, Channel.TELEGRAM, key)
    _say_receipt(turn, turn.recall("number_sent") or "", code)


def _say_receipt(turn: Turn, case_number: str, return_code: str) -> None:
    number, code = in_groups(case_number), in_groups(return_code)
    web = turn.around.public_url
    where = turn.word("web.status_at", url=f"{web}/status") if web else turn.word("web.status_somewhere")
    turn.say(
        turn.word("submit.done", number=number, code=code, by=_acceptance_day(turn), web=where),
        codes=[number, code],
        copies=[(turn.word("button.copy_number"), number), (turn.word("button.copy_code"), code)],
        choices=[
            [(turn.word("button.status"), "status"), (turn.word("button.new_tip"), "anew")],
            [(turn.word("button.proof"), "proof")],
        ],
        kept_as=RECEIPT,
    )


def _acceptance_day(turn: Turn) -> str:
    """Until when it will be decided whether the tip is taken up (rule D03)."""
    rule = turn.around.catalog.deadline_in_force("D03", turn.now)
    today = turn.now.astimezone(LOCAL).date()
    try:
        day = turn.around.catalog.calendar.add_working_days(today, rule.limit.amount)
    except UncoveredYearError:
        return turn.word("submit.days", days=rule.limit.amount)
    words = format_day(day, turn.draft.locale)
    return turn.word("submit.by_day", days=rule.limit.amount, day=words)
