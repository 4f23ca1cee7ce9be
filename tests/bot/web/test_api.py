"""The JSON API, to the letter of its contract; whatever is sent, the answer is a sentence and never a crash."""

import asyncio
import json
import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.web.description import describe
from models.case import Heartbeat
from models.message import Message
from models.tip import Identity, Tip
from tests.web import Visitor

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TIPS, STATUS, MESSAGES = "/api/v1/tips", "/api/v1/status", "/api/v1/messages"


async def count_tips(db) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(Tip)) or 0


async def raw(visitor: Visitor, path: str, body: bytes, **headers: str) -> tuple[int, Any, str]:
    headers = {"Content-Type": "application/json"} | headers
    async with visitor.session.post(visitor.base + path, data=BytesIO(body), headers=headers) as answer:
        return answer.status, json.loads(await answer.text()), answer.content_type


async def test_a_tip_is_stored_before_it_is_acknowledged(visitor: Visitor, db, keys):
    body = {
        "text": "宏达学校\n卖证 🙂",
        "place": "郾城区龙塔街道",
        "target": "宏达学校",
        "occurred": "上周",
        "contact": {"name": "王某", "phone": "138 0000 0000"},
        "locale": "zh-CN",
    }
    status, answer = await visitor.ask(TIPS, body)
    assert status == 201
    assert set(answer) == {"case_number", "code", "received_at", "status"}
    assert answer["received_at"] == "2026-03-04T10:00:00+08:00"
    assert answer["status"] == "已收到"
    async with db.read() as session:
        tip = await session.scalar(select(Tip))
        assert (tip.number, tip.text, tip.target) == (answer["case_number"], body["text"], "宏达学校")
        identity = await session.scalar(select(Identity))
        assert keys.unseal("identity", identity.name, place="identity.name").decode() == "王某"


async def test_number_and_code_open_status_and_messages(visitor: Visitor, db):
    _, receipt = await visitor.ask(TIPS, {"text": "卖证"})
    pair = {"case_number": receipt["case_number"], "code": receipt["code"]}
    status, sent = await visitor.ask(MESSAGES, pair | {"text": "补充"})
    assert (status, set(sent)) == (201, {"received_at", "status"})
    status, answer = await visitor.ask(STATUS, pair)
    assert status == 200
    assert (answer["status"], answer["state"], answer["received_on"]) == ("已收到", "received", "2026-03-04")
    assert [message["text"] for message in answer["messages"]] == ["补充"]
    assert answer["deadline"] is None
    assert receipt["code"] not in json.dumps(answer)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Message)) == 1


async def test_a_repeated_key_answers_as_the_first_time(visitor: Visitor, db, clock):
    first = await visitor.ask(TIPS, {"text": "卖证"}, Idempotency_Key="abc-1")
    clock.now += timedelta(hours=3)
    again = await visitor.ask(TIPS, {"text": "卖证"}, Idempotency_Key="abc-1")
    assert first == again
    status, problem = await visitor.ask(TIPS, {"text": "别的事"}, Idempotency_Key="abc-1")
    assert status == 422
    assert "Idempotency-Key" in problem["detail"]
    other = await visitor.ask(TIPS, {"text": "卖证"}, Idempotency_Key="abc-2")
    assert other[1]["case_number"] != first[1]["case_number"]
    assert await count_tips(db) == 2


async def test_twins_in_flight_get_one_number(visitor: Visitor, db):
    answers = await asyncio.gather(
        *(visitor.ask(TIPS, {"text": "卖证"}, Idempotency_Key="twins") for _ in range(8))
    )
    assert {status for status, _ in answers} == {201}
    assert len({answer["case_number"] for _, answer in answers}) == 1
    assert len({answer["code"] for _, answer in answers}) == 1
    assert await count_tips(db) == 1


@SQLITE
async def test_without_a_key_every_request_is_a_tip_of_its_own(visitor: Visitor, db):
    await asyncio.gather(*(visitor.ask(TIPS, {"text": "卖证"}) for _ in range(50)))
    assert await count_tips(db) == 50


async def test_wrong_number_and_wrong_code_cannot_be_told_apart(visitor: Visitor):
    _, receipt = await visitor.ask(TIPS, {"text": "卖证"})
    wrong_code = await visitor.ask(STATUS, {"case_number": receipt["case_number"], "code": "0" * 20})
    wrong_number = await visitor.ask(STATUS, {"case_number": "263184720393", "code": receipt["code"]})
    assert wrong_code == wrong_number
    assert wrong_code[0] == 404
    assert "查询码" in wrong_code[1]["detail"]
    assert wrong_code[1]["title"] == "举报编号或查询码不对"
    assert (await visitor.ask(MESSAGES, {"case_number": "1", "code": "2", "text": "x"}))[0] == 404


@SQLITE
async def test_a_code_is_no_tip_and_no_message(visitor: Visitor, db):
    _, receipt = await visitor.ask(TIPS, {"text": "卖证"})
    keys = {"case_number": receipt["case_number"], "code": receipt["code"]}
    for path, body in ((TIPS, {}), (MESSAGES, keys)):
        status, problem = await visitor.ask(path, {**body, "text": receipt["code"]})
        assert (status, problem["errors"][0]["field"]) == (422, "text")
        assert "查询码" in problem["detail"]
    assert await count_tips(db) == 1


@SQLITE
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "JSON"),
        (b"{", 400, "JSON"),
        (b'{"text": NaN}', 400, "JSON"),
        (b'{"text": "a", "text": "b"}', 400, "JSON"),
        (b"[" * 10_000, 400, "JSON"),
        (b"\xff\xfe", 400, "JSON"),
        (b'"text"', 422, "JSON"),
        (b"[]", 422, "JSON"),
        (b"{}", 422, "text"),
        (b'{"text": 5}', 422, "text"),
        (b'{"text": null}', 422, "text"),
        (b'{"text": ["a"]}', 422, "text"),
        (b'{"text": ""}', 422, "不能空着"),
        ('{"text": " \u3000\\n"}'.encode(), 422, "不能空着"),
        (b'{"text": "a\\u0000b"}', 400, "空字符"),
        (b'{"text": "a\\ud800b"}', 400, "无法识别"),
        (b'{"text": "a", "contact": "x"}', 422, "contact"),
        (b'{"text": "a", "contact": {"name": 5}}', 422, "contact.name"),
        (b'{"text": "a", "is_admin": true}', 422, "is_admin"),
        (b'{"text": "a", "locale": "fr"}', 422, "zh-CN"),
        (json.dumps({"text": "证" * 20_001}).encode(), 422, "最多 20000 字"),
        (json.dumps({"text": "证" * 100_000}, ensure_ascii=False).encode(), 422, "100000 字"),
        (json.dumps({"text": "a", "place": "长" * 501}).encode(), 422, "最多 500 字"),
        (b'{"text": "' + b"x" * (2 * 1024 * 1024) + b'"}', 413, "太大|上限"),
    ],
)
async def test_what_cannot_be_taken_is_told_in_a_sentence(visitor: Visitor, db, body, status, words):
    got, problem, kind = await raw(visitor, TIPS, body)
    assert (got, kind) == (status, "application/problem+json")
    assert re.search(words, problem["detail"]), problem["detail"]
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == status
    assert await count_tips(db) == 0


@SQLITE
async def test_twenty_thousand_characters_are_taken(visitor: Visitor, db):
    assert (await visitor.ask(TIPS, {"text": "𠮷" * 20_000}))[0] == 201


@SQLITE
async def test_problems_speak_the_readers_language(visitor: Visitor):
    _, problem = await visitor.ask(TIPS, {"text": ""}, Accept_Language="en")
    assert problem["detail"].startswith("This cannot be empty")
    _, problem = await visitor.ask(TIPS, {"text": "", "locale": "en"})
    assert problem["detail"].startswith("This cannot be empty")
    assert problem["errors"] == [{"field": "text", "detail": problem["detail"]}]


@SQLITE
@pytest.mark.parametrize("key", ["", " ", "a b", "键", "x" * 201])
async def test_a_bad_key_is_refused(visitor: Visitor, key: str):
    got, _, _ = await raw(visitor, TIPS, b'{"text": "a"}', **{"Idempotency-Key": key})
    assert got == 400


@SQLITE
async def test_only_json_is_read_and_only_post_is_allowed(visitor: Visitor):
    assert (await raw(visitor, TIPS, b'{"text": "a"}', **{"Content-Type": "text/plain"}))[0] == 415
    assert (await raw(visitor, TIPS, b"\x1f\x8b", **{"Content-Encoding": "gzip"}))[0] in {400, 415}
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "TRACE"):
        async with visitor.session.request(method, visitor.base + TIPS) as answer:
            assert answer.status == 405
            problem = await answer.json(content_type=None)
            assert "Allow" in answer.headers
            assert "Allow" in problem["detail"]
            assert "页" not in problem["title"] + problem["detail"]
            assert "Access-Control-Allow-Origin" not in answer.headers


@SQLITE
async def test_health_is_told_truthfully(visitor: Visitor, db, clock):
    assert (await visitor.open("/healthz")).status == 200
    page = await visitor.open("/readyz")
    assert page.status == 503
    checks = json.loads(page.text)["checks"]
    assert checks["database"]["is_fine"] is True
    assert checks["worker"]["is_fine"] is False
    async with db.begin() as session:
        session.add(Heartbeat(name="worker", holder="test", beat_at=clock.now, details={}))
    assert (await visitor.open("/readyz")).status == 200


@SQLITE
async def test_the_description_describes_the_api(visitor: Visitor):
    page = await visitor.open("/api/v1/openapi.json")
    description = json.loads(page.text)
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {TIPS, STATUS, MESSAGES}
    tip = description["components"]["schemas"]["TipBody"]
    assert set(tip["properties"]) == {"text", "place", "target", "occurred", "contact", "locale"}
    assert tip["required"] == ["text"]
    names = set(description["components"]["schemas"])
    used = {ref.split('"')[0] for ref in json.dumps(description).split("#/components/schemas/")[1:]}
    assert used <= names
    assert describe("https://tips.example")["servers"] == [{"url": "https://tips.example"}]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["text", "place", "target", "occurred", "contact", "locale", "case_number", "code", "name"]
)


@SQLITE
@given(
    path=st.sampled_from([TIPS, STATUS, MESSAGES]),
    body=ANYTHING | st.dictionaries(NAMES, ANYTHING | st.text(max_size=30), max_size=6),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_json_comes_the_answer_is_an_answer(visitor: Visitor, path: str, body: Any):
    got, answer, kind = await raw(visitor, path, json.dumps(body).encode())
    assert got < 500
    assert got == 201 or (kind == "application/problem+json" and answer["detail"])


@SQLITE
@given(body=st.binary(max_size=300))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_bytes_come_the_answer_is_an_answer(visitor: Visitor, body: bytes):
    got, answer, _ = await raw(visitor, TIPS, body)
    assert 400 <= got < 500
    assert answer["detail"]


# ---------------------------------------------------------------- messages sent twice, requests nobody can read


async def test_a_message_with_a_key_is_stored_once_however_often_it_is_sent(visitor: Visitor, db):
    _, receipt = await visitor.ask(TIPS, {"text": "卖证"})
    body = {"case_number": receipt["case_number"], "code": receipt["code"], "text": "补充"}
    answers = await asyncio.gather(*(visitor.ask(MESSAGES, body, Idempotency_Key="one") for _ in range(4)))
    assert {status for status, _ in answers} == {201}
    assert len({answer["received_at"] for _, answer in answers}) == 1
    status, answer = await visitor.ask(MESSAGES, body | {"text": "别的话"}, Idempotency_Key="one")
    assert (status, "Idempotency-Key" in answer["detail"]) == (422, True)
    await visitor.ask(MESSAGES, body, Idempotency_Key="two")
    await visitor.ask(MESSAGES, body)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Message)) == 3


@SQLITE
@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/v1/tips HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip, br\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /api/v1/tips HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /api/v1/tips HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: rot13\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /api/v1/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST /api/v1/tips HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n",
        b"POST /api/v1/tips HTTP/9\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["two encodings", "gzip", "unknown encoding", "long address", "long header", "no such version"],
)
async def test_what_cannot_be_read_is_answered_in_the_apis_own_form(site, head: bytes):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(site.rpartition(":")[2]))
    writer.write(head)
    await writer.drain()
    answer = (await asyncio.wait_for(reader.read(65536), 5)).decode()
    writer.close()
    assert re.match(r"HTTP/1\.[01] 4(00|15) ", answer)
    assert "Content-Type: application/problem+json" in answer
    assert json.loads(answer.partition("\r\n\r\n")[2])["detail"]


async def test_a_phone_that_nobody_can_call_is_said_at_once(visitor: Visitor, db):
    status, answer = await visitor.ask(TIPS, {"text": "卖证", "contact": {"phone": "abc"}})
    assert status == 422
    assert answer["errors"] == [{"field": "phone", "detail": "电话号码应为 5 到 20 位数字，请检查。"}]
    async with db.read() as session:
        assert await session.scalar(select(Tip)) is None
