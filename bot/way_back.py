"""The way back: what a reporter may do after his tip, the same on the web and in the chat.

Each function is one step of the caller's transaction and never commits; each may run twice. Nothing here
closes, reopens or changes a case: people decide what becomes of a request. What cannot be done now raises
`NotNowError`; its `problem` is a text key under `errors.`, as with every `SubmissionError`.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.intake import MAX_CONTACT, MAX_TEXT, SubmissionError, check_words, receive_message
from bot.promises import REVIEW_RULE, count_days, last_moment
from bot.questionnaire import PHONE_DIGITS
from config.catalog import Catalog
from config.keys import Keys
from models.audit import record_event
from models.case import Case
from models.message import Message
from models.numbers import read_digits
from models.queries.notices import queue_staff_notice
from models.queries.staff import find_staff, list_active_staff
from models.queries.tips import find_case_of_tip, find_identity, get_tip_to_change, mark_unread
from models.queries.way_back import count_hidden_letters, find_rating, find_request, hide_letters
from models.staff import Staff
from models.states import Channel, RequestKind, Role, Solved
from models.tip import Identity, Tip
from models.way_back import Rating, ReporterRequest

RATING_CHANGES = timedelta(days=7)
"""How long a rating may be changed after it was given."""
LOWEST, HIGHEST = 1, 5


class NotNowError(SubmissionError):
    """The step is not open to the reporter now; `values` hold what its sentence needs."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the reporter of a tip has done and may do now. Moments, no words; nothing of his contact itself."""

    may_withdraw: bool
    withdrawal_asked_at: datetime | None
    may_ask_review: bool
    review_until: datetime | None
    """Last moment to ask for a review, also when it has passed; None before there is an answer."""
    review_asked_at: datetime | None
    may_rate: bool
    rating: Rating | None
    has_name: bool
    has_phone: bool
    has_chat: bool
    hidden_letters: int


async def load_standing(session: AsyncSession, tip: Tip, *, catalog: Catalog, now: datetime) -> Standing:
    """Read what the reporter has done and may do now."""
    case = await find_case_of_tip(session, tip)
    identity = await find_identity(session, tip.id)
    withdrawal = await find_request(session, tip.id, RequestKind.WITHDRAWAL, tip.received_at)
    answered_at = case.answered_at if case else None
    review = await find_request(session, tip.id, RequestKind.REVIEW, answered_at) if answered_at else None
    until = review_until(answered_at, catalog) if answered_at else None
    rating = await find_rating(session, tip.id)
    return Standing(
        may_withdraw=withdrawal is None and (case is None or case.is_open) and answered_at is None,
        withdrawal_asked_at=withdrawal.asked_at if withdrawal else None,
        may_ask_review=review is None and until is not None and now <= until,
        review_until=until,
        review_asked_at=review.asked_at if review else None,
        may_rate=answered_at is not None and (rating is None or now <= rating.rated_at + RATING_CHANGES),
        rating=rating,
        has_name=bool(identity and identity.name),
        has_phone=bool(identity and identity.phone),
        has_chat=bool(identity and identity.chat),
        hidden_letters=await count_hidden_letters(session, tip.id),
    )


def review_until(answered_at: datetime, catalog: Catalog) -> datetime:
    """Last moment at which a review of an answer may be asked for."""
    return last_moment(catalog, REVIEW_RULE, answered_at)


# ---------------------------------------------------------------- requests that people decide


async def withdraw_tip(
    session: AsyncSession, tip: Tip, words: str = "", *, channel: Channel, keys: Keys, now: datetime
) -> ReporterRequest:
    """Ask that the tip be dropped. Staff decide: what endangers others may have to be looked into all the same.

    Asked again, answers the first request. Raises NotNowError once there is an answer, SubmissionError for the words.
    """
    check_words("text", words, longest=MAX_TEXT)
    tip = await get_tip_to_change(session, tip.id)
    if asked := await find_request(session, tip.id, RequestKind.WITHDRAWAL, tip.received_at):
        return asked
    case = await find_case_of_tip(session, tip)
    if case and (not case.is_open or case.answered_at):
        raise NotNowError("way_back.too_late_to_withdraw", "text")
    request = await _ask(
        session,
        tip,
        RequestKind.WITHDRAWAL,
        words,
        about_at=tip.received_at,
        channel=channel,
        keys=keys,
        now=now,
    )
    record_event(session, "withdrawal_asked", at=now, tip_id=tip.id, case_id=tip.case_id, channel=channel)
    await _tell(session, case, "withdrawal_asked", request, now=now)
    return request


async def ask_review(
    session: AsyncSession,
    tip: Tip,
    words: str,
    *,
    channel: Channel,
    keys: Keys,
    catalog: Catalog,
    now: datetime,
) -> ReporterRequest:
    """Ask the next higher department to look at the answer again, saying why, within the limit of D13a.

    Asked again, answers the first request. Raises NotNowError before the answer and after the limit.
    """
    tip = await get_tip_to_change(session, tip.id)
    case = await find_case_of_tip(session, tip)
    if case is None or case.answered_at is None:
        raise NotNowError("way_back.no_answer_yet", "text")
    if asked := await find_request(session, tip.id, RequestKind.REVIEW, case.answered_at):
        return asked
    if now > review_until(case.answered_at, catalog):
        raise NotNowError(
            "way_back.too_late_to_ask", "text", days=count_days(catalog, REVIEW_RULE, case.answered_at)
        )
    check_words("text", words, longest=MAX_TEXT, is_required=True)
    request = await _ask(
        session,
        tip,
        RequestKind.REVIEW,
        words,
        about_at=case.answered_at,
        channel=channel,
        keys=keys,
        now=now,
    )
    record_event(session, "review_asked", at=now, tip_id=tip.id, case_id=case.id, channel=channel)
    await _tell(session, case, "review_asked", request, now=now)
    return request


async def rate_outcome(
    session: AsyncSession,
    tip: Tip,
    *,
    solved: str,
    score: int,
    words: str = "",
    channel: Channel,
    keys: Keys,
    now: datetime,
) -> Rating:
    """Say how it turned out: solved yes, partly or no, 1 to 5, and words if there are any. Changeable for a week.

    Raises NotNowError before the answer and once the rating stands; SubmissionError names the field that is wrong.
    """
    _check_rating(solved, score, words)
    tip = await get_tip_to_change(session, tip.id)
    case = await find_case_of_tip(session, tip)
    if case is None or case.answered_at is None:
        raise NotNowError("way_back.no_answer_yet", "solved")
    rating = await find_rating(session, tip.id)
    if rating and now > rating.rated_at + RATING_CHANGES:
        raise NotNowError("way_back.rating_stands", "solved", days=RATING_CHANGES.days)
    said = await _say(session, tip, words, channel=channel, keys=keys, now=now)
    if rating is None:
        rating = Rating(tip_id=tip.id, case_id=case.id, rated_at=now)
        session.add(rating)
    elif (rating.solved, rating.score) != (solved, score) or said:
        rating.changed_at = now
    else:
        return rating
    rating.solved, rating.score = Solved(solved), score
    rating.message_id = said.id if said else rating.message_id
    await session.flush()
    record_event(session, "outcome_rated", at=now, tip_id=tip.id, case_id=case.id, solved=solved, score=score)
    return rating


# ---------------------------------------------------------------- contact


async def change_contact(
    session: AsyncSession, tip: Tip, *, name: str = "", phone: str = "", keys: Keys, now: datetime
) -> None:
    """Keep this name and phone, sealed, instead of what was there. Raises SubmissionError; both empty is one."""
    for field, typed in (("name", name), ("phone", phone)):
        check_words(field, typed, longest=MAX_CONTACT)
    phone = unicodedata.normalize("NFKC", phone)
    if not (name.strip() or phone.strip()):
        raise SubmissionError("contact_missing", "name")
    if phone.strip() and len(read_digits(phone)) not in PHONE_DIGITS:
        raise SubmissionError("phone", "phone")
    tip = await get_tip_to_change(session, tip.id)
    identity = await find_identity(session, tip.id)
    if identity is None:
        identity = Identity(tip_id=tip.id)
        session.add(identity)
    identity.name = _seal(keys, name.strip(), "identity.name")
    identity.phone = _seal(keys, phone.strip(), "identity.phone")
    tip.is_named = True
    record_event(session, "contact_changed", at=now, tip_id=tip.id, case_id=tip.case_id)


async def remove_contact(session: AsyncSession, tip: Tip, *, now: datetime) -> bool:
    """Erase name and phone for good; the chat stays a return address. Answers whether there was anything."""
    tip = await get_tip_to_change(session, tip.id)
    identity = await find_identity(session, tip.id)
    if identity is None or not (identity.name or identity.phone):
        return False
    identity.name = identity.phone = None
    tip.is_named = False
    if identity.chat is None:
        await session.delete(identity)
    record_event(session, "contact_removed", at=now, tip_id=tip.id, case_id=tip.case_id)
    return True


# ---------------------------------------------------------------- letters


async def hide_read_letters(session: AsyncSession, tip: Tip, *, now: datetime) -> int:
    """Delete from the reporter's view what he wrote and what he has read; answers how many letters.

    Nobody who comes with number and code sees them again. The file of the case keeps them, as a written
    record must be kept (安全生产法 art. 73), and the reporter is told so before he does it.
    """
    count = await hide_letters(session, tip.id, now=now)
    if count:
        record_event(session, "letters_hidden", at=now, tip_id=tip.id, case_id=tip.case_id, count=count)
    return count


# ---------------------------------------------------------------- parts


async def _ask(
    session: AsyncSession,
    tip: Tip,
    kind: RequestKind,
    words: str,
    *,
    about_at: datetime,
    channel: Channel,
    keys: Keys,
    now: datetime,
) -> ReporterRequest:
    said = await _say(session, tip, words, channel=channel, keys=keys, now=now)
    request = ReporterRequest(
        tip_id=tip.id,
        case_id=tip.case_id,
        kind=kind,
        about_at=about_at,
        asked_at=now,
        channel=channel,
        message_id=said.id if said else None,
    )
    session.add(request)
    await session.flush()
    return request


async def _say(
    session: AsyncSession, tip: Tip, words: str, *, channel: Channel, keys: Keys, now: datetime
) -> Message | None:
    """The reporter's words as a message, so that staff read them where they read everything of his."""
    if not words.strip():
        return None
    return await receive_message(session, tip, words, channel=channel, keys=keys, now=now)


async def _tell(
    session: AsyncSession, case: Case | None, kind: str, request: ReporterRequest, *, now: datetime
) -> None:
    """Show the case as unread, and tell those who can decide: a case that is over is in nobody's hands."""
    if case is None:
        return
    await mark_unread(session, case.id)
    # Words of the reporter have already told the officer that something is there.
    for person in await _deciders(session, case, was_told=request.message_id is not None):
        await queue_staff_notice(
            session,
            person,
            kind,
            case=case,
            dedup=f"request:{request.id}",
            values={"number": case.number},
            now=now,
        )


async def _deciders(session: AsyncSession, case: Case, *, was_told: bool) -> list[Staff]:
    people = {person.id: person for person in await list_active_staff(session, Role.SUPERVISOR, Role.INTAKE)}
    officer = await find_staff(session, case.officer_id)
    if officer and not was_told:
        people[officer.id] = officer
    return list(people.values())


def _check_rating(solved: str, score: int, words: str) -> None:
    if solved not in set(Solved):
        raise SubmissionError("choose", "solved")
    if not LOWEST <= score <= HIGHEST:
        raise SubmissionError("choose", "score")
    check_words("text", words, longest=MAX_TEXT)


def _seal(keys: Keys, words: str, place: str) -> bytes | None:
    return keys.seal("identity", words.encode(), place=place) if words else None
