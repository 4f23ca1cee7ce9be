"""Shape of `directive.yaml`: the notice 漯应急〔2021〕57号 as data. Its words are in `locales/*/directive.yaml`."""

from datetime import date
from typing import Literal, get_args

from pydantic import Field

from config.rulefile import Frozen
from config.text import text

Subject = Literal["training_institution", "exam_institution", "exam_site", "business_unit", "anyone"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

Checked = Literal["seen", "part", "memory"]
"""How well a reference is known: its text was read, an excerpt of it, or nobody has looked it up yet."""

Handler = Literal["county", "city", "police", "discipline", "market", "labour", "internet"]
"""Who has a say: county office, city bureau, 公安, 纪委监委, 市场监管, 人社, 网信."""

CitizenPart = Literal["short", "title", "plain"]


class Law(Frozen):
    """A law, rule or notice. The title is Chinese in every language; `directive.law.<id>` explains it."""

    title: str
    number: str = ""
    since: date
    until: date | None = None
    checked: Checked


class Reference(Frozen):
    """A place in a law: `article` as it is cited in Chinese, 第三十条; empty for the law as a whole."""

    law: str
    article: str = ""
    checked: Checked


class Sanction(Frozen):
    """What may follow; `directive.sanction.<id>` says it in words."""

    basis: tuple[Reference, ...] = Field(min_length=1)
    is_crime: bool = False


class FraudPattern(Frozen):
    """One of the six patterns that the notice names, and the clauses that it follows."""

    clauses: tuple[str, ...] = Field(min_length=1)


class ClauseEntry(Frozen):
    """One item of section 三, or 5.4, as the file has it."""

    subject: Subject
    basis: tuple[Reference, ...] = Field(min_length=1)
    sanctions: tuple[str, ...] = Field(min_length=1)
    handlers: tuple[Handler, ...] = Field(min_length=1)


class Clause(ClauseEntry):
    """A clause with its id: 3.1.4."""

    id: str

    def title(self, locale: str) -> str:
        """The full wording, for staff and papers."""
        return self._words("title", locale)

    def short(self, locale: str) -> str:
        """A few words, for lists."""
        return self._words("short", locale)

    def plain(self, locale: str) -> str:
        """What a citizen would say."""
        return self._words("plain", locale)

    def checklist(self, locale: str) -> tuple[str, ...]:
        """What to look at on site, one line each."""
        return tuple(text(f"directive.clause.{self.id}.checklist", locale).splitlines())

    def list_public_basis(self) -> tuple[Reference, ...]:
        """References that somebody has read; only these are shown to the public."""
        return tuple(reference for reference in self.basis if reference.checked == "seen")

    def _words(self, part: CitizenPart, locale: str) -> str:
        return text(f"directive.clause.{self.id}.{part}", locale)


class DirectiveFile(Frozen):
    """`directive.yaml`."""

    number: str
    issuer: str
    national_notice: str
    laws: dict[str, Law]
    sanctions: dict[str, Sanction]
    clauses: dict[str, ClauseEntry]
    patterns: dict[str, FraudPattern]

    def list_clauses(self) -> dict[str, Clause]:
        """Clauses by id, in the order of the notice."""
        return {name: Clause(id=name, **entry.model_dump()) for name, entry in self.clauses.items()}
