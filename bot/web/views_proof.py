"""Proof of filing: the file that a reporter keeps, and the public keys with which anybody can check it."""

from aiohttp import hdrs, web

from bot.proof import NAME, derive_salt, list_public_keys, make_proof
from bot.web.context import DESK
from bot.web.drafts import find_own_draft
from config.web import get_locale, see_other
from models.queries.tips import get_tip
from models.states import Channel


async def save_proof(request: web.Request) -> web.Response:
    """GET /report/proof.txt: the proof of the report that this browser sent, as long as its receipt is shown."""
    desk = request.app[DESK]
    draft, _ = await find_own_draft(request)
    if draft is None or draft.tip_id is None:
        return see_other("/report")
    async with desk.db.read() as session:
        tip = await get_tip(session, draft.tip_id)
    salt = derive_salt(desk.keys, Channel.WEB, draft.submission_key)
    words = make_proof(
        desk.keys, tip, salt=salt, locale=get_locale(request), address=desk.settings.public_url
    )
    disposition = f'attachment; filename="{NAME}"'
    return web.Response(text=words, headers={hdrs.CONTENT_DISPOSITION: disposition})


async def show_keys(request: web.Request) -> web.Response:
    """GET /.well-known/tipline-keys.json: every key that ever signed a proof."""
    return web.json_response(list_public_keys(request.app[DESK].keys))
