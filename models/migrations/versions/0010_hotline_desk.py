"""Calls on the hotline desk, and the names of bodies that can be picked there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _create_calls()
    _create_units()


def _create_calls() -> None:
    key_comment = "of the page that typed it; number and code derive from it; erased once read out"
    op.create_table(
        "hotline_call",
        sa.Column("id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("key", sa.String(64), nullable=True, comment=key_comment),
        sa.Column("answers", sa.LargeBinary(), nullable=True, comment="sealed, place call.answers"),
        sa.Column("end", sa.String(32), nullable=True, comment="how it ended; empty while it is open"),
        sa.Column("tip_id", KEY, nullable=True),
        sa.Column("destination", sa.String(64), nullable=False, comment="id in the directory, if sent elsewhere"),
        sa.Column("reason", sa.String(64), nullable=False, comment="text key: why it was sent elsewhere"),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("read_at", MOMENT, nullable=True, comment="when number and code were read out"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_hotline_call_staff_id")),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_hotline_call_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hotline_call")),
        sa.UniqueConstraint("staff_id", "key", name=op.f("uq_hotline_call_staff_id_key")),
    )
    op.create_index("ix_hotline_call_staff_id_ended_at", "hotline_call", ["staff_id", "ended_at"])
    op.create_index(op.f("ix_hotline_call_tip_id"), "hotline_call", ["tip_id"])
    op.create_index(op.f("ix_hotline_call_updated_at"), "hotline_call", ["updated_at"])


def _create_units() -> None:
    initials_comment = "first letters of its syllables, one word for each reading"
    case_comment = "how far the cases were read; shown to nobody"
    op.create_table(
        "unit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("folded", sa.String(200), nullable=False, comment="the name in plain characters"),
        sa.Column("initials", sa.String(200), nullable=False, comment=initials_comment),
        sa.Column("alias_of", KEY, nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False, comment="how often it was named: those come first"),
        sa.Column("case_id", sa.BigInteger(), nullable=False, comment=case_comment),
        sa.ForeignKeyConstraint(["alias_of"], ["unit.id"], name=op.f("fk_unit_alias_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("name", name=op.f("uq_unit_name")),
    )
    op.create_index(op.f("ix_unit_case_id"), "unit", ["case_id"])
    op.create_table(
        "unit_key",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("unit_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_key_unit_id")),
        sa.PrimaryKeyConstraint("key", "unit_id", name=op.f("pk_unit_key")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("unit_key")
    op.drop_table("unit")
    op.drop_table("hotline_call")
