"""Routing: which office gets a tip, and why a person must look first. Pure.

Straight to the county where the accused is (notice 漯应急〔2021〕57号, section 五: enforcement is territorial)
when the machine is sure; else to the city desk with every reason. An office never handles a tip that
names it or its staff (信访工作条例 arts. 30, 44): that one goes to the city desk too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from config.catalog import Catalog
from config.places import CITY
from triage.conflicts import Conflict, is_accused, is_spoken_of, plain

REVIEW_OF_FILE = "from_attachment"
"""Reason for a look that is given later than here: something was found in a file that the tip itself does not say."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a tip goes. `reasons` are text keys under `rules.review.`; none when it goes straight."""

    office_id: str
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What speaks neither for nor against a person's look; text keys as the reasons."""

    @property
    def straight(self) -> bool:
        """Whether the county gets it without a person at the city desk."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Matter:
    """The earlier case of a matter that a tip is almost certainly about."""

    office_id: str
    is_open: bool


def follow_matter(line: Mapping[str, Any], matter: Matter | None, catalog: Catalog) -> dict[str, Any]:
    """What triage said, with the place of an open earlier case where the tip itself names no county.

    A place outside or another county stands: the citizen's own words count more than a likeness.
    """
    is_placeless = line["jurisdiction"] in {"unknown", CITY}
    if matter is None or not matter.is_open or not is_placeless or matter.office_id not in catalog.counties:
        return dict(line)
    return {**line, "jurisdiction": matter.office_id, "follows_matter": True}


def choose_route(
    line: Mapping[str, Any], *, text: str, catalog: Catalog, matter: Matter | None = None
) -> Route:
    """Route of what triage said (`line`: its output) about a tip's words.

    `matter`: which it is almost certainly about; `line` has gone through `follow_matter` then.
    """
    route = _choose(line, text, catalog)
    notes = ("same_matter", "same_matter_office") if line.get("follows_matter") else ("same_matter",)
    return replace(route, notes=notes) if matter else route


def _choose(line: Mapping[str, Any], text: str, catalog: Catalog) -> Route:
    reasons = [*_doubts(line), *_place_doubts(line, catalog), *_conflicts(line, text, catalog)]
    if set(line["subjects"]) & set(catalog.routing.city_subjects):
        reasons.append("city_level_body")
    if reasons or line["disposition"] not in catalog.routing.straight_dispositions:
        return Route(CITY, tuple(dict.fromkeys(reasons)) or ("not_in_scope",))
    return Route(line["jurisdiction"])


def propose_office(jurisdiction: str, clauses: Sequence[str], catalog: Catalog) -> str:
    """Where a case belongs, by place and then by clause: a kind of body that the city looks after stays with it.

    Which officer of the office has it follows from the load (`choose_officer`).
    """
    subjects = {catalog.clauses[clause].subject for clause in clauses if clause in catalog.clauses}
    is_of_city = bool(subjects & set(catalog.routing.city_subjects))
    return jurisdiction if jurisdiction in catalog.counties and not is_of_city else CITY


def choose_officer(loads: Sequence[tuple[int, int]]) -> int | None:
    """The officer with the fewest open cases, the longest-serving of equals; `loads` = (staff id, open cases)."""
    return min(loads, key=lambda load: (load[1], load[0]))[0] if loads else None


def _doubts(line: Mapping[str, Any]) -> list[str]:
    """What the machine itself is not sure of; that no place is given is said by `_place_doubts`."""
    reasons = [reason for reason in line["review_reasons"] if reason != "no_place"] if line["review"] else []
    if line["disposition"] != "in_scope":
        reasons.insert(0, line["disposition"])
    return reasons


def _place_doubts(line: Mapping[str, Any], catalog: Catalog) -> list[str]:
    place = line["jurisdiction"]
    if place in {"unknown", "outside", CITY}:
        return [f"place_{place}"]
    return [] if place in catalog.counties else ["place_unknown"]


def _conflicts(line: Mapping[str, Any], text: str, catalog: Catalog) -> list[str]:
    """The office that would get the tip is accused or spoken of in it, or the city bureau is accused."""
    reasons = []
    if is_accused(catalog.offices[CITY], line):
        reasons.append("conflict_of_city")
    office = catalog.counties.get(line["jurisdiction"])
    if office is not None and (is_accused(office, line) or is_spoken_of(office, plain(text), catalog)):
        reasons.append("conflict_of_interest")
    return reasons


def avoid_conflicts(route: Route, line: Mapping[str, Any], conflicts: Sequence[Conflict]) -> Route:
    """One level up where the office of the route, or of the place, must not have the case, or the city is named."""
    reasons = list(route.reasons)
    for one in conflicts:
        if one.staff_id is not None:
            reasons.append("conflict_of_staff")
        elif one.office_id in {route.office_id, line["jurisdiction"]}:
            reasons.append("conflict_of_interest")
    if len(reasons) == len(route.reasons):
        return route
    return replace(route, office_id=CITY, reasons=tuple(dict.fromkeys(reasons)))
