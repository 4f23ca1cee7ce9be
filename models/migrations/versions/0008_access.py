"""Second factor, recovery codes, invitations; bars, disclosures, summaries, outgoing texts; events that stay as written."""

import sqlalchemy as sa
from alembic import op

from models.base import UTCTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    _add_to_accounts()
    _make_bars()
    _make_disclosures()
    _make_outgoing_texts()
    _let_events_stay()


def _add_to_accounts() -> None:
    for column in (
        sa.Column(
            "initial_until",
            UTCTime(),
            nullable=True,
            comment="a first password or an invitation counts until then",
        ),
        sa.Column(
            "invite", sa.LargeBinary(length=32), nullable=True, comment="keyed hash of an invitation's token"
        ),
        sa.Column(
            "totp",
            sa.LargeBinary(),
            nullable=True,
            comment="sealed secret of the second factor, place staff.totp",
        ),
        sa.Column(
            "totp_pending", sa.LargeBinary(), nullable=True, comment="the same before it was confirmed"
        ),
        sa.Column(
            "totp_step", sa.BigInteger(), nullable=True, comment="time step of the code taken last"
        ),
        sa.Column("totp_at", UTCTime(), nullable=True, comment="switched on since"),
    ):
        op.add_column("staff", column)
    op.create_index(op.f("ix_staff_invite"), "staff", ["invite"], unique=True)
    op.add_column(
        "staff_session",
        sa.Column(
            "is_half",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="the password was right; a code is still asked for",
        ),
    )
    op.add_column(
        "staff_session",
        sa.Column(
            "agent",
            sa.String(length=64),
            nullable=False,
            server_default="",
            comment="browser and system in a word or two",
        ),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("lookup", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("used_at", UTCTime(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recovery_code_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_staff_id"), "recovery_code", ["staff_id"], unique=False)


def _make_bars() -> None:
    op.create_table(
        "case_bar",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column(
            "office_id",
            sa.String(length=64),
            nullable=True,
            comment="or none: the bar is for one person",
        ),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False, comment="why, as given by staff"),
        sa.Column("created_by", BIG, nullable=True, comment="none: the machine"),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_bar_case_id")),
        sa.ForeignKeyConstraint(["created_by"], ["staff.id"], name=op.f("fk_case_bar_created_by")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_bar_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_bar")),
        sa.UniqueConstraint("office_id", "case_id", name=op.f("uq_case_bar_office_id_case_id")),
        sa.UniqueConstraint("staff_id", "case_id", name=op.f("uq_case_bar_staff_id_case_id")),
    )
    op.create_index("ix_case_bar_case", "case_bar", ["case_id"], unique=False)


def _make_disclosures() -> None:
    op.create_table(
        "disclosure",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("asker_id", BIG, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_at", UTCTime(), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=True, comment="none: waits for a second person"),
        sa.Column("decided_by", BIG, nullable=True),
        sa.Column("decided_at", UTCTime(), nullable=True),
        sa.Column(
            "decision", sa.String(length=500), nullable=False, comment="why it was allowed or refused"
        ),
        sa.Column("until", UTCTime(), nullable=True, comment="end of what was allowed"),
        sa.ForeignKeyConstraint(["asker_id"], ["staff.id"], name=op.f("fk_disclosure_asker_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_disclosure_case_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_disclosure_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    op.create_index("ix_disclosure_waiting", "disclosure", ["kind", "decided_at"], unique=False)
    op.create_index("ix_disclosure_case", "disclosure", ["case_id", "asker_id"], unique=False)
    op.create_table(
        "case_summary",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("changed_at", UTCTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_summary_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_summary_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_summary")),
        sa.UniqueConstraint("case_id", name=op.f("uq_case_summary_case_id")),
    )


def _make_outgoing_texts() -> None:
    op.create_table(
        "outgoing_text",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column(
            "place",
            sa.String(length=64),
            nullable=False,
            comment="where it would leave: transfer_out, summary …",
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the text"),
        sa.Column(
            "leaks", sa.JSON(), nullable=False, comment="[{start, end, kind}] in characters of the text"
        ),
        sa.Column("author_id", BIG, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_at", UTCTime(), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=True, comment="none: waits for a second person"),
        sa.Column("decided_by", BIG, nullable=True),
        sa.Column("decided_at", UTCTime(), nullable=True),
        sa.Column("decision", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"], name=op.f("fk_outgoing_text_author_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_outgoing_text_case_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_outgoing_text_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_text")),
        sa.UniqueConstraint(
            "case_id", "place", "digest", name=op.f("uq_outgoing_text_case_id_place_digest")
        ),
    )
    op.create_index("ix_outgoing_text_waiting", "outgoing_text", ["decided_at"], unique=False)


def _let_events_stay() -> None:
    """The audit is only ever added to: the database itself refuses to change or drop an entry.

    Its owner can take the triggers away; the chain and the heads that are kept elsewhere show what he did then.
    """
    refusal = "entries of the audit are never changed or dropped"
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER event_no_{act.lower()} BEFORE {act} ON event "
                f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION event_stays() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{refusal}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_stays BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_stays()"
    )
    op.execute(
        "CREATE TRIGGER event_stays_whole BEFORE TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION event_stays()"
    )


def _let_events_go() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER IF EXISTS event_no_{act}")
        return
    op.execute("DROP TRIGGER IF EXISTS event_stays ON event")
    op.execute("DROP TRIGGER IF EXISTS event_stays_whole ON event")
    op.execute("DROP FUNCTION IF EXISTS event_stays")


def downgrade() -> None:
    """Take back."""
    _let_events_go()
    for table in ("outgoing_text", "case_summary", "disclosure", "case_bar", "recovery_code"):
        op.drop_table(table)
    op.drop_index(op.f("ix_staff_invite"), table_name="staff")
    op.drop_column("staff_session", "agent")
    op.drop_column("staff_session", "is_half")
    for name in ("totp_at", "totp_step", "totp_pending", "totp", "invite", "initial_until"):
        op.drop_column("staff", name)
