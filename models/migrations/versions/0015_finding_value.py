"""Cases are found by clause: an index of what was said about them."""

from alembic import op

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_finding_value", "finding", ["kind", "value", "case_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_finding_value", table_name="finding")
