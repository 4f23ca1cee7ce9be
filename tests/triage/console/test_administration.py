"""Calendar, periods of keeping, consent of two and the record of changes, as pages without scripts."""

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from sqlalchemy import select

from config.catalog import load_catalog
from config.keeping import CONTACT
from models.case import Deadline
from models.event import Event
from models.queries.keeping import list_spans
from models.states import CaseState, Role
from models.tip import Identity
from tests.config.test_calendar_notice import MADE_UP_2027, YAML_2027
from tests.factories import NOW, make_case, make_staff, make_tip
from triage.clocks import start_clock
from triage.jobs import purge

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
REASON = "举报人担心，希望早些删除"


@pytest.fixture
def catalog():
    """Of its own: the calendar in it changes."""
    return load_catalog()


@pytest.fixture
async def second(db, bureau):
    async with db.begin() as session:
        return await make_staff(session, Role.ADMINISTRATOR, "city", login="second", name="李二")


@pytest.fixture
async def admin(bureau, sign_in):
    return await sign_in(bureau.by_role[Role.ADMINISTRATOR])


async def moving_case(db, catalog):
    """A case whose clock runs over the Spring Festival of 2027."""
    start = datetime(2027, 2, 3, 2, 0, tzinfo=UTC)
    async with db.begin() as session:
        case = await make_case(session, CaseState.REGISTERED, "city", due_in=None, target="孟庙某某学校")
        await start_clock(session, case, "D03", event="registered", started_at=start, catalog=catalog)
    return case


# ---------------------------------------------------------------- calendar


async def test_a_notice_is_pasted_previewed_and_applied(db, admin, catalog):
    case = await moving_case(db, catalog)
    page = await admin.get("/admin/calendar")
    assert page.says("2027 年的放假安排还没有录入")
    page = await admin.post("/admin/calendar/preview", {"notice": MADE_UP_2027})
    number = f"{case.number[:4]} {case.number[4:8]} {case.number[8:]}"
    assert page.says("有 1 个未到期的时限会改日期，涉及 1 件案件")
    assert page.says(number)
    assert not page.says("孟庙某某学校"), "numbers only"
    assert page.says("2026年12月31日（周四）")
    assert not catalog.calendar.covers(2027)
    before = catalog.calendar.version
    data = {"notice": MADE_UP_2027, "before": before, "source": "国办发明电〔2026〕9号"}
    page = await admin.post("/admin/calendar", data)
    assert page.url == "/admin/calendar?done=applied"
    assert page.says("国办发明电〔2026〕9号")
    assert page.says("已知 2021 年至 2027 年")
    assert catalog.calendar.covers(2027)
    record = await admin.get("/record?kind=calendar_imported")
    assert record.says(before)
    assert record.says(catalog.calendar.version)


async def test_a_file_is_taken_like_pasted_words_and_one_that_is_too_big_is_not_kept(admin):

    async def send(content: bytes):
        form = aiohttp.FormData()
        form.add_field("csrf_token", admin.token)
        form.add_field("notice", "")
        form.add_field("file", content, filename="2027.yaml", content_type="application/yaml")
        async with admin.session.post(f"{admin.base}/admin/calendar/preview", data=form) as response:
            return await admin._read(response)

    assert (await send(YAML_2027.encode())).says("2027 年的放假安排会改变什么")
    assert (await send(MADE_UP_2027.encode("gb18030"))).says("2026、2027 年的放假安排会改变什么")
    assert (await send(b"x" * 100_000)).status == 422


async def test_mistakes_are_all_told_in_words_beside_the_field_and_what_was_typed_stays(admin):
    spoilt = YAML_2027.replace("02-13", "02-12").replace("dragon_boat", "dragon")
    page = await admin.post("/admin/calendar/preview", {"notice": spoilt})
    assert page.status == 422
    assert page.says("没有叫“dragon”的节日")
    assert 'href="#notice"' in page.text
    assert page.says("dragon: 06-09")
    await admin.get("/admin/calendar?lang=en")
    english = await admin.post("/admin/calendar/preview", {"notice": spoilt})
    assert english.says("No holiday is called “dragon”")


async def test_what_somebody_else_took_in_meanwhile_is_compared_again(admin, catalog):
    data = {"notice": YAML_2027, "before": "cn-2026-stale", "source": "通知"}
    page = await admin.post("/admin/calendar", data)
    assert (page.status, catalog.calendar.covers(2027)) == (409, False)
    assert page.says("这期间有人录入了别的安排")
    page = await admin.post("/admin/calendar", {**data, "before": catalog.calendar.version, "source": ""})
    assert (page.status, catalog.calendar.covers(2027)) == (422, False)
    assert page.says("请写通知的文号或网址")


# ---------------------------------------------------------------- periods and consent


async def test_a_period_is_asked_by_one_and_done_by_another(db, admin, second, sign_in):
    page = await admin.get("/keeping")
    assert page.says("举报人的姓名、电话和聊天地址")
    page = await admin.get("/keeping/contact?days=150")
    assert page.says("180 天改为 150 天")
    page = await admin.post("/keeping/contact", {"days": "150", "before": "180", "reason": REASON})
    assert page.url == "/changes?done=asked"
    assert page.says("您申请的，在等别人决定")
    other = await sign_in(second)
    page = await other.get("/changes")
    assert page.says(REASON)
    assert 'class="tally late">1<' in page.text
    page = await other.post("/changes/1", {"say": "allow", "reason": ""})
    assert (page.status, page.says("请写明同意或不同意的理由")) == (422, True)
    page = await other.post("/changes/1", {"say": "allow", "reason": "已核对"})
    assert page.says("已同意，已经执行")
    async with db.read() as session:
        assert (await list_spans(session, CONTACT))[-1].period == timedelta(days=150)
    assert (await other.get("/keeping")).says("150 天")
    assert (await other.post("/changes/1", {"say": "refuse", "reason": "再想想"})).status == 404
    assert (await admin.get("/record?kind=period_changed")).says("second")


async def test_what_a_shorter_period_would_delete_is_counted_before(db, admin, now):
    async with db.begin() as session:
        tip = await make_tip(session)
        await make_case(session, CaseState.CLOSED, tip=tip, closed_at=now - timedelta(days=160))
        session.add(Identity(tip_id=tip.id, name=b"sealed"))
    page = await admin.get("/keeping/contact?days=150")
    assert page.says("改后，下次清理会删 1 条。不改会删 0 条。")
    page = await admin.get("/keeping/contact?days=90")
    assert (page.status, page.says("请填 120 到 180 之间的整天数")) == (422, True)
    assert (await admin.get("/keeping/audit")).status == 404


async def test_asking_is_refused_in_words_and_taken_back(admin, second):
    page = await admin.post("/keeping/contact", {"days": "150", "before": "180", "reason": "想改"})
    assert (page.status, page.says("理由太短")) == (422, True)
    page = await admin.post("/keeping/contact", {"days": "90", "before": "180", "reason": REASON})
    assert (page.status, page.says("请填 120 到 180 之间的天数")) == (422, True)
    await admin.post("/keeping/contact", {"days": "150", "before": "180", "reason": REASON})
    page = await admin.post("/keeping/contact", {"days": "160", "before": "180", "reason": REASON})
    assert page.says("同一项已经有人申请")
    assert (await admin.post("/changes/1", {"say": "allow", "reason": "我自己同意"})).status == 404
    page = await admin.post("/changes/1/withdraw", {})
    assert page.says("已撤回")


# ---------------------------------------------------------------- holds


async def test_a_hold_is_placed_by_the_supervisor_and_the_administrator_learns_only_how_many(
    bureau, sign_in, admin
):
    head = await sign_in(bureau.by_role[Role.SUPERVISOR])
    data = {"hold_number": bureau.case.number, "hold_reason": "公安机关正在侦查此案"}
    page = await head.post("/holds", data)
    assert page.url.startswith("/keeping?done=held")
    assert page.says("公安机关正在侦查此案")
    page = await head.post("/holds", data)
    assert (page.status, page.says("这件案件暂停删除")) == (422, True)
    case = await head.get(f"/cases/{bureau.case.number}")
    assert case.says("公安机关正在侦查此案")
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    assert not (await officer.get(f"/cases/{bureau.case.number}?events=all")).says("公安机关正在侦查")
    seen = [await admin.get(path) for path in ("/keeping", "/record", "/record?kind=hold_placed", "/changes")]
    assert seen[0].says("现有 1 件案件暂停删除")
    assert seen[2].says("暂停删除")
    for page in seen:
        assert bureau.case.number[-4:] not in page.text
        assert not page.says("公安机关正在侦查")
    page = await head.post(
        "/holds/lift", {"lift_number": bureau.case.number, "lift_reason": "侦查已经结束，可以恢复"}
    )
    assert page.url == "/changes?done=asked"
    auditor = await sign_in(bureau.by_role[Role.AUDITOR])
    assert (await auditor.get("/changes")).says("侦查已经结束")
    assert not (await admin.get("/changes")).says("侦查已经结束")
    assert (await auditor.post("/changes/1", {"say": "allow", "reason": "已核对"})).says("已经执行")
    assert (await head.get("/keeping")).says("没有案件暂停删除")
    assert not (await admin.get("/changes")).says("侦查已经结束")


async def test_a_case_that_is_closed_to_somebody_is_no_case_to_him(db, bureau, sign_in):
    from models.queries.bars import insert_bar_once
    from models.states import BarReason

    head = bureau.by_role[Role.SUPERVISOR]
    auditor = await sign_in(bureau.by_role[Role.AUDITOR])
    await auditor.post("/holds", {"hold_number": bureau.case.number, "hold_reason": "内部调查，材料不能删"})
    async with db.begin() as session:
        await insert_bar_once(session, bureau.case.id, staff_id=head.id, reason=BarReason.DECIDED, now=NOW)
    browser = await sign_in(head)
    assert not (await browser.get("/keeping")).says("内部调查")
    page = await browser.post(
        "/holds", {"hold_number": bureau.case.number, "hold_reason": "内部调查，材料不能删"}
    )
    assert page.says("没有这个编号的案件")


async def test_what_purges_did_is_listed(db, admin, tmp_path, now):
    await purge(db, tmp_path, now=now)
    page = await admin.get("/keeping")
    assert page.says("还没有删除过什么")
    assert page.says("上次清理：2026年3月4日（周三）10:00")


# ---------------------------------------------------------------- everything in both languages


@pytest.mark.parametrize(
    "path", ["/admin/calendar", "/keeping", "/keeping/draft?days=3", "/changes", "/record"]
)
async def test_pages_are_whole_in_english_too(admin, path):
    page = await admin.get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert (page.status, '<html lang="en"' in page.text) == (200, True)
    assert "administration." not in page.text


async def test_nothing_of_a_day_that_is_none_breaks_the_record(admin):
    page = await admin.get("/record?day=2026-13-99&kind=%3Cscript%3E")
    assert page.status == 422
    assert "<script>" not in page.text.partition("<main")[2]


async def test_clocks_are_left_alone_by_a_preview(db, admin, catalog):
    case = await moving_case(db, catalog)
    await admin.post("/admin/calendar/preview", {"notice": YAML_2027})
    async with db.read() as session:
        row = (await session.scalars(select(Deadline).where(Deadline.case_id == case.id))).one()
        assert row.is_estimate
        assert list(await session.scalars(select(Event.kind))) == ["clock_started"]
