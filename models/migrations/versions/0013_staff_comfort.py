"""When a case was last acted on, with the orders of the list; acts on many cases at once; views kept by name."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
NOT_ACTS = ("words_opened", "identity_opened", "original_opened", "attachment_weighed", "contact_expired")
"""As `models.audit.NOT_ACTS` was when this was written."""


def upgrade() -> None:
    """Apply. Cases that are there already get the moment of their last act from the audit."""
    long_ago = sa.text("'1970-01-01 00:00:00.000000'")
    comment = "last act of staff or reporter; kept by models.audit"
    op.add_column("case", sa.Column("acted_at", MOMENT, nullable=False, server_default=long_ago, comment=comment))
    _fill()
    op.create_index("ix_case_received", "case", ["is_open", "registered_at", "id"])
    op.create_index("ix_case_numbered", "case", ["is_open", "number", "id"])
    op.create_index("ix_case_acted", "case", ["is_open", "acted_at", "id"])
    op.create_index("ix_case_acted_all", "case", ["acted_at", "id"])
    op.create_table(
        "bulk_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(32), nullable=False, comment="of the form: sent twice, it is one run"),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("act", sa.String(64), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False, comment="case numbers in the order of the list"),
        sa.Column("back", sa.Text(), nullable=False, comment="address of the list it was started from"),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_bulk_run_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_run")),
        sa.UniqueConstraint("key", name=op.f("uq_bulk_run_key")),
    )
    op.create_index(op.f("ix_bulk_run_made_at"), "bulk_run", ["made_at"])
    op.create_table(
        "bulk_item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("number", sa.String(12), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False, comment="why not: {key, values}"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["bulk_run.id"], name=op.f("fk_bulk_item_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_item")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_bulk_item_run_id_number")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", KEY, nullable=False),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("query", sa.Text(), nullable=False, comment="what the address of the list asks for"),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_saved_view_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("staff_id", "name", name=op.f("uq_saved_view_staff_id_name")),
    )


def _fill() -> None:
    cases = sa.table("case", sa.column("id"), sa.column("registered_at"), sa.column("acted_at"))
    events = sa.table("event", sa.column("case_id"), sa.column("kind"), sa.column("at"))
    last_act = (
        sa.select(sa.func.max(events.c.at))
        .where(
            events.c.case_id == cases.c.id,
            events.c.kind.not_like("clock#_%", escape="#"),
            events.c.kind.not_like("deadline#_%", escape="#"),
            events.c.kind.not_in(NOT_ACTS),
        )
        .scalar_subquery()
    )
    op.execute(cases.update().values(acted_at=sa.func.coalesce(last_act, cases.c.registered_at)))


def downgrade() -> None:
    """Take back."""
    op.drop_table("saved_view")
    op.drop_table("bulk_item")
    op.drop_table("bulk_run")
    for name in ("ix_case_acted_all", "ix_case_acted", "ix_case_numbered", "ix_case_received"):
        op.drop_index(name, "case")
    op.drop_column("case", "acted_at")
