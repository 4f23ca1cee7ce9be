"""The command line does what the pages do, with the same checks and the same record."""

import asyncio
import json

import pytest
from click.testing import CliRunner
from openpyxl import Workbook
from sqlalchemy import select

import tipline
from config.clock import now
from config.keys import load_keys, rotate_signer
from models.event import Event
from models.fact import Known, find_facts
from models.notice import Notice
from models.session import Database
from models.staff import Staff
from models.states import Role
from models.unit import Unit
from tests.factories import NOW, make_case, make_staff, make_tip

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def home(tmp_path, database_url, monkeypatch):
    """An installation that the commands find in their environment."""
    data = tmp_path / "data"
    data.mkdir()
    load_keys(data / "keys.json", may_create=True)
    monkeypatch.setenv("TIPLINE_DATA", str(data))
    monkeypatch.setenv("TIPLINE_DATABASE_URL", database_url)
    return data


@pytest.fixture
def ask(database_url):
    """ask(work) runs `await work(session)` in a transaction of its own."""

    def run(work):
        async def inside():
            db = Database(database_url)
            try:
                async with db.begin() as session:
                    return await work(session)
            finally:
                await db.close()

        return asyncio.run(inside())

    return run


def call(*words, status=0):
    done = CliRunner().invoke(tipline.main, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.output


def read_facts(ask):
    return ask(find_facts)


def kinds(ask):
    async def read(session):
        return list(await session.scalars(select(Event.kind).order_by(Event.position)))

    return ask(read)


# ---------------------------------------------------------------- backup


def test_a_backup_is_noted_and_restoring_it_is_tried_without_touching_anything(home, ask, tmp_path):
    async def fill(session):
        await make_tip(session, text="孟庙镇宏达安全培训学校交八百块包过。", received_at=now())

    ask(fill)
    archive = tmp_path / "backup.tar"
    call("db", "backup", archive)
    noted = read_facts(ask)[Known.BACKUP]
    assert noted.details == {"file": str(archive), "files": 0, "with_keys": False}
    before = {path.name for path in home.iterdir()}
    assert "no problem" in call("db", "try-restore", archive)
    assert {path.name for path in home.iterdir()} == before
    trial = read_facts(ask)[Known.RESTORE_TRIAL]
    assert (trial.details["problems"], trial.details["checks"]) == (0, [])
    assert kinds(ask) == ["backup_made", "restore_tried"]


def test_a_trial_that_finds_something_says_what_and_fails(home, ask, tmp_path):
    async def fill(session):
        await make_case(session)
        session.add(
            Event(position=2, kind="accepted", at=NOW, data={}, reason="", previous=bytes(32), hash=bytes(32))
        )

    ask(fill)
    archive = tmp_path / "backup.tar"
    call("db", "backup", archive)
    assert "audit:" in call("db", "try-restore", archive, status=1)
    trial = read_facts(ask)[Known.RESTORE_TRIAL]
    assert trial.details["problems"] >= 1
    assert "audit" in trial.details["checks"]


def test_a_damaged_archive_is_no_trial(home, ask, tmp_path):
    archive = tmp_path / "backup.tar"
    archive.write_bytes(b"no archive")
    assert "not a backup" in call("db", "try-restore", archive, status=1)
    assert Known.RESTORE_TRIAL not in read_facts(ask)


# ---------------------------------------------------------------- accounts and audit


def test_an_account_is_changed_by_the_same_rules_as_on_the_page(home, ask):
    async def fill(session):
        await make_staff(session, Role.OFFICER, "yancheng", login="li.gong")
        await make_staff(session, Role.ADMINISTRATOR, "city", login="admin")

    ask(fill)
    assert "lead" in call("staff", "change", "li.gong", "--role", "lead", "--office", "linying")
    assert "belongs to the city" in call("staff", "change", "li.gong", "--role", "auditor", status=1)
    assert "last administrator" in call("staff", "change", "admin", "--role", "supervisor", status=1)
    assert "no such account" in call("staff", "change", "nobody", "--name", "某", status=1)
    call("staff", "change", "li.gong", status=2)

    async def read(session):
        return (
            await session.execute(select(Staff.role, Staff.office_id, Staff.name).order_by(Staff.id))
        ).first()

    role, office, name = ask(read)
    assert (role, office) == (Role.LEAD, "linying")
    assert name
    found = call("audit", "search", "--kind", "staff_changed").splitlines()
    assert len(found) == 1
    assert '"office": "linying"' in found[0]


def test_an_export_is_checked_anywhere_and_a_changed_byte_shows(home, ask, tmp_path):
    async def fill(session):
        await make_staff(session, Role.OFFICER, "yancheng", login="li.gong")

    ask(fill)
    for office in ("linying", "wuyang", "yancheng"):
        call("staff", "change", "li.gong", "--office", office)
    out = tmp_path / "audit.jsonl"
    assert "entries 1 to 3" in call("audit", "export", "--out", out)
    assert "cannot be made" in call("audit", "export", "--out", out, status=1)
    assert "签名有效" in call("audit", "verify-export", out)
    keys = tmp_path / "keys.json"
    keys.write_text(call("proof-keys"))
    rotate_signer(home / "keys.json")
    assert "signature right" in call("audit", "verify-export", out, "--key", keys)
    assert "signature right" in call("audit", "verify-export", out), "the old key still checks"

    lines = out.read_text().splitlines(keepends=True)
    for changed in (
        [lines[0], *lines[2:]],  # the first entry left out
        [*lines[:2], *lines[3:]],  # one in the middle left out
        [*lines[:-2], lines[-1]],  # the last one left out
        [*lines[:2], lines[2].replace("wuyang", "linying"), *lines[3:]],
        [lines[0].replace("li.gong", "wang.wu"), *lines[1:]],
        lines[:-1],
        [],
    ):
        out.write_text("".join(changed))
        assert "签名有效" not in call("audit", "verify-export", out, status=1)


# ---------------------------------------------------------------- the register, health, setting up


def test_a_list_in_a_workbook_is_checked_then_imported_whole(home, ask, tmp_path):
    book = Workbook()
    for row in (
        ("单位名称", "别名", "主体类别", "属地"),
        ("漯河市宏达职业培训学校", "宏达学校", "培训机构", "郾城区"),
        ("张三", "", "培训机构", "月球"),
    ):
        book.active.append(row)
    file = tmp_path / "list.xlsx"
    book.save(file)
    wrong = call("bodies", "import", file, status=1)
    assert f"{file}:3: 这像是人名" in wrong
    assert f"{file}:3: 不认识这个属地：月球" in wrong

    book.active.delete_rows(3)
    book.save(file)
    assert call("bodies", "import", file, "--dry-run").startswith("Would add 1")
    assert call("bodies", "import", file).startswith("Added 1")

    async def read(session):
        return [tuple(row) for row in await session.execute(select(Unit.name, Unit.kind, Unit.county))]

    assert set(ask(read)) == {
        ("漯河市宏达职业培训学校", "training_institution", "yancheng"),
        ("宏达学校", "", ""),
    }
    assert kinds(ask) == ["bodies_imported"]


def test_health_and_the_list_of_setting_up_are_said_in_both_languages(home):
    assert "还没有备份过" in call("health", status=1)
    assert "None was ever made." in call("health", "--lang", "en", status=1)
    assert "open" in call("setup-list", status=1)
    assert "Second administrator" in call("setup-list", "--lang", "en", status=1)


def test_what_only_people_know_is_answered_here_too(home, ask):
    assert "密钥文件在别处另有一份" not in call("setup-list", status=1)
    assert "done   密钥文件的副本" in call("setup-list", "--confirm", "keys", status=1)
    assert "open   密钥文件的副本" in call("setup-list", "--take-back", "keys", status=1)
    assert kinds(ask) == ["setup_confirmed", "setup_reopened"]


def test_channels_are_shown_without_their_secrets(home, monkeypatch):
    monkeypatch.setenv("TIPLINE_TELEGRAM_TOKEN", "123456:SECRETTOKEN-of-the-tests")
    monkeypatch.setenv("TIPLINE_SMTP_URL", "smtp://u:SECRETMAIL@mail.example")
    shown = call("channels", "show", "--lang", "en")
    assert "Chat bot: on" in shown
    assert "…ests" in shown
    for secret in ("SECRET", "123456", "mail.example"):
        assert secret not in shown


def test_a_channel_is_tried_for_an_account(home, ask):
    async def fill(session):
        await make_staff(session, Role.ADMINISTRATOR, "city", login="admin")

    ask(fill)
    call("channels", "test", "mail", "--to", "admin")
    assert "no active account" in call("channels", "test", "mail", "--to", "nobody", status=1)

    async def read(session):
        return await session.scalar(select(Notice.kind))

    assert ask(read) == "channel_test"
    assert json.loads(call("audit", "search").split("\t")[5]) == {"way": "mail"}
