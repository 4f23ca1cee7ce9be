"""The public site: every address in one place."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web

from bot.understanding import Reader
from bot.web import views, views_continue, views_proof, views_report, views_status, views_steps
from bot.web.api import post_message, post_status, post_tip
from bot.web.context import DESK, Desk
from bot.web.description import get_description
from bot.web.health import get_health, get_readiness
from config import clock
from config.catalog import Catalog
from config.keys import Keys
from config.settings import Settings
from config.web import make_site, make_unavailable
from models.session import Database, is_database_trouble

TEMPLATES = Path(__file__).parent / "templates"


def make_public_site(
    *,
    db: Database,
    keys: Keys,
    catalog: Catalog,
    settings: Settings,
    now: Callable[[], datetime] = clock.now,
    reader: Reader | None = None,
) -> web.Application:
    """The citizens' pages and the API. Serve it with `config.web.SiteRunner`.

    Without a `reader` everybody is asked the fixed questions.
    Paths below /telegram/ are left to whoever adds the webhook's route.
    """
    app = make_site(
        name="public",
        secret=keys.session,
        templates=[TEMPLATES],
        public_url=settings.public_url,
        unguarded=("/telegram/",),
        extras={"has_chat": settings.telegram_token is not None},
    )
    app.middlewares.append(make_unavailable(is_database_trouble))
    app[DESK] = Desk(db=db, keys=keys, catalog=catalog, settings=settings, now=now, reader=reader)
    app.add_routes(
        [
            web.get("/", views.show_home),
            web.get("/help", views.show_help),
            web.get("/privacy", views.show_privacy),
            web.get("/accessibility", views.show_accessibility),
            web.get("/report", views_report.start_report),
            web.get("/report/start", views_report.show_start),
            web.post("/report/start", views_report.begin_report),
            web.post("/report/keep", views_report.keep_draft),
            web.get("/report/check", views_report.show_check),
            web.post("/report/check", views_report.send_report),
            web.get("/report/done", views_report.show_done),
            web.get("/report/done.txt", views_report.save_done),
            web.get("/report/proof.txt", views_proof.save_proof),
            web.get("/.well-known/tipline-keys.json", views_proof.show_keys),
            web.post("/report/forget", views_report.forget_report),
            web.post("/report/new", views_report.start_anew),
            web.get("/report/{question}", views_report.show_question),
            web.post("/report/{question}", views_report.take_question),
            web.get("/continue/{word}", views_continue.show_continue),
            web.post("/continue/{word}", views_continue.take_continue),
            web.get("/status", views_status.show_status),
            web.post("/status", views_status.enter_status),
            web.post("/status/message", views_status.send_message),
            web.post("/status/stay", views_status.stay),
            web.post("/status/leave", views_status.leave_status),
            web.get("/status/left", views_status.show_left),
            web.get("/status/lost", views_status.show_lost),
            web.post("/status/original", views_steps.show_original),
            # Reloading or another language on a page that answered a form: back to the tip.
            web.get("/status/original", views_status.back_to_tip),
            web.get("/status/message", views_status.back_to_tip),
            web.get("/status/withdraw", views_steps.show_withdraw),
            web.post("/status/withdraw", views_steps.withdraw),
            web.get("/status/review", views_steps.show_review),
            web.post("/status/review", views_steps.review),
            web.get("/status/rate", views_steps.show_rate),
            web.post("/status/rate", views_steps.rate),
            web.get("/status/contact", views_steps.show_contact),
            web.post("/status/contact", views_steps.keep_contact),
            web.get("/status/contact/remove", views_steps.show_remove_contact),
            web.post("/status/contact/remove", views_steps.drop_contact),
            web.get("/status/delete", views_steps.show_delete),
            web.post("/status/delete", views_steps.delete_letters),
            web.get("/leave", views_status.leave_quickly),
            web.post("/api/v1/tips", post_tip),
            web.post("/api/v1/status", post_status),
            web.post("/api/v1/messages", post_message),
            web.get("/api/v1/openapi.json", get_description),
            web.get("/healthz", get_health),
            web.get("/readyz", get_readiness),
        ]
    )
    return app
