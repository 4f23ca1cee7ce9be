"""Every page and act of the console, with the roles that may come. A route that is not here does not exist."""

from aiohttp import web

from models.states import Role
from triage.console.access import CASE_READERS, EVERYBODY, Route
from triage.console.views import (
    account,
    at_work,
    bars,
    bulk,
    case,
    cases,
    desk,
    disclosure,
    files,
    findings,
    home,
    keys,
    likenesses,
    moves,
    operator,
    operator_ends,
    operator_status,
    outgoing,
    papers,
    print_case,
    saved_views,
    second_factor,
    sign_in,
    summary,
    tracks,
    welcome,
)
from triage.disclosure import DECIDERS

OPERATORS = frozenset({Role.OPERATOR})
COUNTY = frozenset({Role.OFFICER, Role.LEAD})
SUPERVISORS = frozenset({Role.SUPERVISOR})
CALL = r"/operator/calls/{call_id:\d{1,18}}"
DESK_STAFF = frozenset({Role.INTAKE, Role.SUPERVISOR})

OPEN_ROUTES = [
    web.get("/sign-in", sign_in.show_sign_in),
    web.post("/sign-in", sign_in.sign_in),
    web.get("/sign-in/code", sign_in.show_code),
    web.post("/sign-in/code", sign_in.take_code),
    web.get("/welcome/{token}", welcome.show_welcome),
    web.post("/welcome/{token}", welcome.set_first_password),
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
    Route("POST", "/account/sessions/end-others", account.end_others, EVERYBODY),
    Route("GET", "/account/second-factor", second_factor.show, EVERYBODY),
    Route("POST", "/account/second-factor", second_factor.change, EVERYBODY),
    Route("POST", "/account/second-factor/begin", second_factor.begin, EVERYBODY),
    Route("GET", "/keys", keys.show_keys, EVERYBODY),
    Route("POST", "/keys", keys.switch_keys, EVERYBODY),
    Route("GET", "/cases", cases.show_cases, CASE_READERS),
    Route("POST", "/cases/bulk", bulk.act_on_many, CASE_READERS),
    Route("GET", r"/cases/bulk/{run_id:\d{1,18}}", bulk.show_results, CASE_READERS),
    Route("POST", "/cases/views", saved_views.keep_view, CASE_READERS),
    Route("POST", r"/cases/views/{view_id:\d{1,18}}/drop", saved_views.drop_view, CASE_READERS),
    Route("GET", r"/cases/{number:\d{12}}", case.show_case, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/bars", bars.add_bar, DESK_STAFF),
    Route("POST", r"/cases/{number:\d{12}}/words", disclosure.open_words, COUNTY),
    Route("POST", r"/cases/{number:\d{12}}/outgoing", outgoing.ask_release, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/summary", summary.save_summary, DESK_STAFF),
    Route("POST", r"/cases/{number:\d{12}}/findings", findings.correct, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/{move:[a-z_]+}", moves.make_move, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/drafts/{move:[a-z_]+}", at_work.keep_draft, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/drafts/{move:[a-z_]+}/drop", at_work.drop_draft, CASE_READERS),
    Route("GET", r"/cases/{number:\d{12}}/present", at_work.show_present, CASE_READERS),
    Route("GET", r"/cases/{number:\d{12}}/print", print_case.show_print, CASE_READERS),
    Route(
        "POST",
        r"/cases/{number:\d{12}}/likenesses/{likeness_id:\d{1,18}}/{say:same|different|undo}",
        likenesses.say_likeness,
        CASE_READERS,
    ),
    Route("POST", r"/cases/{number:\d{12}}/bars/{bar_id:\d{1,18}}/lift", bars.lift_bar, SUPERVISORS),
    Route("POST", r"/cases/{number:\d{12}}/identity/ask", disclosure.ask_identity, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/identity/open", disclosure.open_identity, CASE_READERS),
    Route("GET", "/approvals", disclosure.show_approvals, DECIDERS),
    Route("POST", r"/approvals/identity/{disclosure_id:\d{1,18}}", disclosure.decide, DECIDERS),
    Route("POST", r"/approvals/text/{text_id:\d{1,18}}", disclosure.decide_text, DECIDERS),
    Route("POST", r"/cases/{number:\d{12}}/tracks/{track:[a-z]+}", tracks.take_step, CASE_READERS),
    Route("GET", r"/cases/{number:\d{12}}/files/{file_id:\d{1,18}}", files.send_working_copy, CASE_READERS),
    Route(
        "GET", r"/cases/{number:\d{12}}/files/{file_id:\d{1,18}}/picture", files.send_picture, CASE_READERS
    ),
    Route(
        "GET",
        r"/cases/{number:\d{12}}/files/{file_id:\d{1,18}}/original",
        files.show_original_form,
        CASE_READERS,
    ),
    Route(
        "POST", r"/cases/{number:\d{12}}/files/{file_id:\d{1,18}}/original", files.send_original, CASE_READERS
    ),
    Route("GET", r"/cases/{number:\d{12}}/papers/{form:[a-z_]+}", papers.show_form, CASE_READERS),
    Route("POST", r"/cases/{number:\d{12}}/papers/{form:[a-z_]+}", papers.take_form, CASE_READERS),
    Route("GET", r"/cases/{number:\d{12}}/papers/{paper_id:\d{1,18}}", papers.show_paper, CASE_READERS),
    Route(
        "GET",
        r"/cases/{number:\d{12}}/papers/{paper_id:\d{1,18}}/{kind:docx|pdf}",
        papers.send_file,
        CASE_READERS,
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
