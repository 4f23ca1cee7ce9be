"""Conflict of interest: which offices and which of their people a tip speaks of. Pure.

An office that is accused or spoken of, and one whose member of staff is named, must not have the case, nor
learn that there is one (信访工作条例 arts. 30, 44): it goes one level up. Writing to an office is not
speaking of it. Names are looked for in every field, also when written with blanks or full-width between.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.catalog import Catalog
from config.places import CITY, Office
from config.routing import Routing
from models.states import BarReason

_NEAR = 12
SHORTEST_NAME = 2
_CJK = r"[\u4e00-\u9fff]"
_GAP = re.compile(rf"(?<={_CJK})[\s\u00b7•*_.\-]+(?={_CJK})")


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff, as far as this needs it."""

    staff_id: int
    name: str
    office_id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Who must not have the case: a county's office as a whole, or one person of the city."""

    reason: BarReason
    office_id: str | None = None
    staff_id: int | None = None


def find_conflicts(
    line: Mapping[str, Any], fields: Sequence[str], roster: Sequence[Member], catalog: Catalog
) -> list[Conflict]:
    """Everybody to whom the case must be closed. `fields`: all that the reporter wrote; `line`: what triage said."""
    texts = [plain(field) for field in fields if field]
    found = [
        Conflict(BarReason.OFFICE_NAMED, office_id=office.id)
        for office in catalog.counties.values()
        if is_accused(office, line) or any(is_spoken_of(office, text, catalog) for text in texts)
    ]
    own = catalog.counties.get(line["jurisdiction"])
    if own and any(is_spoken_of_as_own(text, catalog) for text in texts):
        found.append(Conflict(BarReason.OFFICE_NAMED, office_id=own.id))
    found += [_of_member(member) for member in roster if any(_names(text, member.name) for text in texts)]
    return _once(found)


def _of_member(member: Member) -> Conflict:
    if member.office_id == CITY:
        return Conflict(BarReason.STAFF_NAMED, staff_id=member.staff_id)
    return Conflict(BarReason.STAFF_NAMED, office_id=member.office_id)


def _once(found: Sequence[Conflict]) -> list[Conflict]:
    return list({(one.office_id, one.staff_id): one for one in reversed(found)}.values())[::-1]


def plain(text: str) -> str:
    """Without what is put between characters to hide a name: blanks, dots, zero-width and full-width forms."""
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(ch for ch in folded if unicodedata.category(ch) != "Cf")
    return _GAP.sub("", visible)


def _names(text: str, name: str) -> bool:
    name = plain(name)
    if len(name) < SHORTEST_NAME or name not in text:
        return False
    # A Latin name counts as a word only: Li is no part of Linying.
    return not name.isascii() or re.search(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", text) is not None


def is_accused(office: Office, line: Mapping[str, Any]) -> bool:
    """Whether triage took the office for the accused."""
    return any(name in plain(target) for name in office.authority_names for target in line["targets"])


def is_spoken_of(office: Office, text: str, catalog: Catalog) -> bool:
    """Whether the office is named other than as the one that is written to."""
    names = "|".join(map(re.escape, sorted(office.authority_names, key=len, reverse=True)))
    return any(_counts(mention, text, catalog.routing) for mention in re.finditer(names, text))


def is_spoken_of_as_own(text: str, catalog: Catalog) -> bool:
    """Whether “the county's bureau” is spoken of without its name: then the one of the place is meant."""
    named = "|".join(
        map(
            re.escape, sorted((n for o in catalog.offices.values() for n in o.authority_names), key=len)[::-1]
        )
    )
    taken = [mention.span() for mention in re.finditer(named, text)]
    names = "|".join(map(re.escape, sorted(catalog.routing.unnamed_offices, key=len, reverse=True)))
    return any(
        _counts(mention, text, catalog.routing)
        for mention in re.finditer(names, text)
        if not any(start < mention.end() and mention.start() < end for start, end in taken)
    )


def _counts(mention: re.Match[str], text: str, rules: Routing) -> bool:
    before, after = text[: mention.start()].rstrip(), text[mention.end() :].lstrip()
    if any(word in after[:_NEAR] for word in rules.accusing):
        return True
    return not before.endswith(rules.addressed_before) and not after.startswith(rules.addressed_after)
