"""The administrator's page of bodies: a pasted list is checked, shown, and imported with a second click."""

import json

import pytest
from sqlalchemy import func, select

from models.event import Event
from models.states import Role
from models.unit import Unit

LIST = "单位名称\t别名\t主体类别\t属地\n漯河市宏达职业培训学校\t宏达学校\t培训机构\t郾城区\n"


@pytest.fixture
async def admin(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.ADMINISTRATOR])
    await browser.get("/admin/bodies")
    return browser


async def count(db):
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(Unit))


async def test_a_list_is_checked_first_and_imported_by_a_second_click(db, admin, bureau, sign_in):
    tried = await admin.post("/admin/bodies", {"table": LIST, "act": "try"})
    assert tried.says("检查通过：新增 1 个，更新 0 个")
    assert await count(db) == 0
    done = await admin.post("/admin/bodies", {"table": LIST, "act": "import"})
    assert done.says("已导入：新增 1 个，更新 0 个。")
    assert done.says("1 个单位，1 个别名；其中 1 个登记了类别或属地。")
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "bodies_imported"))
    assert (event.staff_id, event.data["added"]) == (bureau.by_role[Role.ADMINISTRATOR].id, 1)
    assert "宏达" not in json.dumps(event.data, ensure_ascii=False)

    operator = await sign_in(bureau.by_role[Role.OPERATOR])
    await operator.get("/operator")
    found = await operator.post("/operator/units", {"words": "宏达学"})
    assert json.loads(found.body)[0] == {
        "name": "宏达学校", "main": "漯河市宏达职业培训学校", "about": "培训机构 · 郾城区",
    }  # fmt: skip


@pytest.mark.parametrize("act", ["try", "import"])
async def test_a_wrong_list_is_told_line_by_line_and_nothing_is_imported(db, admin, act):
    answer = await admin.post("/admin/bodies", {"table": f"{LIST}<b>张三</b>\t\t\t月球\n", "act": act})
    assert answer.status == 422
    assert answer.says("不认识这个属地：月球")
    assert answer.says("一行也没有导入")
    assert "<b>张三" not in answer.text
    assert await count(db) == 0


async def test_an_empty_list_says_so(admin):
    for words in ("", "单位名称\n", "单位名称\n\n"):
        assert (await admin.post("/admin/bodies", {"table": words, "act": "try"})).status == 422
