"""What every view may ask of the application, and how a page of the console is rendered.

async def show_case(request: web.Request, staff: Staff) -> web.StreamResponse:
    desk = request.app[DESK]                       # db, catalog, keys, settings, the doors of bot
    return show(request, staff, "console/case.html", case=case)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from config import clock
from config.catalog import Catalog
from config.keys import Keys
from config.settings import Settings
from config.text import text
from config.web import get_locale, render
from models.session import Database
from models.staff import Staff
from models.states import Channel
from models.tip import Tip
from triage.console.habits import has_keys
from triage.console.rail import make_rail


class ReceiptLike(Protocol):
    """What taking a tip answers."""

    @property
    def case_number(self) -> str:
        """Twelve digits."""

    @property
    def code(self) -> str:
        """Twenty digits, shown once."""

    @property
    def received_at(self) -> datetime:
        """When it was stored."""

    @property
    def tip_id(self) -> int:
        """Under which id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an operator typed while a caller spoke: the same fields as `bot.intake.Submission` (a test says so)."""

    channel: Channel = Channel.HOTLINE
    submission_key: str = field(repr=False)
    text: str = field(repr=False)
    locale: str = "zh-CN"
    place: str = field(default="", repr=False)
    county: str = ""
    target: str = field(default="", repr=False)
    occurred: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    chat_id: str | None = field(default=None, repr=False)
    draft_id: int | None = None
    notice_version: str = ""
    """A caller is told by word of mouth; no version of the notice stood before him."""
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    meant: Mapping[str, Any] = field(default_factory=dict, repr=False)


class TipReceiver(Protocol):
    """`bot.intake.receive_tip`: stores what a caller said, in the transaction of `session`.

    Raises ValueError, with `problem` and `field` where a field cannot be stored.
    """

    async def __call__(
        self,
        session: AsyncSession,
        submission: Any,  # noqa: ANN401 - a Call here, a Submission there
        *,
        keys: Keys,
        now: datetime,
    ) -> ReceiptLike:
        """Store the call."""


class TipFinder(Protocol):
    """`bot.receipts.find_tip_by_receipt`: the tip that number and code open, or None.

    Raises an error with `wait_seconds` after too many wrong codes.
    """

    async def __call__(
        self, db: Database, number: str, code: str, *, keys: Keys, now: datetime
    ) -> Tip | None:
        """Look for it."""


class MessageReceiver(Protocol):
    """`bot.intake.receive_message`: what a reporter adds to his tip.

    Raises ValueError, with `problem`, for words that cannot be stored.
    """

    async def __call__(
        self, session: AsyncSession, tip: Tip, text: str, *, channel: Channel, keys: Keys, now: datetime
    ) -> object:
        """Store it, and tell the officer."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything the views work with."""

    db: Database
    catalog: Catalog
    keys: Keys = field(repr=False)
    settings: Settings
    receive_tip: TipReceiver
    find_tip_by_receipt: TipFinder
    receive_message: MessageReceiver | None = None

    def now(self) -> datetime:
        """This moment; tests set the clock by replacing `config.clock.now`."""
        return clock.now()


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
STAFF = web.RequestKey("staff", Staff)


async def show(
    request: web.Request,
    staff: Staff,
    template: str,
    *,
    status: int = 200,
    **values: Any,  # noqa: ANN401 - what the template shows
) -> web.Response:
    """Render a page of the console for a member of staff, with his rail."""
    desk, locale = request.app[DESK], get_locale(request)
    async with desk.db.read() as session:
        rail = await make_rail(session, staff, address=request.path_qs, locale=locale, now=desk.now())
    office = desk.catalog.offices.get(staff.office_id)
    role, place = (
        text(f"states.role.{staff.role}", locale),
        office.short_name[locale] if office else staff.office_id,
    )
    line = text("console.staff_line", locale, role=role, office=place)
    return render(
        request,
        template,
        status=status,
        staff=staff,
        rail=rail,
        staff_line=line,
        has_keys=has_keys(request),
        **values,
    )
