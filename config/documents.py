"""Shape of `documents.yaml`: the papers of a case, who makes and reads them, and what they may take from the case.

No part of `Catalog`: how a tip is judged does not depend on how papers read, nor does the version of the rules.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.directive import Checked
from config.rulefile import CONFIG, Frozen, read_shape

BLANK = re.compile(r"\{([a-z_]+)\}")
Id = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]
Reader = Literal["reporter", "accused", "office", "department", "police", "internal"]
FILE = "documents.yaml"
_OF_THE_FORM = frozenset({"basis"})
"""What every paper may say: its own legal basis, as far as somebody has read it."""
_REQUIRED = Literal["police_matter", "verdict", "target"]


class Basis(Frozen):
    """A place in the law as it is cited in a paper."""

    place: Annotated[str, Field(min_length=1)]
    checked: Checked


class FormField(Frozen):
    """What an officer fills in. `prefill`: from facts of the case; `preset`: from the presets of the file."""

    id: Id
    kind: Literal["line", "text", "choice"]
    prefill: str = ""
    preset: str = ""
    optional: bool = False
    options: tuple[str, ...] = ()


class Block(Frozen):
    """One part of the body; exactly one of the kinds. `when`: stands only if that field is filled."""

    text: str | None = None
    heading: str | None = None
    pairs: tuple[tuple[str, str], ...] | None = None
    listing: Id | None = None
    columns: tuple[str, ...] = ()
    sign: tuple[str, ...] | None = None
    page: str | None = None
    when: str = ""

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Block":
        kinds = (self.text, self.heading, self.pairs, self.listing, self.sign, self.page)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a block is exactly one of text, heading, pairs, listing, sign, page")
        if (self.listing is None) != (not self.columns):
            raise ValueError("a listing, and nothing else, has columns")
        return self

    def list_blanks(self) -> Iterator[str]:
        """Names in braces, and the fields that it asks for."""
        words = [self.text, self.heading, self.page, *(value for _, value in self.pairs or ())]
        yield from (name for said in words if said for name in BLANK.findall(said))
        yield from (name for name in (self.listing, self.when) if name)


class PaperForm(Frozen):
    """One kind of paper. `head: red` is printed by the city bureau alone; `unsigned`: no issuer and date below."""

    id: Id
    title: Annotated[str, Field(min_length=1)]
    mark: Annotated[str, Field(min_length=1)]
    head: Literal["red", "plain"] = "plain"
    reader: Reader
    addressee: str = ""
    roles: Annotated[tuple[str, ...], Field(min_length=1)]
    states: Annotated[tuple[str, ...], Field(min_length=1)]
    requires: tuple[_REQUIRED, ...] = ()
    basis: tuple[Basis, ...] = ()
    fields: tuple[FormField, ...]
    body: Annotated[tuple[Block, ...], Field(min_length=1)]
    copies: str = ""
    unsigned: bool = False

    @property
    def printed_basis(self) -> tuple[str, ...]:
        """Places that somebody has read: the only ones that a paper cites."""
        return tuple(basis.place for basis in self.basis if basis.checked == "seen")

    @property
    def unprinted_basis(self) -> tuple[str, ...]:
        """Places that nobody has read in full: for the eyes of staff."""
        return tuple(basis.place for basis in self.basis if basis.checked != "seen")

    def list_blanks(self) -> set[str]:
        """Every name that the words of the form and its prefilled values ask for."""
        words = [self.addressee, self.copies, *(field.prefill for field in self.fields)]
        named = {name for said in words for name in BLANK.findall(said)}
        return named | {name for block in self.body for name in block.list_blanks()}


class ReaderRule(Frozen):
    """What a paper for such a reader may take from the case by itself."""

    leaves: bool
    facts: tuple[Id, ...]


class DocumentFile(Frozen):
    """`documents.yaml`. A form that asks for more than its reader may see does not load."""

    numbers: Mapping[Literal["city", "other"], str]
    correction: str
    readers: Mapping[Reader, ReaderRule]
    forms: Annotated[tuple[PaperForm, ...], Field(min_length=1)]
    presets: Mapping[str, str]

    @model_validator(mode="after")
    def _whole(self) -> "DocumentFile":
        for problem in (*self._find_doubles(), *self._find_unknown()):
            raise ValueError(problem)
        return self

    def _find_doubles(self) -> Iterator[str]:
        for name, values in (
            ("id", [form.id for form in self.forms]),
            ("mark", [form.mark for form in self.forms]),
        ):
            if len(set(values)) != len(values):
                yield f"two forms have the same {name}"

    def _find_unknown(self) -> Iterator[str]:
        for form in self.forms:
            known = {field.id for field in form.fields} | set(self.readers[form.reader].facts) | _OF_THE_FORM
            if unknown := sorted(form.list_blanks() - known):
                yield f"{form.id} asks for {', '.join(unknown)}, which its reader ({form.reader}) may not see"
            if "basis" in form.list_blanks() and not form.printed_basis:
                yield f"{form.id} cites a basis that nobody has read"
            for field in form.fields:
                if field.preset and field.preset not in self.presets:
                    yield f"{form.id}, {field.id}: there is no preset {field.preset}"
                if (field.kind == "choice") != bool(field.options):
                    yield f"{form.id}, {field.id}: a choice, and nothing else, has options"

    def find_form(self, form_id: str) -> PaperForm | None:
        """The form with this id."""
        return next((form for form in self.forms if form.id == form_id), None)

    def may_know(self, form: PaperForm) -> frozenset[str]:
        """The facts of the case that the reader of a form may see."""
        return frozenset(self.readers[form.reader].facts)


@cache
def load_documents(root: Path = CONFIG) -> DocumentFile:
    """All forms, read and checked. Raises CatalogError."""
    return read_shape(DocumentFile, root / FILE, root=root)
