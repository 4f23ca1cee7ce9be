"""A made-up bureau for trying Tipline: named accounts, and months of cases in every state.

`build_demo` fills an empty installation; the texts lie in `config/demo/`. Nothing here is used otherwise.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from config.catalog import Catalog
from config.keys import Keys
from models.audit import record_event
from models.session import Database
from models.solo import SoloDatabase
from models.staff import Staff
from models.states import CaseState, Disposition, Role
from triage.accounts import hash_password
from triage.console.context import TipReceiver
from triage.demo.story import MONTHS_BACK, Story
from triage.demo.texts import Texts, load_texts
from triage.demo.world import MessageReceiver, Thread, World
from triage.language import Classifier
from triage.matters import Matters

__all__ = ["DemoAccount", "DemoAccounts", "DemoReceipt", "add_staff", "build_demo"]
SEED = 57
WITH_MAIL = frozenset({Role.OFFICER, Role.LEAD, Role.SUPERVISOR})
"""Who is told by mail; the desk sits before the console all day."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Who may sign in."""

    login: str
    name: str
    role: Role
    office_id: str


@dataclass(frozen=True, slots=True)
class DemoReceipt:
    """A case to come back to as its reporter."""

    number: str
    code: str = field(repr=False)
    state: CaseState


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    """What to print once the demo stands; one password opens all accounts."""

    password: str
    accounts: tuple[DemoAccount, ...]
    receipts: tuple[DemoReceipt, ...]
    cases: int


async def build_demo(  # noqa: PLR0913 - the composition root hands over what it has, by name
    db: Database,
    *,
    receive_tip: TipReceiver,
    receive_message: MessageReceiver,
    classifier: Classifier,
    catalog: Catalog,
    keys: Keys,
    folder: Path,
    now: datetime,
    seed: int = SEED,
    limit: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,  # noqa: ARG005 - silent by default
) -> DemoAccounts:
    """Fill an empty database with the demo bureau; the same seed, keys and moment give the same cases.

    `folder`: where attachments go. `limit`: only so many tips. `progress(done, total)` is called after each tip.
    """
    texts = load_texts()
    quick = SoloDatabase(db.url.render_as_string(hide_password=False)) if db.is_sqlite else db
    staff = await add_staff(quick, texts, at=now - MONTHS_BACK - timedelta(days=30))
    world = World(
        db=quick,
        receive_tip=receive_tip,
        receive_message=receive_message,
        classifier=classifier,
        catalog=catalog,
        matters=Matters(catalog, keys),
        keys=keys,
        folder=folder,
        texts=texts,
        staff=staff,
        rng=random.Random(seed),  # noqa: S311 - a story, no secret
        now=now,
    )
    story = Story(world)
    try:
        await story.tell(texts.voices[:limit], progress=progress)
    finally:
        if quick is not db:
            await quick.close()
    return _summary(texts, staff, story.threads)


async def add_staff(
    db: Database, texts: Texts, *, at: datetime
) -> Mapping[tuple[Role, str], Sequence[Staff]]:
    """All accounts; hashed once, for all share the one password that is printed."""
    hashed = await asyncio.to_thread(hash_password, texts.people.password)
    staff: dict[tuple[Role, str], list[Staff]] = defaultdict(list)
    async with db.begin() as session:
        for person in texts.people.staff:
            row = Staff(
                login=person.login,
                name=person.name,
                role=person.role,
                office_id=person.office,
                password_hash=hashed,
                email=f"{person.login}@demo.invalid" if person.role in WITH_MAIL else None,
                created_at=at,
            )
            session.add(row)
            await session.flush()
            record_event(session, "staff_added", at=at, staff=row.id, role=person.role)
            staff[person.role, person.office].append(row)
    return staff


def _summary(
    texts: Texts, staff: Mapping[tuple[Role, str], Sequence[Staff]], threads: Sequence[Thread]
) -> DemoAccounts:
    accounts = tuple(
        DemoAccount(person.login, person.name, person.role, person.office_id)
        for people in staff.values()
        for person in people
    )
    receipts = tuple(DemoReceipt(thread.number, thread.code, thread.state) for thread in _choose(threads))
    return DemoAccounts(texts.people.password, accounts, receipts, len(threads))


def _choose(threads: Sequence[Thread]) -> list[Thread]:
    """Newest of each kind: one with a question that waits, one with its answer, one that was refused kindly."""
    wanted: list[Callable[[Thread], bool]] = [
        lambda thread: thread.state is CaseState.VERIFYING and thread.has_open_question,
        lambda thread: thread.state is CaseState.ANSWERED,
        lambda thread: (
            thread.voice.label.disposition is Disposition.CONSULTATION and thread.state is CaseState.REFUSED
        ),
    ]
    found = (next(filter(is_it, reversed(threads)), None) for is_it in wanted)
    return [thread for thread in found if thread]
