"""The auditor takes a piece of the audit out as a signed file, streamed: there may be millions of entries."""

from datetime import date

from aiohttp import hdrs, web

from config.web import get_form, get_locale
from models.audit import record_event
from models.audit_export import find_range, write_export
from models.staff import Staff
from triage.console.context import DESK, show
from triage.console.words import Words

FIELDS = ("first", "last", "purpose")
MAX_PURPOSE = 200


async def show_export(request: web.Request, staff: Staff) -> web.StreamResponse:
    """The form: which days, and what for."""
    return await show(
        request, staff, "oversight/audit_export.html", typed=dict.fromkeys(FIELDS, ""), errors={}
    )


async def export(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Record the export, then stream the file; the entry that records it stands behind the last one in the file."""
    desk, form, words = (
        request.app[DESK],
        get_form(request),
        Words(request.app[DESK].catalog, get_locale(request)),
    )
    typed = {name: form.get(name).strip() for name in FIELDS}
    days, errors = _read_days(typed, words)
    wanted = None if errors else await find_range(desk.db, first=days["first"], last=days["last"])
    if not errors and wanted is None:
        errors["first"] = words.text("installation.export.no_entries")
    if errors or wanted is None:
        return await show(
            request, staff, "oversight/audit_export.html", status=422, typed=typed, errors=errors
        )
    now = desk.now()
    async with desk.db.begin() as session:
        record_event(
            session, "audit_exported", at=now, by=staff.id, reason=typed["purpose"], first=wanted.first,
            last=wanted.last,
        )  # fmt: skip
    response = web.StreamResponse()
    response.content_type = "application/x-ndjson"
    name = f"tipline-audit-{wanted.first}-{wanted.last}.jsonl"
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    await response.prepare(request)
    async for piece in write_export(desk.db, wanted, signer=desk.keys.signer, made_by=staff.login, now=now):
        await response.write(piece)
    await response.write_eof()
    return response


def _read_days(typed: dict[str, str], words: Words) -> tuple[dict[str, date | None], dict[str, str]]:
    days: dict[str, date | None] = {}
    errors: dict[str, str] = {}
    for name in ("first", "last"):
        try:
            day = date.fromisoformat(typed[name]) if typed[name] else None
        except ValueError:
            day = date.min
        if day and not 2000 <= day.year <= 9998:
            errors[name] = words.text("oversight.audit.unknown_day")
        days[name] = day
    if not typed["purpose"] or len(typed["purpose"]) > MAX_PURPOSE:
        errors["purpose"] = words.text("installation.export.no_purpose")
    return days, errors
