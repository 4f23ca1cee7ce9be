"""One finding corrected by itself: with a reason, both opinions side by side, and nothing said of the others."""

import pytest
from sqlalchemy import select

from models.case import Case, Finding
from models.event import Event
from models.queries.corrections import list_corrections
from models.states import CaseState, Disposition, FindingKind, FindingSource, Role
from models.tip import Tip
from tests.factories import make_case, make_finding, make_staff

WHY = "笔录和广告都只说到收费。"


@pytest.fixture
async def proposed(db, bureau) -> Case:
    """A case at the city desk for which the machine named two clauses and a kind of matter."""
    async with db.begin() as session:
        case = await make_case(session, CaseState.REGISTERED, "city", clauses=["3.1.4", "3.1.2"])
        tip = (await session.scalars(select(Tip).where(Tip.case_id == case.id))).one()
        evidence = [{"start": 0, "end": 3, "text": "孟庙镇", "why": "x", "rule": "pass-guarantee:包过"}]
        await make_finding(session, case, tip, value="3.1.4", evidence=evidence, rules_version="abc123")
        await make_finding(session, case, tip, value="3.1.2")
        await make_finding(session, case, tip, FindingKind.DISPOSITION, "in_scope")
    return case


def form_of(case: Case, **values: str) -> dict[str, str]:
    return {
        "version": str(case.version),
        "kind": "clause",
        "value": "3.1.2",
        "say": "drop",
        "reason": WHY,
    } | values


async def reload(db, case: Case) -> Case:
    async with db.read() as session:
        return await session.get_one(Case, case.id)


async def test_the_rule_and_its_version_stand_beside_the_reason(bureau, sign_in, proposed):
    shown = await (await sign_in(bureau.by_role[Role.INTAKE])).get(f"/cases/{proposed.number}")
    assert shown.says(
        "规则 pass-guarantee；规则版本 abc123"
    )  # its own version, where it is not that of the case
    assert shown.says("规则版本 test")


async def test_one_finding_is_corrected_and_the_others_stay_open(db, bureau, sign_in, proposed):
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    page = f"/cases/{proposed.number}"
    form = await desk.get(f"{page}?correct=clause&value=3.1.2#correct")
    assert form.says("更正：3.1.2")
    done = await desk.post(f"{page}/findings", form_of(proposed))
    assert done.says("认定已保存")
    assert done.says(WHY)
    assert (await reload(db, proposed)).clauses == ["3.1.4"]
    rows = [row.split("</tr>")[0] for row in done.text.split("<tr>")[1:]]
    dropped = next(row for row in rows if "3.1.2 " in row)
    untouched = next(row for row in rows if "3.1.4 " in row)
    assert "不采纳" in dropped
    assert bureau.by_role[Role.INTAKE].name in dropped
    assert "未认定" in untouched  # nobody said anything about it
    async with db.read() as session:
        event = (await session.scalars(select(Event).where(Event.kind == "finding_decided"))).one()
        machine = list(
            await session.scalars(select(Finding.value).where(Finding.source == FindingSource.MACHINE))
        )
    assert (event.reason, event.data["only"], event.data["before"]) == (WHY, "3.1.2", ["3.1.4", "3.1.2"])
    assert sorted(machine) == ["3.1.2", "3.1.4", "in_scope"]  # what the machine said stays as it was


async def test_what_staff_says_is_learned_from(db, bureau, sign_in, proposed):
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    await desk.post(f"/cases/{proposed.number}/findings", form_of(proposed))
    case = await reload(db, proposed)
    change = {"kind": "disposition", "value": "other_department", "say": ""}
    await desk.post(f"/cases/{proposed.number}/findings", form_of(case, **change))
    async with db.read() as session:
        learned = (await list_corrections(session))[0]
    assert learned.tip["labels"]["clauses"] == ["3.1.4"]
    assert learned.tip["labels"]["disposition"] == "other_department"
    assert (await reload(db, proposed)).disposition is Disposition.OTHER_DEPARTMENT


async def test_a_finding_is_added(db, bureau, sign_in, proposed):
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    await desk.get(f"/cases/{proposed.number}?correct=clause&value=")
    added = await desk.post(f"/cases/{proposed.number}/findings", form_of(proposed, value="3.3.6", say=""))
    assert added.says("补充")
    assert (await reload(db, proposed)).clauses == ["3.1.4", "3.1.2", "3.3.6"]


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"reason": ""}, 422, "请填写“理由”"),
        ({"reason": "长" * 501}, 422, "最多 500 字"),
        ({"value": "9.9.9", "say": ""}, 422, "请从列出的选项中选择"),
        ({"kind": "target", "value": "某某学校", "say": ""}, 422, "请从列出的选项中选择"),
        ({"version": "0"}, 409, "案件刚刚有了变化"),
        ({"kind": "nothing"}, 400, ""),
    ],
)
async def test_what_cannot_be_saved_changes_nothing(db, bureau, sign_in, proposed, change, status, says):
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    answer = await desk.post(f"/cases/{proposed.number}/findings", form_of(proposed, **change))
    assert answer.status == status
    assert answer.says(says)
    assert (await reload(db, proposed)).clauses == ["3.1.4", "3.1.2"]
    async with db.read() as session:
        assert list(await session.scalars(select(Event))) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"say": "keep"}, 200),
        ({"value": "3.3.6", "say": ""}, 200),
        ({"say": "drop"}, 409),  # what must be answered in the result is not struck beforehand
        ({"kind": "police_referral", "value": "true", "say": ""}, 200),
        ({"kind": "police_referral", "value": "false", "say": ""}, 409),
        ({"kind": "jurisdiction", "value": "linying", "say": ""}, 409),
        ({"kind": "disposition", "value": "consultation", "say": ""}, 409),
    ],
)
async def test_a_county_does_not_strike_what_it_must_answer(db, bureau, sign_in, change, status):
    async with db.begin() as session:
        case = await make_case(session, CaseState.VERIFYING, clauses=["3.1.4", "3.1.2"])
        tip = (await session.scalars(select(Tip).where(Tip.case_id == case.id))).one()
        await make_finding(session, case, tip, value="3.1.2")
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    form = await officer.get(f"/cases/{case.number}?correct=clause&value=3.1.2")
    assert form.says("已交办的条款要在核查结果里逐条回答")
    answer = await officer.post(f"/cases/{case.number}/findings", form_of(case, **change))
    assert answer.status == status


async def test_who_declared_an_interest_or_comes_too_late_corrects_nothing(db, bureau, sign_in):
    async with db.begin() as session:
        recused = await make_staff(session, Role.OFFICER)
        case = await make_case(session, CaseState.VERIFYING, recused=[recused.id])
        over = await make_case(session, CaseState.CLOSED, due_in=None)
    officer = await sign_in(recused)
    assert not (await officer.get(f"/cases/{case.number}?correct=clause&value=3.1.4")).says("更正：")
    assert (await officer.post(f"/cases/{case.number}/findings", form_of(case, say="keep"))).status == 409
    desk = await sign_in(bureau.by_role[Role.INTAKE])
    assert (await desk.post(f"/cases/{over.number}/findings", form_of(over, say="keep"))).status == 409
