"""Every page and act of the console, with the roles that may come. A route that is not here does not exist."""

from aiohttp import web

from models.states import Role
from triage.console.access import CASE_READERS, EVERYBODY, Route
from triage.console.views import (
    account,
    case,
    cases,
    desk,
    files,
    home,
    likenesses,
    operator,
    operator_ends,
    operator_status,
    sign_in,
)

OPERATORS = frozenset({Role.OPERATOR})
CALL = r"/operator/calls/{call_id:\d{1,18}}"
DESK_STAFF = frozenset({Role.INTAKE, Role.SUPERVISOR})

OPEN_ROUTES = [
    web.get("/sign-in", sign_in.show_sign_in),
    web.post("/sign-in", sign_in.sign_in),
]
"""Pages before signing in; their paths stand in `access.OPEN_PATHS`."""

ROUTES = (
    Route("GET", "/", home.show_home, EVERYBODY),
    Route("POST", "/sign-out", sign_in.sign_out, EVERYBODY),
    Route("GET", "/alive", home.stay_alive, EVERYBODY),
    Route("GET", "/account", account.show_account, EVERYBODY),
    Route("POST", "/account", account.save_account, EVERYBODY),
    Route("GET", "/account/password", account.show_password, EVERYBODY),
    Route("POST", "/account/password", account.change_password, EVERYBODY),
    Route("GET", "/cases", cases.show_cases, CASE_READERS),
    Route("GET", r"/cases/{number:\d{12}}", case.show_case, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/{move:[a-z_]+}", case.make_move, CASE_READERS),
    Route(
        "POST",
        r"/cases/{number:\d{12}}/likenesses/{likeness_id:\d{1,18}}/{say:same|different|undo}",
        likenesses.say_likeness,
        CASE_READERS,
    ),
    Route("GET", r"/cases/{number:\d{12}}/files/{file_id:\d{1,18}}", files.send_working_copy, CASE_READERS),
    Route(
        "GET",
        r"/cases/{number:\d{12}}/files/{file_id:\d{1,18}}/original",
        files.show_original_form,
        CASE_READERS,
    ),
    Route(
        "POST", r"/cases/{number:\d{12}}/files/{file_id:\d{1,18}}/original", files.send_original, CASE_READERS
    ),
    Route("GET", "/desk", desk.show_desk, DESK_STAFF),
    Route("GET", "/operator", operator.show_form, OPERATORS),
    Route("POST", "/operator", operator.take_call, OPERATORS),
    Route("POST", "/operator/draft", operator.save_draft, OPERATORS),
    Route("POST", "/operator/aids", operator.show_aids, OPERATORS),
    Route("POST", "/operator/units", operator_ends.find_names, OPERATORS),
    Route("GET", "/operator/paper", operator_ends.show_paper, OPERATORS),
    Route("GET", "/operator/status", operator_status.show_status_form, OPERATORS),
    Route("POST", "/operator/status", operator_status.tell_status, OPERATORS),
    Route("GET", CALL, operator.show_call, OPERATORS),
    Route("GET", f"{CALL}/card", operator_ends.show_card, OPERATORS),
    Route("POST", f"{CALL}/card", operator_ends.close_card, OPERATORS),
    Route("GET", f"{CALL}/ended", operator_ends.show_ended, OPERATORS),
    Route("POST", f"{CALL}/reopen", operator.reopen_call, OPERATORS),
    Route("GET", f"{CALL}/status", operator_status.show_status, OPERATORS),
    Route("POST", f"{CALL}/supplement", operator_status.add_supplement, OPERATORS),
)
"""Oversight has its own table in `views/oversight.py`, joined in `app.py`."""
