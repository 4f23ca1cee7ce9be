"""A paper as PDF, set by typst with fonts of this machine. The same document gives the same bytes."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parent / "templates" / "paper.typ"
FONTS = {
    "body": ("FangSong_GB2312", "FangSong", "Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC"),
    "title": ("FZXiaoBiaoSong-B05S", "Noto Serif CJK SC", "Source Han Serif SC", "Noto Sans CJK SC"),
    "heading": ("SimHei", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Serif CJK SC"),
}
"""For each use the families that will do, the one of the standard first. None of them may be shipped by us."""


class FontsMissingError(RuntimeError):
    """This machine has no Chinese fonts, so that no PDF can be made: install Noto CJK (fonts-noto-cjk)."""


def choose_fonts(families: list[str]) -> dict[str, str]:
    """The best family at hand for each use. Raises FontsMissingError."""
    chosen = {use: next((name for name in names if name in families), "") for use, names in FONTS.items()}
    if not all(chosen.values()):
        raise FontsMissingError
    return chosen


def make_pdf(document: dict[str, Any], *, families: list[str] | None = None) -> bytes:
    """Set the paper; `families` stands for what this machine has. Raises FontsMissingError."""
    import typst

    found = typst.Fonts(include_embedded_fonts=False)
    fonts = choose_fonts(found.families() if families is None else families)
    made = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        font_paths=found,
        sys_inputs={"doc": json.dumps(document), "fonts": json.dumps(fonts)},
        timestamp=int(datetime.fromisoformat(document["made_at"]).timestamp()),
    )
    return bytes(made)
