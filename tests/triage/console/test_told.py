"""The case page shows what the reporter answered, and “举报人认为” beside what the machine proposed."""

import pytest

from models.states import Role
from tests.factories import make_case, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_answers_and_a_correction_stand_on_the_case_page(db, bureau, sign_in):
    async with db.begin() as session:
        meant = {"told": ["pass_sold"], "choice": "else", "words": "他们卖的是<假证>。"}
        tip = await make_tip(session, answers={"paid": "3800 元给李老师", "still_so": "often"}, meant=meant)
        case = await make_case(
            session, tip=tip, officer_id=bureau.by_role[Role.OFFICER].id, needs_review=True,
            review_reasons=["reporter_disagrees"],
        )  # fmt: skip
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{case.number}")
    for words in (
        "交钱的情况",
        "3800 元给李老师",
        "经常这样",
        "举报人认为",
        "有人承诺交钱包过",
        "举报人说机器理解得不对",
    ):
        assert page.says(words), words
    assert "&lt;假证&gt;" in page.text


async def test_a_case_without_them_has_no_empty_boxes(bureau, sign_in):
    officer = await sign_in(bureau.by_role[Role.OFFICER])
    page = await officer.get(f"/cases/{bureau.case.number}")
    assert not page.says("举报人认为")
