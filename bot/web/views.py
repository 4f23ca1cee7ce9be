"""Pages that only say something: home, help, privacy, accessibility."""

from datetime import date

from aiohttp import web

from bot.notice import notice_version
from bot.web.context import DESK
from bot.web.drafts import find_own_draft
from config.keeping import CONTACT
from config.web import render
from models.queries.keeping import list_history, list_spans


async def show_home(request: web.Request) -> web.Response:
    """GET /."""
    draft, _ = await find_own_draft(request)
    return render(request, "home.html", has_draft=draft is not None and draft.tip_id is None)


async def show_help(request: web.Request) -> web.Response:
    """GET /help."""
    return render(request, "help.html")


async def show_privacy(request: web.Request) -> web.Response:
    """GET /privacy: its version, since when it is in use, and for how long contacts are kept as of now."""
    desk, version = request.app[DESK], notice_version()
    async with desk.db.read() as session:
        history = await list_history(session, CONTACT.name)
        period = (await list_spans(session, CONTACT))[-1].period
    return render(
        request,
        "privacy.html",
        version=version,
        since=date.fromisoformat(version),
        days=period.days,
        changed_at=history[-1][0] if history else None,
    )


async def show_accessibility(request: web.Request) -> web.Response:
    """GET /accessibility."""
    return render(request, "accessibility.html")
