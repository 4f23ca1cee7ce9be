"""What is worth asking the reporter, on the case."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "case",
        sa.Column(
            "missing",
            sa.JSON(),
            nullable=False,
            server_default="[]",
            comment="questions worth asking: text keys under rules.missing.",
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("case", "missing")
