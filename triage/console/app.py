"""The console as an application: pages for staff on a port of their own."""

from pathlib import Path

from aiohttp import web

from config.catalog import Catalog
from config.keys import Keys
from config.settings import Settings
from config.web import Limits, make_site, make_unavailable
from models.session import Database, is_database_trouble
from triage.console.access import RULES, SESSION_COOKIE, add_routes, guard
from triage.console.aids import TOOLS, Tools
from triage.console.context import DESK, Desk, MessageReceiver, TipFinder, TipReceiver
from triage.console.routes import OPEN_ROUTES, ROUTES
from triage.console.views.administration import administration_routes
from triage.console.views.oversight import machine_routes, oversight_routes

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
LIMITS = Limits(files=1, file_bytes=64 * 1024, upload_bytes=2 * 1024 * 1024)
"""Staff upload nothing but the notice of a year, which is small and stays in memory: so nobody can fill the disk before
he has signed in.
"""


def make_console(
    db: Database,
    *,
    settings: Settings,
    catalog: Catalog,
    keys: Keys,
    receive_tip: TipReceiver,
    find_tip_by_receipt: TipFinder,
    receive_message: MessageReceiver | None = None,
) -> web.Application:
    """The console. The doors of `bot` are handed in, because triage and bot never import each other.

    Without `receive_message` callers can ask but not add.
    """
    app = make_site(
        name="console",
        secret=keys.session,
        templates=[TEMPLATES],
        public_url=settings.console_url,
        session_cookie=SESSION_COOKIE,
        limits=LIMITS,
        static=[STATIC],
    )
    app[DESK] = Desk(db, catalog, keys, settings, receive_tip, find_tip_by_receipt, receive_message)
    app[TOOLS] = Tools(catalog, keys)
    app[RULES] = {}
    app.middlewares.extend([make_unavailable(is_database_trouble), guard])
    app.router.add_routes([*OPEN_ROUTES, *machine_routes()])
    add_routes(app, [*ROUTES, *oversight_routes(), *administration_routes()])
    return app
