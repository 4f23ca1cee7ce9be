"""Papers that were issued for a case, and drafts of them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "paper",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("series", sa.String(64), nullable=False, comment="office and form: its numbers run without gaps in a year"),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(200), nullable=False),
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("replaces_id", KEY, nullable=True, comment="the paper it corrects and takes the place of"),
        sa.Column("request_key", sa.String(32), nullable=False, comment="the same form sent twice is one"),
        sa.Column("docx_sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("pdf_sha256", sa.LargeBinary(32), nullable=True, comment="none: no Chinese fonts there"),
        sa.Column("docx", sa.LargeBinary(), nullable=False, comment="sealed, place paper.docx"),
        sa.Column("pdf", sa.LargeBinary(), nullable=True, comment="sealed, place paper.pdf"),
        sa.Column("typed", sa.LargeBinary(), nullable=False, comment="sealed fields as typed, place paper.typed; a correction begins with them"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_paper_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_paper_staff_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["paper.id"], name=op.f("fk_paper_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("series", "year", "serial", name=op.f("uq_paper_series_year_serial")),
        sa.UniqueConstraint("number", name=op.f("uq_paper_number")),
        sa.UniqueConstraint("request_key", name=op.f("uq_paper_request_key")),
    )
    op.create_index(op.f("ix_paper_case_id"), "paper", ["case_id"])
    op.create_table(
        "paper_draft",
        sa.Column("id", KEY, nullable=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("form", sa.String(64), nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("replaces_id", KEY, nullable=True),
        sa.Column("typed", sa.LargeBinary(), nullable=False, comment="sealed fields, place paper.typed"),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_paper_draft_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_paper_draft_staff_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["paper.id"], name=op.f("fk_paper_draft_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_draft")),
        sa.UniqueConstraint("case_id", "form", "staff_id", name=op.f("uq_paper_draft_case_id_form_staff_id")),
    )
    op.create_index(op.f("ix_paper_draft_case_id"), "paper_draft", ["case_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("paper_draft")
    op.drop_table("paper")
