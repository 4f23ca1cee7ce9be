"""Lists as one likes them: sorted, without names, kept under a name; and the page of keys."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models.list_work import SavedView
from models.queries.list_work import MOST_SAVED_VIEWS
from models.states import CaseState, Role
from tests.factories import NOW, make_case, make_finding, make_staff, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def numbers_of(page) -> list[str]:
    return re.findall(r'<td class="number nowrap"><a href="/cases/(\d{12})"', page.text)


def row_of(page, case) -> str:
    at = page.text.index(f'href="/cases/{case.number}"')
    return page.text[page.text.rindex("<tr", 0, at) : page.text.index("</tr>", at)]


async def test_an_officer_begins_with_his_own_and_what_nobody_has(db, bureau, sign_in):
    officer = bureau.by_role[Role.OFFICER]
    async with db.begin() as session:
        nobodys = await make_case(session, CaseState.ASSIGNED, due_in=timedelta(days=1))
        colleague = await make_staff(session, Role.OFFICER, "yancheng")
        theirs = await make_case(session, officer_id=colleague.id)
        elsewhere = await make_case(session, CaseState.ASSIGNED, "linying")
    page = await (await sign_in(officer)).get("/cases")
    assert page.says("待我办")
    assert numbers_of(page) == [nobodys.number, bureau.case.number]
    assert '<a href="/cases?view=todo" aria-current="page">' in page.text
    whole_office = await (await sign_in(officer)).get("/cases?view=open")
    assert {theirs.number, nobodys.number, bureau.case.number} == set(numbers_of(whole_office))
    assert elsewhere.number not in whole_office.text
    assert not (await (await sign_in(bureau.by_role[Role.LEAD])).get("/cases")).says("待我办")


async def test_headings_sort_say_so_and_keep_what_was_searched(db, bureau, sign_in):
    async with db.begin() as session:
        cases = []
        for days in (3, 1, 2):
            tip = await make_tip(session, received_at=NOW - timedelta(days=days))
            cases.append(await make_case(session, tip=tip, due_in=timedelta(days=days), target="某某学校"))
    browser = await sign_in(bureau.by_role[Role.LEAD])
    page = await browser.get("/cases?q=某某")
    assert '<th scope="col" class="left sorts" aria-sort="ascending">' in page.text
    assert page.text.count("aria-sort") == 1
    links = dict(re.findall(r'<a href="(/cases\?[^"]*sort=(?:-?\w+))">([^<]*)', page.text))
    by_words = {words: link.replace("&amp;", "&") for link, words in links.items()}
    assert set(by_words) == {"举报编号", "收到", "时限", "最近办理"}
    assert all("q=%E6%9F%90%E6%9F%90" in link for link in by_words.values())
    newest = await browser.get(by_words["收到"])
    assert numbers_of(newest) == [cases[1].number, cases[2].number, cases[0].number]
    assert 'class="day sorts" aria-sort="descending"' in newest.text
    oldest = await browser.get(by_words["收到"].replace("sort=-received", "sort=received"))
    assert numbers_of(oldest) == [cases[0].number, cases[2].number, cases[1].number]
    latest_due = await browser.get(by_words["时限"])
    assert numbers_of(latest_due)[0] == cases[0].number
    assert numbers_of(await browser.get(by_words["举报编号"])) == sorted(case.number for case in cases)
    assert (await browser.get("/cases?sort=;drop")).says("共 4 件")


async def test_what_was_done_last_stands_first_when_asked_for(db, bureau, sign_in):
    async with db.begin() as session:
        other = await make_case(session)
    lead = await sign_in(bureau.by_role[Role.LEAD])
    await lead.post(f"/cases/{other.number}/add_note", {"version": str(other.version), "words": "约了明天"})
    page = await lead.get("/cases?sort=-acted")
    assert numbers_of(page) == [other.number, bureau.case.number]
    assert "3月4日" in row_of(page, other)
    assert "3月2日" in row_of(page, bureau.case)
    assert numbers_of(await lead.get("/cases?sort=acted")) == [bureau.case.number, other.number]


async def test_a_row_says_when_it_came_and_a_sign_stands_beside_colour_and_words(db, bureau, sign_in):
    async with db.begin() as session:
        old = await make_tip(session, received_at=NOW - timedelta(days=100))
        late = await make_case(session, tip=old, due_in=timedelta(days=-4))
        soon = await make_case(session, due_in=timedelta(days=3))
        far = await make_case(session, due_in=timedelta(days=40))
    page = await (await sign_in(bureau.by_role[Role.LEAD])).get("/cases")
    assert "2025年 11月24日" in row_of(page, late)
    assert "3月2日" in row_of(page, soon)
    for case, tone, words in ((late, "late", "超期 4 天"), (soon, "soon", "剩 3 天")):
        assert f'<span class="badge {tone} timed nowrap">{words}</span>' in row_of(page, case)
    assert '<span class="badge fine timed nowrap">' in row_of(page, far)


async def test_days_that_are_left_are_told_in_working_days_too(db, bureau, sign_in, clock):
    """From Wednesday to Monday: five days, of which three are worked."""
    async with db.begin() as session:
        near = await make_case(session, due_in=timedelta(days=5))
        far = await make_case(session, due_in=timedelta(days=40))
        worked = await make_case(session, CaseState.ASSIGNED, due_rule="D07", due_in=timedelta(days=5))
    browser = await sign_in(bureau.by_role[Role.LEAD])
    page = await browser.get("/cases")
    assert re.search(r"剩 5 天</span> <span[^>]*>3 个工作日</span>", row_of(page, near))
    assert "工作日" not in row_of(page, far)
    assert row_of(page, worked).count("个工作日") <= 1


async def test_the_discreet_mode_hides_who_and_what_in_every_list_until_it_is_switched_off(
    db, bureau, sign_in, catalog
):
    async with db.begin() as session:
        case = await make_case(session, is_police_matter=True, target="某某安全培训学校", clauses=["3.1.4"])
        at_desk = await make_case(
            session, CaseState.REGISTERED, "city", due_rule="D03", target="某某培训中心",
            needs_review=True, review_reasons=["unsure_place"],
        )  # fmt: skip
    browser = await sign_in(bureau.by_role[Role.INTAKE])
    assert "某某安全培训学校" in (await browser.get("/cases")).text
    switched = await browser.get("/cases?q=%E6%9F%90&discreet=1")
    assert switched.url == "/cases?q=%E6%9F%90"  # the same list, without the switch in its address
    clause = catalog.clauses["3.1.4"].short("zh-CN")
    for address in ("/cases", "/cases?view=all&sort=-received"):
        page = await browser.get(address)
        row = row_of(page, case)
        assert "已隐藏" in row
        for told in ("某某", clause, "涉嫌犯罪"):
            assert told not in row, (address, told)
        for kept in ("收到", "剩 3 天", "核查中"):
            assert kept in row
    desk = await browser.get("/desk")
    assert "某某" not in desk.text
    assert "对属地把握不大" not in desk.text
    boxes = [("act", "assign"), ("case", f"{case.number}-{case.version}"), ("case", f"{at_desk.number}-1")]
    assert "某某" not in (await browser.post("/cases/bulk", boxes)).text
    await browser.get("/cases?discreet=0")
    assert "某某安全培训学校" in (await browser.get("/cases")).text


async def test_cases_are_found_by_clause(db, bureau, sign_in):
    async with db.begin() as session:
        tip = await make_tip(session)
        one = await make_case(session, tip=tip, clauses=["3.1.2", "5.4"])
        for clause in one.clauses:
            await make_finding(session, one, tip, value=clause)
        await make_case(session, clauses=["3.1.22"])
    browser = await sign_in(bureau.by_role[Role.LEAD])
    assert numbers_of(await browser.get("/cases?clause=3.1.2")) == [one.number]
    assert numbers_of(await browser.get("/cases?clause=5.4&view=all")) == [one.number]
    page = await browser.get("/cases?clause=%25")
    assert page.says("没有符合条件的案件")


async def test_a_list_is_kept_by_name_found_in_the_rail_and_forgotten_again(db, bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.LEAD])
    back = "/cases?view=verifying&q=宏达&sort=-acted&after=x&done=sign_for&unknown=1"
    kept = await browser.post("/cases/views", {"name": "  宏达   的 ", "back": back})
    assert kept.says("已存下")
    page = await browser.get("/cases")
    [(href, name)] = re.findall(r'<a href="(/cases\?[^"]+)"><span>(宏达[^<]*)</span>', page.text)
    assert name == "宏达 的"
    assert href == "/cases?view=verifying&amp;q=%E5%AE%8F%E8%BE%BE&amp;sort=-acted"
    opened = await browser.get(href.replace("&amp;", "&"))
    assert numbers_of(opened) == [bureau.case.number]
    rail = opened.text.split("<nav")[1].split("</nav>")[0]
    assert rail.count('aria-current="page"') == 1
    assert f'<a href="{href}" aria-current="page">' in rail
    assert opened.says("这个筛选存为 宏达 的")
    await browser.post("/cases/views", {"name": "宏达 的", "back": "/cases?view=overdue"})  # another meaning
    async with db.read() as session:
        [view] = await session.scalars(select(SavedView))
    assert view.query == "view=overdue"
    other = await sign_in(bureau.by_role[Role.OFFICER])
    assert not (await other.get("/cases")).says("宏达 的")
    assert (await other.post(f"/cases/views/{view.id}/drop", {"back": "/cases"})).status == 404
    assert (await browser.post(f"/cases/views/{view.id}/drop", {"back": "/cases?view=overdue"})).says(
        "已删去"
    )
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(SavedView)) == 0


async def test_names_of_lists_have_limits(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.LEAD])
    for name in ("", "   ", "长" * 21):
        answer = await browser.post("/cases/views", {"name": name, "back": "/cases"})
        assert (answer.status, answer.says("请写一个名称")) == (422, True)
    for n in range(MOST_SAVED_VIEWS):
        await browser.get("/cases")
        assert (await browser.post("/cases/views", {"name": f"第{n}", "back": "/cases"})).status == 200
    await browser.get("/account/password")
    full = await browser.post("/cases/views", {"name": "还有一个", "back": "/cases"})
    assert (full.status, full.says("最多存 12 个筛选")) == (422, True)
    await browser.get("/account/password")
    assert (await browser.post("/cases/views", {"name": "第0", "back": "/cases?view=mine"})).status == 200


@pytest.mark.parametrize("role", list(Role))
async def test_the_keys_are_a_plain_page_and_can_be_switched_off(bureau, sign_in, role):
    browser = await sign_in(bureau.by_role[role])
    page = await browser.get("/keys")
    assert page.says("快捷键")
    assert ("下一件" in page.text) is (role in {Role.OFFICER, Role.LEAD, Role.INTAKE, Role.SUPERVISOR})
    assert 'data-keys="off"' not in page.text
    off = await browser.post("/keys", {"keys": "off"})
    assert off.says("快捷键已在这个浏览器里关闭")
    assert 'data-keys="off"' in (await browser.get("/account")).text
    assert 'data-keys="off"' not in (await browser.post("/keys", {"keys": "on"})).text


async def test_a_move_leads_to_the_place_of_its_message(db, bureau, sign_in):
    async with db.begin() as session:
        case = await make_case(session, CaseState.ASSIGNED, due_rule="D07")
        other = await make_case(session, CaseState.ASSIGNED, due_rule="D07")
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    form = {"version": str(case.version), "reason": "不在本区"}
    signed = await browser.post(f"/cases/{case.number}/sign_for", form, follow=False)
    assert signed.headers["Location"] == f"/cases/{case.number}?done=sign_for#done"
    returned = await browser.post(f"/cases/{other.number}/return", form, follow=False)
    assert returned.headers["Location"] == f"/cases?done=return&number={other.number}#done"
    for answer in (signed, returned):
        page = await browser.get(answer.headers["Location"].removesuffix("#done"))
        assert '<section class="banner done" id="done" tabindex="-1"' in page.text
