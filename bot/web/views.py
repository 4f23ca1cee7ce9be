"""Pages that only say something: home, help, privacy, accessibility."""

from datetime import date

from aiohttp import web

from bot.notice import notice_version
from bot.web.drafts import find_own_draft
from config.web import render


async def show_home(request: web.Request) -> web.Response:
    """GET /."""
    draft, _ = await find_own_draft(request)
    return render(request, "home.html", has_draft=draft is not None and draft.tip_id is None)


async def show_help(request: web.Request) -> web.Response:
    """GET /help."""
    return render(request, "help.html")


async def show_privacy(request: web.Request) -> web.Response:
    """GET /privacy: with its version, and the day since when it is in use."""
    version = notice_version()
    return render(request, "privacy.html", version=version, since=date.fromisoformat(version))


async def show_accessibility(request: web.Request) -> web.Response:
    """GET /accessibility."""
    return render(request, "accessibility.html")
