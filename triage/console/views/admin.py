"""Accounts: the administrator's pages. What may be done with an account is decided in `triage.staffing`."""

from datetime import datetime
from typing import Any

from aiohttp import web

from config.text import LOCALES
from config.web import Form, Refusal, encode_token, get_form, get_locale, get_query, see_other
from models.queries.cases import CaseFilter, count_cases
from models.queries.staff import find_staff_by_login, list_staff
from models.staff import Staff
from models.states import Role
from triage.console.context import DESK, show
from triage.console.words import Words
from triage.staffing import (
    OneTime,
    Person,
    StaffProblem,
    StaffRefusedError,
    add_staff,
    change_staff,
    disable_staff,
    reset_password,
    reset_second_factor,
)

FIELDS = ("login", "name", "role", "office", "email", "locale")
DONE = frozenset({"changed", "disabled", "second_factor"})
LOCALE_NAMES = {"zh-CN": "中文", "en": "English"}


async def show_staff(request: web.Request, staff: Staff) -> web.StreamResponse:
    """All accounts."""
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    async with desk.db.read() as session:
        people = await list_staff(session)
    done = get_query(request).get("done")
    rows = [_make_row(person, staff, words) for person in people]
    return await show(request, staff, "oversight/staff.html", rows=rows, done=done if done in DONE else "")


def _make_row(person: Staff, reader: Staff, words: Words) -> dict[str, Any]:
    state = "closed" if not person.is_active else "must_change" if person.must_change_password else "active"
    return {
        "login": person.login,
        "name": person.name,
        "role": words.state("role", person.role),
        "office": words.office(person.office_id),
        "email": person.email or "",
        "last_seen": words.moment(person.last_seen_at) if person.last_seen_at else "",
        "state": words.text(f"oversight.staff.{state}"),
        "second_factor": words.text(f"oversight.staff.second_factor.{'on' if person.totp else 'off'}"),
        "kind": {"closed": "", "must_change": "soon", "active": "fine"}[state],
        "is_own": person.id == reader.id,
    }


async def show_new(request: web.Request, staff: Staff) -> web.StreamResponse:
    """An empty form."""
    return await _show_form(request, staff, dict.fromkeys(FIELDS, "") | {"locale": LOCALES[0]}, {})


async def add(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Open an account and show its invitation, this once."""
    desk, form = request.app[DESK], get_form(request)
    typed = {name: form.get(name).strip() for name in FIELDS}
    try:
        made = await add_staff(
            desk.db,
            typed["login"],
            _read_person(form),
            by=staff,
            offices=desk.catalog.offices,
            now=desk.now(),
            keys=desk.keys,
        )
    except StaffRefusedError as error:
        return await _show_form(request, staff, typed, _explain(error, request), status=422)
    return await _show_invite(request, staff, made)


async def show_person(request: web.Request, staff: Staff) -> web.StreamResponse:
    """One account."""
    person = await _get_person(request)
    return await _show_form(request, staff, _typed_of(person), {}, person=person)


async def change(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Save name, role, office, mail and language."""
    desk, form, login = request.app[DESK], get_form(request), request.match_info["login"]
    person = await _get_person(request)
    try:
        await change_staff(
            desk.db, login, _read_person(form), by=staff, offices=desk.catalog.offices, now=desk.now()
        )
    except StaffRefusedError as error:
        typed = {**_typed_of(person), **{name: form.get(name).strip() for name in FIELDS if name in form}}
        return await _show_form(request, staff, typed, _explain(error, request), person=person, status=422)
    return see_other("/admin/staff?done=changed")


async def reset(request: web.Request, staff: Staff) -> web.StreamResponse:
    """A new invitation, shown this once."""
    desk, person = request.app[DESK], await _get_person(request)
    try:
        made = await reset_password(desk.db, person.login, by=staff, now=desk.now(), keys=desk.keys)
    except StaffRefusedError as error:
        return await _show_refused(request, staff, person, error)
    return await _show_invite(request, staff, made)


async def take_second_factor(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Somebody lost phone and recovery codes: his password alone lets him in until he sets it up anew."""
    desk, person, reason = request.app[DESK], await _get_person(request), get_form(request).get("reason")
    try:
        await reset_second_factor(desk.db, person.login, reason=reason, by=staff, now=desk.now())
    except StaffRefusedError as error:
        return await _show_refused(request, staff, person, error)
    return see_other("/admin/staff?done=second_factor")


async def disable(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Close an account."""
    desk, person = request.app[DESK], await _get_person(request)
    try:
        await disable_staff(desk.db, person.login, by=staff, now=desk.now())
    except StaffRefusedError as error:
        return await _show_refused(request, staff, person, error)
    return see_other("/admin/staff?done=disabled")


async def _get_person(request: web.Request) -> Staff:
    async with request.app[DESK].db.read() as session:
        person = await find_staff_by_login(session, request.match_info["login"])
    if person is None:
        raise Refusal(404, "status.404.body")
    return person


def _read_person(form: Form) -> Person:
    """Raises StaffRefusedError for a role that does not exist."""
    role = next((role for role in Role if role == form.get("role")), None)
    if role is None:
        raise StaffRefusedError(StaffProblem.ROLE_UNKNOWN, "role")
    return Person(
        name=form.get("name"),
        role=role,
        office_id=form.get("office"),
        email=form.get("email"),
        locale=form.get("locale"),
    )


def _typed_of(person: Staff) -> dict[str, str]:
    return {
        "login": person.login,
        "name": person.name,
        "role": person.role,
        "office": person.office_id,
        "email": person.email or "",
        "locale": person.locale,
    }


def _explain(error: StaffRefusedError, request: web.Request) -> dict[str, str]:
    words = Words(request.app[DESK].catalog, get_locale(request))
    return {error.field or "acts": words.text(f"oversight.staff.problem.{error.problem}")}


async def _show_refused(
    request: web.Request, staff: Staff, person: Staff, error: StaffRefusedError
) -> web.StreamResponse:
    errors = _explain(error, request)
    return await _show_form(request, staff, _typed_of(person), errors, person=person, status=409)


async def _show_form(
    request: web.Request,
    staff: Staff,
    typed: dict[str, str],
    errors: dict[str, str],
    *,
    person: Staff | None = None,
    status: int = 200,
) -> web.StreamResponse:
    desk, words = request.app[DESK], Words(request.app[DESK].catalog, get_locale(request))
    choose = {"value": "", "label": words.text("oversight.staff.choose")}
    return await show(
        request,
        staff,
        "oversight/staff_form.html" if person is None else "oversight/staff_person.html",
        status=status,
        typed=typed,
        errors=errors,
        person=person,
        is_own=person is not None and person.id == staff.id,
        open_cases=await _count_open(request, person, now=desk.now()) if person else 0,
        roles=[choose, *({"value": role.value, "label": words.state("role", role)} for role in Role)],
        offices=[choose, *words.office_options()],
        locales=[{"value": locale, "label": LOCALE_NAMES[locale]} for locale in LOCALES],
    )


async def _count_open(request: web.Request, person: Staff, *, now: datetime) -> int:
    """How many cases somebody would have to take over. A number is all that an administrator learns of them."""
    async with request.app[DESK].db.read() as session:
        return await count_cases(session, CaseFilter("mine", person.id), scope=None, now=now)


async def _show_invite(request: web.Request, staff: Staff, made: OneTime) -> web.StreamResponse:
    """The link as it is to be sent: whole where the console's address is known."""
    path = f"/welcome/{encode_token(made.invite)}"
    address = request.app[DESK].settings.console_url or str(request.url.origin())
    until = made.staff.initial_until
    return await show(
        request, staff, "oversight/staff_invite.html", person=made.staff, link=address + path, until=until
    )
