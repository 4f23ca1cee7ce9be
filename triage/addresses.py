"""Which county an address is in, and by which word of it. Reads as triage reads, so that both say the same."""

from collections.abc import Iterable
from dataclasses import dataclass

from config.catalog import Catalog
from config.places import CITY, PlaceName
from triage.jurisdiction import Gazetteer
from triage.normalise import Normaliser

UNKNOWN, OUTSIDE, SEVERAL = "unknown", "outside", "several"
_ORDER = ("town", "office", "village", "landmark")


@dataclass(frozen=True, slots=True)
class Located:
    """The office of an address, or ""; `reason` is a text key below `desk.place.`."""

    office_id: str
    reason: str
    word: str = ""
    rivals: tuple[str, ...] = ()


class AddressReader:
    """Finds the county in an address."""

    def __init__(self, catalog: Catalog) -> None:
        """Takes some hundred milliseconds; made once."""
        self._normaliser = Normaliser(catalog.cues.spelling)
        self._gazetteer = Gazetteer(
            catalog.place_names,
            catalog.outside,
            normaliser=self._normaliser,
            around=catalog.cues.around_places,
        )

    def locate(self, address: str) -> Located:
        """The county of an address, with the word that says so."""
        folded = self._normaliser.normalise(address)
        if not folded.text:
            return Located("", UNKNOWN)
        place = self._gazetteer.locate(folded.text)
        spans = self._gazetteer.find_spans(folded.text)
        words = [(address[slice(*folded.original_span(*span))], folded.text[slice(*span)]) for span in spans]
        if place.jurisdiction in {UNKNOWN, OUTSIDE}:
            return Located("", place.jurisdiction, words[0][0] if words else "")
        if len(place.offices) > 1:
            return Located("", SEVERAL, words[0][0] if words else "", place.offices)
        named = [(word, name) for word, plain in words for name in self._gazetteer.list_named(plain)]
        return _explain(place.jurisdiction, named)


def _explain(office_id: str, named: Iterable[tuple[str, PlaceName]]) -> Located:
    """The word that says most: a town more than its county."""
    ours = [(word, name) for word, name in named if name.office_id == office_id]
    ours.sort(key=lambda pair: _ORDER.index(pair[1].kind))
    word, kind = (ours[0][0], ours[0][1].kind) if ours else ("", "sound")
    return Located("" if office_id == CITY else office_id, CITY if office_id == CITY else kind, word)
