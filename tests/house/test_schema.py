"""Migrations: numbered, one head, and what they build is what the models say."""

import re

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from models.session import MIGRATIONS, Database, alembic_config
from models.tables import Base


def test_migrations_are_numbered_and_have_one_head():
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert len(scripts.get_heads()) == 1
    assert sorted(revisions) == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
    for path in (MIGRATIONS / "versions").glob("[0-9]*.py"):
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", path.name), path.name


async def test_the_schema_is_what_the_models_say(db: Database):
    def compare(connection):
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)

    async with db.write_engine.connect() as connection:
        differences = await connection.run_sync(compare)
    assert not differences, differences
