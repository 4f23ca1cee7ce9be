"""What reporters ask for and say afterwards, what they deleted from their view, which notice they were shown."""

import sqlalchemy as sa
from alembic import op

from models.base import UTCTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOTICE = "version of the privacy notice that was shown before"


def upgrade() -> None:
    """Apply."""
    for table in ("draft", "tip"):
        op.add_column(
            table, sa.Column("notice_version", sa.String(64), nullable=False, server_default="", comment=NOTICE)
        )
    hidden = "the reporter deleted it from his view; the file of the case keeps it"
    digest = "keyed hash of tip and submission key, where the sender named one"
    op.add_column("message", sa.Column("hidden_at", UTCTime(), nullable=True, comment=hidden))
    op.add_column("message", sa.Column("submission_digest", sa.LargeBinary(32), nullable=True, comment=digest))
    op.create_index("ix_message_submission_digest", "message", ["submission_digest"], unique=True)
    _create_requests()
    _create_ratings()


def _create_requests() -> None:
    op.create_table(
        "reporter_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("tip_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column(
            "about_at", UTCTime(), nullable=False, comment="of a review: when the answer was given; else of the tip"
        ),
        sa.Column("asked_at", UTCTime(), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False, comment="where the reporter asked from"),
        sa.Column("message_id", ID, nullable=True, comment="his words, if any"),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_reporter_request_tip_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_reporter_request_case_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_reporter_request_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reporter_request")),
        sa.UniqueConstraint("tip_id", "kind", "about_at", name=op.f("uq_reporter_request_tip_id_kind_about_at")),
    )
    op.create_index("ix_reporter_request_asked", "reporter_request", ["kind", "asked_at"])
    op.create_index("ix_reporter_request_case_id", "reporter_request", ["case_id"])


def _create_ratings() -> None:
    op.create_table(
        "rating",
        sa.Column("id", ID, nullable=False),
        sa.Column("tip_id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("solved", sa.String(32), nullable=False),
        sa.Column(
            "score", sa.Integer(), nullable=False, comment="1 very dissatisfied … 5 very satisfied"
        ),
        sa.Column("message_id", ID, nullable=True, comment="his words, if any"),
        sa.Column("rated_at", UTCTime(), nullable=False),
        sa.Column("changed_at", UTCTime(), nullable=True),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_rating_tip_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_rating_case_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_rating_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
        sa.UniqueConstraint("tip_id", name=op.f("uq_rating_tip_id")),
    )
    op.create_index("ix_rating_case_id", "rating", ["case_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("rating")
    op.drop_table("reporter_request")
    op.drop_index("ix_message_submission_digest", "message")
    op.drop_column("message", "submission_digest")
    op.drop_column("message", "hidden_at")
    for table in ("tip", "draft"):
        op.drop_column(table, "notice_version")
