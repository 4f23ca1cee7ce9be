"""Words not yet sent, and who has a case open."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    typed_comment = "sealed fields, place case_draft.typed; none once sent or thrown away"
    version_comment = "version of the case for which it was typed"
    op.create_table(
        "case_draft",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("form", sa.String(64), nullable=False, comment="name of the move"),
        sa.Column("key", sa.String(64), nullable=False, comment="of the page that typed it, random"),
        sa.Column("version", sa.Integer(), nullable=False, comment=version_comment),
        sa.Column("typed", sa.LargeBinary(), nullable=True, comment=typed_comment),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_draft_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_draft_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_draft")),
        sa.UniqueConstraint("case_id", "staff_id", "form", name=op.f("uq_case_draft_case_id_staff_id_form")),
    )
    op.create_index(op.f("ix_case_draft_staff_id"), "case_draft", ["staff_id"])
    op.create_index(op.f("ix_case_draft_updated_at"), "case_draft", ["updated_at"])
    op.create_table(
        "case_presence",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False, comment="last sign that the page is looked at"),
        sa.Column("writing_at", MOMENT, nullable=True, comment="last sign of writing in a form"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_presence_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_presence_staff_id")),
        sa.PrimaryKeyConstraint("case_id", "staff_id", name=op.f("pk_case_presence")),
    )
    op.create_index("ix_case_presence_seen_at", "case_presence", ["seen_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("case_presence")
    op.drop_table("case_draft")
