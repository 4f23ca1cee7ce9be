"""The web policy of both sites, on a small site of its own: real HTTP, real sockets."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from config.text import LOCALES, has_text
from config.web import Limits, Refusal, get_form, get_query, make_site, read_json, render, see_other
from config.web.errors import KNOWN
from config.web.form import clean_file_name
from config.web.headers import SECURITY_HEADERS
from tests.web import Visitor, run_site

FORM = """{% extends "layouts/public.html" %}{% block title %}T{% endblock %}
{% block main %}<h1>H</h1><form method="post">{{ csrf() }}</form><p>{{ said }}</p>{% endblock %}"""


async def show(request: web.Request) -> web.Response:
    return render(request, "form.html", said=get_query(request).get("said"))


async def take(request: web.Request) -> web.Response:
    form = get_form(request)
    files = [f"{file.name}:{file.size}:{file.is_too_big}" for file in form.files("files")]
    return web.json_response(
        {"said": form.get("said"), "all": form.get_all("many"), "files": files, "left": form.left_out}
    )


async def fail(_request: web.Request) -> web.Response:
    message = "举报内容 13800001234"
    raise ValueError(message)


async def refuse(_request: web.Request) -> web.Response:
    raise Refusal(409, "status.409.body")


async def echo(request: web.Request) -> web.Response:
    return web.json_response(await read_json(request))


def make_app(folder: Path, **options) -> web.Application:
    (folder / "form.html").write_text(FORM, encoding="utf-8")
    app = make_site(name="public", secret=b"s" * 32, templates=[folder], **options)
    app.router.add_get("/form", show)
    app.router.add_post("/form", take)
    app.router.add_get("/fail", fail)
    app.router.add_get("/refuse", refuse)
    app.router.add_get("/api/fail", fail)
    app.router.add_post("/api/echo", echo)
    app.router.add_post("/hook/in", echo)
    return app


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[str]:
    limits = Limits(
        body_bytes=20_000, upload_bytes=400_000, file_bytes=50_000, files=3, fields=50, grace_seconds=1.0
    )
    async with run_site(
        make_app(tmp_path, limits=limits, unguarded=("/hook/",)), idle_seconds=1.0
    ) as address:
        yield address


@pytest.fixture
async def visitor(base: str) -> AsyncIterator[Visitor]:
    async with Visitor(base) as somebody:
        yield somebody


async def shout(base: str, request: bytes, *, wait: float = 5) -> bytes:
    """Send raw bytes; everything that comes back until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rsplit(":", 1)[-1]))
    writer.write(request)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), wait)
    finally:
        writer.close()


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize(
    "path", ["/form", "/nothing", "/fail", "/refuse", "/api/fail", "/api/nothing", "//evil"]
)
async def test_every_answer_carries_the_headers_of_the_house(base: str, path: str):
    async with ClientSession() as client, client.get(base + path) as answer:
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
        assert "ETag" not in answer.headers
        assert answer.headers["Content-Language"] == "zh-CN"


async def test_what_the_parser_refuses_carries_them_too(base: str):
    for request in (b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n"):
        answer = (await shout(base, request)).decode()
        assert answer.split("\r\n")[0].endswith("400 Bad Request")
        assert "default-src 'none'" in answer
        assert "aiohttp" not in answer


async def test_under_https_cookies_are_bound_to_the_host(tmp_path: Path):
    async with (
        run_site(make_app(tmp_path, public_url="https://tips.example")) as address,
        ClientSession() as client,
    ):
        async with client.get(address + "/form", headers={"Host": "tips.example"}) as answer:
            cookie = answer.headers["Set-Cookie"]
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert cookie.startswith("__Host-tipline-public-form=")
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in cookie
        async with client.get(address + "/form", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
        async with client.get(address + "/form", headers={"X-Forwarded-Host": "evil.example"}) as answer:
            assert "evil.example" not in await answer.text()


# ---------------------------------------------------------------- hostile requests


@pytest.mark.parametrize(
    "path",
    ["/static/../form", "/static/%2e%2e/settings.py", "/static/..%2fform", "//evil.example", "/\\evil", "/form%00",
     "/static/", "/static/base.css", "/form/"],
)  # fmt: skip
async def test_strange_paths_lead_nowhere(base: str, path: str):
    answer = await shout(
        base, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.split(b"\r\n")[0].endswith((b"404 Not Found", b"400 Bad Request"))
    assert b"secret" not in answer


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "BREW"])
async def test_only_three_methods_are_known(base: str, method: str):
    answer = await shout(
        base, f"{method} /form HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.split(b" ")[1] in {b"405", b"400"}
    assert b"Access-Control" not in answer


@pytest.mark.parametrize(
    "request_lines",
    [
        b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /form HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        b"GET /form HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        b"GET /form HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /form HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_smuggling_is_refused(base: str, request_lines: bytes):
    assert (await shout(base, request_lines)).split(b" ")[1] == b"400"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("said=1&said=2", "said 出现了不止一次"),
        ("said=%ff", "UTF-8"),
        ("said=%ed%a0%80", "UTF-8"),
        ("said=a%00b", "空字符"),
    ],
)
async def test_broken_parameters_are_refused_in_a_sentence(base: str, query: str, words: str):
    answer = await shout(base, f"GET /form?{query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] == b"400"
    assert words in answer.decode()


async def test_packed_bodies_are_refused(visitor: Visitor):
    async with visitor.session.post(
        visitor.base + "/api/echo",
        data=b"{}",
        headers={"Content-Encoding": "deflate", "Content-Type": "application/json"},
    ) as answer:
        assert answer.status in {400, 415}


# ---------------------------------------------------------------- bodies


async def test_bodies_are_counted_while_they_come(visitor: Visitor):
    await visitor.open("/form")
    assert (await visitor.send("/form", said="x" * 19_000)).status == 200
    await visitor.open("/form")
    assert (await visitor.send("/form", said="x" * 21_000)).status == 413

    async def endless():
        for _ in range(100):
            yield b"x" * 1000

    async with visitor.session.post(
        visitor.base + "/api/echo", data=endless(), headers={"Content-Type": "application/json"}
    ) as answer:
        assert answer.status == 413
        assert (await answer.json(content_type=None))["detail"]


async def test_too_many_fields_are_refused(visitor: Visitor):
    await visitor.open("/form")
    assert (await visitor.send("/form", **{f"f{n}": "1" for n in range(60)})).status == 413


async def test_files_are_counted_one_by_one_and_the_rest_of_the_form_is_kept(visitor: Visitor):
    await visitor.open("/form")
    page = await visitor.send(
        "/form",
        files=[("大.bin", bytes(60_000)), ("a.txt", b"1"), ("b.txt", b"2"), ("c.txt", b"3")],
        said="还在",
    )
    assert json.loads(page.text) == {
        "said": "还在", "all": [], "files": ["大.bin:60000:True", "a.txt:1:False", "b.txt:1:False"], "left": 1,
    }  # fmt: skip
    await visitor.open("/form")
    assert (await visitor.send("/form", files=[("a", bytes(450_000))])).status == 413


async def test_an_empty_file_field_is_no_file(visitor: Visitor):
    await visitor.open("/form")
    assert json.loads((await visitor.send("/form", files=[("", b"")], said="x")).text)["files"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x\r\n\r\n\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nno end',
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="a\0b.jpg"\r\n\r\nz\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Encoding: gzip\r\n\r\nz\r\n--x--',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: multipart/x; boundary=y\r\n\r\n--y--\r\n--x',
    ],
)
async def test_broken_forms_are_refused(visitor: Visitor, body: bytes):
    async with visitor.session.post(
        visitor.base + "/form",
        data=BytesIO(body),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    ) as answer:
        assert answer.status in {400, 403}


async def test_a_form_without_a_boundary_is_refused(visitor: Visitor):
    async with visitor.session.post(
        visitor.base + "/form", data=b"x", headers={"Content-Type": "multipart/form-data"}
    ) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_a_body_that_stops_coming_is_given_up(base: str, kind: str):
    path = "/api/echo" if "json" in kind else "/form"
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: 5000\r\n\r\n--x"
    answer = await shout(base, head.encode(), wait=8)
    assert answer.split(b" ")[1] == b"408"


async def test_headers_that_never_end_are_given_up(base: str):
    assert await shout(base, b"GET /form HTTP/1.1\r\nHost: a\r\nX-Slow:", wait=6) == b""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("证据.pdf", "证据.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\照片.jpg", "照片.jpg"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("长" * 300 + ".pdf", "长" * 96 + ".pdf"),
        ("", ""),
    ],
)
def test_file_names_are_made_harmless(name: str, shown: str):
    assert clean_file_name(name) == shown


# ---------------------------------------------------------------- forged forms


async def test_a_form_of_ours_is_taken(visitor: Visitor):
    await visitor.open("/form")
    assert json.loads((await visitor.send("/form", said="你好")).text)["said"] == "你好"


async def test_without_cookies_a_sentence_says_so(base: str):
    async with ClientSession() as client, client.post(base + "/form", data={"csrf_token": "x"}) as answer:
        assert answer.status == 403
        assert "关闭了 Cookie" in await answer.text()


async def test_a_strange_token_is_refused(visitor: Visitor):
    page = await visitor.open("/form")
    for token in ("", "x", page.token[:-1], page.token + "x", "é"):
        async with visitor.session.post(visitor.base + "/form", data={"csrf_token": token}) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_sent_from_elsewhere_is_refused(visitor: Visitor, headers: dict[str, str]):
    page = await visitor.open("/form")
    async with visitor.session.post(
        visitor.base + "/form", data={"csrf_token": page.token}, headers=headers
    ) as answer:
        assert answer.status == 403


async def test_the_token_of_another_visitor_is_refused(visitor: Visitor, base: str):
    async with Visitor(base) as other:
        stolen = (await other.open("/form")).token
    await visitor.open("/form")
    async with visitor.session.post(visitor.base + "/form", data={"csrf_token": stolen}) as answer:
        assert answer.status == 403


async def test_a_token_dies_with_the_session(tmp_path: Path):
    async with (
        run_site(make_app(tmp_path, session_cookie="session")) as address,
        Visitor(address) as somebody,
    ):
        await somebody.open("/form")
        assert (await somebody.send("/form", said="x")).status == 200
        await somebody.open("/form")
        somebody.session.cookie_jar.update_cookies({"tipline-public-session": "new"})
        assert (await somebody.send("/form", said="x")).status == 403


async def test_machines_have_their_own_door(visitor: Visitor):
    async with visitor.session.post(visitor.base + "/hook/in", json={"a": 1}) as answer:
        assert answer.status == 200


# ---------------------------------------------------------------- errors, languages, preferences


@pytest.mark.parametrize("locale", LOCALES)
def test_every_known_status_has_a_page(locale: str):
    assert all(
        has_text(f"errors.status.{status}.{part}", locale) for status in KNOWN for part in ("title", "body")
    )


async def test_an_unknown_error_tells_nothing_of_its_cause(
    visitor: Visitor, capfd: pytest.CaptureFixture[str]
):
    page = await visitor.open("/fail")
    assert page.status == 500
    assert "问题编号" in page.words
    assert "13800001234" not in page.text
    written = "".join(capfd.readouterr())
    assert "request_failed" in written
    assert "13800001234" not in written


async def test_the_api_answers_with_problem_json(visitor: Visitor):
    async with visitor.session.get(
        visitor.base + "/api/nothing", headers={"Accept-Language": "en"}
    ) as answer:
        assert answer.content_type == "application/problem+json"
        assert (await answer.json(content_type=None))["title"] == "No such endpoint"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("fr", "zh-CN"),
        ("zh-TW,en", "zh-CN"),
        ("fr,en;q=0.5,zh;q=0.1", "en"),
        (";;=", "zh-CN"),
    ],
)
async def test_the_language_is_the_readers(base: str, accepted: str, expected: str):
    async with (
        ClientSession(headers={"Accept-Language": accepted}) as client,
        client.get(base + "/form") as answer,
    ):
        assert answer.headers["Content-Language"] == expected


async def test_language_and_elder_edition_are_remembered(visitor: Visitor):
    page = await visitor.open("/form?said=x&lang=en")
    assert page.address == "/form?said=x"
    assert '<html lang="en">' in page.text
    page = await visitor.open("/form?elder=1")
    assert 'class="elder"' in page.text
    assert 'class="elder"' in (await visitor.open("/nothing")).text
    assert 'class="elder"' not in (await visitor.open("/form?elder=0")).text


@pytest.mark.parametrize(
    "address", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_redirects_stay_here(address: str):
    with pytest.raises(ValueError, match="stays"):
        see_other(address)


async def test_what_is_typed_is_shown_as_text(visitor: Visitor):
    page = await visitor.open("/form", params={"said": "<script>alert(1)</script>"})
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_static_files_are_named_by_their_content(visitor: Visitor):
    page = await visitor.open("/form")
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
        async with visitor.session.get(visitor.base + address) as answer:
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
    assert "http" not in "".join(re.findall(r'src="([^"]+)"', page.text))


def test_styles_and_script_are_small():
    static = Path(__file__).parents[2] / "config" / "ui" / "static"
    sizes = {path.name: path.stat().st_size for path in static.iterdir()}
    assert sizes["base.css"] + sizes["public.css"] <= 20 * 1024
    assert sizes["site.js"] <= 12 * 1024
