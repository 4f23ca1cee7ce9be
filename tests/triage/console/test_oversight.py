"""Pages of oversight: who may come, what they show, and that each figure leads to exactly its cases."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select, text, update

from config.text import has_text
from models.audit import record_event
from models.case import Case, Deadline, Heartbeat
from models.event import Event
from models.fact import Known, note_fact
from models.staff import Staff, StaffSession
from models.states import FindingSource, Role
from models.tip import Tip
from tests.factories import act_as_owner, make_deadline, make_finding, make_tip
from tests.triage.test_reports import make_rows
from triage.console.context import DESK
from triage.meaning import PROMOTED, SHIPPED, digest_model, mark_base
from triage.train import save_model

FIGURE = re.compile(r'<a(?: class="[^"]*")? href="(/cases\?[^"]+)">(?:<b>)?(\d+)</[ab]>')
TOTAL = re.compile(r'<div class="title-row">.*?<p>[^<\d]*([\d,]+)', re.DOTALL)
LINK = re.compile(r'class="link"[^>]*>([^<]+)<')
PAGES = {
    "/supervisor": {Role.SUPERVISOR, Role.LEAD},
    "/admin/staff": {Role.ADMINISTRATOR},
    "/admin/staff/new": {Role.ADMINISTRATOR},
    "/admin/staff/of/other": {Role.ADMINISTRATOR},
    "/admin/rules": {Role.ADMINISTRATOR},
    "/admin/bodies": {Role.ADMINISTRATOR},
    "/admin/channels": {Role.ADMINISTRATOR},
    "/admin/health": {Role.ADMINISTRATOR},
    "/admin/start": {Role.ADMINISTRATOR},
    "/audit/export": {Role.AUDITOR},
    "/audit": {Role.AUDITOR},
}


@pytest.fixture
async def full(db, bureau):
    """A bureau with months of cases: the odd data of the figures' oracle."""
    cases, clocks = make_rows(7, 250, 0.3)
    for case in cases:
        case["id"] += 1000
    for clock in clocks:
        clock["case_id"] += 1000
    async with db.begin() as session:
        await session.execute(insert(Case), cases)
        await session.execute(insert(Deadline), clocks)
    return bureau


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_is_for_its_roles_only(bureau, sign_in, visitor, path):
    for role in Role:
        answer = await (await sign_in(bureau.by_role[role])).get(path)
        assert answer.status == (200 if role in PAGES[path] else 403), role
    stranger = await visitor.get(path, follow=False)
    assert stranger.status == 303


async def test_each_role_begins_its_day_on_its_own_page(bureau, sign_in):
    for role, page in {
        Role.SUPERVISOR: "/supervisor",
        Role.ADMINISTRATOR: "/admin/start",
        Role.AUDITOR: "/audit",
    }.items():
        browser = await sign_in(bureau.by_role[role])
        assert (await browser.get("/")).url == page


# ---------------------------------------------------------------- figures


async def test_every_figure_leads_to_the_list_of_exactly_its_cases(full, sign_in):
    browser = await sign_in(full.by_role[Role.SUPERVISOR])
    checked = 0
    for address in ("/supervisor", "/supervisor?from=2025-10&to=2026-01&office=shaoling"):
        page = await browser.get(address)
        links = {unescape(href): int(shown) for href, shown in FIGURE.findall(page.text)}
        assert len(links) > 20
        for href, shown in list(links.items())[::3]:
            listed = await browser.get(href)
            assert listed.status == 200
            assert int(TOTAL.search(listed.text)[1].replace(",", "")) == shown, href
            checked += 1
    assert checked > 20


async def test_the_list_behind_a_figure_says_what_it_shows(full, sign_in):
    browser = await sign_in(full.by_role[Role.SUPERVISOR])
    listed = await browser.get("/cases?view=all&registered=2026-01..2026-03&stage=signing&step=waiting")
    assert listed.says("只列出：2026年1月至2026年3月登记 · 交办后尚未签收。")
    listed = await browser.get("/cases?view=all&rule=D07&due=2026-02&outcome=late&office=shaoling")
    assert listed.says("只列出：时限：签收 · 2026年2月到期 · 超期。")


async def test_a_lead_sees_his_own_county_only(full, sign_in):
    browser = await sign_in(full.by_role[Role.LEAD])
    own = await browser.get("/supervisor")
    asked = await browser.get("/supervisor?office=shaoling")
    for page in (own, asked):
        main = re.sub(
            r"<dl class=.meanings.>.*?</dl>", "", page.text[page.text.index("<main") :], flags=re.DOTALL
        )
        assert "郾城区" in main
        for other in ("召陵区", "临颍县", "市局举报办"):
            assert other not in main
        numbers = {int(shown) for href, shown in FIGURE.findall(main) if "view=open" in href}
        assert numbers


async def test_the_first_sentence_says_what_presses(full, sign_in):
    browser = await sign_in(full.by_role[Role.SUPERVISOR])
    page = await browser.get("/supervisor")
    assert re.search(
        r'class="lead">今天(有 \d+ 件将到期|没有案件到期)，(已超期 \d+ 件|没有超期的案件)。', page.text
    )
    english = await browser.get("/supervisor?lang=en")
    assert re.search(r'class="lead">(\d+ cases? falls? due today|No case falls due today), ', english.text)


async def test_an_empty_bureau_has_a_page_too(db, bureau, sign_in):
    async with db.begin() as session:
        for table in ("finding", "deadline", "notice", "message"):
            await session.execute(text(f"delete from {table}"))  # noqa: S608 - four names above
        await session.execute(text("update tip set case_id = null"))
        await session.execute(text('delete from "case"'))
    page = await (await sign_in(bureau.by_role[Role.SUPERVISOR])).get("/supervisor")
    assert page.status == 200
    assert page.says("今天没有案件到期，没有超期的案件。")
    assert page.says("没有正在计时、还没到期的案件。")


@pytest.mark.parametrize(
    "query", ["?from=x&to=y", "?from=9999-12", "?to=0001-01", "?office=%27", "?from=2026-03&to=2025-01"]
)
async def test_nonsense_in_the_address_shows_the_usual_months(bureau, sign_in, query):
    page = await (await sign_in(bureau.by_role[Role.SUPERVISOR])).get(f"/supervisor{query}")
    assert page.status == 200


async def test_charts_have_names_and_numbers_in_words(full, sign_in):
    page = await (await sign_in(full.by_role[Role.SUPERVISOR])).get("/supervisor")
    drawings = re.findall(r'<svg viewBox[^>]*role="img" aria-labelledby="([^"]+)">', page.text)
    assert len(drawings) == 9
    for names in drawings:
        for name in names.split():
            assert f'id="{name}"' in page.text
    assert "<caption" in page.text
    assert "看数据表" in page.text
    assert " style=" not in page.text


# ---------------------------------------------------------------- workbook


async def test_the_workbook_comes_as_a_file_and_is_recorded(db, full, sign_in):
    browser = await sign_in(full.by_role[Role.SUPERVISOR])
    await browser.get("/supervisor")
    answer = await browser.post("/supervisor/workbook", {"month": "2026-02", "purpose": "asked"})
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tipline-2026-02.xlsx"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "概况" in load_workbook(BytesIO(answer.body)).sheetnames
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "report_exported"))
    assert event.staff_id == full.by_role[Role.SUPERVISOR].id
    assert event.data["purpose"] == "asked"


@pytest.mark.parametrize(
    "form",
    [
        {"month": "2026-02"},
        {"month": "2026-13", "purpose": "asked"},
        {"month": "2027-01", "purpose": "asked"},
        {},
    ],
)
async def test_no_workbook_without_a_month_and_a_purpose(bureau, sign_in, form):
    browser = await sign_in(bureau.by_role[Role.SUPERVISOR])
    await browser.get("/supervisor")
    answer = await browser.post("/supervisor/workbook", form)
    assert answer.status == 422


# ---------------------------------------------------------------- accounts


NEW = {
    "login": "li.gong",
    "name": "李工",
    "role": "officer",
    "office": "shaoling",
    "email": "",
    "locale": "zh-CN",
}


async def read_staff(db, login):
    async with db.read() as session:
        return await session.scalar(select(Staff).where(Staff.login == login))


async def test_a_new_account_shows_its_invitation_once(db, bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    await browser.get("/admin/staff/new")
    answer = await browser.post("/admin/staff/new", NEW)
    link = LINK.search(answer.text)[1]
    stored = await read_staff(db, "li.gong")
    assert stored.invite is not None
    assert stored.must_change_password
    for path in ("/admin/staff", "/admin/staff/of/li.gong"):
        assert link not in (await browser.get(path)).text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"login": "other"}, "这个登录名已有人使用"),
        ({"login": "李工"}, "登录名应为 2 至 32 个小写字母"),
        ({"name": ""}, "请填写姓名"),
        ({"role": "emperor"}, "请选择岗位"),
        ({"role": "auditor"}, "这个岗位属于市局举报办"),
        ({"office": "beijing"}, "请选择单位"),
        ({"email": "x"}, "邮箱地址不对"),
    ],
)
async def test_a_wrong_form_says_what_is_wrong_and_keeps_what_was_typed(bureau, sign_in, changes, words):
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    await browser.get("/admin/staff/new")
    answer = await browser.post("/admin/staff/new", {**NEW, **changes})
    assert answer.status == 422
    assert answer.text.count(words) == 2  # in the summary and at the field
    if "name" not in changes:
        assert 'value="李工"' in answer.text


async def test_an_account_is_changed_reset_and_closed(db, bureau, sign_in, now):
    admin = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    person = await sign_in(bureau.other_officer)
    page = await admin.get("/admin/staff/of/other")
    assert page.status == 200
    changed = await admin.post(
        "/admin/staff/of/other",
        {"name": "新名", "role": "lead", "office": "linying", "email": "", "locale": "en"},
    )
    assert changed.url == "/admin/staff?done=changed"
    assert (await read_staff(db, "other")).role is Role.LEAD
    assert (await person.get("/cases", follow=False)).status == 303  # a new role signs out

    await admin.get("/admin/staff/of/other")
    reset = await admin.post("/admin/staff/of/other/reset")
    assert LINK.search(reset.text)
    await admin.get("/admin/staff/of/other")
    closed = await admin.post("/admin/staff/of/other/disable")
    assert closed.url == "/admin/staff?done=disabled"
    assert not (await read_staff(db, "other")).is_active
    async with db.read() as session:
        sessions = (await session.scalars(select(StaffSession.staff_id))).all()
    assert bureau.other_officer.id not in sessions


async def test_nobody_closes_or_promotes_himself(db, bureau, sign_in):
    me = bureau.by_role[Role.ADMINISTRATOR]
    browser = await sign_in(me)
    page = await browser.get(f"/admin/staff/of/{me.login}")
    assert page.says("自己不能改自己的岗位")
    assert "/disable" not in page.text
    await browser.get("/admin/staff/new")
    for act, form in (
        ("/disable", {}),
        ("/reset", {}),
        ("", {**NEW, "role": "supervisor", "office": "city"}),
    ):
        answer = await browser.post(f"/admin/staff/of/{me.login}{act}", form)
        assert answer.status in {409, 422}
        assert answer.says("不能改自己的账户")
    stored = await read_staff(db, me.login)
    assert stored.is_active
    assert stored.role is Role.ADMINISTRATOR


async def test_accounts_that_do_not_exist_are_not_found(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    assert (await browser.get("/admin/staff/of/nobody")).status == 404


async def test_an_administrator_is_told_how_many_cases_somebody_has_and_nothing_of_them(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    page = await browser.get(f"/admin/staff/of/{bureau.by_role[Role.OFFICER].login}")
    assert page.says("他名下还有 1 件在办案件")
    assert bureau.case.number not in page.text
    assert (await browser.get(f"/cases/{bureau.case.number}")).status == 403


async def test_the_page_of_rules_says_which_model_is_in_use_and_what_waits_to_be_learned(
    db, bureau, sign_in, settings, catalog, now
):
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    page = await browser.get("/admin/rules")
    assert page.says(f"模型 {digest_model(SHIPPED)}，随程序提供。")
    assert page.says("没有等待学习的认定。")

    promoted = settings.data / PROMOTED
    promoted.parent.mkdir(parents=True)
    save_model(mark_base(), promoted)
    async with db.begin() as session:
        tip = await session.scalar(select(Tip).where(Tip.case_id == bureau.case.id))
        officer = bureau.by_role[Role.OFFICER]
        await make_finding(session, bureau.case, tip, source=FindingSource.STAFF, staff_id=officer.id)
    page = await browser.get("/admin/rules")
    assert page.says(f"模型 {digest_model(promoted)}，学习工作人员的认定后启用。")
    assert page.says("有 1 条工作人员的认定等待学习")

    async with db.begin() as session:
        record_event(session, "model_promoted", at=now, after=digest_model(promoted), learned=1)
    assert (await browser.get("/admin/rules")).says("没有等待学习的认定。")
    english = await browser.get("/admin/rules?lang=en")
    assert not english.says("is set aside since the update")
    assert english.says("promoted after learning from staff's corrections")


async def test_the_health_page_says_what_to_do(db, bureau, sign_in, now):
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    page = await browser.get("/admin/health")
    assert page.says("还没有工作过")
    assert page.says("检查“tipline serve”或“tipline worker”是否在运行")
    async with db.begin() as session:
        session.add(Heartbeat(name="worker", holder="x", beat_at=now, details={}))
        await session.execute(text("update tip set assessed_at = received_at"))
        await make_tip(session, received_at=now - timedelta(minutes=11))
    page = await browser.get("/admin/health")
    assert page.says("不到 1 分钟前还在工作")
    assert page.says("1 件等了 10 分钟以上")


@pytest.mark.parametrize(
    ("name", "details", "days", "words"),
    [
        (Known.BACKUP, {"file": "/mnt/b.tar"}, 1, "24 小时前备份过：/mnt/b.tar（op@host）。"),
        (Known.BACKUP, {"file": "/mnt/b.tar"}, 3, "上次备份是 3 天前"),
        (Known.RESTORE_TRIAL, {"file": "b", "problems": 0, "checks": []}, 3, "检查没有问题"),
        (Known.RESTORE_TRIAL, {"file": "b", "problems": 0, "checks": []}, 200, "应每季度一次"),
        (Known.RESTORE_TRIAL, {"file": "b", "problems": 2, "checks": ["audit"]}, 3, "有 2 处问题：audit"),
        (Known.CERTIFICATE, {"not_after": "2026-05-04T00:00:00+00:00", "problem": ""}, 0, "还有 60 天到期"),
        (Known.CERTIFICATE, {"not_after": "2026-03-01T00:00:00+00:00", "problem": ""}, 0, "已经过期"),
        (
            Known.CERTIFICATE,
            {"not_after": "2026-05-04T00:00:00+00:00", "problem": "self-signed"},
            0,
            "不被浏览器信任（self-signed）",
        ),
        (Known.CERTIFICATE, {"not_after": None, "problem": ""}, 0, "没能读到证书"),
    ],
)
async def test_health_tells_of_backup_trial_and_certificate(
    db, bureau, sign_in, app, now, name, details, days, words
):
    app._state[DESK] = replace(
        app[DESK], settings=replace(app[DESK].settings, public_url="https://tip.example.org")
    )
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    page = await browser.get("/admin/health")
    for never in ("还没有备份过", "还没有试过备份能不能恢复", "后台还没有读过证书"):
        assert page.says(never)
    async with db.begin() as session:
        at = now - timedelta(days=days)
        await note_fact(
            session, name, source="op@host", at=at, details={"host": "tip.example.org", **details}
        )
    assert (await browser.get("/admin/health")).says(words)


# ---------------------------------------------------------------- audit


@pytest.fixture
async def acts(db, bureau, now):
    officer = bureau.by_role[Role.OFFICER]
    async with db.begin() as session:
        await make_deadline(session, await session.get_one(Case, bureau.case.id), "D07", due_at=now)
        record_event(
            session, "assigned", at=now, case_id=bureau.case.id, office="yancheng", officer=officer.id
        )
        record_event(
            session,
            "returned",
            at=now,
            by=officer.id,
            case_id=bureau.case.id,
            reason="<b>不属于本区</b>",
            office="yancheng",
        )
        record_event(
            session,
            "staff_changed",
            at=now - timedelta(days=3),
            by=officer.id,
            staff=officer.id,
            before={"role": "officer", "office": "yancheng"},
            after={"role": "lead", "office": "yancheng"},
        )
        record_event(
            session,
            "clock_started",
            at=now,
            case_id=bureau.case.id,
            rule="D07",
            due=now.isoformat(),
            late=False,
        )
    return bureau


async def test_an_auditor_reads_who_did_what_in_words(acts, sign_in):
    page = await (await sign_in(acts.by_role[Role.AUDITOR])).get("/audit")
    assert page.says("退回市局")
    assert page.says("单位：郾城区；承办人：officer")
    assert page.says("时限：D07 签收；到期：2026年3月4日（周三）10:00；已超期：否")
    assert page.says("原来：承办人；郾城区；改为：县区负责人；郾城区")
    assert "<b>不属于本区</b>" not in page.text
    assert page.says("<b>不属于本区</b>")


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("kind=returned", {"退回市局"}),
        ("staff=officer", {"退回市局", "修改账户"}),
        ("number={number}", {"交办", "退回市局", "时限开始"}),
        ("day=2026-03-01", {"修改账户"}),
        ("staff=officer&day=2026-03-04", {"退回市局"}),
    ],
)
async def test_entries_are_found_by_act_person_case_and_day(acts, sign_in, query, kinds):
    browser = await sign_in(acts.by_role[Role.AUDITOR])
    page = await browser.get("/audit?" + query.format(number=acts.case.number))
    rows = re.findall(r"<tr><td class=\"muted\">\d+.*?</tr>", page.text, re.DOTALL)
    shown = {re.findall(r'<td class="nowrap">([^<]*)</td>', row)[2] for row in rows}
    assert shown == kinds


@pytest.mark.parametrize("query", ["staff=nobody", "number=123", "day=2026-02-30", "day=x"])
async def test_what_cannot_be_found_is_said(acts, sign_in, query):
    page = await (await sign_in(acts.by_role[Role.AUDITOR])).get("/audit?" + query)
    assert page.status == 422
    assert 'class="field-error"' in page.text


async def test_long_records_come_page_by_page(db, bureau, sign_in, now):
    async with db.begin() as session:
        for _ in range(250):
            record_event(session, "note_added", at=now)
    browser = await sign_in(bureau.by_role[Role.AUDITOR])
    page, seen = await browser.get("/audit"), []
    while True:
        seen += [int(position) for position in re.findall(r'<tr><td class="muted">(\d+)</td>', page.text)]
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        if not following:
            break
        page = await browser.get(unescape(following[1]))
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 250
    assert urlsplit(page.url).path == "/audit"


async def test_a_whole_chain_is_verified_and_its_head_told(db, acts, sign_in):
    browser = await sign_in(acts.by_role[Role.AUDITOR])
    await browser.get("/audit")
    page = await browser.post("/audit/verify")
    assert page.says("校验通过，4 条记录完整无缺")
    assert page.says("最后一条的指纹")
    assert (await browser.get("/audit")).says("校验记录链")


async def test_a_changed_entry_is_named(db, acts, sign_in):
    async with db.begin() as session:
        await act_as_owner(session)
        await session.execute(update(Event).where(Event.position == 2).values(reason="改写"))
    browser = await sign_in(acts.by_role[Role.AUDITOR])
    await browser.get("/audit")
    page = await browser.post("/audit/verify")
    assert page.says("第 2 条记录有问题")
    assert page.says("这条记录写下以后被改动过")


def test_every_act_that_is_recorded_has_words():
    from pathlib import Path

    root = Path(__file__).parents[3]
    kinds = set()
    for package in ("bot", "triage", "models"):
        for path in (root / package).rglob("*.py"):
            kinds |= set(re.findall(r'record_event\(\s*\w+,\s*"([a-z_]+)"', path.read_text(encoding="utf-8")))
    assert len(kinds) > 20
    missing = {kind for kind in kinds if not has_text(f"oversight.event.{kind}")}
    assert not missing


# ---------------------------------------------------------------- machines


async def test_metrics_name_nobody(db, full, visitor, now):
    async with db.begin() as session:
        session.add(Heartbeat(name="worker", holder="x", beat_at=now - timedelta(seconds=5), details={}))
        await make_tip(session, received_at=now - timedelta(seconds=90))
    answer = await visitor.get("/metrics")
    page = answer.body.decode()
    assert answer.status == 200
    assert "tipline_ready 1.0" in page
    assert 'tipline_last_tick_age_seconds{part="worker"} 5.0' in page
    assert "tipline_oldest_waiting_tip_age_seconds 90.0" in page
    assert re.search(r'tipline_cases\{office="shaoling",state="verifying"\} \d', page)
    labels = set(re.findall(r'(\w+)="', page))
    assert labels <= {"office", "state", "part", "channel"}
    for secret in (full.case.number, "宏达", "王工", "officer1"):
        assert secret not in page


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_metrics_are_not_for_those_who_come_through_a_proxy(bureau, visitor, header):
    assert (await visitor.get("/metrics", **{header: "10.0.0.1"})).status == 404


async def test_health_and_readiness_need_no_sign_in(db, bureau, visitor, now):
    assert (await visitor.get("/healthz")).status == 200
    assert (await visitor.get("/readyz")).status == 503
    async with db.begin() as session:
        session.add(Heartbeat(name="worker", holder="x", beat_at=now, details={}))
    assert (await visitor.get("/readyz")).status == 200
