"""A case on paper holds what who handles it needs, and nothing of who reported, whoever prints it."""

import pytest
from sqlalchemy import select

from models.audit import record_event
from models.case import Case
from models.disclosure import CaseSummary
from models.states import CaseState, Role, Verdict
from models.tip import Identity, Tip
from tests.factories import NOW, make_case, make_finding, make_message

NAME, PHONE = "郭建英", "13987654321"


@pytest.fixture
async def case(db, bureau, keys) -> Case:
    """A case whose reporter left his name, wrote it into everything, and whom the result names by mistake."""
    async with db.begin() as session:
        text = f"我叫{NAME}，在宏达学校当会计，电话{PHONE}。学校收八百元包过。"
        case = await make_case(
            session,
            CaseState.ANSWER_DUE,
            due_rule="D12",
            text=text,
            verdict=Verdict.PROVEN,
            result=f"据{NAME}提供的收据，学校收费包过。",
            verification={"second": "赵工", "evidence": [f"{NAME}的笔录"], "allegations": []},
        )
        tip = (await session.scalars(select(Tip).where(Tip.case_id == case.id))).one()
        sealed = {
            "name": keys.seal("identity", NAME.encode(), place="identity.name"),
            "phone": keys.seal("identity", PHONE.encode(), place="identity.phone"),
        }
        session.add(Identity(tip_id=tip.id, **sealed))
        await make_finding(session, case, tip)
        await make_message(session, case, tip, "我明天把录音送来。")
        reason = f"已电话告知{NAME}"
        record_event(
            session, "signed_for", at=NOW, by=bureau.by_role[Role.OFFICER].id, case_id=case.id, reason=reason
        )
    return case


@pytest.mark.parametrize("role", [Role.OFFICER, Role.INTAKE, Role.SUPERVISOR])
async def test_nobodys_print_tells_who_reported(bureau, sign_in, case, role):
    printed = await (await sign_in(bureau.by_role[role])).get(f"/cases/{case.number}/print")
    assert printed.status == 200
    for secret in (NAME, PHONE, "会计", "我明天把录音送来"):
        assert secret not in printed.text, secret
    for told in (
        "法定步骤",
        "宏达安全培训学校",
        "3.1.4",
        "属实",
        "赵工",
        "收费包过",
        "D12 的时限",
        "签收",
        "打印。",
    ):
        assert printed.says(told), told
    assert printed.headers["Cache-Control"] == "no-store"


async def test_the_desks_summary_stands_in_for_the_words(db, bureau, sign_in, case):
    async with db.begin() as session:
        by = bureau.by_role[Role.INTAKE].id
        session.add(CaseSummary(case_id=case.id, text="学校以包过名义收费。", staff_id=by, changed_at=NOW))
    printed = await (await sign_in(bureau.by_role[Role.INTAKE])).get(f"/cases/{case.number}/print")
    assert printed.says("学校以包过名义收费。")
    assert not printed.says("八百元")


async def test_the_case_leads_to_its_print(bureau, sign_in, case):
    shown = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{case.number}")
    assert f'href="/cases/{case.number}/print"' in shown.text


async def test_laws_stand_beside_clauses_and_clocks(db, bureau, sign_in, case):
    shown = await (await sign_in(bureau.by_role[Role.OFFICER])).get(f"/cases/{case.number}")
    assert shown.says("《中华人民共和国广告法》第二十四条")
    assert shown.says("查实后可能的处理：")
    assert shown.says("责令停止发布广告")
    assert shown.says("移送公安机关依法查处（《中华人民共和国刑法》第二百八十四条之一）")
    assert shown.says("依据（法定）：")  # the clock of the answer, in the list of steps
