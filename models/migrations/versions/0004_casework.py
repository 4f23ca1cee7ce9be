"""The whole procedure: approvals, returns, recusal, follow-up, review, merging; pauses of clocks; side tracks."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from models.base import UTCTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CASE: tuple[sa.Column[Any], ...] = (
    sa.Column(
        "verification",
        sa.JSON(none_as_null=True),
        nullable=True,
        comment="second officer, verdict on each allegation, list of evidence",
    ),
    sa.Column(
        "pending",
        sa.JSON(none_as_null=True),
        nullable=True,
        comment="what waits for a superior: {asks, by, kind, days}; none when nothing does",
    ),
    sa.Column(
        "returns", sa.Integer(), nullable=False, server_default="0", comment="how often an office gave it back"
    ),
    sa.Column(
        "is_appointed",
        sa.Boolean(),
        nullable=False,
        server_default=sa.false(),
        comment="the superior settled whose it is: no more returns",
    ),
    sa.Column(
        "recused",
        sa.JSON(),
        nullable=False,
        server_default="[]",
        comment="staff ids of those who declared an interest",
    ),
    sa.Column(
        "calls",
        sa.Integer(),
        nullable=False,
        server_default="0",
        comment="tries to reach the reporter after the answer",
    ),
    sa.Column("satisfaction", sa.String(length=32), nullable=True),
    sa.Column("reviewed_at", UTCTime(), nullable=True, comment="decision on review: there is one only"),
    sa.Column("merged_into_id", BIG, nullable=True, comment="the case that goes on; never a merged one"),
    sa.Column(
        "tracks",
        sa.JSON(none_as_null=True),
        nullable=False,
        server_default="{}",
        comment="where each side track stands; rows in track_step are the record",
    ),
)
DEADLINE: tuple[sa.Column[Any], ...] = (
    sa.Column(
        "counted_from",
        UTCTime(),
        nullable=True,
        comment="where it is not the start: an extension counts from the limit before",
    ),
    sa.Column(
        "granted_days", sa.Integer(), nullable=True, comment="where fewer days than the rule's were granted"
    ),
    sa.Column(
        "is_watched",
        sa.Boolean(),
        nullable=False,
        server_default=sa.false(),
        comment="the duty of another (reporter, police): no breach of ours",
    ),
)


def upgrade() -> None:
    """Apply."""
    for column in CASE:
        op.add_column("case", column)
    op.create_index(op.f("ix_case_merged_into_id"), "case", ["merged_into_id"], unique=False)
    for column in DEADLINE:
        op.add_column("deadline", column)
    _say_of_office("office that has the case, or had it when the clock ended")
    op.create_table(
        "pause",
        sa.Column("id", BIG, nullable=False),
        sa.Column("deadline_id", BIG, nullable=False),
        sa.Column(
            "reason", sa.String(length=64), nullable=False, comment="word of `pauses` in config/deadlines.yaml"
        ),
        sa.Column("due_before", UTCTime(), nullable=False, comment="due time when it was halted"),
        sa.Column("started_at", UTCTime(), nullable=False),
        sa.Column("ended_at", UTCTime(), nullable=True),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadline.id"], name=op.f("fk_pause_deadline_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index(op.f("ix_pause_deadline_id"), "pause", ["deadline_id"], unique=False)
    op.create_table(
        "track_step",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("track", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("at", UTCTime(), nullable=False),
        sa.Column("staff_id", BIG, nullable=True, comment="none: the system"),
        sa.Column(
            "facts",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="what the step asks for: amount, number of the paper …",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_track_step_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_track_step_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_track_step")),
    )
    op.create_index("ix_track_step_case_id", "track_step", ["case_id", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    _say_of_office("office of the case, kept equal to it, for the figures")
    op.drop_index("ix_track_step_case_id", table_name="track_step")
    op.drop_table("track_step")
    op.drop_index(op.f("ix_pause_deadline_id"), table_name="pause")
    op.drop_table("pause")
    for column in reversed(DEADLINE):
        op.drop_column("deadline", column.name)
    op.drop_index(op.f("ix_case_merged_into_id"), table_name="case")
    for column in reversed(CASE):
        op.drop_column("case", column.name)


def _say_of_office(comment: str) -> None:
    """SQLite keeps no comments."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("deadline", "office_id", comment=comment)
