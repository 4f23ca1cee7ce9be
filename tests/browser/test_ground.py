"""The browser of the tests itself: Chinese is drawn, trouble on a page is noticed."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

PAGE = (
    "<!doctype html><html lang='zh-CN'><title>举报</title><main><h1>举报</h1>"
    "<form><label>内容 <input name='text'></label><button>提交</button></form></main></html>"
)


async def show(_request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


@pytest.fixture
async def site():
    app = web.Application()
    app.router.add_get("/", show)
    async with TestServer(app) as server:
        yield server


async def test_real_chromium_opens_a_page_on_loopback(site, page: Page, check_axe):
    await page.goto(str(site.make_url("/")))
    assert await page.title() == "举报"
    await check_axe(page)


async def test_pages_can_be_opened_without_javascript(site, new_page):
    page = await new_page(javascript=False, width=360)
    await page.goto(str(site.make_url("/")))
    assert await page.get_by_role("button", name="提交").is_visible()
