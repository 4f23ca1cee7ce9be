"""Commands, which work at every step: /start /report /status /cancel /help /privacy /forget; /link for staff."""

from bot.channels.staff_link import link_staff, unlink_staff
from bot.channels.telling import ask_current, begin_telling, first_choices
from bot.channels.turn import DONE, IDLE, INTRO, Turn
from bot.channels.visit import TriedReceipt, open_own_tip
from models.queries.tips import list_draft_attachments

COMMANDS = ("start", "report", "status", "help", "cancel", "privacy", "forget")


async def run_command(turn: Turn, tried: TriedReceipt | None) -> None:
    """Do what the command says."""
    match turn.incoming.text:
        case "start":
            greet(turn)
        case "report":
            await report(turn)
        case "status":
            await open_own_tip(turn, tried)
        case "cancel":
            await cancel(turn)
        case "help":
            await explain(turn)
        case "privacy":
            turn.say(turn.word("privacy", web=web_address(turn)))
            await ask_current(turn)
        case "forget":
            await forget(turn)
        case "link":
            await link_staff(turn)
        case "unlink":
            await unlink_staff(turn)
        case _:
            turn.say(turn.word("help.unknown_command"))
            await explain(turn)


def greet(turn: Turn) -> None:
    """Who runs this, what it handles, what to know before the first word; and the two ways on."""
    turn.remember(told=True)
    if turn.is_telling:
        turn.say(turn.word("start.intro", web=web_address(turn)))
        turn.say(turn.word("start.unfinished"), choices=_resume_choices(turn))
        return
    if turn.draft.step != DONE:
        turn.draft.step = INTRO
    turn.say(turn.word("start.intro", web=web_address(turn)), choices=first_choices(turn))


async def report(turn: Turn) -> None:
    """Begin a tip, or ask what to do with the one that is half told."""
    if turn.is_telling and turn.answers:
        turn.say(turn.word("start.unfinished"), choices=_resume_choices(turn))
        return
    introduce(turn)
    await begin_telling(turn)


def introduce(turn: Turn) -> None:
    """What must be known before the first word, unless it was said in this chat already."""
    if not turn.recall("told"):
        turn.remember(told=True)
        turn.say(turn.word("start.intro", web=web_address(turn)))


async def cancel(turn: Turn) -> None:
    """Forget what was not sent; a tip that was sent stays sent."""
    was_telling = turn.is_telling or turn.recall("pending") is not None
    await drop_files(turn)
    turn.restart(IDLE)
    key = "cancel.done" if was_telling else "cancel.nothing"
    turn.say(turn.word(key), choices=first_choices(turn))


async def explain(turn: Turn) -> None:
    """Help; then the question that was open."""
    turn.say(turn.word("help.text", web=web_address(turn)))
    await ask_current(turn)


async def forget(turn: Turn) -> None:
    """Delete what can be deleted here, and say what cannot."""
    await drop_files(turn)
    for number in [*(turn.recall("sent") or []), *(turn.recall("received") or [])]:
        turn.erase(number)
    if turn.incoming.message_id:
        turn.erase(turn.incoming.message_id)
    turn.draft.answers = {}
    turn.restart(IDLE)
    turn.say(turn.word("forget.done"))


async def drop_files(turn: Turn) -> None:
    """Forget the files of a draft; their content on the disk is swept within hours."""
    for file in await list_draft_attachments(turn.session, turn.draft.id):
        await turn.session.delete(file)


def web_address(turn: Turn) -> str:
    """How to find the web form: its address where it is known."""
    url = turn.around.public_url
    return turn.word("web.at", url=url) if url else turn.word("web.somewhere")


def _resume_choices(turn: Turn) -> list[list[tuple[str, str]]]:
    return [
        [(turn.word("button.resume"), "resume"), (turn.word("button.anew"), "anew")],
        [(turn.word("button.status"), "status")],
    ]
