"""Assessing: from a stored tip to a case with findings, clocks and a handler.

Claim → classify outside any transaction → write everything in one commit. May run twice and in many
processes: the lease keeps two workers apart, and the last step looks again whether the tip is still
without a case. No tip is left lying: one that the machine cannot read goes to the city desk unread by it.
"""

import asyncio
import time
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from models.audit import record_event
from models.case import Case, Finding
from models.queries.notices import queue_group_notice, queue_staff_notice
from models.queries.staff import list_active_staff
from models.queries.tips import MAX_ATTEMPTS, claim_waiting_tips, get_tip_to_change, has_waiting_tips
from models.session import Database
from models.states import CaseState, Disposition, FindingKind, FindingSource, Role, Urgency
from models.tip import Tip
from triage import actions
from triage.bars import close_to_conflicts
from triage.clocks import start_clock
from triage.conflicts import Conflict, Member, find_conflicts
from triage.language import Classifier
from triage.matters import Matters, keep_look, look_for_same_matter
from triage.permissions import CITY
from triage.routing import Route, avoid_conflicts, choose_route, follow_matter
from triage.told import Line, list_still_missing, read_tip

BATCH = 10
LONGEST_ROUND = 2.0
LEASE = timedelta(seconds=6)
"""Short: after a killed worker its tips wait no longer than that. Where a lease runs out under a slow worker, the
second one to write finds the tip assessed and leaves it.
"""
HANDLERS = (Role.OFFICER, Role.LEAD, Role.INTAKE, Role.SUPERVISOR)
"""Who has cases in hand or sees them: none of them may have one that names him."""
log = structlog.get_logger()


async def assess_waiting(
    db: Database, classifier: Classifier, *, catalog: Catalog, matters: Matters, now: datetime
) -> int:
    """Assess tips that wait; answers how many were claimed, so that the caller knows whether to come again.

    Claimed one by one: a worker that dies takes a try away from the tip in its hands, not from those behind it.
    """
    async with db.read() as session:
        if not await has_waiting_tips(session, now=now):
            return 0
    began = time.monotonic()
    for done in range(BATCH):
        if time.monotonic() - began > LONGEST_ROUND:  # `now` grows old, and leases are counted from it
            return done
        async with db.begin() as session:
            tips = await claim_waiting_tips(session, now=now, limit=1, lease=LEASE)
        if not tips:
            return done
        line = await asyncio.to_thread(_classify, classifier, catalog, tips[0])
        async with db.begin() as session:
            await open_case(session, tips[0].id, line, catalog=catalog, matters=matters, now=now)
    return BATCH


def _classify(classifier: Classifier, catalog: Catalog, tip: Tip) -> Line:
    """The machine's proposal; after too many failures an empty one, which sends the tip to people."""
    if tip.attempts > MAX_ATTEMPTS:
        log.error("tip_not_readable", tip_id=tip.id)
        return _unread_line(catalog)
    return read_tip(classifier, tip)


def _unread_line(catalog: Catalog) -> Line:
    return {
        "disposition": Disposition.IN_SCOPE,
        "subjects": [],
        "clauses": [],
        "patterns": [],
        "police_referral": False,
        "urgency": Urgency.NORMAL,
        "jurisdiction": "unknown",
        "targets": [],
        "evidence": [],
        "confidence": {},
        "review": True,
        "review_reasons": ["machine_failed"],
        "rules_version": catalog.version,
    }


async def open_case(
    session: AsyncSession, tip_id: int, line: Line, *, catalog: Catalog, matters: Matters, now: datetime
) -> Case | None:
    """Open the case of a tip with all that follows from it; None when another worker was faster."""
    tip = await get_tip_to_change(session, tip_id)
    if tip.assessed_at is not None:
        return None
    now = max(
        now, tip.received_at
    )  # a worker that slept, or whose clock is behind, opens nothing before it came in
    line = _with_answers(line, tip)
    look = await look_for_same_matter(session, tip, line, matters=matters)
    line = follow_matter(line, look.sure, catalog)
    route = choose_route(line, text=tip.text, catalog=catalog, matter=look.sure)
    conflicts = await _find_conflicts(session, tip, line, catalog)
    route = avoid_conflicts(route, line, conflicts)
    case = _make_case(tip, line, route)
    session.add(case)
    await session.flush()
    await close_to_conflicts(session, case, conflicts, now=now)
    tip.case_id, tip.assessed_at, tip.claimed_until = case.id, now, None
    session.add_all(_make_findings(case, tip, line, now=now))
    record_event(session, "case_opened", at=now, tip_id=tip.id, case_id=case.id, rules=case.rules_version)
    await keep_look(session, case, tip, look, now=now)
    if line.get("follows_matter"):
        record_event(session, "same_matter_followed", at=now, case_id=case.id, office=line["jurisdiction"])
    await start_clock(session, case, "D03", event="registered", started_at=tip.received_at, catalog=catalog)
    if case.urgency is Urgency.IMMEDIATE:
        await start_clock(
            session, case, "D02", event="registered", started_at=tip.received_at, catalog=catalog
        )
    await actions.watch_transfer(session, case, catalog=catalog, now=now)
    if route.straight:
        await actions.accept(session, case, by=None, catalog=catalog, now=now)
        await actions.assign(session, case, office_id=route.office_id, by=None, catalog=catalog, now=now)
    else:
        await _tell_desk(session, case, now=now)
    log.info("case_opened", tip_id=tip.id, case_id=case.id, office=case.office_id, straight=route.straight)
    return case


async def _find_conflicts(session: AsyncSession, tip: Tip, line: Line, catalog: Catalog) -> list[Conflict]:
    """Whom the tip speaks of, among the offices and everybody who works there now."""
    roster = [
        Member(person.id, person.name, person.office_id)
        for person in await list_active_staff(session, *HANDLERS)
    ]
    return find_conflicts(line, [tip.text, tip.target, tip.place, tip.occurred], roster, catalog)


def _with_answers(line: Line, tip: Tip) -> Line:
    """What the reporter answered beside his text: it fills gaps, and a contradiction asks for a person."""
    line = dict(line)
    if tip.target and tip.target not in line["targets"]:
        line["targets"] = [tip.target, *line["targets"]]
    if tip.county and line["jurisdiction"] in {"unknown", "city"}:
        line["jurisdiction"] = tip.county
    elif tip.county and tip.county != line["jurisdiction"]:
        line["review"], line["review_reasons"] = True, [*line["review_reasons"], "place_disagrees"]
    if tip.meant:
        line["review"], line["review_reasons"] = True, [*line["review_reasons"], "reporter_disagrees"]
    line["missing"] = list_still_missing(line.get("missing", []), tip)
    return line


def _make_case(tip: Tip, line: Line, route: Route) -> Case:
    return Case(
        number=tip.number,
        state=CaseState.REGISTERED,
        office_id=CITY,
        jurisdiction=line["jurisdiction"],
        disposition=Disposition(line["disposition"]),
        urgency=Urgency(line["urgency"]),
        is_police_matter=line["police_referral"],
        needs_review=not route.straight,
        review_reasons=[*route.reasons, *route.notes] if route.reasons else [],
        missing=line["missing"],
        clauses=line["clauses"],
        patterns=line["patterns"],
        target=(line["targets"] or [""])[0][:200],
        rules_version=line["rules_version"],
        registered_at=tip.received_at,
    )


def _make_findings(case: Case, tip: Tip, line: Line, *, now: datetime) -> list[Finding]:
    said: list[tuple[FindingKind, str]] = [
        (FindingKind.DISPOSITION, line["disposition"]),
        (FindingKind.URGENCY, line["urgency"]),
        (FindingKind.JURISDICTION, line["jurisdiction"]),
        (FindingKind.POLICE_REFERRAL, str(line["police_referral"]).lower()),
        *((FindingKind.SUBJECT, value) for value in line["subjects"]),
        *((FindingKind.CLAUSE, value) for value in line["clauses"]),
        *((FindingKind.PATTERN, value) for value in line["patterns"]),
        *((FindingKind.TARGET, value[:200]) for value in line["targets"]),
    ]
    return [
        Finding(
            case_id=case.id,
            tip_id=tip.id,
            kind=kind,
            value=value,
            source=FindingSource.MACHINE,
            confidence=_confidence(line, kind, value),
            evidence=[entry for entry in line["evidence"] if entry["for"] == value],
            rules_version=line["rules_version"],
            created_at=now,
        )
        for kind, value in said
    ]


def _confidence(line: Line, kind: FindingKind, value: str) -> float | None:
    """Confidence of a decision, or of one value where the decision has several."""
    given = line["confidence"]
    said = given.get(value, given.get(kind.value, given.get(f"{kind.value}s")))
    return said.get(value) if isinstance(said, dict) else said


async def _tell_desk(session: AsyncSession, case: Case, *, now: datetime) -> None:
    dedup, values = f"desk:{case.id}", {"number": case.number}
    await queue_group_notice(session, "city_desk_new", case=case, dedup=dedup, values=values, now=now)
    for person in await list_active_staff(session, Role.INTAKE):
        await queue_staff_notice(
            session, person, "city_desk_new", case=case, dedup=dedup, values=values, now=now
        )
