"""Texts that leave the house: stopped where they give the reporter away, let go by a second person.

Whoever writes such a text writes it anew, or stands by it with a reason; another person lets exactly this
text go, or not. Answers to the reporter himself are not looked at.

    await check(session, case, "transfer_out", text, rules=catalog.leaks, …)   # raises LeakFoundError
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from config.keys import Keys
from models.audit import record_event
from models.case import Case
from models.disclosure import OutgoingText
from models.queries.cases import list_findings, list_messages
from models.queries.disclosures import list_identities_of_case
from models.queries.outgoing import find_outgoing, find_waiting_text_to_change
from models.queries.staff import find_staff
from models.queries.tips import list_tips_of_case
from models.staff import Staff
from models.states import FindingKind, MessageKind
from triage.actions.ground import tell_staff
from triage.disclosure import (
    DECIDERS,
    REQUEST_LASTS,
    DisclosureProblem,
    DisclosureRefusedError,
    check_reason,
    list_deciders,
)
from triage.leaks import Leak, Source, find_leaks
from triage.permissions import reach_of

LONGEST = 21_000


class LeakFoundError(Exception):
    """A text gives the reporter away and nobody let it go. Nothing has been changed."""

    def __init__(
        self, place: str, text: str, leaks: Sequence[Leak], *, waits: bool, is_refused: bool
    ) -> None:
        """Keep what was found; the words are not part of the message."""
        super().__init__(f"{len(leaks)} leaks in {place}")
        self.place = place
        self.text = text
        self.leaks = leaks
        self.waits = waits
        self.is_refused = is_refused


async def check(
    session: AsyncSession, case: Case, place: str, text: str, *, catalog: Catalog, keys: Keys
) -> None:
    """Raise LeakFoundError unless the text gives nobody away, or a second person let it go as it is."""
    leaks = find_leaks(text, await read_source(session, case, catalog=catalog, keys=keys), catalog.leaks)
    if not leaks:
        return
    known = await find_outgoing(session, case.id, place, digest_of(text))
    if known and known.is_allowed:
        return
    raise LeakFoundError(
        place,
        text,
        leaks,
        waits=known is not None and known.decided_at is None,
        is_refused=known is not None and known.is_allowed is False,
    )


def digest_of(text: str) -> bytes:
    """By which exactly this text is known again."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


async def read_source(session: AsyncSession, case: Case, *, catalog: Catalog, keys: Keys) -> Source:
    """All that the reporters of a case wrote and left; lives as long as one comparison and is shown nowhere."""
    tips = await list_tips_of_case(session, case.id)
    messages = await list_messages(session, case.id)
    rows = [identity for _, identity in await list_identities_of_case(session, case.id)]
    findings = await list_findings(session, case.id)
    texts = [text for tip in tips for text in (tip.text, tip.place, tip.occurred) if text]
    texts += [message.text for message in messages if message.kind is MessageKind.FROM_REPORTER]
    known = [case.target, *(tip.target for tip in tips)]
    known += [row.value for row in findings if row.kind is FindingKind.TARGET]
    for office in catalog.offices.values():
        known += [
            *office.authority_names,
            *office.name.values(),
            *office.short_name.values(),
            *office.aliases,
        ]
    return Source(
        texts,
        [keys.unseal("identity", row.name, place="identity.name").decode() for row in rows if row.name],
        [keys.unseal("identity", row.phone, place="identity.phone").decode() for row in rows if row.phone],
        [one for one in known if one],
    )


async def ask_release(
    session: AsyncSession, case: Case, found: LeakFoundError, *, reason: str, by: Staff, now: datetime
) -> None:
    """The author stands by the text: it waits for a second person. Raises DisclosureRefusedError."""
    reason = check_reason(reason)
    if found.waits or found.is_refused:
        raise DisclosureRefusedError(DisclosureProblem.WAITS_ALREADY)
    deciders = await list_deciders(session, case, by)
    if not deciders:
        raise DisclosureRefusedError(DisclosureProblem.NOBODY_DECIDES)
    asked = OutgoingText(
        case_id=case.id,
        place=found.place,
        text=found.text,
        digest=digest_of(found.text),
        leaks=[{"start": one.start, "end": one.end, "kind": one.kind.value} for one in found.leaks],
        author_id=by.id,
        reason=reason,
        asked_at=now,
    )
    session.add(asked)
    await session.flush()
    record_event(
        session,
        "release_asked",
        at=now,
        by=by.id,
        case_id=case.id,
        reason=reason,
        place=found.place,
        leaks=sorted({one.kind.value for one in found.leaks}),
    )
    await tell_staff(session, case, deciders, "approval_waiting", now=now, dedup=f"release:{asked.id}")


async def decide_release(
    session: AsyncSession, text_id: int, *, allow: bool, reason: str, by: Staff, now: datetime
) -> None:
    """Let somebody else's text go as it is, or not. Raises DisclosureRefusedError."""
    reason = check_reason(reason, least=2)
    found = None
    if by.role in DECIDERS:
        since = now - REQUEST_LASTS
        found = await find_waiting_text_to_change(session, text_id, by, reach_of(by), since=since)
    if found is None:
        raise DisclosureRefusedError(DisclosureProblem.DECIDED_ALREADY)
    asked, case = found
    asked.is_allowed, asked.decided_by, asked.decided_at, asked.decision = allow, by.id, now, reason
    kind = "release_allowed" if allow else "release_refused"
    record_event(
        session,
        kind,
        at=now,
        by=by.id,
        case_id=case.id,
        reason=reason,
        place=asked.place,
        staff=asked.author_id,
    )
    if author := await find_staff(session, asked.author_id):
        await tell_staff(
            session, case, [author], "approval_decided", now=now, dedup=f"release-decided:{asked.id}"
        )
