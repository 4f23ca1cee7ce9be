"""Marks of tips, likenesses between cases, rises."""

import sqlalchemy as sa
from alembic import op

from models.base import UTCTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tip_mark",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column(
            "value",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="keyed hash; never a name or number",
        ),
        sa.Column("tip_id", BIG, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_tip_mark_tip_id")),
        sa.PrimaryKeyConstraint("kind", "value", "tip_id", name=op.f("pk_tip_mark")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_tip_mark_tip_id", "tip_mark", ["tip_id"], unique=False)
    op.create_table(
        "likeness",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("first_case_id", BIG, nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column(
            "is_sure", sa.Boolean(), nullable=False, comment="above the threshold that may steer a route"
        ),
        sa.Column(
            "reasons",
            sa.JSON(),
            nullable=False,
            comment="[{kind, …}]: text keys under console.likeness. and their blanks",
        ),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("staff_id", BIG, nullable=True, comment="who said so last"),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("decided_at", UTCTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_likeness_case_id")),
        sa.ForeignKeyConstraint(["first_case_id"], ["case.id"], name=op.f("fk_likeness_first_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_likeness_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_likeness")),
        sa.UniqueConstraint("case_id", "first_case_id", name=op.f("uq_likeness_case_id_first_case_id")),
    )
    op.create_index(op.f("ix_likeness_first_case_id"), "likeness", ["first_case_id"], unique=False)
    op.create_table(
        "body_rise",
        sa.Column("id", BIG, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False, comment="mark of the body, as in tip_mark"),
        sa.Column("period", sa.Integer(), nullable=False, comment="which of the equal spans since 1970"),
        sa.Column("case_id", BIG, nullable=False, comment="the newest case about it"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "expected", sa.Double(), nullable=False, comment="how many the body's own history lets expect"
        ),
        sa.Column("noticed_at", UTCTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_body_rise_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_body_rise")),
        sa.UniqueConstraint("value", "period", name=op.f("uq_body_rise_value_period")),
    )
    op.create_index("ix_body_rise_noticed_at", "body_rise", ["noticed_at"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_body_rise_noticed_at", table_name="body_rise")
    op.drop_table("body_rise")
    op.drop_index(op.f("ix_likeness_first_case_id"), table_name="likeness")
    op.drop_table("likeness")
    op.drop_index("ix_tip_mark_tip_id", table_name="tip_mark")
    op.drop_table("tip_mark")
