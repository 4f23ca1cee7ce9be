"""Answers to follow-up questions, and how the reporter corrected what we understood, on the tip."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    _add("answers", "follow-up question -> words, or id of the choice")
    _add("meant", "reporter's correction: {told, choice, words}, or empty")


def downgrade() -> None:
    """Take back."""
    op.drop_column("tip", "meant")
    op.drop_column("tip", "answers")


def _add(name: str, comment: str) -> None:
    op.add_column(
        "tip", sa.Column(name, sa.JSON(), nullable=False, server_default="{}", comment=comment)
    )
