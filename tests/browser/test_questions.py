"""The questions that fit a tip, in a real Chromium: without JavaScript, on a phone, in large text."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Page
from sqlalchemy import select

from config.catalog import Catalog, load_catalog
from models.tip import Tip
from tests.browser.test_public import check_fit, submit
from tests.fakes.reader import make_real_reader
from tests.web import Clock, run_public_site

Check = Callable[[Page], Awaitable[None]]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
STORY = "郾城区孟庙镇宏达安全培训学校，交八百块就给电工证，一节课都不用上，还包过。"
DANGER = "舞阳县鑫盛机械厂仓库着火了，有人被困。"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
async def site(db, keys, catalog, settings, now) -> AsyncIterator[str]:
    reader = await make_real_reader(catalog)
    async with run_public_site(db, keys, catalog, settings, Clock(now), reader) as address:
        yield address


async def begin(page: Page, site: str, words: str) -> None:
    await page.goto(f"{site}/report/start")
    await submit(page)
    await page.goto(f"{site}/report/what")
    await page.fill("#text", words)
    await submit(page)


async def test_without_scripts_he_is_asked_what_fits_understood_and_may_say_no(site, new_page, db):
    page = await new_page(javascript=False, width=360)
    await begin(page, site, STORY)
    assert page.url.endswith("/report/paid_to")
    await page.fill("#paid_to", "微信转给姓李的老师")
    await submit(page)
    await submit(page)  # when: skipped
    await page.set_input_files(
        "#files", [{"name": "聊天.txt", "mimeType": "text/plain", "buffer": "包过".encode()}]
    )
    await submit(page)
    await page.check("input[value=anonymous]")
    await submit(page)
    assert "我们理解您说的是：有人承诺交钱包过" in await page.inner_text("main")
    await page.click("text=不对，改一下")
    await page.check("input[value=else]")
    await page.fill("#meant_words", "他们卖的是别人的证。")
    await submit(page)
    assert "说的其实是：他们卖的是别人的证。" in await page.inner_text("main")
    await submit(page)
    await page.wait_for_url("**/report/done")
    async with db.read() as session:
        tip = (await session.scalars(select(Tip))).one()
    assert tip.answers == {"paid_to": "微信转给姓李的老师"}
    assert tip.meant["words"] == "他们卖的是别人的证。"


@pytest.mark.parametrize(
    ("width", "preferences"),
    [(360, ""), (1280, "?lang=en"), (320, "?elder=1")],
    ids=["phone", "English", "elder"],
)
@pytest.mark.parametrize("words", [STORY, DANGER], ids=["sale", "danger"])
async def test_every_page_of_it_fits_and_is_accessible(
    site, new_page, check_axe: Check, width: int, preferences: str, words: str
):
    page = await new_page(width=width)
    await page.goto(f"{site}/{preferences}")
    await begin(page, site, words)
    while not page.url.endswith("/report/contact"):
        await check_fit(page)
        await check_axe(page)
        await submit(page)
    await page.check("input[value=anonymous]")
    await submit(page)
    for address in ("/report/check", "/report/meant?to=check"):
        await page.goto(site + address)
        await check_fit(page)
        await check_axe(page)
