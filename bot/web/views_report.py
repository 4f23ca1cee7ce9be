"""The report, one thing on each page, and the confirmation."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any

from aiohttp import hdrs, web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.follow_ups import MEANT, collect_answers, collect_meant, make_plan
from bot.intake import Submission, SubmissionError, receive_tip
from bot.limits import TIPS_OF_SOURCE
from bot.notice import notice_version
from bot.promises import ACCEPTANCE_RULE, last_moment
from bot.questionnaire import (
    CHOICE,
    UnknownQuestionError,
    check_answer,
    collect_values,
    get_question,
    list_missing,
    must_answer,
    next_question,
    previous_question,
    summarise,
    take_answer,
)
from bot.receipts import Receipt, derive_code
from bot.understanding import find_note
from bot.understood import choice_words, find_in_words
from bot.web.context import DESK, count_source
from bot.web.drafts import (
    drop_draft,
    drop_file,
    find_own_draft,
    keep_cookie,
    keep_notice,
    save_answer,
    save_files,
    seconds_left,
    seen_notice,
    touch_draft,
    typed_values,
)
from bot.web.leaving import leave_no_trace
from bot.web.understood import STORY, get_base, get_plan, get_remarks, read_story
from bot.web.windows import PAGE, find_words_of_another, make_page, name_window
from bot.web.work import TOKEN, WAIT, make_token, seconds_to_wait
from config.questionnaires import Question, Questionnaire
from config.text import text
from config.web import Form, Refusal, get_form, get_locale, get_query, render, see_other
from models.numbers import in_groups
from models.queries.tips import get_tip
from models.queries.visits import find_draft_to_change
from models.states import Channel
from models.tip import Draft

TRAP = "website"
TO_CHECK = "check"


async def start_report(request: web.Request) -> web.Response:
    """GET /report: on to the first question without an answer."""
    draft, _ = await find_own_draft(request)
    if draft is not None and draft.tip_id is not None:
        return see_other("/report/done")
    if draft is None and not seen_notice(request):
        return see_other("/report/start")
    question = next_question(get_plan(request, draft).asked, draft.answers if draft else {})
    return see_other(f"/report/{question.id}" if question else "/report/check")


async def show_start(request: web.Request) -> web.Response:
    """GET /report/start: before the first question, how to leave and what becomes of what is told."""
    version = notice_version()
    return render(request, "report_start.html", version=version, since=date.fromisoformat(version))


async def begin_report(request: web.Request) -> web.Response:
    """POST /report/start: the notice was shown; on to the questions. Without cookies nobody gets further than here."""
    response = see_other("/report")
    keep_notice(request, response)
    return response


async def keep_draft(request: web.Request) -> web.Response:
    """POST /report/keep: the draft lives another day; back to where the reader was."""
    await touch_draft(request)
    return see_other("/report")


async def show_question(request: web.Request) -> web.Response:
    """GET /report/{question}."""
    draft, _ = await find_own_draft(request)
    question = _question(request, draft)
    if draft is not None and draft.tip_id is not None:
        return see_other("/report/done")
    if draft is None and not seen_notice(request):
        return see_other("/report/start")
    typed = (draft.answers.get(question.id) or {}) if draft else {}
    return await _render_question(request, question, typed)


async def take_question(request: web.Request) -> web.Response:
    """POST /report/{question}: keep the answer, go on; what will not do comes back with its sentence."""
    form = get_form(request)
    draft, files = await find_own_draft(request)
    question = _question(request, draft)
    if form.get(TRAP):
        raise Refusal(403, "trap")
    if removed := form.get("remove"):
        await drop_file(request, int(removed) if removed.isdecimal() and removed.isascii() else 0)
        return see_other(_address(question, form))
    typed = typed_values(form)
    flaws = check_answer(question, typed, counties=request.app[DESK].catalog.counties)
    locale = get_locale(request)
    errors = {name: text(f"errors.{flaw.key}", locale, **flaw.values) for name, flaw in flaws.items()}
    page = form.get(PAGE) if question.id == STORY else ""
    other = find_words_of_another(draft, page, typed.get("text", "")) if page else None
    if form.get("keep"):
        return await _keep_typed(request, question, typed, is_sound=not errors and other is None, page=page)
    if other is not None:
        typed["text"] = f"{other}\n\n{typed['text']}"
        errors.setdefault("text", text("errors.two_windows", locale))
    token, refused = await save_files(request, form.files("files"), left_out=form.left_out)
    if refused:
        errors["files"] = "\n".join(refused)
    elif form.get("more") and not form.files("files"):
        errors["files"] = text("errors.file.none", locale)
    if errors:
        response = await _render_question(request, question, typed, errors=errors)
    else:
        answer = take_answer(question, typed)
        read = await read_story(request, answer, draft, files) if question.id == STORY else {}
        notes = {**read, **name_window(page)}
        token = await save_answer(request, question.id, answer, cookie=token, notes=notes)
        answers = {**(draft.answers if draft else {}), **notes}
        asked = make_plan(get_base(request), find_note(answers), request.app[DESK].catalog.follow_ups).asked
        response = see_other(_next_address(asked, question, form))
    keep_cookie(request, response, token)
    return response


async def _keep_typed(
    request: web.Request, question: Question, typed: Mapping[str, Any], *, is_sound: bool, page: str
) -> web.Response:
    """What a script saves while somebody types: kept where it would be taken, and never said to be wrong."""
    response = web.Response(status=204)
    if is_sound and any(value.strip() for value in typed.values()):
        answer, notes = take_answer(question, typed), name_window(page)
        token = await save_answer(request, question.id, answer, cookie=None, notes=notes)
        keep_cookie(request, response, token)
    return response


async def show_check(request: web.Request) -> web.Response:
    """GET /report/check: everything that was said, to be changed or sent."""
    draft, files = await find_own_draft(request)
    if draft is not None and draft.tip_id is not None:
        return see_other("/report/done")
    missing = list_missing(get_base(request), draft.answers if draft else {})
    if draft is None or missing:
        return see_other(f"/report/{missing[0].id}")
    return render(
        request,
        "report_check.html",
        rows=_rows(request, draft),
        files=files,
        remarks=get_remarks(request, draft),
        may_correct=find_note(draft.answers) is not None,
        work_token=make_token(request, draft),
        work_bits=request.app[DESK].settings.work_bits,
    )


async def send_report(request: web.Request) -> web.Response:
    """POST /report/check: store the tip; the confirmation comes only after the commit."""
    draft, _ = await find_own_draft(request)
    if draft is None:
        raise Refusal(409, "draft_gone")
    if draft.tip_id is None:
        if missing := list_missing(get_base(request), draft.answers):
            return see_other(f"/report/{missing[0].id}")
        if seconds := seconds_to_wait(request, draft, get_form(request)):
            token = (
                get_form(request).get(TOKEN) if seconds < WAIT.total_seconds() else make_token(request, draft)
            )
            return render(request, "report_wait.html", status=202, seconds=seconds, work_token=token)
        await _send(request, draft)
    return see_other("/report/done")


async def show_done(request: web.Request) -> web.Response:
    """GET /report/done: number and code, large; can be opened again for a while in the same browser."""
    receipt = await _find_receipt(request)
    if receipt is None:
        return see_other("/report")
    desk = request.app[DESK]
    decided_by = last_moment(desk.catalog, ACCEPTANCE_RULE, receipt.received_at)
    return render(request, "report_done.html", receipt=receipt, decided_by=decided_by)


async def save_done(request: web.Request) -> web.Response:
    """GET /report/done.txt: the same as a text file."""
    receipt = await _find_receipt(request)
    if receipt is None:
        return see_other("/report")
    words = text(
        "public.done.file",
        get_locale(request),
        number=in_groups(receipt.case_number),
        code=in_groups(receipt.code),
        address=request.app[DESK].settings.public_url or f"{request.scheme}://{request.host}",
    )
    disposition = 'attachment; filename="receipt.txt"'
    return web.Response(text="\ufeff" + words + "\n", headers={hdrs.CONTENT_DISPOSITION: disposition})


async def forget_report(request: web.Request) -> web.Response:
    """POST /report/forget: drop the draft or the confirmation from this browser."""
    await drop_draft(request)
    return leave_no_trace(request, "/")


async def start_anew(request: web.Request) -> web.Response:
    """POST /report/new: another report after one was sent; the sent one can no longer be shown here."""
    await drop_draft(request)
    return see_other("/report")


async def _send(request: web.Request, draft: Draft) -> None:
    refusal = await request.app[DESK].db.write_together(partial(_submit, request, draft.owner))
    if refusal is not None:
        raise refusal


async def _submit(request: web.Request, owner: bytes, session: AsyncSession) -> Refusal | None:
    """Turn the draft into a tip. One source's flood is answered, not raised: others may share this commit."""
    desk = request.app[DESK]
    try:
        await count_source(session, request, TIPS_OF_SOURCE)
    except Refusal as refusal:
        return refusal
    own = await find_draft_to_change(session, owner)
    if own is None or own.tip_id is not None:
        return None
    base, plan = get_base(request), get_plan(request, own)
    values = collect_values(base, own.answers)
    submission = Submission(
        channel=Channel.WEB,
        submission_key=own.submission_key,
        locale=get_locale(request),
        draft_id=own.id,
        answers=collect_answers(plan, own.answers, base),
        meant=collect_meant(find_note(own.answers), own.answers),
        notice_version=own.notice_version,
        **{name: value for name, value in values.items() if name in _SUBMITTED},
    )
    try:
        receipt = await receive_tip(session, submission, keys=desk.keys, now=desk.now())
    except SubmissionError as error:
        reasons: dict[str, Any] = dict(error.values)
        return Refusal(422, error.problem, **reasons)
    own.tip_id, own.updated_at = receipt.tip_id, desk.now()
    # What was said now lives in the tip alone.
    own.answers = {}
    return None


_SUBMITTED = frozenset({"text", "county", "place", "target", "occurred", "name", "phone"})


async def _find_receipt(request: web.Request) -> Receipt | None:
    """Number and code of the tip that this browser sent, derived anew: the code is stored nowhere."""
    desk = request.app[DESK]
    draft, _ = await find_own_draft(request)
    if draft is None or draft.tip_id is None:
        return None
    async with desk.db.read() as session:
        tip = await get_tip(session, draft.tip_id)
    code = derive_code(desk.keys, Channel.WEB, draft.submission_key)
    return Receipt(tip.number, code, tip.received_at, tip.id, is_repeat=True)


def _question(request: web.Request, draft: Draft | None) -> Question:
    """As it is asked in turn; where it is not asked, or is changed before sending, with all that belongs to it."""
    plan, name = get_plan(request, draft), request.match_info["question"]
    for questionnaire in (plan.whole,) if _is_checking(request) else (plan.asked, plan.whole):
        with suppress(UnknownQuestionError):
            return get_question(questionnaire, name)
    raise Refusal(404, "status.404.body")


async def _render_question(
    request: web.Request,
    question: Question,
    typed: Mapping[str, Any],
    *,
    errors: dict[str, str] | None = None,
) -> web.Response:
    draft, files = await find_own_draft(request)
    plan = get_plan(request, draft)
    questionnaire = plan.asked if question in plan.asked.questions else plan.whole
    before = previous_question(questionnaire, question.id)
    is_checking = _is_checking(request)
    back = "/report/check" if is_checking else (f"/report/{before.id}" if before else "/")
    return render(
        request,
        "report_follow_up.html" if question.words else "report_question.html",
        status=422 if errors else 200,
        question=question,
        place=questionnaire.questions.index(question) + 1,
        total=len(questionnaire.questions),
        typed={**dict.fromkeys([CHOICE, *(field.id for field in question.fields)], ""), **typed},
        errors=errors or {},
        files=files,
        offices=list(request.app[DESK].catalog.counties.values()),
        back=back,
        is_checking=is_checking,
        may_hurry=draft is not None and not must_answer(question),
        seconds_left=seconds_left(draft, now=request.app[DESK].now()) if draft else 0,
        trap=TRAP,
        page=make_page(draft),
        remarks=get_remarks(request, draft),
        choice_words=partial(choice_words, question, locale=get_locale(request)),
    )


def _is_checking(request: web.Request) -> bool:
    return get_query(request).get("to") == TO_CHECK


def _address(question: Question, form: Form) -> str:
    return f"/report/{question.id}" + (f"?to={TO_CHECK}" if form.get("to") == TO_CHECK else "")


def _next_address(asked: Questionnaire, question: Question, form: Form) -> str:
    if form.get("more"):
        return _address(question, form)
    is_in_turn = any(question.id == other.id for other in asked.questions)
    following = next_question(asked, {}, after=question.id) if is_in_turn else None
    if form.get("to") == TO_CHECK or form.get("hurry") or following is None:
        return "/report/check"
    return f"/report/{following.id}"


def _rows(request: web.Request, draft: Draft) -> list[dict[str, str]]:
    """The summary as rows: label, answer in words, address where it can be changed."""
    locale, offices = get_locale(request), request.app[DESK].catalog.counties
    whole = get_plan(request, draft).whole
    own = {question.id: question for question in whole.questions if question.words}
    rows = []
    for line in summarise(whole, draft.answers):
        value = line.value
        if line.question == MEANT:
            continue  # told above in a sentence, and changed there
        if (question := own.get(line.question)) and line.field == CHOICE:
            value = value and choice_words(question, value, locale)
        elif line.field == CHOICE:
            value = value and text(f"public.report.{line.question}.choice.{value}.label", locale)
        elif line.field == "county":
            value = value and (
                offices[value].name[locale]
                if value in offices
                else text("public.report.county_unknown", locale)
            )
        value = value or find_in_words(draft.answers, line.field, request.app[DESK].catalog, locale)
        key = f"{question.words}.label" if question else f"public.report.label.{line.question}_{line.field}"
        label = text(key, locale)
        rows.append({"label": label, "value": value, "href": f"/report/{line.question}?to={TO_CHECK}"})
    return rows
