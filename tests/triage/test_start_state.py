"""What differs from the last start is in the audit, with old and new; secrets are masked."""

import re
import shutil
from dataclasses import replace

import pytest
from sqlalchemy import select

from config.rulefile import CONFIG
from models.administration import StartState
from models.event import Event
from tests.factories import NOW
from triage.start_state import list_settings, list_value_changes, mask, note_start

TOKEN = "123456789:" + "A" * 30 + "wxyz"


@pytest.fixture
def root(tmp_path):
    """A copy of a few rule files."""
    folder = tmp_path / "config"
    (folder / "calendars").mkdir(parents=True)
    for name in ("deadlines.yaml", "routing.yaml", "calendars/cn.yaml"):
        shutil.copyfile(CONFIG / name, folder / name)
    return folder


async def events(db) -> list[Event]:
    async with db.read() as session:
        return list(await session.scalars(select(Event).order_by(Event.position)))


async def test_the_first_start_stores_and_the_same_again_tells_nothing(db, settings, keys, root):
    for _ in range(2):
        assert await note_start(db, settings, part="serve", keys=keys, now=NOW, root=root) == 0
    assert await events(db) == []


async def test_a_changed_setting_is_told_with_old_and_new_and_a_secret_masked(db, settings, keys, root):
    await note_start(db, settings, part="serve", keys=keys, now=NOW, root=root)
    newer = replace(settings, second_factor="required", telegram_token=TOKEN, smtp_url="smtp://u:p@h")
    assert await note_start(db, newer, part="serve", keys=keys, now=NOW, root=root) == 3
    told = {event.data["setting"]: (event.data["before"], event.data["after"]) for event in await events(db)}
    assert told["TIPLINE_SECOND_FACTOR"] == ("offered", "required")
    assert told["TIPLINE_TELEGRAM_TOKEN"] == ("", "••••wxyz")
    assert told["TIPLINE_SMTP_URL"] == ("", "••••")
    assert all(event.staff_id is None for event in await events(db))
    async with db.read() as session:
        stored = [f"{row.shown} {row.digest}" for row in await session.scalars(select(StartState))]
    assert not [line for line in stored if TOKEN[:20] in line or "u:p" in line]


async def test_a_secret_that_changed_is_told_though_it_looks_the_same(db, settings, keys, root):
    first, other = (replace(settings, smtp_url=f"smtp://u:{word}@h") for word in ("old", "new"))
    await note_start(db, first, part="serve", keys=keys, now=NOW, root=root)
    assert await note_start(db, other, part="serve", keys=keys, now=NOW, root=root) == 1


async def test_a_changed_rule_is_told_by_its_values_and_a_file_that_went_too(db, settings, keys, root):
    await note_start(db, settings, part="serve", keys=keys, now=NOW, root=root)
    path = root / "calendars" / "cn.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("01-01..01-02", "01-01..01-03"), encoding="utf-8"
    )
    (root / "routing.yaml").unlink()
    assert await note_start(db, settings, part="serve", keys=keys, now=NOW, root=root) == 2
    told = {event.data["file"]: event.data for event in await events(db)}
    assert told["calendars/cn.yaml"]["values"] == [
        "years.2023.holidays.new_year: 01-01..01-02 → 01-01..01-03"
    ]
    assert told["routing.yaml"]["after"] == ""
    assert await note_start(db, settings, part="serve", keys=keys, now=NOW, root=root) == 0


async def test_parts_are_compared_each_with_itself(db, settings, keys, root):
    await note_start(db, settings, part="public", keys=keys, now=NOW, root=root)
    newer = replace(settings, public_url="https://tips.example.org")
    assert await note_start(db, newer, part="worker", keys=keys, now=NOW, root=root) == 0
    assert await note_start(db, newer, part="public", keys=keys, now=NOW, root=root) == 1


def test_settings_are_called_as_in_the_environment(settings, keys):
    source = (CONFIG / "settings.py").read_text(encoding="utf-8")
    known = {f"TIPLINE_{name}" for name in re.findall(r'get\("([A-Z_]+)"\)', source)}
    assert {one.name for one in list_settings(settings, keys)} <= known


def test_a_short_secret_shows_nothing_of_itself():
    assert mask("") == ""
    assert mask("secret") == "••••"


def test_what_is_no_yaml_is_told_without_values():
    assert list_value_changes(b"", b"no zlib") == []
