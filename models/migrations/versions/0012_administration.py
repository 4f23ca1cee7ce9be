"""Calendar years, changes that take two people, periods of keeping, purges, holds, and the state at the last start."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _create_calendar()
    _create_changes()
    _create_keeping()
    _create_start_state()


def _create_calendar() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("id", KEY, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("days_off", sa.JSON(), nullable=False, comment="{ISO day: word of deadlines.holiday.}"),
        sa.Column("made_up", sa.JSON(), nullable=False, comment="ISO days: weekend days worked"),
        sa.Column("source", sa.String(200), nullable=False, comment="number or address of the notice"),
        sa.Column("staff_id", KEY, nullable=True, comment="none: the command line"),
        sa.Column("stored_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_calendar_year_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_year")),
    )
    op.create_index("ix_calendar_year_year", "calendar_year", ["year", "id"])


def _create_changes() -> None:
    op.create_table(
        "protected_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False, comment="which period, which case …: a word or a number"),
        sa.Column("facts", sa.JSON(), nullable=False, comment="before, after …; checked again when it is done"),
        sa.Column("asker_id", KEY, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=True, comment="none: waits, was taken back, or its time ran out"),
        sa.Column("decided_by", KEY, nullable=True, comment="who asked: he took it back"),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decision", sa.String(500), nullable=False, comment="why it was allowed or refused"),
        sa.ForeignKeyConstraint(["asker_id"], ["staff.id"], name=op.f("fk_protected_change_asker_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_protected_change_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protected_change")),
    )
    op.create_index("ix_protected_change_waiting", "protected_change", ["decided_at", "asked_at"])


def _create_keeping() -> None:
    op.create_table(
        "keeping_period",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("change_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["protected_change.id"], name=op.f("fk_keeping_period_change_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keeping_period")),
    )
    op.create_index("ix_keeping_period_name", "keeping_period", ["name", "id"])
    op.create_table(
        "purge_day",
        sa.Column("id", KEY, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purge_day")),
        sa.UniqueConstraint("day", "name", name=op.f("uq_purge_day_day_name")),
    )
    op.create_table(
        "case_hold",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True, comment="none: it lasts"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_hold_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_hold_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_hold")),
    )
    op.create_index("ix_case_hold_case", "case_hold", ["case_id", "lifted_at"])


def _create_start_state() -> None:
    op.create_table(
        "start_state",
        sa.Column("id", KEY, nullable=False),
        sa.Column("part", sa.String(64), nullable=False, comment="serve, public, worker …: parts may run on several machines"),
        sa.Column("name", sa.String(200), nullable=False, comment="a setting, or the path of a rule file"),
        sa.Column("shown", sa.Text(), nullable=False, comment="as people may see it: secrets masked; of files a digest"),
        sa.Column("digest", sa.String(64), nullable=False, comment="changes with the value; of secrets a keyed hash"),
        sa.Column("content", sa.LargeBinary(), nullable=True, comment="of a rule file: its values, compressed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_start_state")),
        sa.UniqueConstraint("part", "name", name=op.f("uq_start_state_part_name")),
    )


def downgrade() -> None:
    """Take back. What administrators stored here goes; rule files and usual periods count again."""
    for table in ("start_state", "case_hold", "purge_day", "keeping_period", "protected_change", "calendar_year"):
        op.drop_table(table)
