"""The JSON API: tips in, status and messages for those who hold number and code."""

import re
import secrets
from functools import partial
from typing import Any, TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.intake import (
    KeyReusedError,
    Submission,
    SubmissionError,
    check_submission,
    receive_message,
    receive_tip,
)
from bot.limits import MESSAGES_OF_TIP, TIPS_OF_SOURCE, TRIES_OF_SOURCE
from bot.progress import Progress, load_progress
from bot.receipts import Receipt, TooManyTriesError, find_tip_by_receipt
from bot.web.bodies import (
    Body,
    DeadlineAnswer,
    MessageAnswer,
    MessageBody,
    ReceiptBody,
    SentAnswer,
    StageAnswer,
    StatusAnswer,
    TipAnswer,
    TipBody,
)
from bot.web.context import DESK, count, count_source
from config.clock import LOCAL
from config.text import text
from config.web import Refusal, find_locale, get_locale, read_json, set_locale
from models.states import Channel, MessageKind
from models.tip import Tip

Shape = TypeVar("Shape", bound=Body)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


async def post_tip(request: web.Request) -> web.Response:
    """POST /api/v1/tips: 201 after the commit; a repeated key answers as the first time."""
    desk = request.app[DESK]
    key = _read_key(request)
    body = await _read(request, TipBody)
    locale = _choose_locale(request, body.locale)
    contact = body.contact
    submission = Submission(
        channel=Channel.API,
        submission_key=key or secrets.token_urlsafe(24),
        text=body.text,
        locale=locale,
        place=body.place or "",
        target=body.target or "",
        occurred=body.occurred or "",
        name=(contact.name if contact else "") or "",
        phone=(contact.phone if contact else "") or "",
    )
    try:
        check_submission(submission)
        receipt = await desk.db.write_together(partial(_receive, request, submission))
    except SubmissionError as error:
        raise refuse_submission(error, locale) from error
    except KeyReusedError as error:
        raise Refusal(422, "key_reused") from error
    if isinstance(receipt, Refusal):
        raise receipt
    return _answer(
        request,
        TipAnswer(
            case_number=receipt.case_number,
            code=receipt.code,
            received_at=receipt.received_at.astimezone(LOCAL).isoformat(timespec="seconds"),
            status=text("public.status.state.received.title", locale),
        ),
        status=201,
    )


async def _receive(request: web.Request, submission: Submission, session: AsyncSession) -> Receipt | Refusal:
    """Store a tip. One source's flood is answered, not raised: it must not undo what others send meanwhile."""
    desk = request.app[DESK]
    try:
        await count_source(session, request, TIPS_OF_SOURCE)
    except Refusal as refusal:
        return refusal
    return await receive_tip(session, submission, keys=desk.keys, now=desk.now())


async def post_status(request: web.Request) -> web.Response:
    """POST /api/v1/status: where a tip stands."""
    desk = request.app[DESK]
    body = await _read(request, ReceiptBody)
    tip = await find_tip(request, body.case_number, body.code)
    async with desk.db.read() as session:
        progress = await load_progress(session, tip, now=desk.now())
    return _answer(request, make_status(progress, get_locale(request)))


async def post_message(request: web.Request) -> web.Response:
    """POST /api/v1/messages: something more to a tip; a repeated key answers as the first time."""
    desk = request.app[DESK]
    key = _read_key(request)
    body = await _read(request, MessageBody)
    locale = get_locale(request)
    tip = await find_tip(request, body.case_number, body.code)
    now = desk.now()
    try:
        async with desk.db.begin() as session:
            await count(session, MESSAGES_OF_TIP, desk.keys.digest("source", "tip", str(tip.id)), now=now)
            message = await receive_message(
                session,
                tip,
                body.text,
                channel=Channel.API,
                keys=desk.keys,
                now=now,
                submission_key=key or "",
            )
    except SubmissionError as error:
        raise refuse_submission(error, locale) from error
    except KeyReusedError as error:
        raise Refusal(422, "key_reused") from error
    sent = SentAnswer(
        received_at=message.created_at.astimezone(LOCAL).isoformat(timespec="seconds"),
        status=text("public.status.sent", locale),
    )
    return _answer(request, sent, status=201)


async def find_tip(request: web.Request, number: str, code: str) -> Tip:
    """The tip that number and code open. Raises Refusal 404 for either being wrong, 429 after too many tries."""
    desk = request.app[DESK]
    async with desk.db.begin() as session:
        await count_source(session, request, TRIES_OF_SOURCE)
    try:
        tip = await find_tip_by_receipt(desk.db, number, code, keys=desk.keys, now=desk.now())
    except TooManyTriesError as error:
        wait = error.wait_seconds
        raise Refusal(429, "too_many_tries", headers={hdrs.RETRY_AFTER: str(wait)}, seconds=wait) from error
    if tip is None:
        raise Refusal(404, "wrong_receipt")
    return tip


def make_status(progress: Progress, locale: str) -> StatusAnswer:
    """The JSON form of a progress."""
    promise = progress.promise
    return StatusAnswer(
        case_number=progress.number,
        status=text(f"public.status.state.{progress.state}.title", locale),
        next=text(f"public.status.state.{progress.state}.body", locale),
        state=progress.state,
        received_on=_day(progress.received_at),
        updated_on=_day(progress.updated_at),
        stages=[
            StageAnswer(stage=step.stage, state=step.state, on=_day(step.on) if step.on else None)
            for step in progress.steps
        ],
        deadline=DeadlineAnswer(
            due_on=_day(promise.due_at),
            is_late=promise.is_late,
            is_estimate=promise.is_estimate,
            sentence=promise.sentence(locale),
        )
        if promise
        else None,
        answer=progress.answer or None,
        messages=[
            MessageAnswer(
                sender="staff" if letter.kind is MessageKind.TO_REPORTER else "reporter",
                sent_on=_day(letter.created_at),
                text=letter.text,
            )
            for letter in progress.letters
        ],
    )


def refuse_submission(error: SubmissionError, locale: str) -> Refusal:
    """A field that intake did not take, as a 422 that names the field."""
    values: dict[str, Any] = dict(error.values)
    sentence = text(f"errors.{error.problem}", locale, **values)
    errors = [{"field": error.field, "detail": sentence}]
    return Refusal(422, error.problem, extra={"errors": errors}, **values)


async def _read(request: web.Request, shape: type[Shape]) -> Shape:
    value = await read_json(request)
    if not isinstance(value, dict):
        raise Refusal(422, "json.object")
    if isinstance(asked := value.get("locale"), str) and (locale := find_locale(asked)):
        set_locale(request, locale)
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        raise _refuse_shape(error, get_locale(request)) from error


def _refuse_shape(error: ValidationError, locale: str) -> Refusal:
    """Say which members have the wrong shape; what they held is not repeated."""
    errors = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        field = ".".join(str(part)[:40] for part in problem["loc"])
        kind = (
            problem["type"] if problem["type"] in {"missing", "extra_forbidden", "string_type"} else "other"
        )
        errors.append({"field": field, "detail": text(f"errors.json.{kind}", locale, name=field)})
    return Refusal(422, "json.shape", extra={"errors": errors}, details=" ".join(e["detail"] for e in errors))


def _read_key(request: web.Request) -> str | None:
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise Refusal(400, "bad_key")
    return keys[0]


def _choose_locale(request: web.Request, asked: str | None) -> str:
    """Language of the tip: the body says it, else the headers. Raises Refusal 422 for one we do not speak."""
    if asked is None:
        return get_locale(request)
    if find_locale(asked) is None:
        raise Refusal(422, "unknown_locale")
    return get_locale(request)


def _day(moment: Any) -> str:  # noqa: ANN401 - an aware moment
    return str(moment.astimezone(LOCAL).date())


def _answer(request: web.Request, answer: BaseModel, *, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        text=answer.model_dump_json(),
        content_type="application/json",
        headers={"Content-Language": get_locale(request)},
    )
