"""Hostile words in every stored field: shown as words, never run, and nobody else's row is disturbed."""

import pytest

from models.states import CaseState, FindingKind, FindingSource, MessageKind, Role, Verdict
from models.tip import Attachment
from tests.factories import NOW, make_case, make_finding, make_message, make_staff, make_tip
from triage import actions

POLYGLOT = (
    "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert() )//</textarea></title>\"'><svg/onload=alert(1)>"
)
BIDI = "\u202e反过来\u202c\u2066"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def poisoned(db, bureau):
    async with db.begin() as session:
        author = await make_staff(session, Role.OFFICER, name=POLYGLOT)
        tip = await make_tip(session, POLYGLOT + BIDI, place=POLYGLOT, target=POLYGLOT, occurred=POLYGLOT)
        case = await make_case(session, tip=tip, target=POLYGLOT[:200], officer_id=author.id)
        case.result, case.verdict, case.answer = POLYGLOT, Verdict.PROVEN, POLYGLOT
        await make_finding(
            session,
            case,
            tip,
            evidence=[{"for": "3.1.4", "start": 0, "end": 30, "text": POLYGLOT, "why": POLYGLOT}],
        )
        await make_finding(session, case, tip, FindingKind.TARGET, POLYGLOT[:200])
        decided = {"source": FindingSource.STAFF, "staff_id": author.id, "confidence": None}
        await make_finding(session, case, tip, FindingKind.TARGET, BIDI, **decided)
        for kind in MessageKind:
            message = await make_message(
                session, case, tip, POLYGLOT, kind=kind, staff_id=author.id, read_at=NOW
            )
        for owner in ({"tip_id": tip.id}, {"message_id": message.id}):
            session.add(
                Attachment(
                    name=POLYGLOT[:100], media_type="image/png", size=1, digest=bytes(32), original="0" * 32,
                    working="1" * 32, created_at=NOW, **owner,
                )
            )  # fmt: skip
        await actions.send_back(
            session, await _in_review(session, case), reason=POLYGLOT, by=bureau.by_role[Role.LEAD], now=NOW
        )
    return case


async def _in_review(session, case):
    case.state = CaseState.RESULT_FILED
    await session.flush()
    return case


async def test_words_stay_words_on_every_page(poisoned, bureau, sign_in):
    pages = (
        "/cases",
        f"/cases?q={'x' * 300}",
        "/desk",
        f"/cases/{poisoned.number}",
        f"/cases/{poisoned.number}?events=all&do=file_result",
        f"/cases/{poisoned.number}?do=assign",
        "/cases?q=%22%3E%3Csvg/onload=alert(1)%3E&view=%22%3E%3Csvg/onload=alert(1)%3E",
        f"/cases/{poisoned.number}?done=%3Csvg/onload=alert(1)%3E&do=%3Csvg%3E",
    )
    for role in (Role.OFFICER, Role.LEAD, Role.INTAKE, Role.SUPERVISOR):
        browser = await sign_in(bureau.by_role[role])
        for page in pages:
            answer = await browser.get(page)
            assert answer.status in {200, 403}, page
            assert "<svg" not in answer.text.lower(), page
            assert "onload=alert" not in answer.text.replace("&lt;svg/onload=alert", ""), page


async def test_typed_words_stay_words_in_previews_conflicts_and_errors(db, bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{bureau.case.number}"
    version = str(bureau.case.version)
    for path, data in (
        (f"{page}/ask_reporter", {"version": version, "words": POLYGLOT, "step": "preview"}),
        (f"{page}/ask_reporter", {"version": version, "words": POLYGLOT, "step": "edit"}),
        (f"{page}/file_result", {"version": "999", "verdict": POLYGLOT, "result": POLYGLOT}),
        (f"{page}/return", {"version": version, "reason": POLYGLOT * 20}),
        ("/account", {"locale": POLYGLOT, "email": POLYGLOT}),
    ):
        answer = await officer.post(path, data)
        assert "<svg" not in answer.text, path
        assert "&lt;svg" in answer.text, path


async def test_reordering_characters_are_shown_and_kept_inside(poisoned, bureau, sign_in):
    answer = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{poisoned.number}")
    assert answer.text.count('class="hidden-sign"') == 3
    words = answer.text.split('<div class="words" dir="auto">')[1].split("</div>")[0]
    assert "\u202e" not in words


async def test_what_a_person_cannot_have_sent_is_refused(bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = f"/cases/{bureau.case.number}/add_note"
    version = str(bureau.case.version)
    assert (await officer.post(page, {"version": version, "words": "空\0字符"})).status == 400
    twice = [("version", version), ("words", "一"), ("words", "二")]
    assert (await officer.post(page, twice)).status == 400
    assert (await officer.get("/cases?view=open&view=closed")).status == 400
    assert (await officer.post(page.replace("add_note", "delete"), {"version": version})).status == 404
    assert (await officer.get("/cases?after=" + "A" * 500)).status == 200
