"""Words that were not sent wait for their author and for nobody else; who else has the case open."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from models.at_work import CaseDraft, CasePresence
from models.case import Case
from models.event import Event
from models.states import CaseState, Role
from tests.factories import make_case, make_staff
from triage.at_work import DRAFT_AGE, PRESENCE_AGE
from triage.jobs import purge

WORDS = "王某某的电话是 13812345678，周三在三楼考场。"
KEY = re.compile(r'name="page_key" value="([^"]+)"')


def page_of(bureau) -> str:
    return f"/cases/{bureau.case.number}"


async def draft_rows(db) -> list[CaseDraft]:
    async with db.read() as session:
        return list(await session.scalars(select(CaseDraft)))


async def open_form(browser, page: str, move: str = "add_note") -> str:
    return KEY.search((await browser.get(f"{page}?do={move}")).text)[1]


async def test_what_was_typed_is_there_again_and_gone_once_sent(db, bureau, sign_in, clock, now):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), page_of(bureau)
    key = await open_form(officer, page)
    saved = await officer.post(f"{page}/drafts/add_note", {"version": "1", "page_key": key, "words": WORDS})
    assert b'"saved": "10:00:00"' in saved.body
    clock(now + timedelta(minutes=5))
    again = await officer.get(f"{page}?do=add_note")
    assert again.says("10:00 暂存，只有您能看到。")
    assert again.says(WORDS)
    assert (await officer.get(page)).says("您还没有提交的内容")  # also from another page of the case

    second = KEY.search(again.text)[1]
    version = str(bureau.case.version)
    await officer.post(f"{page}/add_note", {"version": version, "page_key": second, "words": WORDS})
    assert not (await officer.get(f"{page}?do=add_note")).says("暂存，只有您能看到")
    late = await officer.post(f"{page}/drafts/add_note", {"version": "1", "page_key": second, "words": WORDS})
    assert late.status == 409  # a save that was still on its way when the words were sent
    assert [row.typed for row in await draft_rows(db)] == [None]


async def test_lists_and_choices_come_back_too(bureau, sign_in):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), page_of(bureau)
    key = await open_form(officer, page, "file_result")
    fields = [("version", "1"), ("page_key", key), ("verdict", "partly_proven"), ("result", "查了台账。")]
    fields += [("allegations", "3.1.4:proven"), ("clauses", "3.1.2"), ("step", "keep")]
    kept = await officer.post(f"{page}/file_result", fields)  # the button, without scripts
    assert kept.says("已暂存，只有您能看到")
    form = (await officer.get(f"{page}?do=file_result")).text
    assert 'value="partly_proven" checked' in form
    assert '<option value="3.1.4:proven" selected>' in form
    assert 'value="3.1.2" checked' in form
    assert "查了台账。" in form


@pytest.mark.parametrize("step", ["preview", "send"])
async def test_a_form_that_did_not_get_through_is_kept(bureau, sign_in, step):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), page_of(bureau)
    version = str(bureau.case.version)
    fields = {"version": version, "page_key": "k", "step": step, "result": "只写了一半"}
    assert (await officer.post(f"{page}/file_result", fields)).status == 422
    assert (await officer.get(f"{page}?do=file_result")).says("只写了一半")


async def test_it_is_thrown_away_with_one_button(db, bureau, sign_in):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), page_of(bureau)
    await officer.post(f"{page}/drafts/add_note", {"version": "1", "page_key": "k", "words": WORDS})
    await officer.get(page)
    dropped = await officer.post(f"{page}/drafts/add_note/drop", {"page_key": "k"})
    assert dropped.says("已扔掉")
    assert not (await officer.get(f"{page}?do=add_note")).says(WORDS)
    assert [row.typed for row in await draft_rows(db)] == [None]


async def test_nobody_else_finds_it_and_it_is_stored_sealed(db, bureau, sign_in):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), page_of(bureau)
    await officer.post(f"{page}/drafts/add_note", {"version": "1", "page_key": "k", "words": WORDS})
    for role in (Role.LEAD, Role.INTAKE, Role.SUPERVISOR):
        other = await sign_in(bureau.by_role[role])
        assert not (await other.get(f"{page}?do=add_note")).says("13812345678")
    stranger = await sign_in(bureau.other_officer)
    refused = await stranger.post(f"{page}/drafts/add_note", {"version": "1", "page_key": "k", "words": "我"})
    assert refused.status == 404
    async with db.read() as session:
        stored = bytes(await session.scalar(text("SELECT typed FROM case_draft")))
        events = list(await session.scalars(select(Event.kind).where(Event.case_id == bureau.case.id)))
    assert WORDS.encode() not in stored
    assert b"13812345678" not in stored
    assert events == []  # neither drafts nor looking are part of the record


async def test_it_goes_with_the_right_to_see_the_case(db, bureau, sign_in, settings, now):
    officer, page = bureau.by_role[Role.OFFICER], page_of(bureau)
    await (await sign_in(officer)).post(
        f"{page}/drafts/add_note", {"version": "1", "page_key": "k", "words": WORDS}
    )
    await purge(db, settings.files, now=now)
    assert len(await draft_rows(db)) == 1
    async with db.begin() as session:
        (await session.get_one(Case, bureau.case.id)).office_id = "city"
    await purge(db, settings.files, now=now)
    assert await draft_rows(db) == []


async def test_old_drafts_and_looks_are_forgotten(db, bureau, sign_in, settings, now):
    page = page_of(bureau)
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    await officer.post(f"{page}/drafts/add_note", {"version": "1", "page_key": "k", "words": WORDS})
    await purge(db, settings.files, now=now + DRAFT_AGE)
    assert len(await draft_rows(db)) == 1
    await purge(db, settings.files, now=now + DRAFT_AGE + timedelta(seconds=1))
    assert await draft_rows(db) == []
    async with db.read() as session:
        assert await session.scalar(select(CasePresence)) is None
    assert timedelta(hours=1) < PRESENCE_AGE < timedelta(days=1)


async def test_words_for_a_step_that_is_over_can_still_be_read(db, bureau, sign_in):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), page_of(bureau)
    await officer.post(f"{page}/drafts/return", {"version": "1", "page_key": "k", "reason": "不属本区管辖"})
    async with db.begin() as session:
        (await session.get_one(Case, bureau.case.id)).state = CaseState.RESULT_FILED
    shown = await officer.get(page)
    assert shown.says("现在不能办这一步，内容还可以看。")
    assert shown.says("不属本区管辖")


async def test_colleagues_on_the_same_case_see_each_other(db, bureau, sign_in, clock, now):
    page = page_of(bureau)
    officer, lead = bureau.by_role[Role.OFFICER], await sign_in(bureau.by_role[Role.LEAD])
    writer = await sign_in(officer)
    await writer.get(page)
    clock(now + timedelta(minutes=2))
    assert (await lead.get(page)).says(f"{officer.name} 2 分钟前打开了本案")
    await writer.post(f"{page}/drafts/add_note", {"version": "1", "page_key": "k", "words": "约了明天"})
    part = await lead.get(f"{page}/present")
    assert part.says(f"{officer.name} 2 分钟前打开了本案，正在填写")
    assert not part.says(bureau.by_role[Role.LEAD].name)  # oneself is no news
    clock(now + timedelta(minutes=30))
    assert not (await lead.get(page)).says("打开了本案")


async def test_only_names_of_those_who_may_see_the_case_are_shown(db, bureau, sign_in):
    page, lead = page_of(bureau), await sign_in(bureau.by_role[Role.LEAD])
    async with db.begin() as session:
        guest = await make_staff(session, Role.OFFICER, "yancheng", name="调走的人")
    await (await sign_in(guest)).get(page)
    assert (await lead.get(f"{page}/present")).says("调走的人")
    async with db.begin() as session:
        (await session.get_one(type(guest), guest.id)).office_id = "linying"
    assert not (await lead.get(f"{page}/present")).says("调走的人")
    foreign = await (await sign_in(bureau.other_officer)).get(f"{page}/present")
    assert foreign.status == 404


async def test_looking_again_within_seconds_writes_nothing(db, bureau, sign_in, clock, now):
    officer, page = await sign_in(bureau.by_role[Role.OFFICER]), page_of(bureau)
    await officer.get(page)
    clock(now + timedelta(seconds=5))
    await officer.get(page)
    async with db.read() as session:
        seen = (await session.scalars(select(CasePresence))).one()
    assert (seen.opened_at, seen.seen_at, seen.writing_at) == (now, now, None)


async def test_a_case_without_drafts_says_nothing_of_them(db, bureau, sign_in):
    async with db.begin() as session:
        case = await make_case(session, CaseState.CLOSED, due_in=None)
    shown = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{case.number}")
    assert not shown.says("您还没有提交的内容")
