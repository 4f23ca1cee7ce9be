"""First tables."""

import sqlalchemy as sa
from alembic import op

from models.base import UTCTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("beat_at", UTCTime(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "inbound_update",
        sa.Column("id", BIG, nullable=False),
        sa.Column("bot_id", sa.String(length=64), nullable=False),
        sa.Column("update_id", sa.String(length=64), nullable=False),
        sa.Column(
            "chat",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="keyed hash of the chat id: updates of one chat in order",
        ),
        sa.Column("payload", sa.JSON(), nullable=True, comment="as received; emptied when done"),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", UTCTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, comment="why rejected or quarantined; never content"),
        sa.Column("received_at", UTCTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_update")),
        sa.UniqueConstraint("bot_id", "update_id", name=op.f("uq_inbound_update_bot_id_update_id")),
    )
    op.create_index("ix_inbound_update_state", "inbound_update", ["state", "id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", BIG, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("office_id", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=True, comment="duty mail address"),
        sa.Column(
            "chat", sa.LargeBinary(), nullable=True, comment="sealed Telegram chat id, place staff.chat"
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("last_seen_at", UTCTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_index(op.f("ix_staff_office_id"), "staff", ["office_id"], unique=False)
    op.create_table(
        "throttle_count",
        sa.Column("id", BIG, nullable=False),
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("window_ends_at", UTCTime(), nullable=False),
        sa.Column("free_at", UTCTime(), nullable=True, comment="no further try is taken before"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_throttle_count")),
        sa.UniqueConstraint("scope", "source", name=op.f("uq_throttle_count_scope_source")),
    )
    op.create_index(
        op.f("ix_throttle_count_window_ends_at"), "throttle_count", ["window_ends_at"], unique=False
    )
    op.create_table(
        "case",
        sa.Column("id", BIG, nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column(
            "office_id", sa.String(length=64), nullable=False, comment="office that has it; city = city desk"
        ),
        sa.Column("officer_id", BIG, nullable=True),
        sa.Column("jurisdiction", sa.String(length=64), nullable=False),
        sa.Column("disposition", sa.String(length=32), nullable=False),
        sa.Column("urgency", sa.String(length=32), nullable=False),
        sa.Column(
            "is_police_matter",
            sa.Boolean(),
            nullable=False,
            comment="suspected crime: referral to be considered",
        ),
        sa.Column(
            "needs_review", sa.Boolean(), nullable=False, comment="a person must look before it is routed"
        ),
        sa.Column("review_reasons", sa.JSON(), nullable=False, comment="text keys under rules."),
        sa.Column(
            "clauses", sa.JSON(), nullable=False, comment="decided or, until then, proposed clause ids"
        ),
        sa.Column("patterns", sa.JSON(), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False, comment="first accused body, for lists"),
        sa.Column("rules_version", sa.String(length=64), nullable=False),
        sa.Column("registered_at", UTCTime(), nullable=False),
        sa.Column("accepted_at", UTCTime(), nullable=True),
        sa.Column("assigned_at", UTCTime(), nullable=True),
        sa.Column("signed_at", UTCTime(), nullable=True),
        sa.Column("result_at", UTCTime(), nullable=True, comment="result filed"),
        sa.Column("approved_at", UTCTime(), nullable=True, comment="result approved: verification ends"),
        sa.Column("answered_at", UTCTime(), nullable=True),
        sa.Column("closed_at", UTCTime(), nullable=True),
        sa.Column(
            "next_due_at", UTCTime(), nullable=False, comment="nearest running deadline, or far future"
        ),
        sa.Column("next_due_rule", sa.String(length=16), nullable=True),
        sa.Column("has_breach", sa.Boolean(), nullable=False, comment="some deadline was or is missed"),
        sa.Column(
            "has_unread", sa.Boolean(), nullable=False, comment="the reporter wrote and nobody has looked"
        ),
        sa.Column("verdict", sa.String(length=32), nullable=True),
        sa.Column("result_by", BIG, nullable=True, comment="who filed the result; somebody else approves it"),
        sa.Column("result", sa.Text(), nullable=False, comment="what verification found; for staff"),
        sa.Column("answer", sa.Text(), nullable=False, comment="what the reporter is told"),
        sa.Column("reason_code", sa.String(length=16), nullable=True, comment="R1..R9 where refused"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["officer_id"], ["staff.id"], name=op.f("fk_case_officer_id")),
        sa.ForeignKeyConstraint(["result_by"], ["staff.id"], name=op.f("fk_case_result_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("number", name=op.f("uq_case_number")),
    )
    op.create_index(
        "ix_case_figures",
        "case",
        [
            "office_id",
            "registered_at",
            "state",
            "has_breach",
            "assigned_at",
            "signed_at",
            "result_at",
            "answered_at",
        ],
        unique=False,
    )
    op.create_index("ix_case_inbox", "case", ["office_id", "is_open", "next_due_at", "id"], unique=False)
    op.create_index("ix_case_officer", "case", ["officer_id", "is_open", "next_due_at"], unique=False)
    op.create_index("ix_case_open_due", "case", ["is_open", "next_due_at", "id"], unique=False)
    op.create_index(
        "ix_case_rail",
        "case",
        ["is_open", "office_id", "state", "officer_id", "has_unread", "next_due_at"],
        unique=False,
    )
    op.create_index(op.f("ix_case_registered_at"), "case", ["registered_at"], unique=False)
    op.create_index("ix_case_state", "case", ["state", "next_due_at", "id"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("seen_at", UTCTime(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_session_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("token", name=op.f("uq_staff_session_token")),
    )
    op.create_index(op.f("ix_staff_session_seen_at"), "staff_session", ["seen_at"], unique=False)
    op.create_index(op.f("ix_staff_session_staff_id"), "staff_session", ["staff_id"], unique=False)
    op.create_table(
        "deadline",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column(
            "office_id",
            sa.String(length=64),
            nullable=False,
            comment="office of the case, kept equal to it, for the figures",
        ),
        sa.Column("rule_id", sa.String(length=16), nullable=False),
        sa.Column("occasion", sa.Integer(), nullable=False),
        sa.Column("rule_version", sa.String(length=64), nullable=False),
        sa.Column("calendar_version", sa.String(length=64), nullable=False),
        sa.Column("start_event", sa.String(length=64), nullable=False),
        sa.Column("started_at", UTCTime(), nullable=False),
        sa.Column("due_at", UTCTime(), nullable=False),
        sa.Column("is_estimate", sa.Boolean(), nullable=False, comment="beyond the published calendars"),
        sa.Column("sentence_zh", sa.Text(), nullable=False, comment="explains the due time in full"),
        sa.Column("sentence_en", sa.Text(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False, comment="steps of the ladder taken"),
        sa.Column("wake_at", UTCTime(), nullable=True, comment="moment of the next step; none once ended"),
        sa.Column("warned_at", UTCTime(), nullable=True),
        sa.Column("breached_at", UTCTime(), nullable=True),
        sa.Column("met_at", UTCTime(), nullable=True),
        sa.Column("cancelled_at", UTCTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_deadline_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline")),
        sa.UniqueConstraint(
            "case_id", "rule_id", "occasion", name=op.f("uq_deadline_case_id_rule_id_occasion")
        ),
    )
    op.create_index(
        "ix_deadline_again",
        "deadline",
        ["case_id", "occasion"],
        unique=False,
        sqlite_where=sa.text("occasion > 1"),
        postgresql_where=sa.text("occasion > 1"),
    )
    op.create_index(op.f("ix_deadline_case_id"), "deadline", ["case_id"], unique=False)
    op.create_index(
        "ix_deadline_figures",
        "deadline",
        ["office_id", "rule_id", "due_at", "met_at", "cancelled_at", "case_id"],
        unique=False,
    )
    op.create_index("ix_deadline_wake", "deadline", ["wake_at"], unique=False)
    op.create_table(
        "tip",
        sa.Column("id", BIG, nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False, comment="case number told to the reporter"),
        sa.Column("code_scheme", sa.String(length=32), nullable=False),
        sa.Column(
            "code_hash",
            sa.String(length=128),
            nullable=False,
            comment="keyed hash of the return code, hardened later",
        ),
        sa.Column(
            "submission_digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="keyed hash of channel and submission key",
        ),
        sa.Column(
            "body_digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="keyed hash of all that was submitted",
        ),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "county",
            sa.String(length=64),
            nullable=False,
            comment="office id chosen by the reporter, or empty",
        ),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("occurred", sa.Text(), nullable=False),
        sa.Column("is_named", sa.Boolean(), nullable=False, comment="a name or phone was given"),
        sa.Column("received_at", UTCTime(), nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column("assessed_at", UTCTime(), nullable=True),
        sa.Column("claimed_until", UTCTime(), nullable=True, comment="lease of the worker that assesses it"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_tip_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip")),
        sa.UniqueConstraint("number", name=op.f("uq_tip_number")),
        sa.UniqueConstraint("submission_digest", name=op.f("uq_tip_submission_digest")),
    )
    op.create_index(op.f("ix_tip_case_id"), "tip", ["case_id"], unique=False)
    op.create_index("ix_tip_code_scheme", "tip", ["code_scheme"], unique=False)
    op.create_index(op.f("ix_tip_received_at"), "tip", ["received_at"], unique=False)
    op.create_index("ix_tip_waiting", "tip", ["assessed_at", "claimed_until"], unique=False)
    op.create_table(
        "draft",
        sa.Column("id", BIG, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column(
            "owner", sa.LargeBinary(length=32), nullable=False, comment="keyed hash of cookie or chat id"
        ),
        sa.Column(
            "submission_key",
            sa.String(length=64),
            nullable=False,
            comment="random; number and code of the tip derive from it",
        ),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False, comment="id of the question asked last"),
        sa.Column("answers", sa.JSON(), nullable=False, comment="question id -> answer as typed"),
        sa.Column("tip_id", BIG, nullable=True, comment="set once submitted"),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("updated_at", UTCTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_draft_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sa.UniqueConstraint("owner", name=op.f("uq_draft_owner")),
    )
    op.create_index(op.f("ix_draft_updated_at"), "draft", ["updated_at"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="1, 2, 3 … over the whole installation"),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("at", UTCTime(), nullable=False),
        sa.Column("staff_id", BIG, nullable=True, comment="none: the system or a reporter"),
        sa.Column("tip_id", BIG, nullable=True),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column(
            "reason", sa.String(length=500), nullable=False, comment="why, as given by staff; never tip text"
        ),
        sa.Column(
            "data", sa.JSON(), nullable=False, comment="facts of the act: from, to, due …; never content"
        ),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_event_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_event_staff_id")),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_event_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("position", name=op.f("uq_event_position")),
    )
    op.create_index("ix_event_at", "event", ["at", "position"], unique=False)
    op.create_index("ix_event_case", "event", ["case_id", "position"], unique=False)
    op.create_index("ix_event_kind", "event", ["kind", "position"], unique=False)
    op.create_index("ix_event_staff", "event", ["staff_id", "position"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("tip_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column(
            "evidence",
            sa.JSON(),
            nullable=False,
            comment="[{start, end, text, why}] in characters of the tip",
        ),
        sa.Column("rules_version", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_finding_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_finding_staff_id")),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_finding_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_case_id"), "finding", ["case_id"], unique=False)
    op.create_table(
        "identity",
        sa.Column("id", BIG, nullable=False),
        sa.Column("tip_id", BIG, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True, comment="sealed, place identity.name"),
        sa.Column("phone", sa.LargeBinary(), nullable=True, comment="sealed, place identity.phone"),
        sa.Column("chat", sa.LargeBinary(), nullable=True, comment="sealed chat id, place identity.chat"),
        sa.Column(
            "chat_digest", sa.LargeBinary(length=32), nullable=True, comment="keyed hash of the chat id"
        ),
        sa.Column(
            "is_reachable", sa.Boolean(), nullable=False, comment="false once the chat refused our message"
        ),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_identity_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("tip_id", name=op.f("uq_identity_tip_id")),
    )
    op.create_index(op.f("ix_identity_chat_digest"), "identity", ["chat_digest"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", BIG, nullable=False),
        sa.Column("tip_id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("channel", sa.String(length=64), nullable=False, comment="where the reporter wrote from"),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("read_at", UTCTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_message_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_message_staff_id")),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_message_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_case_id"), "message", ["case_id"], unique=False)
    op.create_index(op.f("ix_message_tip_id"), "message", ["tip_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("dedup_key", sa.String(length=160), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False, comment="text key under notices."),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("locale", sa.String(length=64), nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column("tip_id", BIG, nullable=True),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("send_at", UTCTime(), nullable=False, comment="not before; moved on by retries"),
        sa.Column("claimed_until", UTCTime(), nullable=True),
        sa.Column("sent_at", UTCTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, comment="why skipped or failed; never content"),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_notice_case_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notice_staff_id")),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_notice_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_notice_dedup_key")),
    )
    op.create_index(op.f("ix_notice_case_id"), "notice", ["case_id"], unique=False)
    op.create_index(op.f("ix_notice_tip_id"), "notice", ["tip_id"], unique=False)
    op.create_index("ix_notice_waiting", "notice", ["state", "send_at"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", BIG, nullable=False),
        sa.Column("draft_id", BIG, nullable=True),
        sa.Column("tip_id", BIG, nullable=True),
        sa.Column("message_id", BIG, nullable=True),
        sa.Column(
            "name", sa.String(length=200), nullable=False, comment="as shown: cleaned, at most 100 characters"
        ),
        sa.Column("media_type", sa.String(length=64), nullable=False, comment="told from the content"),
        sa.Column("size", sa.Integer(), nullable=False, comment="bytes of the original"),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the original"),
        sa.Column(
            "original", sa.String(length=64), nullable=False, comment="file name of the sealed original"
        ),
        sa.Column(
            "working", sa.String(length=64), nullable=True, comment="file name of the copy that staff open"
        ),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_attachment_draft_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_attachment_message_id")),
        sa.ForeignKeyConstraint(["tip_id"], ["tip.id"], name=op.f("fk_attachment_tip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_draft_id"), "attachment", ["draft_id"], unique=False)
    op.create_index(op.f("ix_attachment_message_id"), "attachment", ["message_id"], unique=False)
    op.create_index(op.f("ix_attachment_tip_id"), "attachment", ["tip_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_attachment_tip_id"), table_name="attachment")
    op.drop_index(op.f("ix_attachment_message_id"), table_name="attachment")
    op.drop_index(op.f("ix_attachment_draft_id"), table_name="attachment")
    op.drop_table("attachment")
    op.drop_index("ix_notice_waiting", table_name="notice")
    op.drop_index(op.f("ix_notice_tip_id"), table_name="notice")
    op.drop_index(op.f("ix_notice_case_id"), table_name="notice")
    op.drop_table("notice")
    op.drop_index(op.f("ix_message_tip_id"), table_name="message")
    op.drop_index(op.f("ix_message_case_id"), table_name="message")
    op.drop_table("message")
    op.drop_index(op.f("ix_identity_chat_digest"), table_name="identity")
    op.drop_table("identity")
    op.drop_index(op.f("ix_finding_case_id"), table_name="finding")
    op.drop_table("finding")
    op.drop_index("ix_event_staff", table_name="event")
    op.drop_index("ix_event_kind", table_name="event")
    op.drop_index("ix_event_case", table_name="event")
    op.drop_index("ix_event_at", table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_draft_updated_at"), table_name="draft")
    op.drop_table("draft")
    op.drop_index("ix_tip_waiting", table_name="tip")
    op.drop_index(op.f("ix_tip_received_at"), table_name="tip")
    op.drop_index("ix_tip_code_scheme", table_name="tip")
    op.drop_index(op.f("ix_tip_case_id"), table_name="tip")
    op.drop_table("tip")
    op.drop_index("ix_deadline_wake", table_name="deadline")
    op.drop_index("ix_deadline_figures", table_name="deadline")
    op.drop_index(op.f("ix_deadline_case_id"), table_name="deadline")
    op.drop_index(
        "ix_deadline_again",
        table_name="deadline",
        sqlite_where=sa.text("occasion > 1"),
        postgresql_where=sa.text("occasion > 1"),
    )
    op.drop_table("deadline")
    op.drop_index(op.f("ix_staff_session_staff_id"), table_name="staff_session")
    op.drop_index(op.f("ix_staff_session_seen_at"), table_name="staff_session")
    op.drop_table("staff_session")
    op.drop_index("ix_case_state", table_name="case")
    op.drop_index(op.f("ix_case_registered_at"), table_name="case")
    op.drop_index("ix_case_rail", table_name="case")
    op.drop_index("ix_case_open_due", table_name="case")
    op.drop_index("ix_case_officer", table_name="case")
    op.drop_index("ix_case_inbox", table_name="case")
    op.drop_index("ix_case_figures", table_name="case")
    op.drop_table("case")
    op.drop_index(op.f("ix_throttle_count_window_ends_at"), table_name="throttle_count")
    op.drop_table("throttle_count")
    op.drop_index(op.f("ix_staff_office_id"), table_name="staff")
    op.drop_table("staff")
    op.drop_index("ix_inbound_update_state", table_name="inbound_update")
    op.drop_table("inbound_update")
    op.drop_table("heartbeat")
