"""Which version of the privacy notice is in use: the same for every channel, and kept with every tip."""

from config.text import BASE_LOCALE, text


def notice_version() -> str:
    """The version, which is the day since when it is in use: 2026-11-28."""
    return text("privacy.version", BASE_LOCALE)
