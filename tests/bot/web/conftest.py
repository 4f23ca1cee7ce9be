"""A public site and a visitor for each test."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from config.catalog import Catalog, load_catalog
from config.keys import Keys
from config.settings import Settings
from models.session import Database
from tests.web import Clock, Visitor, run_public_site


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
async def site(
    db: Database, keys: Keys, catalog: Catalog, settings: Settings, clock: Clock
) -> AsyncIterator[str]:
    async with run_public_site(db, keys, catalog, settings, clock) as address:
        yield address


@pytest.fixture
async def visitor(site: str) -> AsyncIterator[Visitor]:
    async with Visitor(site) as somebody:
        yield somebody
