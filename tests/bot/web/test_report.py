"""A report on the web, one thing on a page; nothing typed is lost, nothing is stored twice."""

import asyncio
from datetime import timedelta
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import func, select

from models.tip import Attachment, Draft, Identity, Tip
from tests.web import Page, Visitor

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def make_png() -> bytes:
    data = BytesIO()
    Image.new("RGB", (8, 8), "white").save(data, "PNG")
    return data.getvalue()


PNG = make_png()


async def all_rows(db, table):
    async with db.read() as session:
        return (await session.scalars(select(table).order_by(table.id))).all()


async def test_a_tip_is_told_and_stored_as_typed(visitor: Visitor, db, keys):
    await visitor.open("/")
    before = await visitor.open("/report")
    assert before.address == "/report/start"
    first = await visitor.send("/report/start")
    assert first.address == "/report/what"
    where = await visitor.send("/report/what", text="  宏达学校\r\n交钱发证。🙂 ")
    assert where.address == "/report/where"
    await visitor.send("/report/where", county="yancheng", place="龙塔街道")
    await visitor.send("/report/who", target="宏达培训学校")
    await visitor.send("/report/when", occurred="上周六")
    contact = await visitor.send("/report/evidence", files=[("收据.txt", "收据 3800 元".encode())])
    assert contact.address == "/report/contact"
    check = await visitor.send("/report/contact", choice="named", name="王某", phone="１３８００００１２３４")
    assert check.address == "/report/check"
    for words in ("宏达学校", "郾城区", "龙塔街道", "上周六", "收据.txt", "13800001234", "现在还没有提交"):
        assert words in check.words
    assert await all_rows(db, Tip) == []
    done = await visitor.send("/report/check")
    assert done.address == "/report/done"
    (tip,) = await all_rows(db, Tip)
    assert (tip.text, tip.county, tip.place) == ("  宏达学校\r\n交钱发证。🙂 ", "yancheng", "龙塔街道")
    assert (tip.target, tip.occurred, tip.is_named) == ("宏达培训学校", "上周六", True)
    assert done.find("number").replace(" ", "") == tip.number
    (file,) = await all_rows(db, Attachment)
    assert (file.tip_id, file.draft_id) == (tip.id, None)
    (identity,) = await all_rows(db, Identity)
    assert keys.unseal("identity", identity.phone, place="identity.phone").decode() == "13800001234"


@SQLITE
async def test_only_what_happened_must_be_written(visitor: Visitor, db):
    number, code = await visitor.tell("没有名字，没有地点。")
    assert len(number.replace(" ", "")) == 12
    assert len(code.replace(" ", "")) == 20
    (tip,) = await all_rows(db, Tip)
    assert (tip.county, tip.is_named) == ("", False)
    assert await all_rows(db, Identity) == []


async def test_sending_twice_at_once_and_again_stores_one_tip(visitor: Visitor, db):
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="只有一件。")
    check = await visitor.send("/report/contact", choice="anonymous")
    pages = await asyncio.gather(
        *(
            visitor.session.post(f"{visitor.base}/report/check", data={"csrf_token": check.token})
            for _ in range(4)
        )
    )
    assert {page.status for page in pages} == {200}
    again = await visitor.open("/report/done")
    seen = [Page(page.status, await page.text(), page.headers, "").find("code") for page in pages]
    assert set(seen) == {again.find("code")}
    assert len(await all_rows(db, Tip)) == 1


@SQLITE
async def test_a_draft_survives_reload_back_and_mistakes(visitor: Visitor):
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="写了一半")
    await visitor.send("/report/where", county="wuyang", place="莲花镇")
    back = await visitor.open("/report/what")
    assert "写了一半" in back.text
    wrong = await visitor.send("/report/where", county="wuyang", place="长" * 201)
    assert wrong.status == 422
    assert "长" * 201 in wrong.text
    assert "最多 200 字，现在有 201 字" in wrong.words
    assert "莲花镇" in (await visitor.open("/report/where")).text
    home = await visitor.open("/")
    assert "接着上次写" in home.words
    assert (await visitor.open("/report")).address == "/report/who"


@SQLITE
async def test_a_mistake_is_told_at_the_top_and_at_the_field_in_the_same_words(visitor: Visitor):
    await visitor.open("/report/what")
    page = await visitor.send("/report/what", text="  ")
    assert page.status == 422
    assert "<title>有误：" in page.text
    assert '<a href="#text">这里不能空着，请写几句话。</a>' in page.text
    assert page.words.count("这里不能空着，请写几句话。") == 2


async def test_a_code_is_refused_where_it_is_typed(visitor: Visitor):
    await visitor.open("/report/what")
    page = await visitor.send("/report/what", text="1234 5678 9012 3456 7890")
    assert page.status == 422
    assert "像是举报编号或查询码" in page.words


@SQLITE
async def test_giving_up_stands_apart_from_sending_and_says_what_it_does(visitor: Visitor):
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="一")
    page = await visitor.send("/report/contact", choice="anonymous")
    between = page.text[
        page.text.index('action="/report/check"') : page.text.index('action="/report/forget"')
    ]
    assert "<hr" in between
    assert "不提交，删除全部内容" in page.words
    assert "删除后无法恢复" in page.words


@SQLITE
async def test_change_leads_back_to_the_check(visitor: Visitor):
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="一")
    await visitor.send("/report/contact", choice="anonymous")
    page = await visitor.open("/report/who?to=check")
    assert "保存修改" in page.words
    check = await visitor.send("/report/who?to=check", target="某公司", to="check")
    assert check.address == "/report/check"
    assert "某公司" in check.words


@SQLITE
async def test_nothing_can_be_sent_before_the_required_answers(visitor: Visitor, db):
    await visitor.open("/report/what")
    await visitor.send("/report/who", target="某公司")
    assert (await visitor.open("/report/check")).address == "/report/what"
    await visitor.open("/report/who")
    assert (await visitor.send("/report/check")).address == "/report/what"
    assert await all_rows(db, Tip) == []


@SQLITE
async def test_files_are_kept_with_the_draft_and_each_refusal_has_its_sentence(visitor: Visitor, db):
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="有照片")
    await visitor.open("/report/evidence")
    page = await visitor.send(
        "/report/evidence",
        files=[
            ("照片.png", PNG),
            ("病毒.png", b"MZ" + bytes(100)),
            ("空.pdf", b""),
            ("大.mp4", bytes(20 * 1024 * 1024 + 1)),
        ],
    )
    assert page.status == 422
    for words in ("病毒.png：不接受这种文件", "空.pdf：文件是空的", "大.mp4：文件超过 20 MB"):
        assert words in page.words
    assert "已保存的文件 照片.png" in page.words
    assert [file.name for file in await all_rows(db, Attachment)] == ["照片.png"]
    assert (await visitor.open("/report/what")).text.count("有照片") == 1


@SQLITE
async def test_ten_files_are_taken_and_the_eleventh_is_told(visitor: Visitor, db):
    await visitor.open("/report/evidence")
    page = await visitor.send(
        "/report/evidence", files=[(f"{n}.txt", f"第 {n} 份".encode()) for n in range(11)]
    )
    assert page.status == 422
    assert "最多 10 个文件" in page.words
    assert len(await all_rows(db, Attachment)) == 10


@SQLITE
async def test_a_file_can_be_taken_back_and_strangers_files_cannot(visitor: Visitor, db, site, settings):
    await visitor.open("/report/evidence")
    await visitor.send("/report/evidence", files=[("a.txt", b"one"), ("b.txt", b"two")], more="1")
    first, second = await all_rows(db, Attachment)
    async with Visitor(site) as stranger:
        await stranger.open("/report/evidence")
        await stranger.send("/report/evidence", remove=str(first.id))
        await stranger.send("/report/evidence", remove="'; drop table tip")
    assert len(await all_rows(db, Attachment)) == 2
    assert len(await all_rows(db, Draft)) == 1
    await visitor.open("/report/evidence")
    page = await visitor.send("/report/evidence", remove=str(first.id))
    assert [file.id for file in await all_rows(db, Attachment)] == [second.id]
    assert "b.txt" in page.words
    assert "a.txt" not in page.words
    assert not list(settings.files.glob(f"*/{first.original}"))


@SQLITE
async def test_after_two_hours_number_and_code_are_not_shown_again(visitor: Visitor, clock):
    await visitor.tell()
    assert (await visitor.open("/report/done")).find("code")
    clock.now += timedelta(hours=2, minutes=1)
    assert (await visitor.open("/report/done")).address == "/report/what"


@SQLITE
async def test_number_and_code_can_be_saved_as_text(visitor: Visitor):
    number, code = await visitor.tell()
    page = await visitor.open("/report/done.txt")
    assert page.headers["Content-Disposition"] == 'attachment; filename="receipt.txt"'
    assert f"举报编号：{number}" in page.text
    assert f"查询码：{code}" in page.text


@SQLITE
async def test_forgetting_clears_browser_draft_and_files(visitor: Visitor, db, settings):
    await visitor.open("/report/what")
    await visitor.send("/report/what", text="不想说了")
    await visitor.open("/report/evidence")
    await visitor.send("/report/evidence", files=[("a.txt", b"one")])
    answer = await visitor.session.post(
        f"{visitor.base}/report/forget",
        data={"csrf_token": (await visitor.open("/report/what")).token},
        allow_redirects=False,
    )
    assert answer.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert await all_rows(db, Draft) == []
    assert not [path for path in settings.files.rglob("*") if path.is_file()]


@SQLITE
async def test_another_report_gets_another_number(visitor: Visitor):
    first = await visitor.tell("第一件")
    await visitor.open("/report/done")
    await visitor.send("/report/new")
    second = await visitor.tell("第二件")
    assert first[0] != second[0]
    assert first[1] != second[1]


@SQLITE
async def test_a_machine_that_fills_every_field_is_turned_away(visitor: Visitor, db):
    await visitor.open("/report/what")
    page = await visitor.send("/report/what", text="buy", website="http://spam.example")
    assert page.status == 403
    assert await all_rows(db, Draft) == []


@SQLITE
async def test_reading_makes_no_rows(visitor: Visitor, db):
    for path in ("/", "/report", "/report/what", "/report/check", "/report/done", "/status", "/help"):
        await visitor.open(path)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Draft)) == 0


@SQLITE
async def test_a_hundred_thousand_characters_come_back_with_a_sentence(visitor: Visitor, db):
    await visitor.open("/report/what")
    page = await visitor.send("/report/what", text="证" * 100_000)
    assert page.status == 422
    assert "最多 20,000 字，现在有 100,000 字" in page.words
    assert "证" * 100_000 in page.text
    page = await visitor.send("/report/what", text="证\x00")
    assert page.status == 400
    assert "空字符" in page.words


@SQLITE
async def test_the_whole_way_in_english(site):
    async with Visitor(site, language="en-GB,en;q=0.9") as somebody:
        await somebody.open("/")
        assert "Send a tip" in somebody.last.words
        number, _ = await somebody.tell("They sell certificates.")
        assert number
        assert "We have received it" in somebody.last.words


@SQLITE
@given(
    question=st.sampled_from(
        ["what", "where", "who", "when", "evidence", "contact", "check", "done", "nothing"]
    ),
    fields=st.dictionaries(
        st.sampled_from(
            ["text", "county", "place", "target", "choice", "phone", "name", "remove", "to", "more", "hurry"]
        ),
        st.text(max_size=40),
        max_size=5,
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_typed_there_is_a_page(visitor: Visitor, question: str, fields: dict[str, str]):
    await visitor.open("/report/what")
    sendable = {name: value.encode(errors="replace").decode() for name, value in fields.items()}
    assert (await visitor.send(f"/report/{question}", **sendable)).status < 500
    assert (await visitor.open(f"/report/{question}")).status in {200, 404}
