"""The story in pieces: messages, captions and files that come one after the other become one tip.

People tell in many short messages, forward several at once, send a photo first and explain later. Each piece
is kept under the number of its message, so that pieces are joined in the order in which they were written
however they arrive, and a message that is edited changes its own piece.
"""

from bot.channels.asking import ask_live, current_step, find_flaw, first_step, given_value, list_choices
from bot.channels.turn import Turn
from config.text import text
from models.files import FileRefusedError, StoredFile, save_attachment
from models.queries.tips import list_draft_attachments

Piece = tuple[int, str]


def add_piece(turn: Turn, words: str, *, number: int | None = None) -> bool:
    """Words become part of the story; where they find no room, that is said and False answered."""
    number = number or turn.incoming.message_id or 0
    pieces = [piece for piece in _pieces(turn) if piece[0] != number or not number]
    return _keep(turn, [*pieces, (number, words)])


def change_piece(turn: Turn, number: int, words: str) -> bool:
    """A message of the story was edited; False where it is none, or finds no room."""
    pieces = _pieces(turn)
    if number not in {known for known, _words in pieces}:
        return False
    return _keep(turn, [(known, words if known == number else said) for known, said in pieces])


def drop_story(turn: Turn) -> None:
    """Tell it anew."""
    turn.remember(pieces=None, more=None)
    turn.put_answer(first_step(turn).question.id, {})


async def acknowledge(turn: Turn) -> None:
    """How much has arrived, in one message that is changed in place; then silence, or the button, leads on."""
    turn.remember(more=True)
    step = first_step(turn)
    lead = "\n".join([*await count_files(turn), *_count_words(turn)])
    choices = [[(turn.word("button.written"), "keep")]] if given_value(turn, step) else None
    words = f"{lead}\n{turn.word('story.more' if choices else 'story.say_something')}"
    turn.say_live(words, choices=choices or await list_choices(turn, step))


async def keep_file(turn: Turn, file: StoredFile, *, is_last: bool) -> None:
    """A file was sent, at whatever step: it belongs to the tip; an album is acknowledged once."""
    try:
        await save_attachment(
            turn.session,
            turn.around.files,
            file,
            keys=turn.around.keys,
            now=turn.now,
            draft_id=turn.draft.id,
        )
    except FileRefusedError as error:
        turn.say(text(f"errors.file.{error.reason}", turn.draft.locale))
        return
    add_piece(turn, turn.incoming.text)  # without a caption too: one may be written under it later
    if is_last:
        await _acknowledge_file(turn)


async def _acknowledge_file(turn: Turn) -> None:
    step = current_step(turn)
    if not turn.is_telling:
        return  # what was sent unasked is counted where it is said that it is kept
    if step and step.kind == "text":
        await acknowledge(turn)
        return
    [lead] = await count_files(turn)
    if step and step.kind == "file":
        turn.say_live(lead, choices=await list_choices(turn, step))
    else:
        await ask_live(turn, lead)


async def count_files(turn: Turn) -> list[str]:
    """How many files lie with the draft, in words; nothing where there are none."""
    count = len(await list_draft_attachments(turn.session, turn.draft.id))
    return [turn.word("file.kept", count=count)] if count else []


def _count_words(turn: Turn) -> list[str]:
    length = len(given_value(turn, first_step(turn)))
    return [turn.word("story.kept", length=length)] if length else []


def _pieces(turn: Turn) -> list[Piece]:
    """What was told so far. Words without pieces were told before there were any: they come first."""
    pieces = [(int(number), str(words)) for number, words in turn.recall("pieces") or []]
    told = given_value(turn, first_step(turn))
    return pieces or ([(0, told)] if told else [])


def _keep(turn: Turn, pieces: list[Piece]) -> bool:
    step, pieces = first_step(turn), sorted(pieces, key=lambda piece: piece[0])
    whole = "\n".join(words for _number, words in pieces if words.strip())
    if whole and (flaw := find_flaw(turn, step, whole)):
        turn.say(text(f"errors.{flaw.key}", turn.draft.locale, **flaw.values))
        return False
    given = dict(turn.answers.get(step.question.id) or {})
    given.pop(step.name, None)
    turn.put_answer(step.question.id, given | ({step.name: whole} if whole else {}))
    turn.remember(pieces=pieces)
    return True
