"""Shapes of the triage rules: what a pattern file may say, how a cue is written, and how all are read.

A rule is one file in `config/patterns/`; word lists shared by rules stand in `config/vocabulary.yaml`,
ways of hiding a word in `config/spelling.yaml`. `load_patterns()` reads, checks and freezes them; the first
bad file raises `PatternError`, whose message names file, key and remedy. Nothing here looks at a tip.

A cue is one line of words:

* `包过|保过` one of these words; `@seller` any word of that list of the vocabulary
* `A B` B follows A at once; `A ~4 B` at most four characters between them
* `A & B` both, in either order, near each other (`&12`: at most twelve characters apart)

Gaps never cross the end of a sentence.
"""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

FOLDER = Path(__file__).parent
CLAUSES = (
    *(f"3.1.{n}" for n in range(1, 5)),
    *(f"3.2.{n}" for n in range(1, 5)),
    *(f"3.3.{n}" for n in range(1, 7)),
    *(f"3.4.{n}" for n in range(1, 7)),
    "5.4",
)
Pattern = Literal[
    "pass_guarantee",
    "exam_cheating",
    "certificate_reselling",
    "collusion",
    "overcharging",
    "fake_certificate",
]
Body = Literal["training_institution", "exam_institution", "exam_site", "business_unit", "seller"]
Kind = Literal["allegation", "hazard", "grievance", "question", "noise", "frame", "moment"]
NEAR = 24
_SHARED = ("vocabulary.yaml", "spelling.yaml", "names.yaml", "around_places.yaml")
Shape = TypeVar("Shape", bound="_Frozen")
# The C reader is ten times as fast, and start-up reads a hundred files.
_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PatternError(ValueError):
    """A rule file is wrong; the message says where and what to do."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Frozen):
    """One place in a cue: any of these words, at most `gap` characters after the step before it."""

    words: tuple[str, ...]
    gap: int = 0


class Cue(_Frozen):
    """Groups of steps, each group in order, all groups within `near` characters of each other."""

    text: str
    weight: float
    groups: tuple[tuple[Step, ...], ...]
    near: int = NEAR


class Weighted(_Frozen):
    """Lines of a rule file that weigh the same."""

    weight: Annotated[float, Field(gt=0, le=2)] = 1.0
    any: Annotated[tuple[str, ...], Field(min_length=1)]


class Says(_Frozen):
    """What a rule alleges: a clause, a pattern, or both; `body` is the accused kind for which it holds."""

    clause: str | None = None
    pattern: Pattern | None = None
    body: tuple[Body, ...] = ()
    high_risk: bool | None = None

    @model_validator(mode="after")
    def _known(self) -> "Says":
        if self.clause is None and self.pattern is None:
            raise ValueError("name a clause, a pattern or both")
        if self.clause is not None and self.clause not in CLAUSES:
            raise ValueError(f"{self.clause} is no clause of the notice; write one of {', '.join(CLAUSES)}")
        return self


class Sentence(_Frozen):
    """The reason shown to staff."""

    zh: str
    en: str


class Rule(_Frozen):
    """One pattern file."""

    id: str
    kind: Kind
    why: str
    sentence: Sentence
    says: tuple[Says, ...] = ()
    body: Body | None = None
    needs_body: Body | None = None
    police: bool = False
    urgency: Literal["immediate", "high"] | None = None
    threshold: float = 1.0
    cues: Annotated[tuple[Weighted, ...], Field(min_length=1)]
    unless: tuple[str, ...] = ()
    ignores: tuple[str, ...] = ()
    examples: Annotated[tuple[str, ...], Field(min_length=3)]
    counter_examples: Annotated[tuple[str, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _whole(self) -> "Rule":
        if (self.kind == "allegation") != bool(self.says):
            raise ValueError("`says` belongs to rules of kind allegation, and each of them needs it")
        if (self.kind == "moment") != (self.urgency is not None):
            raise ValueError("`urgency` belongs to rules of kind moment, and each of them needs it")
        return self


class Spelling(_Frozen):
    """Ways in which words are hidden or mistyped (domain notes 4.5)."""

    why: str
    characters: dict[str, str]
    replace: dict[str, tuple[str, ...]]
    keep: tuple[str, ...]
    pinyin: tuple[str, ...]
    homophones: tuple[str, ...]


def _split(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_split), Field(min_length=1)]
"""Words that stand apart by spaces in the file."""


class NameWords(_Frozen):
    """`names.yaml`: words by which names are told from descriptions."""

    why: str
    endings: Words
    trades: Words
    strong_endings: Words
    stops: Words
    inside_names: Words
    generic: Words
    phrases: Words
    indefinite: Words
    named: Words
    before_quotes: Words
    titles: Words
    not_accused: Words
    surnames: str
    not_given: str
    not_persons: Words
    bodies_before_person: Words
    person_before: Words
    person_after: Words
    deeds: Words
    speech: Words


class PlaceWords(_Frozen):
    """`around_places.yaml`: words beside a place name that say what it means there."""

    why: str
    before: Words
    after: Words
    ours_before: Words
    listed_before: Words
    body_ends: Words
    city_bodies: Words
    sound_after: Words
    home_before: Words
    home_after: Words
    not_there: Words


class PatternBook(_Frozen):
    """All rules with their cues taken apart, the vocabulary and the spelling."""

    rules: tuple[Rule, ...]
    vocabulary: dict[str, tuple[str, ...]]
    spelling: Spelling
    names: NameWords
    around_places: PlaceWords
    version: str

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """Rules by their id."""
        return {rule.id: rule for rule in self.rules}

    def cues_of(self, rule: Rule) -> tuple[Cue, ...]:
        """The cues of a rule, parsed."""
        return tuple(
            parse_cue(line, weight=group.weight, vocabulary=self.vocabulary)
            for group in rule.cues
            for line in group.any
        )

    def exceptions_of(self, rule: Rule) -> tuple[Cue, ...]:
        """The cues that take a match back where they overlap it."""
        return tuple(parse_cue(line, weight=1.0, vocabulary=self.vocabulary) for line in rule.unless)

    def words(self, name: str) -> tuple[str, ...]:
        """One word list of the vocabulary, references followed; raises PatternError when it is missing."""
        return _words(f"@{name}", self.vocabulary, ())


def parse_cue(line: str, *, weight: float, vocabulary: Mapping[str, tuple[str, ...]]) -> Cue:
    """Take one line apart; raises PatternError with the line in it."""
    groups: list[list[Step]] = [[]]
    gap, near = 0, NEAR
    for token in line.split():
        if token.startswith("&"):
            near = _number(token[1:], line) if len(token) > 1 else near
            groups.append([])
        elif token.startswith("~"):
            gap = _number(token[1:], line)
        else:
            groups[-1].append(Step(words=_words(token, vocabulary, ()), gap=gap))
            gap = 0
    if not all(groups):
        raise PatternError(f"“{line}”: words are missing beside an &; write them or take the & away")
    return Cue(text=line, weight=weight, groups=tuple(tuple(group) for group in groups), near=near)


def _number(digits: str, line: str) -> int:
    if not digits.isdecimal() or not 0 <= int(digits) <= 60:
        raise PatternError(f"“{line}”: after ~ and & stands a number from 0 to 60")
    return int(digits)


def _words(token: str, vocabulary: Mapping[str, tuple[str, ...]], seen: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for word in token.split("|"):
        if not word.startswith("@"):
            found[word] = None
            continue
        name = word[1:]
        if name not in vocabulary or name in seen:
            raise PatternError(
                f"“{token}”: @{name} is not a list of config/vocabulary.yaml; add it or mend the name"
            )
        for line in vocabulary[name]:
            found.update(dict.fromkeys(_words(line, vocabulary, (*seen, name))))
    if "" in found or not found:
        raise PatternError(f"“{token}”: an empty word would match everywhere; take the extra | away")
    return tuple(found)


def load_patterns(folder: Path = FOLDER) -> PatternBook:
    """Read vocabulary, spelling and every pattern file under `folder`; raises PatternError."""
    vocabulary = {
        name: tuple(str(word) for line in lines for word in str(line).split())
        for name, lines in _mapping(folder / "vocabulary.yaml").items()
    }
    spelling = _shape(Spelling, folder / "spelling.yaml")
    names = _shape(NameWords, folder / "names.yaml")
    around = _shape(PlaceWords, folder / "around_places.yaml")
    files = sorted((folder / "patterns").glob("*.yaml"))
    rules = tuple(_rule(path) for path in files)
    book = PatternBook(
        rules=rules,
        vocabulary=vocabulary,
        spelling=spelling,
        names=names,
        around_places=around,
        version=_digest(folder, files),
    )
    for path, rule in zip(files, rules, strict=True):
        _check_cues(path, rule, book)
    return book


def _rule(path: Path) -> Rule:
    rule = _shape(Rule, path)
    if rule.id != path.stem:
        raise PatternError(f"{path.name}: id is “{rule.id}”; file name and id are the same word, rename one")
    return rule


def _check_cues(path: Path, rule: Rule, book: PatternBook) -> None:
    frames = {other.id for other in book.rules if other.kind == "frame"}
    if strangers := set(rule.ignores) - frames:
        raise PatternError(f"{path.name}: ignores: {', '.join(sorted(strangers))} is no rule of kind frame")
    try:
        book.cues_of(rule)
        book.exceptions_of(rule)
    except PatternError as error:
        raise PatternError(f"{path.name}: {error}") from error


def _shape(shape: type[Shape], path: Path) -> Shape:
    try:
        return shape.model_validate(_mapping(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PatternError(f"{path.name}: {key}: {first['msg']}") from error


def _mapping(path: Path) -> dict[str, list[object]]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_SafeLoader)  # noqa: S506 - a SafeLoader, written in C
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PatternError(f"{path.name}: cannot be read as YAML: {error}") from error
    if not isinstance(data, dict):
        raise PatternError(f"{path.name}: must hold keys and values, like its neighbours")
    return data


def _digest(folder: Path, files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in (*(folder / name for name in _SHARED), *files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
