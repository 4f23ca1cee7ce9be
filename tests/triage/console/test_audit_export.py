"""The auditor's signed export: whole, checked by the published keys, recorded, and without a word of any tip."""

import pytest
from sqlalchemy import select

from bot.proof import list_public_keys, read_public_keys
from models import audit_export
from models.audit import record_event
from models.audit_export import check_export
from models.event import Event
from models.states import Role


@pytest.fixture
async def auditor(bureau, sign_in):
    browser = await sign_in(bureau.by_role[Role.AUDITOR])
    await browser.get("/audit/export")
    return browser


async def test_it_holds_every_entry_and_anybody_can_check_it(db, auditor, bureau, keys, now, monkeypatch):
    monkeypatch.setattr(audit_export, "AT_ONCE", 2)
    async with db.begin() as session:
        for _ in range(5):
            record_event(session, "accepted", at=now, case_id=bureau.case.id, reason="属实")
    answer = await auditor.post("/audit/export", {"first": "", "last": "", "purpose": "上级调阅"})
    assert answer.status == 200
    assert "tipline-audit-1-5.jsonl" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    public = read_public_keys(list_public_keys(keys))
    found = check_export(answer.body.splitlines(keepends=True), public)
    assert (found.first, found.last) == (1, 5)
    async with db.read() as session:
        event = await session.scalar(select(Event).where(Event.kind == "audit_exported"))
    assert (event.staff_id, event.reason) == (bureau.by_role[Role.AUDITOR].id, "上级调阅")
    assert event.data == {"first": 1, "last": 5}


@pytest.mark.parametrize(
    "form",
    [
        {"first": "", "last": "", "purpose": ""},
        {"first": "x", "last": "", "purpose": "调阅"},
        {"first": "0001-01-01", "last": "", "purpose": "调阅"},
        {"first": "2031-01-01", "last": "", "purpose": "调阅"},
        {"first": "", "last": "", "purpose": "长" * 201},
    ],
)
async def test_without_a_purpose_or_entries_there_is_no_file(db, auditor, bureau, now, form):
    async with db.begin() as session:
        record_event(session, "accepted", at=now, case_id=bureau.case.id)
    assert (await auditor.post("/audit/export", form)).status == 422
    async with db.read() as session:
        assert await session.scalar(select(Event).where(Event.kind == "audit_exported")) is None
