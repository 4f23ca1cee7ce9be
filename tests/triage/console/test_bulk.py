"""Many cases at once: seen before, done one by one, told afterwards. What fails, fails alone."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models.audit import find_broken_event
from models.case import Case, TrackStep
from models.event import Event
from models.list_work import BulkItem, BulkRun
from models.numbers import make_case_number
from models.queries.bars import insert_bar_once
from models.queries.list_work import RUNS_KEPT
from models.states import BarReason, CaseState, Role, Track
from tests.factories import NOW, make_case, make_deadline, make_staff, make_tip
from triage.bulk import MOST
from triage.jobs import purge

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def tick(*cases: Case) -> list[tuple[str, str]]:
    return [("case", f"{case.number}-{case.version}") for case in cases]


def key_of(page) -> str:
    return re.search(r'name="key" value="([^"]+)"', page.text)[1]


async def look(browser, act: str, *cases: Case):
    return await browser.post("/cases/bulk", [("act", act), ("back", "/cases?view=open"), *tick(*cases)])


async def send(browser, act: str, *cases: Case, **values: str):
    """Look first, as everybody does, then confirm."""
    page = await look(browser, act, *cases)
    fields = [("act", act), ("step", "send"), ("key", key_of(page)), ("back", "/cases?view=open")]
    return await browser.post("/cases/bulk", [*fields, *values.items(), *tick(*cases)])


async def states_of(db, *cases: Case) -> list[CaseState]:
    async with db.read() as session:
        return [(await session.get_one(Case, case.id)).state for case in cases]


async def count_events(db, kind: str) -> int:
    async with db.read() as session:
        assert await find_broken_event(session) is None
        return int(await session.scalar(select(func.count()).where(Event.kind == kind)) or 0)


async def make_assigned(session, count: int, **changes) -> list[Case]:
    return [
        await make_case(session, CaseState.ASSIGNED, due_rule="D07", target=f"第{n}培训学校", **changes)
        for n in range(1, count + 1)
    ]


@on_sqlite
async def test_the_preview_says_for_each_case_what_will_happen_or_why_not_and_changes_nothing(
    db, bureau, sign_in
):
    async with db.begin() as session:
        one, two = await make_assigned(session, 2)
        over = await make_case(session, CaseState.ANSWER_DUE)
        mine = await make_case(session, CaseState.ASSIGNED, recused=[bureau.by_role[Role.OFFICER].id])
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    page = await look(browser, "sign_for", one, over, bureau.other_case, two, mine)
    able, unable = page.text.split("不能办的 3 件</h2>")
    assert "可以办的 2 件" in able
    for case in (one, two):
        row = able.split(f'href="/cases/{case.number}"')[1].split("</tr>")[0]
        assert case.target in row
        assert "时限按时完成" in row
    for case, why in (
        (over, "案件现在是“待反馈”"),
        (bureau.other_case, "不归您的单位办理"),
        (mine, "已申请回避"),
    ):
        row = unable.split(f'href="/cases/{case.number}"')[1].split("</tr>")[0]
        assert why in row, row
    assert (
        bureau.other_case.target not in page.text
    )  # nothing of another county's case but the number that was sent
    assert await states_of(db, one, two) == [CaseState.ASSIGNED] * 2
    assert await count_events(db, "signed_for") == 0


async def test_each_case_goes_through_its_own_move_and_what_fails_fails_alone(db, bureau, sign_in):
    async with db.begin() as session:
        cases = await make_assigned(session, 4)
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    page = await look(browser, "sign_for", *cases)
    async with (
        db.begin() as session
    ):  # between looking and confirming somebody else changed one, and signed another
        (await session.get_one(Case, cases[1].id)).target = "改过的名字"
        signed = await session.get_one(Case, cases[2].id)
        signed.state = CaseState.VERIFYING
    fields = [("act", "sign_for"), ("step", "send"), ("key", key_of(page)), ("back", "/cases?view=assigned")]
    result = await browser.post("/cases/bulk", [*fields, *tick(*cases), *tick(bureau.other_case)])
    assert result.url.startswith("/cases/bulk/")
    assert result.says("办成 2 件，没有办成 3 件")
    failed = result.text.split("没有办成的 3 件</h2>")[1].split("办成的 2 件</h2>")[0]
    for case, why in (
        (cases[1], "案件有了变化"),
        (cases[2], "案件有了变化"),
        (bureau.other_case, "不归您的单位"),
    ):
        row = failed.split(f'href="/cases/{case.number}"')[1].split("</tr>")[0]
        assert why in row
    assert 'href="/cases?view=assigned"' in result.text
    verifying, assigned = CaseState.VERIFYING, CaseState.ASSIGNED
    assert await states_of(db, *cases) == [verifying, assigned, verifying, verifying]
    assert await count_events(db, "signed_for") == 2
    async with db.read() as session:
        assert (await session.get_one(Case, bureau.other_case.id)).version == bureau.other_case.version


async def test_a_form_sent_twice_or_at_once_is_one_run(db, bureau, sign_in):
    async with db.begin() as session:
        cases = await make_assigned(session, 3)
    officer = bureau.by_role[Role.OFFICER]
    first, second = await sign_in(officer), await sign_in(officer)
    page = await look(first, "sign_for", *cases)
    fields = [("act", "sign_for"), ("step", "send"), ("key", key_of(page)), ("back", ""), *tick(*cases)]
    answers = await asyncio.gather(first.post("/cases/bulk", fields), second.post("/cases/bulk", fields))
    again = await first.post("/cases/bulk", fields)
    assert len({answer.url for answer in (*answers, again)}) == 1
    assert again.says("办成 3 件，没有办成 0 件")
    assert (await first.get(again.url)).says("办成 3 件")  # a reload as well
    assert await count_events(db, "signed_for") == 3
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(BulkRun)) == 1
        assert await session.scalar(select(func.count()).select_from(BulkItem)) == 3


@on_sqlite
async def test_a_run_that_was_cut_off_says_what_it_did_not_come_to(db, bureau, sign_in):
    async with db.begin() as session:
        case, *_ = await make_assigned(session, 1)
        run = BulkRun(
            key="k", staff_id=bureau.by_role[Role.OFFICER].id, act="sign_for", numbers=[case.number],
            back="/cases", made_at=NOW,
        )  # fmt: skip
        session.add(run)
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    assert (await browser.get(f"/cases/bulk/{run.id}")).says("还没有办到的 1 件")
    lead = await sign_in(bureau.by_role[Role.LEAD])
    assert (await lead.get(f"/cases/bulk/{run.id}")).status == 404  # another person's run
    async with db.begin() as session:
        (await session.merge(bureau.by_role[Role.OFFICER])).office_id = "linying"
    page = await browser.get(
        f"/cases/bulk/{run.id}"
    )  # he moved on: the number stays, the rest is no more his
    assert case.number in page.text
    assert case.target not in page.text


@on_sqlite
async def test_a_lead_assigns_many_to_one_officer_with_one_note(db, bureau, sign_in):
    async with db.begin() as session:
        other = await make_staff(session, Role.OFFICER, "yancheng", name="李工")
        cases = [await make_case(session, CaseState.VERIFYING) for _ in range(3)]
    browser = await sign_in(bureau.by_role[Role.LEAD])
    assert (await look(browser, "assign", *cases)).says("李工（在办 0 件）")
    result = await send(browser, "assign", *cases, officer_id=str(other.id), reason="李工熟悉这一片")
    assert result.says("办成 3 件")
    assert result.text.count("李工") == 3
    async with db.read() as session:
        stored = [await session.get_one(Case, case.id) for case in cases]
        reasons = await session.scalars(select(Event.reason).where(Event.kind == "assigned"))
        assert [case.officer_id for case in stored] == [other.id] * 3
        assert list(reasons) == ["李工熟悉这一片"] * 3
    stranger = bureau.other_officer
    refused = await send(browser, "assign", *stored, officer_id=str(stranger.id))
    assert refused.status == 422
    assert refused.says("没有这个承办人")


@on_sqlite
async def test_the_city_assigns_to_an_office_and_the_load_spreads(db, bureau, sign_in):
    async with db.begin() as session:
        people = [await make_staff(session, Role.OFFICER, "wuyang") for _ in range(2)]
        cases = [await make_case(session, CaseState.ACCEPTED, "city", due_rule="D06") for _ in range(4)]
        await insert_bar_once(
            session, cases[3].id, office_id="wuyang", reason=BarReason.OFFICE_NAMED, now=NOW
        )
    browser = await sign_in(bureau.by_role[Role.INTAKE])
    empty = await send(browser, "assign", *cases, office_id="", officer_id="", reason="")
    assert (empty.status, empty.says("请填写“承办单位”")) == (422, True)
    result = await send(browser, "assign", *cases, office_id="wuyang", officer_id="", reason="")
    assert result.says("办成 3 件，没有办成 1 件")
    assert result.says("被举报内容涉及这个单位或承办人")
    async with db.read() as session:
        officers = [(await session.get_one(Case, case.id)).officer_id for case in cases[:3]]
    assert sorted(officers.count(person.id) for person in people) == [1, 2]


@on_sqlite
async def test_what_the_machine_proposed_is_accepted_where_it_is_clear(db, bureau, sign_in):
    async with db.begin() as session:
        clear = await make_case(
            session, CaseState.REGISTERED, "city", due_rule="D03", jurisdiction="linying", clauses=["3.1.4"]
        )
        doubtful = await make_case(
            session, CaseState.REGISTERED, "city", due_rule="D03", jurisdiction="unknown"
        )
    browser = await sign_in(bureau.by_role[Role.INTAKE])
    desk = await browser.get("/desk")
    assert desk.text.count('form="bulk"') == 2
    page = await look(browser, "accept", clear, doubtful)
    assert page.says("交办临颍县")
    assert page.says("系统没有提出可以照办的县区和条款")
    result = await send(browser, "accept", clear, doubtful, reason="")
    assert result.says("办成 1 件，没有办成 1 件")
    async with db.read() as session:
        stored = await session.get_one(Case, clear.id)
        assert (stored.state, stored.office_id, stored.clauses) == (CaseState.ASSIGNED, "linying", ["3.1.4"])
    assert await states_of(db, doubtful) == [CaseState.REGISTERED]
    assert await count_events(db, "accepted") == await count_events(db, "assigned") == 1


@on_sqlite
async def test_a_note_that_gives_a_reporter_away_stops_only_his_case(db, bureau, sign_in):
    told = "我在那里当电工，上个月十二号晚上八点半亲眼看见教务主任在二楼收钱发证。"
    async with db.begin() as session:
        his = await make_case(
            session, CaseState.ACCEPTED, "city", tip=await make_tip(session, told), due_rule="D06"
        )
        others = await make_case(session, CaseState.ACCEPTED, "city", text="证书是假的。", due_rule="D06")
        await make_staff(session, Role.OFFICER, "wuyang")
    browser = await sign_in(bureau.by_role[Role.INTAKE])
    result = await send(browser, "assign", his, others, office_id="wuyang", officer_id="", reason=told)
    assert result.says("办成 1 件，没有办成 1 件")
    assert result.says("有可能让人认出举报人")
    assert await states_of(db, his, others) == [CaseState.ACCEPTED, CaseState.ASSIGNED]
    async with db.read() as session:  # what was written is kept nowhere for the case that was stopped
        stored = [item.reason for item in await session.scalars(select(BulkItem))]
    assert told not in str(stored)


@on_sqlite
async def test_a_supervisor_urges_many_with_a_reason_that_stands_in_each(db, bureau, sign_in):
    async with db.begin() as session:
        late = [await make_case(session, due_in=timedelta(days=-2)) for _ in range(2)]
        urged = await make_case(session, tracks={"urge": "written"})
        session.add(
            TrackStep(case_id=urged.id, track=Track.URGE, step="written", at=NOW, staff_id=None, facts={})
        )
    browser = await sign_in(bureau.by_role[Role.SUPERVISOR])
    page = await look(browser, "urge_reminded", *late, urged)
    assert page.says("按现在的进度，不能走这一步")
    without = await send(browser, "urge_reminded", *late, reason=" ")
    assert (without.status, without.says("请填写“理由”")) == (422, True)
    result = await send(browser, "urge_reminded", *late, urged, reason="超期两天，请说明原因")
    assert result.says("办成 2 件，没有办成 1 件")
    async with db.read() as session:
        steps = list(await session.scalars(select(TrackStep).where(TrackStep.step == "reminded")))
        assert [step.facts["reason"] for step in steps] == ["超期两天，请说明原因"] * 2
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    assert (await look(officer, "urge_reminded", *late)).status == 403


@on_sqlite
async def test_closing_waits_for_the_follow_up_and_archiving_for_the_tracks(db, bureau, sign_in):
    async with db.begin() as session:
        named = await make_case(
            session, CaseState.ANSWERED, tip=await make_tip(session, is_named=True), due_in=None
        )
        plain = await make_case(session, CaseState.ANSWERED, due_in=None)
        busy = await make_case(session, CaseState.CLOSED, due_in=None, tracks={"penalty": "filed"})
        ended = await make_case(session, CaseState.CLOSED, due_in=None)
        await make_deadline(session, plain, "D14", due_at=NOW + timedelta(days=3))
    lead = await sign_in(bureau.by_role[Role.LEAD])
    assert (await look(lead, "close", named, plain)).says("办结前应先回访")
    assert (await send(lead, "close", named, plain)).says("办成 1 件，没有办成 1 件")
    assert (await send(lead, "archive", busy, ended)).says("办成 1 件，没有办成 1 件")
    expected = [CaseState.ANSWERED, CaseState.CLOSED, CaseState.CLOSED, CaseState.ARCHIVED]
    assert await states_of(db, named, plain, busy, ended) == expected


@on_sqlite
async def test_nothing_ticked_too_much_and_nonsense_are_told_kindly(db, bureau, sign_in):
    async with db.begin() as session:
        case, *_ = await make_assigned(session, 1)
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    none = await browser.post(
        "/cases/bulk", {"act": "sign_for", "back": "https://evil.example/cases?view=mine"}
    )
    assert (none.status, none.says("还没有选中案件")) == (422, True)
    assert "evil.example" not in none.text
    many = [("case", f"{make_case_number(2026, n)}-1") for n in range(1, MOST + 2)]
    too_many = await browser.post("/cases/bulk", [("act", "sign_for"), ("step", "send"), *many])
    assert (too_many.status, too_many.says("一次最多 50 件")) == (422, True)
    for act in ("", "grant_extension", "refuse", "__class__"):
        assert (await browser.post("/cases/bulk", [("act", act), *tick(case)])).status == 400
    assert (await browser.post("/cases/bulk", [("act", "archive"), *tick(case)])).status == 403
    boxes = [("case", "nonsense"), ("case", f"{case.number}-x"), ("case", case.number), ("case", "")]
    stale = await browser.post("/cases/bulk", [("act", "sign_for"), *boxes])
    assert stale.says("不能办的 1 件")
    assert stale.says("案件有了变化")


@on_sqlite
async def test_all_on_this_page_are_ticked_without_scripts(db, bureau, sign_in):
    async with db.begin() as session:
        await make_assigned(session, 3)
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    page = await browser.get("/cases?view=assigned")
    assert page.text.count('form="bulk">') == 3
    assert 'href="/cases?view=assigned&amp;tick=all"' in page.text
    ticked = await browser.get("/cases?view=assigned&tick=all")
    assert ticked.text.count('form="bulk" checked>') == 3
    assert 'form="bulk"' not in (await browser.get("/cases?view=closed")).text  # an officer archives nothing


@on_sqlite
async def test_fifty_cases_take_as_many_queries_as_two_to_look_at(db, bureau, sign_in, app):
    from sqlalchemy import event

    async with db.begin() as session:
        cases = await make_assigned(session, MOST)
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    counts = []
    for some in (cases[:2], cases):
        seen = []
        note = lambda *args, seen=seen: seen.append(args[2])  # noqa: E731
        event.listen(db.read_engine.sync_engine, "before_cursor_execute", note)
        assert (await look(browser, "sign_for", *some)).status == 200
        event.remove(db.read_engine.sync_engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]


@on_sqlite
async def test_old_runs_are_forgotten(db, bureau, tmp_path):
    async with db.begin() as session:
        for key, age in (("old", RUNS_KEPT + timedelta(days=1)), ("new", timedelta(days=1))):
            run = BulkRun(
                key=key, staff_id=bureau.by_role[Role.LEAD].id, act="close", numbers=[], back="/cases",
                made_at=NOW - age,
            )  # fmt: skip
            session.add(run)
            await session.flush()
            session.add(BulkItem(run_id=run.id, number="263184720393", is_done=True, reason={}))
    await purge(db, tmp_path, now=NOW)
    async with db.read() as session:
        assert list(await session.scalars(select(BulkRun.key))) == ["new"]
        assert await session.scalar(select(func.count()).select_from(BulkItem)) == 1
