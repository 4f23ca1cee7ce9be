"""Everything that the page of one case shows, collected in one read and put into words. Nothing is decided here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from models.case import Case, Deadline, Finding, TrackStep
from models.disclosure import CaseSummary
from models.event import Event
from models.message import Message
from models.notice import Notice
from models.queries.cases import list_deadlines, list_events, list_findings, list_messages
from models.queries.notices import list_notices_of_case
from models.queries.staff import find_staff, list_staff
from models.queries.tips import has_reporter_to_call, list_tips_of_case
from models.queries.tracks import list_ordering_events, list_track_steps
from models.staff import Staff
from models.states import FINAL_STATES, CaseState, FindingKind, FindingSource, MessageKind, NoticeState
from models.tip import Attachment, Tip
from triage.console.clock_list import Clock, view_clocks
from triage.console.listing import list_marks
from triage.console.marking import Mark, Piece, cut_text
from triage.console.timeline import Entry, Show, make_timeline
from triage.console.words import Words
from triage.told import view_answers, view_meant


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that belongs to it, as stored."""

    case: Case
    officer: Staff | None
    tips: Sequence[Tip]
    findings: Sequence[Finding]
    deadlines: Sequence[Deadline]
    events: Sequence[tuple[Event, str | None]]
    messages: Sequence[Message]
    notices: Sequence[Notice]
    names: dict[int, str]
    summary: CaseSummary | None = None
    is_masked: bool = False
    """Whether this reader sees the citizen's words only masked, or the summary instead."""
    track_steps: Sequence[tuple[TrackStep, str | None]] = ()
    ordering: Sequence[Event] = ()
    numbers: Mapping[int, str] = field(default_factory=dict)
    merged_into: str = ""
    must_be_called: bool = False
    """Whether somebody of the case left nothing but a telephone number."""

    @property
    def attachments(self) -> dict[int, Attachment]:
        """Every file of the case by its id."""
        files = [*(file for tip in self.tips for file in tip.attachments)]
        files += [file for message in self.messages for file in message.attachments]
        return {file.id: file for file in files}

    @property
    def file_numbers(self) -> dict[int, int]:
        """The number by which people speak of a file of this case, by its id."""
        return {file_id: number for number, file_id in enumerate(sorted(self.attachments), start=1)}


async def load_case_file(session: AsyncSession, case: Case) -> CaseFile:
    """Read all that belongs to a case that the reader may see."""
    tips = await list_tips_of_case(session, case.id)
    into = await session.get(Case, case.merged_into_id) if case.merged_into_id else None
    return CaseFile(
        case=case,
        officer=await find_staff(session, case.officer_id),
        tips=tips,
        must_be_called=await has_reporter_to_call(session, case.id),
        track_steps=await list_track_steps(session, case.id) if case.tracks else (),
        ordering=await list_ordering_events(session, case) if len(tips) > 1 else (),
        numbers={tip.id: tip.number for tip in tips},
        merged_into=into.number if into else "",
        findings=await list_findings(session, case.id),
        deadlines=await list_deadlines(session, case.id),
        events=await list_events(session, case.id),
        messages=await list_messages(session, case.id),
        notices=await list_notices_of_case(session, case.id),
        names={person.id: person.name for person in await list_staff(session)},
    )


# ---------------------------------------------------------------- the citizen's words


@dataclass(frozen=True, slots=True)
class TipView:
    """One tip with its evidence marked."""

    tip: Tip
    pieces: list[Piece]
    answers: list[tuple[str, str]]
    """Follow-up questions and what he answered."""
    meant: tuple[str, str] | None
    """What he was told that we understood, and what he says instead."""


def view_tips(file: CaseFile, words: Words) -> list[TipView]:
    """All tips of the case, each cut where evidence begins and ends."""
    return [
        TipView(
            tip,
            cut_text(tip.text, _marks(file.findings, tip.id, words)),
            view_answers(tip, words.locale),
            view_meant(tip, words.locale),
        )
        for tip in file.tips
    ]


MARKED = frozenset(
    {FindingKind.CLAUSE, FindingKind.PATTERN, FindingKind.URGENCY, FindingKind.POLICE_REFERRAL}
)


def _marks(findings: Iterable[Finding], tip_id: int, words: Words) -> list[Mark]:
    return [
        Mark(int(entry["start"]), int(entry["end"]), words.finding(finding.kind, finding.value))
        for finding in findings
        if finding.tip_id == tip_id and finding.kind in MARKED and finding.source is FindingSource.MACHINE
        for entry in finding.evidence
    ]


# ---------------------------------------------------------------- stages


WAY = ("registered", "accepted", "assigned", "verifying", "result_filed", "answer_due", "answered", "closed")
_MILESTONES = {
    "registered": "registered_at",
    "accepted": "accepted_at",
    "assigned": "assigned_at",
    "verifying": "signed_at",
    "result_filed": "result_at",
    "answer_due": "approved_at",
    "answered": "answered_at",
    "closed": "closed_at",
}
_PLACES = {
    CaseState.NEEDS_SUPPLEMENT: "registered",
    CaseState.SUSPENDED: "verifying",
    CaseState.EXTENSION_PENDING: "verifying",
    CaseState.ARCHIVED: "closed",
    CaseState.IN_REVIEW: "answered",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way: done, now or next."""

    label: str
    state: str
    when: str


def view_stages(case: Case, words: Words) -> list[Stage]:
    """The way of a case. One that left it early shows how far it came and where it ended."""
    if case.state in FINAL_STATES and case.state not in {CaseState.CLOSED, CaseState.ARCHIVED}:
        reached = [step for step in WAY[:-1] if getattr(case, _MILESTONES[step]) and step != "answered"]
        done = [Stage(words(f"stage.{step}"), "done", _when_reached(case, step, words)) for step in reached]
        ended = words.short_day(case.closed_at) if case.closed_at else ""
        return [*done, Stage(words.state("case", case.state), "now", ended)]
    here = WAY.index(_PLACES.get(case.state, case.state.value))
    is_over = case.state in FINAL_STATES
    return [
        Stage(
            words(f"stage.{step}"),
            "done" if place < here or is_over else "now" if place == here else "next",
            _when_reached(case, step, words) if place <= here else "",
        )
        for place, step in enumerate(WAY)
    ]


def _when_reached(case: Case, step: str, words: Words) -> str:
    moment = getattr(case, _MILESTONES[step])
    return words.short_day(moment) if moment else ""


# ---------------------------------------------------------------- history, notices, and the whole page


def view_timeline(file: CaseFile, show: Show = Show.ACTS) -> list[Entry]:
    """Acts, messages and notes by time."""
    return make_timeline(file.events, file.messages, names=file.names, show=show)


def list_unread(file: CaseFile) -> list[Message]:
    """What the reporter wrote and nobody has looked at."""
    return [
        message
        for message in file.messages
        if message.kind is MessageKind.FROM_REPORTER and message.read_at is None
    ]


@dataclass(frozen=True, slots=True)
class Told:
    """One notice of the outbox: what, to whom, by which way, and how far it got."""

    what: str
    whom: str
    state: str
    tone: str
    line: str


_TONES = {NoticeState.SENT: "fine", NoticeState.FAILED: "late", NoticeState.SKIPPED: ""}


def view_notices(file: CaseFile, words: Words) -> list[Told]:
    """Newest first."""
    return [_view_notice(notice, file, words) for notice in sorted(file.notices, key=lambda row: -row.id)]


def _view_notice(notice: Notice, file: CaseFile, words: Words) -> Told:
    person = file.names.get(notice.staff_id or 0)
    whom = person or words("notice.reporter" if notice.tip_id else "notice.group")
    return Told(
        what=words.text(f"notices.{notice.kind}.subject", **notice.values),
        whom=words("notice.whom", whom=whom, channel=words.state("notice_channel", notice.channel)),
        state=words.state("notice", notice.state),
        tone=_TONES.get(notice.state, "soon" if notice.attempts else ""),
        line=_when(notice, words),
    )


def _when(notice: Notice, words: Words) -> str:
    if notice.sent_at:
        return words.moment(notice.sent_at)
    if notice.state in {NoticeState.WAITING, NoticeState.SENDING} and notice.attempts:
        return words("notice.next_try", when=words.moment(notice.send_at), count=notice.attempts)
    if notice.state in {NoticeState.WAITING, NoticeState.SENDING}:
        return words("notice.planned", when=words.moment(notice.send_at))
    return words.notice_reason(notice.reason)


def find_nearest(clocks: Sequence[Clock]) -> Clock | None:
    """What presses: the nearest clock of those who handle the case, or where they owe nothing, of somebody else."""
    running = [clock for clock in clocks if clock.status == "running"]
    return next((clock for clock in running if not clock.is_watched), running[0] if running else None)


def view_all(file: CaseFile, words: Words, *, history: Show, now: datetime) -> dict[str, Any]:
    """Everything that the page shows, by the names that the template uses."""
    case, clocks = file.case, view_clocks(file.deadlines, words, now=now)
    return {
        "file": file,
        "case": case,
        "words": words,
        "office": words.office(case.office_id),
        "numbers": file.file_numbers,
        "tips": view_tips(file, words),
        "clocks": clocks,
        "nearest": find_nearest(clocks),
        "stages": view_stages(case, words),
        "entries": view_timeline(file, history),
        "notices": view_notices(file, words),
        "marks": list_marks(case, words=words, has_files=bool(file.attachments)),
        "missing": [words.text(f"rules.missing.{key}") for key in case.missing],
        "review": [words.review_reason(key) for key in case.review_reasons] if case.needs_review else [],
    }
