"""Whether this installation is alive and ready, told truthfully to machines that ask."""

from aiohttp import web

from bot.web.context import DESK
from models.checks import readiness


async def get_health(_request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    return web.json_response({"status": "alive"})


async def get_readiness(request: web.Request) -> web.Response:
    """GET /readyz: database, age of the worker's last tick, chat channel. 503 when a tip could lie unseen."""
    desk = request.app[DESK]
    found = await readiness(desk.db, now=desk.now(), has_chat=bool(desk.settings.telegram_token))
    return web.json_response(found.as_json(), status=200 if found.is_ready else 503)
