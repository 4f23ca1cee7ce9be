"""What the demo is played with: the doors of the program, the texts, the people, and one source of chance."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from config.catalog import Catalog
from config.keys import Keys
from models.message import Message
from models.session import Database
from models.staff import Staff
from models.states import CaseState, Channel, Role
from models.tip import Tip
from triage.console.context import TipReceiver
from triage.demo.texts import Outcome, Texts, Voice
from triage.language import Classifier
from triage.matters import Matters
from triage.permissions import CITY


class MessageReceiver(Protocol):
    """`bot.intake.receive_message`: stores what a reporter adds to his tip."""

    async def __call__(
        self, session: AsyncSession, tip: Tip, text: str, *, channel: Channel, keys: Keys, now: datetime
    ) -> Message:
        """Store the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything the story needs; nothing in it changes but the state of `rng`."""

    db: Database
    receive_tip: TipReceiver
    receive_message: MessageReceiver
    classifier: Classifier
    catalog: Catalog
    matters: Matters
    keys: Keys = field(repr=False)
    folder: Path
    texts: Texts = field(repr=False)
    staff: Mapping[tuple[Role, str], Sequence[Staff]] = field(repr=False)
    rng: random.Random
    now: datetime

    def person(self, role: Role, office_id: str = CITY) -> Staff:
        """Somebody of this role in this office."""
        return self.rng.choice(self.staff[role, office_id])

    def officer(self, office_id: str, officer_id: int | None) -> Staff:
        """The officer of a case, or any of the office."""
        people = self.staff[Role.OFFICER, office_id]
        return next((person for person in people if person.id == officer_id), people[0])

    def approver(self, office_id: str) -> Staff:
        """Who approves results: the lead, at the city the supervisor."""
        leads = self.staff.get((Role.LEAD, office_id))
        return leads[0] if leads else self.person(Role.SUPERVISOR)

    def right_office(self, voice: Voice) -> str:
        """The office that should have a matter of ours."""
        return voice.office if voice.office in self.catalog.counties else CITY


@dataclass(slots=True)
class Thread:
    """One tip on its way."""

    voice: Voice
    number: str
    code: str = field(repr=False)
    case_id: int
    state: CaseState
    outcome: Outcome | None = None
    visited_at: datetime | None = None
    was_sent_back: bool = False
    has_open_question: bool = False
