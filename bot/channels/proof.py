"""Proof of filing in a chat: a document, on request, as long as the chat remembers the report."""

from bot.channels import Reply
from bot.channels.asking import ask_current
from bot.channels.turn import Turn
from bot.proof import make_proof
from models.queries.tips import get_tip


async def send_proof(turn: Turn) -> None:
    """Send the proof of the report that was just made."""
    salt = turn.recall("proof_salt")
    if not salt or turn.draft.tip_id is None:
        await ask_current(turn)
        return
    tip = await get_tip(turn.session, turn.draft.tip_id)
    words = make_proof(
        turn.around.keys,
        tip,
        salt=bytes.fromhex(salt),
        locale=turn.draft.locale,
        address=turn.around.public_url,
    )
    turn.replies.append(Reply(do="document", chat_id=turn.incoming.chat_id, text=words))
