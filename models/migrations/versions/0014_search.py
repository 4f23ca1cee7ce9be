"""Search: by clause through what was said about cases, by name through an index that is read instead of the cases."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_finding_value", "finding", ["kind", "value", "case_id"])
    op.create_index("ix_case_search", "case", ["registered_at", "id", "target", "office_id"])
    op.drop_index("ix_case_registered_at", table_name="case")


def downgrade() -> None:
    """Take back."""
    op.create_index("ix_case_registered_at", "case", ["registered_at"])
    op.drop_index("ix_case_search", table_name="case")
    op.drop_index("ix_finding_value", table_name="finding")
