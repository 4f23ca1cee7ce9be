"""Half-told tips of the web: found by a random cookie, kept in the database, so that nothing typed is lost."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.limits import DRAFTS_OF_SOURCE, FILES_OF_SOURCE
from bot.notice import notice_version
from bot.web.context import DESK, count_source
from bot.web.windows import PAGE
from config.text import text
from config.web import SITE, Form, Upload, encode_token, find_token, get_cookie, get_locale, set_cookie
from config.web.cookies import find_signed, sign
from config.web.csrf import FIELD
from models.files import FileRefusedError, delete_files, examine_in_thread, save_attachment, store_in_thread
from models.queries.tips import find_draft, list_draft_attachments
from models.queries.visits import find_draft_to_change, remove_draft, remove_draft_attachment
from models.states import Channel
from models.tip import Attachment, Draft

COOKIE = "draft"
NOTICE_COOKIE = "notice"
TOKEN_BYTES = 24
KEPT = timedelta(hours=24)
SHOWN_AGAIN = timedelta(hours=2)
"""How long number and code can be looked at again after sending, in the browser that sent them."""


async def find_own_draft(request: web.Request) -> tuple[Draft | None, list[Attachment]]:
    """The draft of this browser with its files, or None; drafts too old count as gone."""
    desk = request.app[DESK]
    owner = _owner(request, _token(request))
    if owner is None:
        return None, []
    async with desk.db.read() as session:
        draft = await find_draft(session, owner)
        if draft is None or _is_over(draft, now=desk.now()):
            return None, []
        return draft, list(await list_draft_attachments(session, draft.id))


async def save_answer(
    request: web.Request,
    question_id: str,
    answer: dict[str, str],
    *,
    cookie: str | None,
    notes: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Keep an answer; the first one makes the draft, unless files of this request did (`cookie`).

    `notes` are kept beside the answers. Answers the cookie's token. Raises Refusal 429.
    """
    desk = request.app[DESK]
    token = find_token(cookie, size=TOKEN_BYTES) or _token(request) or secrets.token_bytes(TOKEN_BYTES)
    async with desk.db.begin() as session:
        draft, token = await open_draft(session, request, token)
        draft.answers = {**draft.answers, question_id: answer, **notes}
        draft.step, draft.locale, draft.updated_at = question_id, get_locale(request), desk.now()
    return encode_token(token)


async def open_draft(session: AsyncSession, request: web.Request, token: bytes) -> tuple[Draft, bytes]:
    """The draft of `token`, locked; a new one (with a new token) where there is none that can be written to."""
    desk = request.app[DESK]
    owner = _owner(request, token)
    draft = await find_draft_to_change(session, owner) if owner else None
    if draft is not None and draft.tip_id is None and not _is_over(draft, now=desk.now()):
        return draft, token
    await count_source(session, request, DRAFTS_OF_SOURCE)
    # A cookie that never had a draft, or whose draft was sent, gets another token: nobody can choose it for us.
    token = secrets.token_bytes(TOKEN_BYTES)
    draft = Draft(
        channel=Channel.WEB,
        owner=desk.keys.digest("session", "draft", token),
        submission_key=secrets.token_urlsafe(24),
        locale=get_locale(request),
        step="",
        notice_version=seen_notice(request),
        answers={},
        created_at=desk.now(),
        updated_at=desk.now(),
    )
    session.add(draft)
    await session.flush()
    return draft, token


async def save_files(
    request: web.Request, uploads: list[Upload], *, left_out: int
) -> tuple[str | None, list[str]]:
    """Keep files with the draft at once. Answers the cookie's token and a sentence for each that was refused."""
    desk = request.app[DESK]
    locale = get_locale(request)
    token: bytes | None = _token(request)
    refused = [text("errors.file.too_many", locale)] if left_out else []
    for upload in uploads:
        try:
            if upload.is_too_big:
                raise FileRefusedError("too_big")  # noqa: TRY301 - the same way out for all reasons
            examined = await examine_in_thread(upload.name, upload.read(), antivirus=desk.settings.antivirus)
            stored = await store_in_thread(desk.settings.files, examined, keys=desk.keys)
            async with desk.db.begin() as session:
                await count_source(session, request, FILES_OF_SOURCE)
                draft, token = await open_draft(session, request, token or secrets.token_bytes(TOKEN_BYTES))
                draft.updated_at = desk.now()
                await save_attachment(
                    session, desk.settings.files, stored, keys=desk.keys, now=desk.now(), draft_id=draft.id
                )
        except FileRefusedError as error:
            refused.append(describe_refusal(upload.name, error, locale))
    return (encode_token(token) if token else None), list(dict.fromkeys(refused))


def describe_refusal(name: str, error: FileRefusedError, locale: str) -> str:
    """Why a file was not taken, with its name, in words."""
    reason = text(f"errors.file.{error.reason}", locale)
    return (
        reason if error.reason == "too_many" else text("errors.file.named", locale, file=name, reason=reason)
    )


async def drop_file(request: web.Request, attachment_id: int) -> None:
    """Take a file out of the draft and off the disk."""
    desk = request.app[DESK]
    draft, _ = await find_own_draft(request)
    if draft is None or draft.tip_id is not None:
        return
    async with desk.db.begin() as session:
        attachment = await remove_draft_attachment(session, draft.id, attachment_id)
    if attachment is not None:
        delete_files(desk.settings.files, [attachment])


async def drop_draft(request: web.Request) -> None:
    """Forget the draft of this browser, its files and, where it was sent, the way back to number and code."""
    desk = request.app[DESK]
    owner = _owner(request, _token(request))
    if owner is None:
        return
    async with desk.db.begin() as session:
        draft = await find_draft_to_change(session, owner)
        files = await remove_draft(session, draft.id) if draft else []
    delete_files(desk.settings.files, files)


def seconds_left(draft: Draft, *, now: datetime) -> int:
    """How long a draft can still be opened when nothing more is typed."""
    return int((draft.updated_at + KEPT - now).total_seconds())


async def touch_draft(request: web.Request) -> None:
    """Keep the draft of this browser for another day."""
    desk = request.app[DESK]
    owner = _owner(request, _token(request))
    async with desk.db.begin() as session:
        draft = await find_draft_to_change(session, owner) if owner else None
        if draft is not None and draft.tip_id is None and not _is_over(draft, now=desk.now()):
            draft.updated_at = desk.now()


def seen_notice(request: web.Request) -> str:
    """Version of the privacy notice that this browser was shown, or empty."""
    return find_signed(request.app[SITE].secret, "notice", get_cookie(request, NOTICE_COOKIE)) or ""


def keep_notice(request: web.Request, response: web.StreamResponse) -> None:
    """Remember, until the browser is closed, which version was shown."""
    value = sign(request.app[SITE].secret, "notice", notice_version())
    set_cookie(request, response, NOTICE_COOKIE, value)


def keep_cookie(request: web.Request, response: web.StreamResponse, token: str | None) -> None:
    """Give the browser the key to its draft, until it is closed."""
    if token:
        set_cookie(request, response, COOKIE, token)


def typed_values(form: Form) -> dict[str, Any]:
    """What was typed, by input, for checking and for showing again."""
    return {name: form.get(name) for name in form if name not in {"files", "remove", "keep", PAGE, FIELD}}


def _token(request: web.Request) -> bytes | None:
    return find_token(get_cookie(request, COOKIE), size=TOKEN_BYTES)


def _owner(request: web.Request, token: bytes | None) -> bytes | None:
    return request.app[DESK].keys.digest("session", "draft", token) if token else None


def _is_over(draft: Draft, *, now: datetime) -> bool:
    return now - draft.updated_at > (KEPT if draft.tip_id is None else SHOWN_AGAIN)
