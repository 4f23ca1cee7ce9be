"""What is known about the installation; kind and county of registered bodies."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "fact",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(200), nullable=False, comment="which process or account says so"),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_fact")),
    )
    op.add_column("unit", sa.Column("is_registered", sa.Boolean(), nullable=False, server_default=sa.false(), comment="stands in an imported list; others were named by reporters"))
    op.add_column("unit", sa.Column("kind", sa.String(64), nullable=False, server_default="", comment="from the register: subject kind, or empty"))
    op.add_column("unit", sa.Column("county", sa.String(64), nullable=False, server_default="", comment="from the register: office id, or empty"))


def downgrade() -> None:
    """Take back."""
    op.drop_column("unit", "county")
    op.drop_column("unit", "kind")
    op.drop_column("unit", "is_registered")
    op.drop_table("fact")
