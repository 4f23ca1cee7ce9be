"""Whether this installation is alive and ready, told truthfully to machines that ask."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from aiohttp import web

from bot.web.context import DESK
from models.queries.visits import list_beats

log = structlog.get_logger()
OLDEST_TICK = timedelta(seconds=90)
"""The worker ticks several times a minute; three missed minutes mean that tips and clocks lie still."""


async def get_health(_request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    return web.json_response({"status": "alive"})


async def get_readiness(request: web.Request) -> web.Response:
    """GET /readyz: database, age of the worker's last tick, chat channel. 503 when a tip could lie unseen."""
    desk = request.app[DESK]
    try:
        async with desk.db.read() as session:
            beats = {beat.name: beat.beat_at for beat in await list_beats(session)}
        database = {"is_fine": True}
    except Exception as error:  # noqa: BLE001 - whatever it is, the database is not there
        log.error("database_unreachable", kind=type(error).__name__)
        beats, database = {}, {"is_fine": False}
    now = desk.now()
    checks: dict[str, dict[str, Any]] = {"database": database, "worker": _tick(beats.get("worker"), now=now)}
    if desk.settings.telegram_token:
        checks["telegram"] = _tick(beats.get("telegram"), now=now)
    is_ready = all(check["is_fine"] for check in checks.values())
    if not desk.settings.telegram_token:
        checks["telegram"] = {"is_fine": None, "is_off": True}
    return web.json_response(
        {"status": "ready" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503
    )


def _tick(beat: datetime | None, *, now: datetime) -> dict[str, Any]:
    age = (now - beat).total_seconds() if beat else None
    return {
        "is_fine": age is not None and age <= OLDEST_TICK.total_seconds(),
        "seconds_since_tick": None if age is None else max(0, round(age)),
    }
