"""The rail on the left: which views each role has, with exact counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from config.text import text
from models.list_work import SavedView
from models.queries.cases import count_views
from models.queries.disclosures import count_waiting
from models.queries.list_work import list_saved_views
from models.queries.outgoing import count_waiting_texts
from models.staff import Staff
from models.states import Role
from triage.consent import list_waiting_for
from triage.console.list_address import write_query
from triage.disclosure import REQUEST_LASTS
from triage.permissions import reach_of
from triage.protected_changes import CHANGES


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the rail: `key` names its words under `console.rail.`; `view` is counted where there is one."""

    key: str
    href: str
    view: str = ""
    shortcut: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together."""

    key: str
    entries: tuple[Entry, ...]


def _of_cases(*views: str) -> tuple[Entry, ...]:
    return tuple(Entry(view, f"/cases?view={view}", view) for view in views)


CASES = Group(
    "cases",
    _of_cases(
        "open",
        "overdue",
        "assigned",
        "verifying",
        "result_filed",
        "answer_due",
        "mine",
        "unassigned",
        "unread",
    ),
)
OWN_CASES = Group("cases", (*_of_cases("todo"), *CASES.entries))
CITY_CASES = Group(
    "cases", _of_cases("open", "overdue", "assigned", "verifying", "result_filed", "answer_due", "unread")
)
ENDED = Group("ended", _of_cases("closed"))
DESK = Group("desk", (Entry("desk", "/desk", "desk"),))
CALLS = Group(
    "calls",
    (
        Entry("operator", "/operator", shortcut="F2"),
        Entry("operator_status", "/operator/status", shortcut="F4"),
    ),
)
OVERSIGHT = Group("oversight", (Entry("figures", "/supervisor"),))
ADMINISTRATION = Group(
    "administration",
    (
        Entry("start", "/admin/start"),
        Entry("staff", "/admin/staff"),
        Entry("bodies", "/admin/bodies"),
        Entry("rules", "/admin/rules"),
        Entry("channels", "/admin/channels"),
        Entry("health", "/admin/health"),
    ),
)
KEEPING = Entry("keeping", "/keeping")
CHANGES_TO_AGREE = Entry("changes", "/changes", "changes")
RECORD = Entry("record", "/record")
UPKEEP = Group("upkeep", (Entry("calendar", "/admin/calendar"), KEEPING, CHANGES_TO_AGREE, RECORD))
SUPERVISION = Group("oversight", (Entry("figures", "/supervisor"), KEEPING, CHANGES_TO_AGREE))
APPROVALS = Group("approvals", (Entry("approvals", "/approvals", "approvals"),))
AUDIT = Group("audit", (Entry("audit", "/audit"), RECORD, KEEPING, CHANGES_TO_AGREE))
ACCOUNT = Group("own", (Entry("account", "/account"),))

RAILS: Mapping[Role, Sequence[Group]] = {
    Role.OFFICER: (OWN_CASES, ENDED, ACCOUNT),
    Role.LEAD: (CASES, APPROVALS, ENDED, OVERSIGHT, ACCOUNT),
    Role.INTAKE: (DESK, CITY_CASES, APPROVALS, ENDED, ACCOUNT),
    Role.OPERATOR: (CALLS, ACCOUNT),
    Role.SUPERVISOR: (SUPERVISION, CITY_CASES, DESK, APPROVALS, ENDED, ACCOUNT),
    Role.AUDITOR: (AUDIT, ACCOUNT),
    Role.ADMINISTRATOR: (ADMINISTRATION, UPKEEP, ACCOUNT),
}
"""Every role has its own."""

HOMES: Mapping[Role, str] = {
    Role.OFFICER: "/cases",
    Role.LEAD: "/cases",
    Role.INTAKE: "/desk",
    Role.OPERATOR: "/operator",
    Role.SUPERVISOR: "/supervisor",
    Role.AUDITOR: "/audit",
    Role.ADMINISTRATOR: "/admin/staff",
}
"""Where each role begins its day."""

FIRST_VIEWS: Mapping[Role, str] = {Role.OFFICER: "todo"}
"""What a list shows whose address names no view: an officer's own cases and those that nobody has; else all open."""

LATE_VIEWS = frozenset({"overdue", "approvals", "changes"})
NOT_OF_CASES = frozenset({"approvals", "changes"})


async def make_rail(
    session: AsyncSession, staff: Staff, *, address: str, locale: str, now: datetime
) -> list[dict[str, object]]:
    """The rail of a member of staff as the layout wants it; `address` is the page that is open."""
    groups = RAILS[staff.role]
    named = [entry.view for group in groups for entry in group.entries if entry.view]
    views, scope = [view for view in named if view not in NOT_OF_CASES], reach_of(staff)
    sizes = await count_views(session, views, scope=scope, officer_id=staff.id, now=now) if views else {}
    if "approvals" in named:
        since = now - REQUEST_LASTS
        waiting = await count_waiting(session, staff, scope, since=since)
        sizes["approvals"] = waiting + await count_waiting_texts(session, staff, scope, since=since)
    if "changes" in named:
        waiting_changes = await list_waiting_for(session, CHANGES, staff, now=now)
        sizes["changes"] = sum(may_decide for _, _, may_decide in waiting_changes)
    first = first_view(staff)
    saved = await list_saved_views(session, staff.id) if views else []
    asked = _list_query(address, first)
    if any(view.query == asked for view in saved):  # one line of the rail is the open page, never two
        address = ""
    shown: list[dict[str, object]] = [
        {
            "title": text(f"console.rail.group.{group.key}", locale) if len(groups) > 1 else "",
            "views": [
                _show(entry, sizes, address=address, locale=locale, first=first) for entry in group.entries
            ],
        }
        for group in groups
    ]
    if saved:
        title = text("console.rail.group.saved", locale)
        shown.insert(-1, {"title": title, "views": [_show_saved(view, asked) for view in saved]})
    return shown


def first_view(staff: Staff) -> str:
    """The list that somebody's day begins with."""
    return FIRST_VIEWS.get(staff.role, "open")


def _list_query(address: str, first: str) -> str:
    """What the open list asks for, in the form in which saved views are kept."""
    parts = urlsplit(address)
    return write_query({"view": first, **dict(parse_qsl(parts.query))}) if parts.path == "/cases" else "none"


def _show_saved(view: SavedView, asked: str) -> dict[str, object]:
    return {
        "href": f"/cases?{view.query}",
        "label": view.name,
        "count": None,
        "is_late": False,
        "is_current": view.query == asked,
    }


def _show(
    entry: Entry, sizes: Mapping[str, int], *, address: str, locale: str, first: str
) -> dict[str, object]:
    return {
        "href": entry.href,
        "label": text(f"console.rail.{entry.key}", locale),
        "count": sizes.get(entry.view),
        "is_late": entry.view in LATE_VIEWS,
        "shortcut": entry.shortcut,
        "is_current": _is_at(entry, address, first=first),
    }


def _is_at(entry: Entry, address: str, *, first: str) -> bool:
    """Whether the open page is this one; a bare list is the first view of this person."""
    parts = urlsplit(address)
    if parts.path != urlsplit(entry.href).path:
        return False
    return (
        not entry.view
        or parts.path != "/cases"
        or parse_qs(parts.query).get("view", [first])[0] == entry.view
    )
