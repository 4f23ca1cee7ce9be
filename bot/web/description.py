"""The description of the API (OpenAPI 3.1), made from the shapes that the API itself uses."""

import json
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.web.bodies import (
    MessageBody,
    ProblemAnswer,
    ReceiptBody,
    SentAnswer,
    StatusAnswer,
    TipAnswer,
    TipBody,
)
from config.web import SITE

PROBLEMS = {
    "400": "The request is malformed.",
    "404": "Number or code is wrong; which of them is not told.",
    "408": "The body came too slowly.",
    "413": "The body is too large.",
    "415": "Not JSON.",
    "422": "A field cannot be taken as it is.",
    "429": "Too many tries; Retry-After says when the next is taken.",
    "500": "Our fault.",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 200 visible ASCII characters. The same key and body give the same answer; "
    "the same key with another body is refused with 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
ACCEPT_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "zh-CN (default) or en.",
    "schema": {"type": "string"},
}


async def get_description(request: web.Request) -> web.Response:
    """GET /api/v1/openapi.json."""
    url = request.app[SITE].public_url
    return web.Response(text=json.dumps(describe(url), ensure_ascii=False), content_type="application/json")


def describe(url: str | None) -> dict[str, Any]:
    """The whole description."""
    shapes: list[type[BaseModel]] = [
        TipBody, ReceiptBody, MessageBody, TipAnswer, StatusAnswer, SentAnswer, ProblemAnswer,
    ]  # fmt: skip
    _, schemas = models_json_schema(
        [(shape, "serialization" if shape.__name__.endswith("Answer") else "validation") for shape in shapes],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tipline",
            "version": "1",
            "description": "Send a tip, ask where it stands, add to it. Nothing is told without number and code.",
        },
        "servers": [{"url": url or "/"}],
        "paths": {
            "/api/v1/tips": _post(
                "sendTip", "Send a tip", TipBody, 201, TipAnswer, ["400", "408", "413", "415", "422", "429", "500"],
                parameters=[IDEMPOTENCY_KEY],
            ),
            "/api/v1/status": _post("readStatus", "Where a tip stands", ReceiptBody, 200, StatusAnswer, list(PROBLEMS)),
            "/api/v1/messages": _post(
                "sendMessage", "Add to a tip", MessageBody, 201, SentAnswer, list(PROBLEMS),
                parameters=[IDEMPOTENCY_KEY],
            ),
        },
        "components": {"schemas": schemas["$defs"]},
    }  # fmt: skip


def _post(
    name: str,
    summary: str,
    body: type[BaseModel],
    status: int,
    answer: type[BaseModel],
    problems: list[str],
    *,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "parameters": [*(parameters or []), ACCEPT_LANGUAGE],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(body)}}},
            "responses": {
                str(status): {
                    "description": (answer.__doc__ or "").splitlines()[0],
                    "content": {"application/json": {"schema": _ref(answer)}},
                },
                **{
                    problem: {
                        "description": PROBLEMS[problem],
                        "content": {"application/problem+json": {"schema": _ref(ProblemAnswer)}},
                    }
                    for problem in problems
                },
            },
        }
    }


def _ref(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
