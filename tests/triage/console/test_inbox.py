"""The inbox: what presses comes first, nothing of a tip is read over a shoulder, and notices tell their fate."""

from datetime import timedelta

import pytest

from models.notice import Notice
from models.states import CaseState, NoticeChannel, NoticeState, Role
from tests.factories import NOW, make_case, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SAID = "我表哥在那里交了八百块，第二天证就到手了。"


async def test_what_is_overdue_stands_first_and_is_said_in_words(db, bureau, sign_in):
    async with db.begin() as session:
        later = await make_case(session, due_in=timedelta(days=40))
        late = await make_case(session, due_in=timedelta(days=-4))
    page = (await (await sign_in(bureau.by_role[Role.OFFICER])).get("/cases")).text
    places = [page.index(f'href="/cases/{number}"') for number in (late.number, later.number)]
    assert places == sorted(places)
    row = page[page.rindex("<tr", 0, places[0]) : page.index("</tr>", places[0])]
    assert '<tr class="late' in row
    assert "超期 4 天" in row


async def test_a_row_tells_what_it_is_about_and_nothing_of_what_was_told(db, bureau, sign_in):
    async with db.begin() as session:
        officer = bureau.by_role[Role.OFFICER]
        case = await make_case(session, tip=await make_tip(session, SAID), officer_id=officer.id)
    page = await (await sign_in(officer)).get("/cases")
    row = page.text.split(f'href="/cases/{case.number}"')[1].split("</tr>")[0]
    for word in ("宏达安全培训学校", "剩 3 天", "核查中", officer.name):
        assert word in row
    assert "表哥" not in page.text


async def test_an_empty_list_says_why(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.OFFICER])
    assert (await browser.get("/cases?view=overdue")).says("没有案件")
    assert (await browser.get("/cases?q=没有")).says("没有符合条件的案件")


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        ({"state": NoticeState.SENT, "sent_at": NOW}, ("已发送", "10:00")),
        ({"state": NoticeState.WAITING, "attempts": 2}, ("已试 2 次，下次",)),
        ({"state": NoticeState.SKIPPED, "reason": "unreachable"}, ("未发送", "举报人的聊天已不能送达")),
    ],
)
async def test_a_notice_tells_how_far_it_got(db, bureau, sign_in, fate, words):
    async with db.begin() as session:
        tip = await make_tip(session)
        case = await make_case(session, tip=tip)
        told = {
            "channel": NoticeChannel.TELEGRAM,
            "kind": "question_waiting",
            "values": {},
            "locale": "zh-CN",
        }
        session.add(
            Notice(
                dedup_key="one", case_id=case.id, tip_id=tip.id, created_at=NOW,
                send_at=NOW + timedelta(minutes=5), **told, **fate,
            )
        )  # fmt: skip
    page = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{case.number}")
    shown = page.text.split('id="notices"')[1]
    for word in words:
        assert word in shown, word


async def test_a_merged_case_leads_to_its_tips_and_claims_nothing_of_who_wrote_them(db, bureau, sign_in):
    async with db.begin() as session:
        tip = await make_tip(session, is_named=True)
        into = await make_case(session)
        case = await make_case(session, CaseState.MERGED, tip=tip, due_in=None, merged_into_id=into.id)
        tip.case_id = into.id
    page = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{case.number}")
    assert page.says("已并入举报编号")
    assert not page.says("举报人没有留下姓名和电话")
