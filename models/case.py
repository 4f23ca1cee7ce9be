"""What the bureau does about tips: cases, findings, deadlines."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Data, Items, Key, Moment, Name, Short, UTCTime, Words, word
from models.states import (
    CaseState,
    Disposition,
    FindingKind,
    FindingSource,
    Satisfaction,
    Track,
    Urgency,
    Verdict,
)

NO_CLOCK = datetime(9999, 1, 1, tzinfo=UTC)
"""Due time of a case whose clocks all stand: sorts last on every database, as no time at all would not."""


class Case(Base):
    """One matter in hand. Milestones are columns so that response times are one query; events are the proof of them."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_inbox", "office_id", "is_open", "next_due_at", "id"),
        Index("ix_case_open_due", "is_open", "next_due_at", "id"),
        Index("ix_case_officer", "officer_id", "is_open", "next_due_at"),
        Index("ix_case_state", "state", "next_due_at", "id"),
        # Orders of the list beside the due time.
        Index("ix_case_received", "is_open", "registered_at", "id"),
        Index("ix_case_numbered", "is_open", "number", "id"),
        Index("ix_case_acted", "is_open", "acted_at", "id"),
        Index("ix_case_acted_all", "acted_at", "id"),
        # Newest first, and what a search by name reads: a word that is nowhere costs no look at the wide rows.
        Index("ix_case_search", "registered_at", "id", "target", "office_id"),
        # Holds every column that the counts of the console's rail read: they never touch the wide rows.
        Index("ix_case_rail", "is_open", "office_id", "state", "officer_id", "has_unread", "next_due_at"),
        # Holds every column that the figures of oversight read, so that they never touch the wide rows.
        Index(
            "ix_case_figures",
            "office_id",
            "registered_at",
            "state",
            "has_breach",
            "assigned_at",
            "signed_at",
            "result_at",
            "answered_at",
        ),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(12), unique=True)
    state: Mapped[CaseState] = mapped_column(word(CaseState))
    is_open: Mapped[bool] = mapped_column(default=True)
    office_id: Mapped[Short] = mapped_column(comment="office that has it; city = city desk")
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    jurisdiction: Mapped[Short]
    disposition: Mapped[Disposition] = mapped_column(word(Disposition))
    urgency: Mapped[Urgency] = mapped_column(word(Urgency))
    is_police_matter: Mapped[bool] = mapped_column(
        default=False, comment="suspected crime: referral to be considered"
    )
    needs_review: Mapped[bool] = mapped_column(
        default=False, comment="a person must look before it is routed"
    )
    review_reasons: Mapped[Items] = mapped_column(comment="text keys under rules.")
    missing: Mapped[Items] = mapped_column(
        default=list, server_default="[]", comment="questions worth asking: text keys under rules.missing."
    )
    clauses: Mapped[Items] = mapped_column(comment="decided or, until then, proposed clause ids")
    patterns: Mapped[Items]
    target: Mapped[Name] = mapped_column(comment="first accused body, for lists")
    rules_version: Mapped[Short]
    registered_at: Mapped[Moment]
    acted_at: Mapped[Moment] = mapped_column(
        default=lambda context: context.get_current_parameters()["registered_at"],
        server_default="1970-01-01 00:00:00.000000",
        comment="last act of staff or reporter; kept by models.audit",
    )
    accepted_at: Mapped[datetime | None] = mapped_column(UTCTime)
    assigned_at: Mapped[datetime | None] = mapped_column(UTCTime)
    signed_at: Mapped[datetime | None] = mapped_column(UTCTime)
    result_at: Mapped[datetime | None] = mapped_column(UTCTime, comment="result filed")
    approved_at: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="result approved: verification ends"
    )
    answered_at: Mapped[datetime | None] = mapped_column(UTCTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCTime)
    next_due_at: Mapped[Moment] = mapped_column(
        default=NO_CLOCK, comment="nearest running deadline, or far future"
    )
    next_due_rule: Mapped[str | None] = mapped_column(String(16))
    has_breach: Mapped[bool] = mapped_column(default=False, comment="some deadline was or is missed")
    has_unread: Mapped[bool] = mapped_column(
        default=False, comment="the reporter wrote and nobody has looked"
    )
    verdict: Mapped[Verdict | None] = mapped_column(word(Verdict))
    result_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), comment="who filed the result; somebody else approves it"
    )
    result: Mapped[Words] = mapped_column(default="", comment="what verification found; for staff")
    answer: Mapped[Words] = mapped_column(default="", comment="what the reporter is told")
    reason_code: Mapped[str | None] = mapped_column(String(16), comment="R1..R9 where refused")
    verification: Mapped[Data | None] = mapped_column(
        comment="second officer, verdict on each allegation, list of evidence"
    )
    pending: Mapped[Data | None] = mapped_column(
        comment="what waits for a superior: {asks, by, kind, days}; none when nothing does"
    )
    returns: Mapped[int] = mapped_column(
        default=0, server_default="0", comment="how often an office gave it back"
    )
    is_appointed: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="the superior settled whose it is: no more returns"
    )
    recused: Mapped[Items] = mapped_column(
        default=list, server_default="[]", comment="staff ids of those who declared an interest"
    )
    calls: Mapped[int] = mapped_column(
        default=0, server_default="0", comment="tries to reach the reporter after the answer"
    )
    satisfaction: Mapped[Satisfaction | None] = mapped_column(word(Satisfaction))
    reviewed_at: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="decision on review: there is one only"
    )
    merged_into_id: Mapped[int | None] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"),
        index=True,
        comment="the case that goes on; never a merged one",
    )
    tracks: Mapped[Data] = mapped_column(
        default=dict,
        server_default="{}",
        comment="where each side track stands; rows in track_step are the record",
    )
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own form


class Finding(Base):
    """One thing said about a tip, by the machine (proposal) or a person (decision); both stay side by side."""

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_value", "kind", "value", "case_id"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    tip_id: Mapped[int] = mapped_column(ForeignKey("tip.id"))
    kind: Mapped[FindingKind] = mapped_column(word(FindingKind))
    value: Mapped[Name]
    source: Mapped[FindingSource] = mapped_column(word(FindingSource))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confidence: Mapped[float | None]
    evidence: Mapped[Items] = mapped_column(comment="[{start, end, text, why}] in characters of the tip")
    rules_version: Mapped[Short]
    created_at: Mapped[Moment]


class Deadline(Base):
    """One clock of one case on one occasion. Never overwritten: a new occasion is a new row."""

    __tablename__ = "deadline"
    __table_args__ = (
        UniqueConstraint("case_id", "rule_id", "occasion"),
        Index("ix_deadline_wake", "wake_at"),
        # Clocks that were started anew on a case: few, and the figures must count each case once.
        Index(
            "ix_deadline_again",
            "case_id",
            "occasion",
            sqlite_where=text("occasion > 1"),
            postgresql_where=text("occasion > 1"),
        ),
        Index("ix_deadline_figures", "office_id", "rule_id", "due_at", "met_at", "cancelled_at", "case_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    office_id: Mapped[Short] = mapped_column(
        comment="office that has the case, or had it when the clock ended"
    )
    rule_id: Mapped[str] = mapped_column(String(16))
    occasion: Mapped[int] = mapped_column(default=1)
    rule_version: Mapped[Short]
    calendar_version: Mapped[Short]
    start_event: Mapped[Short]
    started_at: Mapped[Moment]
    due_at: Mapped[Moment]
    is_estimate: Mapped[bool] = mapped_column(default=False, comment="beyond the published calendars")
    sentence_zh: Mapped[Words] = mapped_column(comment="explains the due time in full")
    sentence_en: Mapped[Words]
    stage: Mapped[int] = mapped_column(default=0, comment="steps of the ladder taken")
    wake_at: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="moment of the next step; none once ended"
    )
    warned_at: Mapped[datetime | None] = mapped_column(UTCTime)
    breached_at: Mapped[datetime | None] = mapped_column(UTCTime)
    met_at: Mapped[datetime | None] = mapped_column(UTCTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCTime)
    counted_from: Mapped[datetime | None] = mapped_column(
        UTCTime, comment="where it is not the start: an extension counts from the limit before"
    )
    granted_days: Mapped[int | None] = mapped_column(comment="where fewer days than the rule's were granted")
    is_watched: Mapped[bool] = mapped_column(
        default=False,
        server_default=false(),
        comment="the duty of another (reporter, police): no breach of ours",
    )

    pauses: Mapped[list["Pause"]] = relationship(lazy="raise", order_by="Pause.id")


class Pause(Base):
    """A stretch in which a clock stands; its due time is the far future until it goes on."""

    __tablename__ = "pause"

    id: Mapped[Key]
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"), index=True)
    reason: Mapped[Short] = mapped_column(comment="word of `pauses` in config/deadlines.yaml")
    due_before: Mapped[Moment] = mapped_column(comment="due time when it was halted")
    started_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UTCTime)


class TrackStep(Base):
    """One step of a side track of a case (urging, police, penalty, reward). Never changed afterwards."""

    __tablename__ = "track_step"
    __table_args__ = (Index("ix_track_step_case_id", "case_id", "id"),)

    id: Mapped[Key]
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"))
    track: Mapped[Track] = mapped_column(word(Track))
    step: Mapped[Short]
    at: Mapped[Moment]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), comment="none: the system")
    facts: Mapped[Data] = mapped_column(comment="what the step asks for: amount, number of the paper …")


class ThrottleCount(Base):
    """How often a source tried something in a window; sources are keyed hashes, never addresses."""

    __tablename__ = "throttle_count"
    __table_args__ = (UniqueConstraint("scope", "source"),)

    id: Mapped[Key]
    scope: Mapped[Short]
    source: Mapped[bytes]
    count: Mapped[int] = mapped_column(default=0)
    window_ends_at: Mapped[Moment] = mapped_column(index=True)
    free_at: Mapped[datetime | None] = mapped_column(UTCTime, comment="no further try is taken before")


class Heartbeat(Base):
    """When a part last showed life, and who leads the clock: `/readyz` tells the truth from it."""

    __tablename__ = "heartbeat"

    name: Mapped[Short] = mapped_column(primary_key=True)
    holder: Mapped[Short]
    beat_at: Mapped[Moment]
    details: Mapped[Data]
