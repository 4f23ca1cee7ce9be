"""Shape of `desk/directory.yaml`: where a call is sent that is not ours. Not a rule of triage."""

from functools import cache
from pathlib import Path

from pydantic import Field

from config.rulefile import CONFIG, Frozen, read_shape


class Destination(Frozen):
    """A number that takes what we do not. Its name and matters are texts."""

    id: str = Field(pattern=r"^[a-z_]+$")
    phone: str = Field(default="", pattern=r"^\d{0,12}$")
    is_urgent: bool = False


class Directory(Frozen):
    """All of them, in the order of their keys, and why a call may be sent there."""

    places: tuple[Destination, ...] = Field(min_length=1, max_length=9)
    reasons: tuple[str, ...] = Field(min_length=1)

    def find(self, destination_id: str) -> Destination | None:
        """One of them."""
        return next((place for place in self.places if place.id == destination_id), None)


@cache
def load_directory(root: Path = CONFIG) -> Directory:
    """Read it once. Raises CatalogError."""
    return read_shape(Directory, root / "desk" / "directory.yaml", root=root)
