"""The questions that fit a tip, on the web: reading it when it was written, and what is said of it on the pages."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.follow_ups import Plan, make_note, make_plan
from bot.limits import READINGS_OF_SOURCE
from bot.understanding import NOTE, find_note
from bot.understood import Remarks, make_remarks
from bot.web.context import DESK, count_source
from config.questionnaires import Questionnaire
from config.web import Refusal, get_locale
from models.tip import Attachment, Draft

STORY = "what"


def get_base(request: web.Request) -> Questionnaire:
    """The fixed questionnaire of a tip."""
    return request.app[DESK].catalog.questionnaires["tip"]


def get_plan(request: web.Request, draft: Draft | None) -> Plan:
    """The questions of this draft: the fixed ones, until its words were read."""
    note = find_note(draft.answers) if draft else None
    return make_plan(get_base(request), note, request.app[DESK].catalog.follow_ups)


async def read_story(
    request: web.Request,
    answer: Mapping[str, str],
    draft: Draft | None,
    files: list[Attachment],
) -> dict[str, Any]:
    """What to keep beside the story: a note of how it was understood, where it was read in time."""
    desk = request.app[DESK]
    words, reader = answer.get("text", ""), desk.reader
    if reader is None or not await _may_read(request):
        return {}
    said = await reader.read(words, now=desk.now())
    if said is None:
        return {}
    answers = draft.answers if draft else {}
    note = make_note(
        words,
        said,
        desk.catalog.follow_ups,
        answers=answers,
        has_files=bool(files),
        before=find_note(answers),
    )
    return {NOTE: note.to_json()}


async def _may_read(request: web.Request) -> bool:
    """Reading costs more than storing, so that one source has only so much of it; nothing is refused."""
    try:
        async with request.app[DESK].db.begin() as session:
            await count_source(session, request, READINGS_OF_SOURCE)
    except Refusal:
        return False
    return True


def get_remarks(request: web.Request, draft: Draft | None) -> Remarks:
    """What to tell the citizen about his own words."""
    if draft is None:
        return Remarks()
    return make_remarks(draft.answers, request.app[DESK].catalog, get_locale(request))
