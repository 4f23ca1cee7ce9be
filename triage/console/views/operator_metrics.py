"""What machines ask: alive, ready, figures for monitoring. No label holds anything about a person or a case."""

import asyncio
from datetime import datetime

from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncSession

from config.web import Refusal
from models.checks import readiness
from models.queries.reports import Ages, count_by_state, read_ages
from models.states import OPEN_STATES
from triage.console.context import DESK, Desk

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


async def get_health(_request: web.Request) -> web.Response:
    """GET /healthz: this process answers."""
    return web.json_response({"status": "alive"})


async def get_readiness(request: web.Request) -> web.Response:
    """GET /readyz: 503 when a tip could lie unseen."""
    desk = request.app[DESK]
    said = await readiness(desk.db, now=desk.now(), has_chat=bool(desk.settings.telegram_token))
    return web.json_response(said.as_json(), status=200 if said.is_ready else 503)


async def get_metrics(request: web.Request) -> web.Response:
    """GET /metrics, for the operator's own network: what comes through a proxy comes from elsewhere."""
    if any(name in request.headers for name in FORWARDED):
        raise Refusal(404, "status.404.body")
    desk = request.app[DESK]
    ready = await readiness(desk.db, now=desk.now(), has_chat=bool(desk.settings.telegram_token))
    async with desk.db.read() as session:
        registry = await fill_registry(session, desk, is_ready=ready.is_ready, now=desk.now())
    page = await asyncio.to_thread(generate_latest, registry)
    return web.Response(body=page, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST})


async def fill_registry(
    session: AsyncSession, desk: Desk, *, is_ready: bool, now: datetime
) -> CollectorRegistry:
    """All figures, read anew for each request: several processes would otherwise each know a part."""
    registry = CollectorRegistry()
    cases = Gauge("tipline_cases", "Cases by office and state", ["office", "state"], registry=registry)
    for office in desk.catalog.offices:
        for state in sorted(OPEN_STATES):
            cases.labels(office, state).set(0)
    for office, written, count in await count_by_state(session):
        cases.labels(office, written).set(count)
    ages = await read_ages(session, now=now)
    for name, words, value in _single_figures(ages, is_ready=is_ready, now=now):
        Gauge(name, words, registry=registry).set(value)
    notices = Gauge(
        "tipline_notices",
        "Notices of the outbox by channel and state",
        ["channel", "state"],
        registry=registry,
    )
    for channel, written, count in ages.notices:
        notices.labels(channel, written).set(count)
    beats = Gauge(
        "tipline_last_tick_age_seconds", "Seconds since a part last showed life", ["part"], registry=registry
    )
    for part, beat_at in ages.beats:
        beats.labels(part).set(_age(beat_at, now))
    return registry


def _single_figures(ages: Ages, *, is_ready: bool, now: datetime) -> list[tuple[str, str, float]]:
    tip, notice = _age(ages.oldest_tip, now), _age(ages.oldest_notice, now)
    return [
        ("tipline_ready", "1 when this installation can do its work", float(is_ready)),
        ("tipline_cases_overdue", "Open cases whose nearest deadline has passed", ages.overdue),
        ("tipline_tips_total", "Tips ever received", ages.tips),
        ("tipline_tips_waiting", "Tips that wait for triage", ages.waiting_tips),
        (
            "tipline_oldest_waiting_tip_age_seconds",
            "How long the oldest of them has waited",
            tip,
        ),
        (
            "tipline_oldest_due_notice_age_seconds",
            "How long the oldest notice has been due",
            notice,
        ),
        ("tipline_chat_updates_waiting", "Chat updates stored and not handled yet", ages.waiting_updates),
        ("tipline_staff_sessions", "Signed-in browsers", ages.sessions),
        ("tipline_audit_entries", "Entries of the audit chain", ages.events),
    ]


def _age(moment: datetime | None, now: datetime) -> float:
    return max((now - moment).total_seconds(), 0.0) if moment else 0.0
