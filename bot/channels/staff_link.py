"""Staff in the chat: `/link CODE` has notices sent here, `/unlink` ends it. Nothing else of staff's work is here."""

from datetime import timedelta

from bot.channels.turn import Turn
from bot.limits import Limit, TooManyError, check_count
from models.audit import record_event
from models.chat_link import find_linked_staff
from models.queries.limits import count_try
from models.queries.staff import find_staff, list_active_staff
from models.staff import Staff
from models.states import Role

PLACE = "staff.chat"
LINKS_OF_CHAT = Limit("staff-links-of-chat", 5, timedelta(hours=1))


async def link_staff(turn: Turn) -> None:
    """Send this member of staff's notices here from now on."""
    limit = LINKS_OF_CHAT
    try:
        check_count(
            limit,
            await count_try(turn.session, limit.scope, turn.draft.owner, now=turn.now, window=limit.window),
        )
    except TooManyError as error:
        turn.say(turn.word("too_many", minutes=error.wait_minutes))
        return
    if turn.incoming.message_id:
        turn.erase(turn.incoming.message_id)
    staff_id = find_linked_staff(turn.around.keys, turn.incoming.argument, now=turn.now)
    staff = await find_staff(turn.session, staff_id)
    if staff is None or not staff.is_active:
        turn.say(turn.word("link.wrong"))
        return
    staff.chat = turn.around.keys.seal("identity", str(turn.incoming.chat_id).encode(), place=PLACE)
    record_event(turn.session, "staff_chat_linked", at=turn.now, by=staff.id)
    turn.say(turn.word("link.done"))


async def unlink_staff(turn: Turn) -> None:
    """Send nothing here any more."""
    linked = [staff for staff in await list_active_staff(turn.session, *Role) if _is_here(turn, staff)]
    for staff in linked:
        staff.chat = None
        record_event(turn.session, "staff_chat_unlinked", at=turn.now, by=staff.id)
    turn.say(turn.word("link.ended" if linked else "link.none"))


def _is_here(turn: Turn, staff: Staff) -> bool:
    if staff.chat is None:
        return False
    keys, chat_id = turn.around.keys, str(turn.incoming.chat_id)
    return keys.unseal("identity", staff.chat, place=PLACE) == chat_id.encode()
