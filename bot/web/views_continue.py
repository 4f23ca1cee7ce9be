"""Going on with what was begun in the chat: a link that works once, and only by a click."""

import secrets
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.channels.to_web import hash_link
from bot.channels.turn import IDLE, MEMORY, empty_draft
from bot.limits import TRIES_OF_SOURCE
from bot.web.context import DESK, Desk, count_source
from bot.web.drafts import COOKIE, TOKEN_BYTES, find_own_draft, keep_cookie
from config.web import encode_token, get_cookie, render, see_other
from models.queries.chats import find_draft_by_link, move_draft_attachments
from models.states import Channel
from models.tip import Draft


async def show_continue(request: web.Request) -> web.Response:
    """GET /continue/{word}: a page with a button. Looking uses nothing up: chats fetch links for previews."""
    desk = request.app[DESK]
    async with desk.db.read() as session:
        draft = await find_draft_by_link(session, _digest(request), now=desk.now())
    return await _render(request, is_open=draft is not None)


async def take_continue(request: web.Request) -> web.Response:
    """POST /continue/{word}: the draft leaves the chat and belongs to this browser."""
    desk = request.app[DESK]
    token = secrets.token_bytes(TOKEN_BYTES)
    async with desk.db.begin() as session:
        await count_source(session, request, TRIES_OF_SOURCE)
        draft = await find_draft_by_link(session, _digest(request), now=desk.now(), to_change=True)
        if draft is not None:
            await _move(session, draft, desk, token)
    if draft is None:
        return await _render(request, is_open=False)
    response = see_other("/report")
    keep_cookie(request, response, encode_token(token))
    return response


async def _move(session: AsyncSession, draft: Draft, desk: Desk, token: bytes) -> None:
    """Answers and files go, what only the chat needs stays; the chat is told by its own worker."""
    moved = Draft(
        channel=Channel.WEB,
        owner=desk.keys.digest("session", "draft", token),
        submission_key=secrets.token_urlsafe(24),
        locale=draft.locale,
        step="",
        answers=_answers(draft),
        created_at=desk.now(),
        updated_at=desk.now(),
    )
    session.add(moved)
    await session.flush()
    await move_draft_attachments(session, draft.id, moved.id)
    empty_draft(draft, step=IDLE, now=desk.now(), moved=True, link_message=_memory(draft).get("link_message"))
    draft.wake_at = draft.updated_at = desk.now()


def _answers(draft: Draft) -> dict[str, Any]:
    """What was told; words that came before any question are the story."""
    answers = {name: given for name, given in draft.answers.items() if name != MEMORY and given}
    if pending := _memory(draft).get("pending"):
        told = "\n".join(words for _number, words in pending)
        answers.setdefault("what", {"text": told})
    return answers


def _memory(draft: Draft) -> dict[str, Any]:
    memory: dict[str, Any] = draft.answers.get(MEMORY, {})
    return memory


def _digest(request: web.Request) -> bytes:
    return hash_link(request.app[DESK].keys, request.match_info["word"])


async def _render(request: web.Request, *, is_open: bool) -> web.Response:
    draft, _ = await find_own_draft(request) if get_cookie(request, COOKIE) else (None, [])
    return render(
        request,
        "continue.html",
        status=200 if is_open else 404,
        is_open=is_open,
        has_draft=draft is not None and draft.tip_id is None,
    )
