"""What the page of a case says beside its main way: requests, side tracks, merged cases, who had it how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from config.calendars import Calendar, day_of
from models.case import Case
from models.staff import Staff
from models.states import Track
from triage.console.case_page import CaseFile
from triage.console.words import Words
from triage.deadlines import compute_due
from triage.ledger import REPORTER, stage_shares, sum_shares
from triage.order import order_reporters
from triage.tracks import Standing, TrackRow, list_next, read_amount, reward_amount

ASKED = {
    "extension": "extension_asked",
    "suspension": "suspension_asked",
    "termination": "termination_asked",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """The one open form of a track: which step, what was typed, what was wrong with it."""

    track: Track
    step: str
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that may follow. `why_not`: empty, or why this person cannot take it."""

    step: str
    label: str
    why_not: str


@dataclass(frozen=True, slots=True)
class TrackView:
    """One track: what was done, what may follow, and the open form."""

    track: str
    label: str
    now: str
    steps: Sequence[tuple[str, str, Sequence[str]]]
    nexts: Sequence[NextStep]
    form: Mapping[str, Any] | None


def view_casework(
    file: CaseFile, staff: Staff, words: Words, *, opened: Opened | None, now: datetime
) -> dict[str, Any]:
    """All of it, by the names that the template uses."""
    standing = Standing(
        state=file.case.state,
        steps=file.case.tracks,
        role=staff.role,
        actor_id=staff.id,
        recused=frozenset(file.case.recused),
        verdict=file.case.verdict,
        has_named_reporter=any(tip.is_named for tip in file.tips),
    )
    return {
        "request_line": view_request(file, words),
        "tracks": [_view_track(track, file, standing, words, opened=opened, now=now) for track in Track],
        "reporters": view_order(file, words),
        "shares": view_shares(file, words, now=now),
        "judged": words.judged(_verdicts(file.case)),
    }


def _verdicts(case: Case) -> dict[str, str]:
    return {entry["clause"]: entry["verdict"] for entry in (case.verification or {}).get("allegations", [])}


def view_request(file: CaseFile, words: Words) -> tuple[str, str] | None:
    """What waits for a superior, and the reason that was given."""
    pending = file.case.pending
    if not pending:
        return None
    event = next((event for event, _ in reversed(file.events) if event.kind == ASKED[pending["asks"]]), None)
    why = words.text(f"casework.kind.{pending['kind']}") if pending.get("kind") else ""
    who = file.names.get(pending["by"], "")
    line = words.text(f"casework.pending.{pending['asks']}", who=who, days=pending.get("days", ""), why=why)
    return line, event.reason if event else ""


def view_order(file: CaseFile, words: Words) -> list[str]:
    """The reporters of a merged case, first come first, each with his proof."""
    places = order_reporters(file.ordering, file.case.id) if file.ordering else []
    return [
        words.text(
            "casework.together.line",
            count=count,
            number=file.numbers.get(place.tip_id, ""),
            when=words.moment(place.received_at),
            position=place.position,
        )
        for count, place in enumerate(places, 1)
    ]


def view_shares(file: CaseFile, words: Words, *, now: datetime) -> list[tuple[str, str, str, str]]:
    """Office, stage, calendar time and working time; the last line is their sum."""
    calendar: Calendar = words.catalog.calendar
    shares = sum_shares(stage_shares([event for event, _ in file.events], until=now), calendar)
    rows = [
        (
            words.text("casework.kind.supplement")
            if one.office_id == REPORTER
            else words.office(one.office_id),
            words.state("case", one.stage),
            _say_span(one.time, words),
            _say_span(one.working, words),
        )
        for one in shares
    ]
    if not rows:
        return []
    total, working = (
        sum((getattr(one, name) for one in shares), timedelta()) for name in ("time", "working")
    )
    last = words.text("casework.shares.total"), "", _say_span(total, words), _say_span(working, words)
    return [*rows, last]


def _say_span(span: timedelta, words: Words) -> str:
    hours = int(span.total_seconds() // 3600)
    return words.text("casework.shares.days", days=hours // 24, hours=hours % 24)


def _view_track(
    track: Track, file: CaseFile, standing: Standing, words: Words, *, opened: Opened | None, now: datetime
) -> TrackView:
    nexts = list_next(track, standing)
    row = next(
        (
            row
            for row, refusal in nexts
            if opened and opened.track is track and row.step == opened.step and not refusal
        ),
        None,
    )
    return TrackView(
        track=track.value,
        label=words.text(f"casework.track.{track}"),
        now=_say_step(track, standing.steps[track], words) if track in standing.steps else "",
        steps=[
            (
                _say_step(track, step.step, words),
                words("likeness.said_by", who=name or words("timeline.system"), when=words.moment(step.at)),
                [
                    words.text("casework.tracks.fact", name=words(f"field.{key}"), value=value)
                    for key, value in step.facts.items()
                    if value
                ],
            )
            for step, name in file.track_steps
            if step.track is track
        ],
        nexts=[
            NextStep(row.step, _say_step(track, row.step, words), words.refusal(refusal) if refusal else "")
            for row, refusal in nexts
        ],
        form=_view_form(row, opened, file, words, now=now) if row and opened else None,
    )


def _view_form(
    row: TrackRow, opened: Opened, file: CaseFile, words: Words, *, now: datetime
) -> dict[str, Any]:
    label = _say_step(row.track, row.step, words)
    return {
        "step": row.step,
        "fields": row.fields,
        "typed": opened.typed,
        "errors": opened.errors,
        "confirm": words.text("casework.tracks.confirm", step=label),
        "effects": _tell_effects(row, file, words, now=now),
        "suggested": _suggest(file, words) if "amount" in row.fields else "",
    }


def _tell_effects(row: TrackRow, file: CaseFile, words: Words, *, now: datetime) -> list[str]:
    """What the step does to the clocks, before it is taken."""
    running = {one.rule_id for one in file.deadlines if not (one.met_at or one.cancelled_at)}
    lines = [
        words.text("casework.tracks.effect_meets", clock=words.clock(rule_id, now=now))
        for rule_id in row.meets
        if rule_id in running
    ]
    lines += [
        words("effect.ended", clock=words.clock(rule_id, now=now))
        for rule_id in row.cancels
        if rule_id in running
    ]
    for rule_id, _ in row.starts:
        rule = words.catalog.deadline_in_force(rule_id, now)
        due = compute_due(rule, now, calendar=words.catalog.calendar).due_at
        lines.append(words("effect.started", clock=words.clock(rule_id, now=now), due=words.due(due)))
    return lines or [words.text("casework.tracks.effect_none")]


def _suggest(file: CaseFile, words: Words) -> str:
    """What the reward comes to by the fine that was imposed."""
    decided = next(
        (
            step
            for step, _ in reversed(file.track_steps)
            if (step.track, step.step) == (Track.PENALTY, "decided")
        ),
        None,
    )
    fine = read_amount(decided.facts.get("fine", "")) if decided else None
    if decided is None or fine is None:
        return ""
    day = day_of(decided.at)
    amounts = [reward_amount(fine, decided_on=day, is_employee=one) for one in (False, True)]
    return words.text(
        "casework.tracks.suggested", fine=f"{fine:,}", amount=f"{amounts[0]:,}", more=f"{amounts[1]:,}"
    )


def _say_step(track: Track, step: str, words: Words) -> str:
    return words.text(f"casework.step.{track}.{step}")
