"""From the chat to the web in a real Chromium: the page that a link opens, and the page when it is too late."""

from datetime import timedelta

import pytest

from bot.channels.to_web import hash_link
from config.catalog import load_catalog
from models.states import Channel
from models.tip import Draft
from tests.browser.test_public import check_fit
from tests.web import Clock, run_public_site

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WORD = "B" * 32


@pytest.fixture
async def site(db, keys, settings, now):
    async with run_public_site(db, keys, load_catalog(), settings, Clock(now)) as address:
        yield address


async def begin(db, keys, now):
    """A half-told tip of a chat, with a link to it."""
    async with db.begin() as session:
        session.add(
            Draft(
                channel=Channel.TELEGRAM,
                owner=b"o" * 32,
                submission_key="k",
                locale="zh-CN",
                step="where.county",
                answers={"what": {"text": "宏达学校卖证。"}, "_chat": {"told": True}},
                link_digest=hash_link(keys, WORD),
                link_until=now + timedelta(minutes=15),
                created_at=now,
                updated_at=now,
            )
        )


@pytest.mark.parametrize("preferences", ["?elder=1", "?lang=en", ""])
@pytest.mark.parametrize("javascript", [True, False])
async def test_a_click_goes_on_where_the_chat_was(
    site,
    new_page,
    check_axe,
    db,
    keys,
    now,
    preferences,
    javascript,
):
    await begin(db, keys, now)
    page = await new_page(javascript=javascript, width=360)
    await page.goto(f"{site}/{preferences}")
    await page.goto(f"{site}/continue/{WORD}")
    await check_fit(page)
    if javascript:
        await check_axe(page)
    await page.locator("main form .acts .button").click()
    await page.wait_for_url("**/report/where")
    await page.goto(f"{site}/continue/{WORD}")
    await check_fit(page)
    if javascript:
        await check_axe(page)
    assert await page.locator("main form").count() == 0
