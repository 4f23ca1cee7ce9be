"""What helps an operator while he types: the county of an address, like cases, what is out of order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from aiohttp import web

from config.catalog import Catalog
from config.keys import Keys
from models.checks import readiness
from models.queries.calls import is_delivery_late
from triage.addresses import AddressReader, Located
from triage.console.calls import Typed
from triage.console.context import DESK, Desk
from triage.console.words import Words
from triage.like_calls import LikeCase, find_like_cases
from triage.matters import Matters

LATE = timedelta(minutes=10)


class Tools:
    """What the aids read with; made when the first call needs them."""

    def __init__(self, catalog: Catalog, keys: Keys) -> None:
        """Keep what they are made of."""
        self._catalog, self._keys = catalog, keys

    @cached_property
    def addresses(self) -> AddressReader:
        """Finds counties."""
        return AddressReader(self._catalog)

    @cached_property
    def matters(self) -> Matters:
        """Compares with cases."""
        return Matters(self._catalog, self._keys)

    def prepare(self) -> None:
        """Make both; takes a part of a second."""
        _ = self.addresses, self.matters


TOOLS: web.AppKey[Tools] = web.AppKey("desk_tools", Tools)


async def get_tools(app: web.Application) -> Tools:
    """The tools of this site, ready."""
    await asyncio.to_thread(app[TOOLS].prepare)
    return app[TOOLS]


@dataclass(frozen=True, slots=True)
class Aids:
    """What stands beside the form."""

    office_id: str
    place: str
    """Which county, and by which word; empty while no address was typed."""
    like: Sequence[LikeCase]
    is_danger: bool


async def find_aids(app: web.Application, typed: Typed, words: Words, *, now: datetime) -> Aids:
    """Look at what was typed so far."""
    tools, desk = await get_tools(app), app[DESK]
    located = tools.addresses.locate(f"{typed['place']} {typed['target']}") if typed["place"] else None
    office_id = typed["county"] or (located.office_id if located else "")
    async with desk.db.read() as session:
        like = await find_like_cases(
            session,
            text=typed["text"],
            target=typed["target"],
            office_id=office_id,
            matters=tools.matters,
            now=now,
        )
    sentence = say_place(located, words) if located else ""
    return Aids(located.office_id if located else "", sentence, like, typed["danger"] == "yes")


def say_place(located: Located, words: Words) -> str:
    """Why this county."""
    offices = words.text("desk.place.and").join(map(words.place, located.rivals))
    office = words.place(located.office_id) if located.office_id else ""
    key = (
        located.reason if located.word or located.reason in {"unknown", "sound"} else f"{located.reason}_bare"
    )
    return words.text(f"desk.place.{key}", word=located.word, office=office, offices=offices)


async def list_troubles(desk: Desk, *, now: datetime) -> list[str]:
    """Which parts stand still: text keys below `desk.trouble.`. The desk itself needs none of them."""
    ready = await readiness(desk.db, now=now, has_chat=bool(desk.settings.telegram_token))
    troubles = [name for name in ("worker", "telegram") if ready.parts[name]["is_fine"] is False]
    async with desk.db.read() as session:
        if await is_delivery_late(session, before=now - LATE):
            troubles.append("delivery")
    return troubles
