"""A case on paper, for whoever works on it: nothing in it tells who reported, whoever prints it."""

from aiohttp import web

from config.web import get_locale
from models.staff import Staff
from triage.console.case_access import load_masked
from triage.console.case_page import view_stages, view_timeline
from triage.console.casework import view_casework
from triage.console.clock_list import view_clocks
from triage.console.context import DESK, show
from triage.console.finding_list import view_findings, view_verified
from triage.console.masking import read_known
from triage.console.next_moves import view_choices
from triage.console.paper_page import view_papers
from triage.console.step_list import view_police, view_steps
from triage.console.timeline import Voice
from triage.console.words import Words


async def show_print(request: web.Request, staff: Staff) -> web.StreamResponse:
    """Number, matter, steps, clocks, findings, result and acts. No words of letters and notes, no names of files."""
    desk, now = request.app[DESK], request.app[DESK].now()
    words = Words(desk.catalog, get_locale(request))
    async with desk.db.read() as session:
        file = await load_masked(session, desk, staff, request.match_info["number"])
        case = file.case
        known = await read_known(session, case.id, keys=desk.keys)
        papers = await view_papers(session, case, staff, words)
    choices = view_choices(file, staff, words, catalog=desk.catalog, now=now)
    return await show(
        request,
        staff,
        "print.html",
        file=file,
        case=case,
        words=words,
        office=words.office(case.office_id),
        stages=view_stages(case, words),
        steps=view_steps(file, choices, papers, words, now=now),
        police_steps=view_police(file, (), words, now=now),
        clocks=view_clocks(file.deadlines, words, now=now),
        findings=view_findings(file, staff, words),
        verified=view_verified(file, words),
        judged=view_casework(file, staff, words, opened=None, now=now)["judged"],
        papers=papers,
        entries=[
            one for one in view_timeline(file) if one.voice is not Voice.REPORTER and one.kind not in LETTERS
        ],
        hide=known.hide,
        printed=words.text("case.print.by", who=staff.name, when=words.moment(now)),
    )


LETTERS = frozenset({"message_to_reporter", "note"})
"""Written between people, not for paper."""
