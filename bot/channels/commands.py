"""Commands, which work at every step: /start /report /status /cancel /help /privacy /forget /web; /link for staff."""

from collections.abc import Awaitable, Callable, Mapping

from bot.channels.answering import begin_telling
from bot.channels.asking import ask_current, first_choices
from bot.channels.staff_link import link_staff, unlink_staff
from bot.channels.to_web import offer_web
from bot.channels.turn import DONE, IDLE, INTRO, OPEN, Turn
from bot.channels.visit import TriedReceipt, open_own_tip
from models.queries.tips import find_latest_tip_of_chat, list_draft_attachments

COMMANDS = ("start", "report", "status", "help", "cancel", "privacy", "forget")
"""Those in the menu."""
TYPED = ("report", "status", "cancel", "help", "web")
"""Those that people also write as a plain word."""


def find_typed_command(turn: Turn) -> str | None:
    """The command that a plain word stands for; greetings are answered as /start where nothing is being told."""
    if not turn.is_telling and turn.is_one_of("typed.start"):
        return "start"
    return next((name for name in TYPED if turn.is_one_of(f"typed.{name}")), None)


async def run_command(turn: Turn, tried: TriedReceipt | None) -> None:
    """Do what the command says."""
    name = turn.incoming.text
    if name == "status":
        await open_own_tip(turn, tried)
    elif act := _ACTS.get(name):
        await act(turn)
    else:
        turn.say(turn.word("help.unknown_command"))
        await explain(turn)


async def start(turn: Turn) -> None:
    """Begin, or begin anew; nothing that was told is lost by it."""
    _take_hint(turn)
    await greet(turn)


def _take_hint(turn: Turn) -> None:
    """What follows /start was written by whoever made the link: at most it hints at the county."""
    hint = turn.incoming.argument if turn.incoming.kind == "command" else ""
    if hint in turn.around.catalog.counties:
        turn.remember(hint=hint)


async def greet(turn: Turn) -> None:
    """Who runs this, what it handles, what to know before the first word; and the two ways on."""
    turn.remember(told=True)
    if turn.is_telling:
        turn.say(turn.word("start.intro", web=web_address(turn)))
        turn.say(turn.word("start.unfinished"), choices=_resume_choices(turn))
        return
    if turn.draft.step != DONE:
        turn.draft.step = INTRO
    if turn.recall("pending_after"):
        turn.say(turn.word("start.intro", web=web_address(turn)))
        await ask_current(turn)
        return
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
    was_telling = turn.is_telling or await turn.has_unsent()
    await drop_files(turn)
    turn.restart(IDLE)
    key = "cancel.done" if was_telling else "cancel.nothing"
    turn.say(turn.word(key), choices=first_choices(turn))


async def tell_privacy(turn: Turn) -> None:
    """What is kept, who sees it, how it is deleted."""
    turn.say(turn.word("privacy", web=web_address(turn)))
    await ask_current(turn)


async def explain(turn: Turn) -> None:
    """Help; then the question that was open."""
    turn.say(turn.word("help.text", web=web_address(turn)))
    await ask_current(turn)


async def forget(turn: Turn) -> None:
    """Delete what can be deleted here, and say what cannot."""
    await drop_files(turn)
    numbers = {*(turn.recall("sent") or []), *(turn.recall("received") or []), turn.incoming.message_id}
    turn.erase(*sorted(number for number in numbers if number))
    turn.draft.answers = {}
    turn.restart(IDLE)
    tip = await find_latest_tip_of_chat(turn.session, turn.draft.owner)
    unlink = [[(turn.word("button.unlink"), f"{OPEN}unlink")]] if tip else []
    turn.say(turn.word("forget.done" if tip else "forget.all_done"), choices=unlink)


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
        [(turn.word("button.web"), "web"), (turn.word("button.status"), "status")],
    ]


_ACTS: Mapping[str, Callable[[Turn], Awaitable[None]]] = {
    "start": start,
    "report": report,
    "cancel": cancel,
    "help": explain,
    "privacy": tell_privacy,
    "forget": forget,
    "web": offer_web,
    "link": link_staff,
    "unlink": unlink_staff,
}
