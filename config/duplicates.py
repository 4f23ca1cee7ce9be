"""Shape of `duplicates.yaml`: how much each reason for a likeness counts, and when a rise is unusual."""

from typing import Annotated

from pydantic import Field

from config.rulefile import Frozen

Why = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[tuple[str, ...], Field(min_length=1)]
Days = Annotated[int, Field(gt=0)]


class Threshold(Frozen):
    """A score from which something follows."""

    score: Share
    why: Why


class BodyWeights(Frozen):
    """How much the same body counts, by how its name was recognised."""

    why: Why
    equal: Share
    abbreviation: Share
    branch: Share
    typing_error: Share
    homophone: Share


class Weight(Frozen):
    """How much one reason counts when it holds wholly."""

    weight: Share
    why: Why


class ContactWeights(Frozen):
    """How much a shared contact counts, and numbers that are nobody's own."""

    why: Why
    phone: Share
    wechat: Share
    qq: Share
    link: Share
    not_counted: tuple[str, ...] = ()


class TextWeight(Weight):
    """How much alike texts count."""

    floor: Share
    full: Share
    short_below: Annotated[int, Field(gt=0)]
    short_factor: Share


class PlaceWeight(Weight):
    """The same county, and two different ones."""

    elsewhere_factor: Share


class TimeWeight(Weight):
    """How near in time; beyond `days` a new tip is a new occasion."""

    days: Days


class BodyNameWords(Frozen):
    """Words by which the parts of a body's name are told apart, beside those of `names.yaml`."""

    why: Why
    wide_places: Words
    branch_endings: Words
    branch_words: Words
    trades: dict[str, Words]


class RiseRule(Frozen):
    """When tips about one body rise unusually."""

    days: Days
    history_days: Days
    least: Annotated[int, Field(ge=2)]
    chance: Share
    least_expected: Annotated[float, Field(gt=0)]
    why: Why


class DuplicateRules(Frozen):
    """`duplicates.yaml`; the conditions themselves are in `triage.duplicates` and `triage.rises`."""

    why: Why
    suggest: Threshold
    confirm: Threshold
    body: BodyWeights
    matter: Weight
    contact: ContactWeights
    text: TextWeight
    place: PlaceWeight
    time: TimeWeight
    names: BodyNameWords
    rise: RiseRule
