"""What the machine reads out of attachments, and whether the antivirus program has passed them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def columns() -> list[sa.Column[Any]]:
    """The new columns of attachment; made anew each time, for a column belongs to one table."""
    return [
        sa.Column("scan", sa.String(32), nullable=False, server_default="off", comment="what the antivirus program said"),
        sa.Column("read_at", MOMENT, nullable=True, comment="when the machine had read it, or given up"),
        sa.Column("read_tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("read_by", MOMENT, nullable=True, comment="lease of the worker that reads it"),
        sa.Column("unread", sa.JSON(), nullable=False, server_default="[]", comment="what could not be read: text keys"),
        sa.Column("weighed_at", MOMENT, nullable=True, comment="when triage had looked at what was read"),
    ]


def upgrade() -> None:
    """Apply."""
    for column in columns():
        op.add_column("attachment", column)
    op.create_index("ix_attachment_unread", "attachment", ["read_at", "read_by"])
    op.create_index("ix_attachment_unweighed", "attachment", ["weighed_at", "read_at"])
    op.create_table(
        "attachment_text",
        sa.Column("id", KEY, nullable=False),
        sa.Column("attachment_id", KEY, nullable=False),
        sa.Column("source", sa.String(32), nullable=False, comment="how it was read"),
        sa.Column("text", sa.Text(), nullable=False, comment="as read, cleaned; never the reporter's own words"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], ondelete="CASCADE", name=op.f("fk_attachment_text_attachment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment_text")),
    )
    op.create_index(op.f("ix_attachment_text_attachment_id"), "attachment_text", ["attachment_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("attachment_text")
    op.drop_index("ix_attachment_unweighed", "attachment")
    op.drop_index("ix_attachment_unread", "attachment")
    for column in reversed(columns()):
        op.drop_column("attachment", column.name)
