"""Files of the demo, stored the way the public site stores them."""

import random
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from config.keys import Keys
from models.files import examine_in_thread, save_attachment
from triage.demo.files import make_file


async def attach(
    session: AsyncSession, tip_id: int, *, folder: Path, keys: Keys, rng: random.Random, now: datetime
) -> None:
    """One to three files for a tip."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        examined = await examine_in_thread(*make_file(rng))
        await save_attachment(session, folder, examined, keys=keys, now=now, tip_id=tip_id)
