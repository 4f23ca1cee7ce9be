"""A chat's draft can be woken and handed on to the web; a reporter can have his notices stopped."""

import sqlalchemy as sa
from alembic import op

from models.base import UTCTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "draft",
        sa.Column(
            "chat",
            sa.LargeBinary(),
            nullable=True,
            comment="sealed chat id, place draft.chat; where the draft's reminder goes",
        ),
    )
    op.add_column(
        "draft",
        sa.Column("wake_at", UTCTime(), nullable=True, comment="when the chat is looked at without a word"),
    )
    op.add_column(
        "draft",
        sa.Column(
            "link_digest",
            sa.LargeBinary(32),
            nullable=True,
            comment="keyed hash of the link that opens the draft on the web, once",
        ),
    )
    op.add_column(
        "draft", sa.Column("link_until", UTCTime(), nullable=True, comment="until when the link opens it")
    )
    op.create_index("ix_draft_wake_at", "draft", ["wake_at"])
    op.create_index("ix_draft_link_digest", "draft", ["link_digest"])
    op.create_index("ix_inbound_update_chat", "inbound_update", ["chat", "state", "id"])
    op.add_column(
        "identity",
        sa.Column(
            "is_muted",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="the reporter wants no notices in his chat",
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("identity", "is_muted")
    op.drop_index("ix_inbound_update_chat", "inbound_update")
    op.drop_index("ix_draft_link_digest", "draft")
    op.drop_index("ix_draft_wake_at", "draft")
    for column in ("link_until", "link_digest", "wake_at", "chat"):
        op.drop_column("draft", column)
