"""The administrator's page of bodies: a pasted list is checked, shown, and imported with a second click."""

import json
import re

import pytest
from sqlalchemy import func, select

from models.event import Event
from models.states import Role
from models.unit import Unit
from triage.bodies import make_reader
from triage.units import learn_unit

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
    assert done.says("已导入 1 个单位，1 个别名；其中 1 个登记了类别或属地。")
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


async def test_an_import_does_not_tell_whom_somebody_reported(db, admin, catalog):
    """An administrator must not learn it by trying names: what was named by reporters looks like what was not."""
    names = ("漯河市宏达职业培训学校", "漯河安泰考试中心")
    async with db.begin() as session:
        await learn_unit(session, names[0], reader=make_reader(catalog))
    before = (await admin.get("/admin/bodies")).text
    said = []
    for name in names:
        for act in ("try", "import"):
            answer = await admin.post("/admin/bodies", {"table": f"单位名称\n{name}\n", "act": act})
            said.append(re.findall(r"(?:检查通过|已导入：)[^<]+", answer.text))
    assert said[:2] == said[2:]
    assert "已导入 0 个单位" in before
    assert (await admin.get("/admin/bodies")).says("已导入 2 个单位，0 个别名；其中 0 个登记了类别或属地。")


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
