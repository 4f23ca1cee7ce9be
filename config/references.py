"""References between rule files: what one names, another must have."""

from pathlib import Path
from typing import TYPE_CHECKING

from config.rulefile import Problem

if TYPE_CHECKING:
    from config.catalog import Catalog


def check_references(catalog: "Catalog", root: Path) -> list[Problem]:
    """Every name that leads nowhere."""
    return []
