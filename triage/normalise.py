"""The normaliser: what the citizen meant to write, with a way back to what he wrote.

In: the original text. Out: `Normal`: folded text (NFKC, simplified characters, no hidden or decorative
characters, pinyin and homophones of our own words resolved) and for each of its characters the span of the
original that it came from. The original itself is never changed.
"""

import itertools
import unicodedata
from dataclasses import dataclass, field

import opencc
from ahocorasick_rs import MATCHKIND_LEFTMOST_LONGEST, AhoCorasick
from pypinyin import lazy_pinyin

from config.patterns import Spelling

HARD = frozenset("。！？!?；;")
SOFT = frozenset("，,、：:")
# Set between letters of a word to hide it, or around it for show; kept only inside numbers and Latin names.
NOISE = frozenset(".-/*_~·|=^#&'\"`\\@$+%()[]{}<>“”‘’「」『』《》〈〉【】〖〗—–…•。﹒‧・丨丶") - HARD
_DROPPED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Mn", "Me", "Mc", "So", "Sk"})
_HOMOPHONE_LENGTHS = (3, 4, 5)
NO_BREAK, NOISE_BREAK, SPACE_BREAK, SOFT_BREAK, HARD_BREAK = range(5)


@dataclass(frozen=True, slots=True)
class Normal:
    """Folded text; `starts[i]:ends[i]` is where its character i stood, `breaks[i]` what stood before it."""

    original: str
    text: str
    starts: list[int]
    ends: list[int]
    breaks: list[int]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where folded[start:end] stood in the original; the span must not be empty."""
        return min(self.starts[start:end]), max(self.ends[start:end])


@dataclass(slots=True)
class _Draft:
    """The characters while they are being folded."""

    chars: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    pending: int = NO_BREAK

    def add(self, chars: str, start: int, end: int) -> None:
        for char in chars:
            self.chars.append(char)
            self.starts.append(start)
            self.ends.append(end)
            self.breaks.append(self.pending)
            self.pending = NO_BREAK

    def mark(self, strength: int) -> None:
        self.pending = max(self.pending, strength)


class Normaliser:
    """Folds text by the rules of `config/spelling.yaml`."""

    def __init__(self, spelling: Spelling) -> None:
        """Prepare the tables; takes some tens of milliseconds."""
        self._simplify = opencc.OpenCC("t2s")
        self._special = spelling.characters
        self._fold: dict[str, str] = {}
        self._pairs = _replacements(spelling)
        self._finder = AhoCorasick([wrong for wrong, _ in self._pairs], matchkind=MATCHKIND_LEFTMOST_LONGEST)
        self._sounds: dict[str, str] = {}
        self._homophones: dict[str, str] = {}
        for word in spelling.homophones:
            self._homophones.setdefault(self.sound(word), word)
        self._right = frozenset(spelling.homophones)

    def normalise(self, text: str) -> Normal:
        """Fold one text; never fails, whatever the characters."""
        draft = self._characters(text)
        folded = self._replaced(draft)
        self._resound(folded)
        return Normal(text, "".join(folded.chars), folded.starts, folded.ends, folded.breaks)

    def fold_character(self, char: str) -> str:
        """One character in its plain form; empty when it only decorates or hides."""
        found = self._fold.get(char)
        if found is None:
            found = self._fold[char] = self._fold_new(char)
        return found

    def _fold_new(self, char: str) -> str:
        if char in self._special:
            return self._special[char]
        if unicodedata.category(char) == "Cs":
            return ""
        folded = unicodedata.normalize("NFKC", char).lower()
        if unicodedata.category(char) == "So" and not (folded.isascii() and folded.isalnum()):
            return ""
        kept = "".join(c for c in folded if unicodedata.category(c) not in _DROPPED)
        return "".join(simple if len(simple := self._simplify.convert(c)) == 1 else c for c in kept)

    def _characters(self, text: str) -> _Draft:
        draft = _Draft()
        for at, char in enumerate(text):
            if char.isspace():
                draft.mark(SPACE_BREAK)
                continue
            folded = self.fold_character(char)
            if not folded:
                draft.mark(NOISE_BREAK)
            for part in folded:
                self._place(draft, part, at, text)
        return draft

    def _place(self, draft: _Draft, char: str, at: int, text: str) -> None:
        if char in HARD:
            draft.add(char, at, at + 1)
            draft.mark(HARD_BREAK)
        elif char in SOFT:
            draft.add(char, at, at + 1)
            draft.mark(SOFT_BREAK)
        elif char in NOISE and not _holds_together(draft, char, at, text):
            draft.mark(NOISE_BREAK if char in ".-/*_~·|" else SPACE_BREAK)
        elif char.isspace():
            draft.mark(SPACE_BREAK)
        else:
            draft.add(char, at, at + 1)

    def _replaced(self, draft: _Draft) -> _Draft:
        text = "".join(draft.chars)
        out = _Draft()
        done = 0
        for index, start, end in self._finder.find_matches_as_indexes(text):
            wrong, right = self._pairs[index]
            if _cuts_a_word(text, start, end):
                continue
            _copy(draft, out, done, start)
            if len(wrong) == len(right):
                _copy(draft, out, start, end, right)
            else:
                out.mark(draft.breaks[start])
                out.add(right, min(draft.starts[start:end]), max(draft.ends[start:end]))
            done = end
        _copy(draft, out, done, len(text))
        return out

    def _resound(self, draft: _Draft) -> None:
        """Put back words of three and more characters that were written by ear."""
        sounds = [self.sound(char) for char in draft.chars]
        for length in _HOMOPHONE_LENGTHS:
            for start in range(len(sounds) - length + 1):
                word = self._homophones.get("".join(sounds[start : start + length]))
                if word is None or len(word) != length:
                    continue
                if "".join(draft.chars[start : start + length]) not in self._right:
                    draft.chars[start : start + length] = word

    def sound(self, chars: str) -> str:
        """How the characters are read, without tones."""
        if len(chars) > 1:
            return "".join(self.sound(char) for char in chars)
        found = self._sounds.get(chars)
        if found is None:
            syllable = lazy_pinyin(chars, errors=lambda rest: f"<{rest}>")[0] if chars else ""
            found = self._sounds[chars] = f"{syllable} "
        return found


def _copy(source: _Draft, target: _Draft, start: int, end: int, chars: str | None = None) -> None:
    for at in range(start, end):
        target.mark(source.breaks[at])
        target.add(
            source.chars[at] if chars is None else chars[at - start], source.starts[at], source.ends[at]
        )


def _holds_together(draft: _Draft, char: str, at: int, text: str) -> bool:
    """A point in 3.5, a dash in ab-12, a percent sign, the plus of “加V” stay."""
    if char in "%+":
        return True
    after = text[at + 1] if at + 1 < len(text) else ""
    return bool(draft.chars) and draft.pending == NO_BREAK and _latin(draft.chars[-1]) and _latin(after)


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _cuts_a_word(text: str, start: int, end: int) -> bool:
    """Pinyin counts only where it does not continue into more Latin letters."""
    before = text[start - 1] if start else ""
    after = text[end] if end < len(text) else ""
    cuts_left = _letter(text[start]) and _letter(before)
    return cuts_left or (_letter(text[end - 1]) and _letter(after))


def _letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _replacements(spelling: Spelling) -> list[tuple[str, str]]:
    """Every hidden form with the word that it stands for; the first mention of a form counts."""
    table: dict[str, str] = {word: word for word in spelling.keep}
    for right, wrongs in spelling.replace.items():
        for wrong in wrongs:
            table.setdefault(wrong, right)
    for word in spelling.pinyin:
        for wrong in _pinyin_forms(word):
            table.setdefault(wrong, word)
    return list(table.items())


def _pinyin_forms(word: str) -> list[str]:
    """A word with some or all of its characters as pinyin: bao过, 包guo, baoguo."""
    syllables = lazy_pinyin(word)
    choices = [(char, sound) for char, sound in zip(word, syllables, strict=True)]
    return [form for parts in itertools.product(*choices) if (form := "".join(parts)) != word]
