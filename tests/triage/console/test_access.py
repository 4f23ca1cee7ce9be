"""Who may open what: every route of the router, every role, one's own case and another county's."""

import re

import pytest
from sqlalchemy import func, select

from models.event import Event
from models.queries.bars import insert_bar_once
from models.states import BarReason, CaseState, Role
from tests.factories import NOW, make_case
from triage.console.access import OPEN_PATHS, RULES

OFFICE = frozenset({Role.OFFICER, Role.LEAD, Role.INTAKE, Role.SUPERVISOR})
DESK = frozenset({Role.INTAKE, Role.SUPERVISOR})
DECIDERS = frozenset({Role.LEAD, Role.INTAKE, Role.SUPERVISOR})
CALLS = frozenset({Role.OPERATOR})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
AUDITORS = frozenset({Role.AUDITOR})
KEEPERS = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR})
ALL = frozenset(Role)
PROMISED = {
    ("GET", "/"): ALL,
    ("POST", "/sign-out"): ALL,
    ("GET", "/alive"): ALL,
    ("GET", "/account"): ALL,
    ("POST", "/account"): ALL,
    ("GET", "/account/password"): ALL,
    ("POST", "/account/password"): ALL,
    ("POST", "/account/sessions/end-others"): ALL,
    ("GET", "/account/second-factor"): ALL,
    ("POST", "/account/second-factor"): ALL,
    ("POST", "/account/second-factor/begin"): ALL,
    ("GET", "/keys"): ALL,
    ("POST", "/keys"): ALL,
    ("GET", "/cases"): OFFICE,
    ("POST", "/cases/bulk"): OFFICE,
    ("GET", "/cases/bulk/{run_id}"): OFFICE,
    ("POST", "/cases/views"): OFFICE,
    ("POST", "/cases/views/{view_id}/drop"): OFFICE,
    ("GET", "/cases/{number}"): OFFICE,
    ("POST", "/cases/{number}/{move}"): OFFICE,
    ("POST", "/cases/{number}/drafts/{move}"): OFFICE,
    ("POST", "/cases/{number}/drafts/{move}/drop"): OFFICE,
    ("GET", "/cases/{number}/present"): OFFICE,
    ("POST", "/cases/{number}/findings"): OFFICE,
    ("GET", "/cases/{number}/print"): OFFICE,
    ("POST", "/cases/{number}/likenesses/{likeness_id}/{say}"): OFFICE,
    ("POST", "/cases/{number}/bars"): DESK,
    ("POST", "/cases/{number}/words"): OFFICE - DESK,
    ("POST", "/cases/{number}/outgoing"): OFFICE,
    ("POST", "/cases/{number}/summary"): DESK,
    ("POST", "/approvals/text/{text_id}"): DECIDERS,
    ("POST", "/cases/{number}/bars/{bar_id}/lift"): frozenset({Role.SUPERVISOR}),
    ("POST", "/cases/{number}/identity/ask"): OFFICE,
    ("POST", "/cases/{number}/identity/open"): OFFICE,
    ("GET", "/approvals"): DECIDERS,
    ("POST", "/approvals/identity/{disclosure_id}"): DECIDERS,
    ("POST", "/cases/{number}/tracks/{track}"): OFFICE,
    ("GET", "/cases/{number}/files/{file_id}"): OFFICE,
    ("GET", "/cases/{number}/files/{file_id}/picture"): OFFICE,
    ("GET", "/cases/{number}/files/{file_id}/original"): OFFICE,
    ("POST", "/cases/{number}/files/{file_id}/original"): OFFICE,
    ("GET", "/cases/{number}/papers/{form}"): OFFICE,
    ("POST", "/cases/{number}/papers/{form}"): OFFICE,
    ("GET", "/cases/{number}/papers/{paper_id}"): OFFICE,
    ("GET", "/cases/{number}/papers/{paper_id}/{kind}"): OFFICE,
    ("GET", "/desk"): DESK,
    ("GET", "/operator"): CALLS,
    ("POST", "/operator"): CALLS,
    ("GET", "/operator/status"): CALLS,
    ("POST", "/operator/status"): CALLS,
    ("POST", "/operator/draft"): CALLS,
    ("POST", "/operator/aids"): CALLS,
    ("POST", "/operator/units"): CALLS,
    ("GET", "/operator/paper"): CALLS,
    ("GET", "/operator/calls/{call_id}"): CALLS,
    ("GET", "/operator/calls/{call_id}/card"): CALLS,
    ("POST", "/operator/calls/{call_id}/card"): CALLS,
    ("GET", "/operator/calls/{call_id}/ended"): CALLS,
    ("POST", "/operator/calls/{call_id}/reopen"): CALLS,
    ("GET", "/operator/calls/{call_id}/status"): CALLS,
    ("POST", "/operator/calls/{call_id}/supplement"): CALLS,
    ("GET", "/supervisor"): DECIDERS - {Role.INTAKE},
    ("POST", "/supervisor/workbook"): DECIDERS - {Role.INTAKE},
    ("GET", "/admin/staff"): ADMINISTRATORS,
    ("GET", "/admin/staff/new"): ADMINISTRATORS,
    ("POST", "/admin/staff/new"): ADMINISTRATORS,
    ("GET", "/admin/staff/of/{login}"): ADMINISTRATORS,
    ("POST", "/admin/staff/of/{login}"): ADMINISTRATORS,
    ("POST", "/admin/staff/of/{login}/reset"): ADMINISTRATORS,
    ("POST", "/admin/staff/of/{login}/disable"): ADMINISTRATORS,
    ("POST", "/admin/staff/of/{login}/second-factor"): ADMINISTRATORS,
    ("GET", "/admin/rules"): ADMINISTRATORS,
    ("GET", "/admin/bodies"): ADMINISTRATORS,
    ("POST", "/admin/bodies"): ADMINISTRATORS,
    ("GET", "/admin/channels"): ADMINISTRATORS,
    ("POST", "/admin/channels/test"): ADMINISTRATORS,
    ("GET", "/admin/health"): ADMINISTRATORS,
    ("GET", "/admin/start"): ADMINISTRATORS,
    ("POST", "/admin/start"): ADMINISTRATORS,
    ("GET", "/audit"): AUDITORS,
    ("GET", "/audit/export"): AUDITORS,
    ("POST", "/audit/export"): AUDITORS,
    ("POST", "/audit/verify"): AUDITORS,
    ("GET", "/admin/calendar"): ADMINISTRATORS,
    ("POST", "/admin/calendar"): ADMINISTRATORS,
    ("POST", "/admin/calendar/preview"): ADMINISTRATORS,
    ("GET", "/keeping"): KEEPERS,
    ("GET", "/keeping/{name}"): ADMINISTRATORS,
    ("POST", "/keeping/{name}"): ADMINISTRATORS,
    ("POST", "/erasures"): ADMINISTRATORS,
    ("POST", "/holds"): KEEPERS - ADMINISTRATORS,
    ("POST", "/holds/lift"): KEEPERS - ADMINISTRATORS,
    ("GET", "/changes"): KEEPERS,
    ("POST", "/changes/{change_id}"): KEEPERS,
    ("POST", "/changes/{change_id}/withdraw"): KEEPERS,
    ("GET", "/record"): ADMINISTRATORS | AUDITORS,
}
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def routes_of(app) -> list[tuple[str, str]]:
    """Every route with a page of its own, HEAD apart."""
    return [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource is not None
    ]


SAMPLES = ("officer", "add_note", "1", "2026-01", "263184720393")


def fill(path: str, number: str, app=None) -> str:
    """An address for a route: our case, and for other places the first sample that the router takes."""
    path = (
        path.replace("{number}", number)
        .replace("{move}", "add_note")
        .replace("{file_id}", "1")
        .replace("{likeness_id}", "1")
        .replace("{bar_id}", "1")
        .replace("{say}", "same")
        .replace("{track}", "police")
        .replace("{form}", "verification_report")
        .replace("{paper_id}", "1")
        .replace("{kind}", "pdf")
    )
    if "{" not in path:
        return path
    filled = [re.sub(r"\{[a-z_]+\}", sample, path) for sample in SAMPLES]
    return next(one for one in filled if is_routed(app, one))


def is_routed(app, path: str) -> bool:
    patterns = [route.resource.get_info().get("pattern") for route in app.router.routes() if route.resource]
    return any(pattern.fullmatch(path) for pattern in patterns if pattern)


def test_every_route_is_open_by_name_or_has_a_rule(app):
    for method, path in routes_of(app):
        assert path in OPEN_PATHS or (method, path) in app[RULES], f"{method} {path} has no rule"


def test_every_route_has_its_row_in_the_matrix_and_no_other(app):
    """A new page must be written down here, with the roles that may come."""
    assert dict(app[RULES]) == PROMISED


async def test_nobody_opens_anything_before_signing_in(app, visitor, bureau):
    await visitor.get("/sign-in")
    for method, path in routes_of(app):
        if path in OPEN_PATHS:
            continue
        call = visitor.get if method == "GET" else visitor.post
        answer = await call(fill(path, bureau.case.number, app), follow=False)
        assert answer.status == 303, (method, path)
        assert answer.headers["Location"].startswith("/sign-in"), (method, path)


async def test_unknown_pages_say_nothing_before_signing_in(visitor):
    answer = await visitor.get("/cases/nothing/here", follow=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in?next=%2Fcases%2Fnothing%2Fhere")


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_reaches_what_its_rules_name_and_nothing_else(app, bureau, sign_in, role):
    for (method, path), roles in app[RULES].items():
        if path in {"/sign-out", "/account/password"}:
            continue  # they end the session
        browser = await sign_in(bureau.by_role[role])
        call = browser.get if method == "GET" else browser.post
        answer = await call(fill(path, bureau.case.number, app), follow=False)
        if role in roles:
            assert answer.status != 403, (role, method, path)
        else:
            assert answer.status == 403, (role, method, path)
            assert answer.says("您的岗位不能打开这一页")


STATES = list(CaseState)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.LEAD])
@pytest.mark.parametrize("why", ["another county", "barred to the office", "barred to the person"])
async def test_a_case_that_is_not_yours_is_as_if_it_did_not_exist(app, db, bureau, sign_in, role, why):
    """Every route with a case in it, in every state of the case: one and the same answer as for no case at all."""
    cases = await make_foreign(db, bureau, role, why)
    browser = await sign_in(bureau.by_role[role])
    paths = [key for key, roles in app[RULES].items() if "{number}" in key[1] and role in roles]
    assert len(paths) > 5
    for method, path in paths:
        call = browser.get if method == "GET" else browser.post
        nobodys = await call(fill(path, "000000000000", app), follow=False)
        assert nobodys.status == 404, (method, path)
        for number in cases if method == "GET" else cases[:2]:
            theirs = await call(fill(path, number, app), follow=False)
            assert theirs.status == 404, (method, path)
            assert without_tokens(theirs.text) == without_tokens(nobodys.text)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Event)) == 0


async def make_foreign(db, bureau, role, why) -> list[str]:
    """A case in each state that this person must not see, by number."""
    office = "linying" if why == "another county" else "yancheng"
    numbers = []
    async with db.begin() as session:
        for state in STATES:
            case = await make_case(session, state, office)
            numbers.append(case.number)
            if why == "barred to the office":
                await insert_bar_once(
                    session, case.id, office_id="yancheng", reason=BarReason.OFFICE_NAMED, now=NOW
                )
            elif why == "barred to the person":
                person = bureau.by_role[role].id
                await insert_bar_once(session, case.id, staff_id=person, reason=BarReason.RECUSED, now=NOW)
    return numbers


@pytest.mark.parametrize("role", list(Role))
async def test_the_state_of_a_case_opens_it_to_nobody_else(db, bureau, sign_in, role):
    async with db.begin() as session:
        cases = [await make_case(session, state) for state in STATES]
    browser = await sign_in(bureau.by_role[role])
    for case in cases:
        answer = await browser.get(f"/cases/{case.number}")
        assert answer.status == (200 if role in OFFICE else 403), (role, case.state)


def without_tokens(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line)


async def test_another_countys_case_is_not_counted_or_found(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    for address in ("/cases", "/cases?view=all", "/cases?q=临颍", f"/cases?q={bureau.other_case.number}"):
        answer = await browser.get(address)
        assert not answer.says("临颍某某学校"), address
        assert f"/cases/{bureau.other_case.number}" not in answer.text
    assert (await browser.get("/cases?office=linying")).says("共 1 件")  # a filter for others does not widen


async def test_the_city_sees_all_counties(bureau, sign_in):
    for role in (Role.INTAKE, Role.SUPERVISOR):
        browser = await sign_in(bureau.by_role[role])
        assert (await browser.get(f"/cases/{bureau.other_case.number}")).status == 200
        assert (await browser.get("/cases?office=linying")).says("临颍某某学校")


async def test_an_officer_moved_to_another_county_loses_his_old_cases_at_once(db, bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{bureau.case.number}"
    assert (await browser.get(page)).status == 200
    async with db.begin() as session:
        (await session.merge(bureau.by_role[Role.OFFICER])).office_id = "linying"
    assert (await browser.get(page)).status == 404
    assert (await browser.get(f"/cases/{bureau.other_case.number}")).status == 200


async def test_a_closed_account_is_out_with_the_next_click(db, bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    async with db.begin() as session:
        (await session.merge(bureau.by_role[Role.OFFICER])).is_active = False
    assert (await browser.get("/cases", follow=False)).headers["Location"] == "/sign-in?next=%2Fcases"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_no_foreign_page_can_act(app, bureau, sign_in, headers):
    for (method, path), roles in app[RULES].items():
        if method != "POST":
            continue
        browser = await sign_in(bureau.by_role[min(roles)])
        answer = await browser.post(fill(path, bureau.case.number, app), follow=False, **headers)
        assert answer.status == 403, path


async def test_no_form_counts_without_its_token(app, bureau, sign_in):
    lead = await sign_in(bureau.by_role[Role.LEAD])
    for (method, path), roles in app[RULES].items():
        if method != "POST":
            continue
        browser = await sign_in(bureau.by_role[min(roles)])
        for token in ("", "x", lead.token):
            answer = await browser.post(fill(path, bureau.case.number, app), token=token, follow=False)
            assert answer.status == 403, (path, token)
