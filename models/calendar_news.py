"""Counting by the newest calendar in every process: the shipped file, and over it the years that were stored.

await take_stored_calendar(db, catalog)        # at the start, and after storing
await follow_calendar(db, catalog)             # for ever, beside the work of a process
"""

import asyncio

import structlog

from config.catalog import Catalog
from models.queries.calendars import find_newest_notice, list_stored_years
from models.session import Database, is_database_trouble

LOOK_SECONDS = 5.0
"""So long after an administrator applied a notice, the last process still counts by the old calendar."""

log = structlog.get_logger()


async def take_stored_calendar(db: Database, catalog: Catalog) -> int:
    """Let a catalog count by the stored years; answers the newest notice that was taken into account."""
    async with db.read() as session:
        newest = await find_newest_notice(session)
        years = await list_stored_years(session) if newest else []
    calendar = catalog.calendar.with_years(years)
    if calendar.version != catalog.calendar.version:
        log.info("calendar_taken", before=catalog.calendar.version, calendar=calendar.version)
        catalog.take_calendar(calendar)
    return newest


async def follow_calendar(db: Database, catalog: Catalog, *, seconds: float = LOOK_SECONDS) -> None:
    """Look for a newer notice now and then, until cancelled. While the database is away, the known one counts."""
    seen = 0
    while True:
        try:
            async with db.read() as session:
                newest = await find_newest_notice(session)
            if newest != seen:
                seen = await take_stored_calendar(db, catalog)
        except Exception as error:
            if not is_database_trouble(error):
                raise
            log.warning("calendar_not_looked_up")
        await asyncio.sleep(seconds)
