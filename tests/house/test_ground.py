"""The tests' own ground: both databases start, migrate and are empty for each test."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError
from sqlalchemy import text

from models.session import Database


async def test_each_test_has_a_migrated_database_of_its_own(db: Database):
    assert await db.is_current()
    async with db.begin() as session:
        assert (await session.execute(text("select count(*) from tip"))).scalar_one() == 0
        await session.execute(text("create table mine (id integer)"))


async def test_the_next_test_does_not_see_it(db: Database):
    async with db.read() as session:
        await session.execute(text("select 1"))
    async with db.begin() as session:
        await session.execute(text("create table mine (id integer)"))


@pytest.mark.filterwarnings("ignore:A test tried to use")
def test_no_test_leaves_this_machine():
    with socket.socket() as outside, pytest.raises(SocketConnectBlockedError):
        outside.connect(("192.0.2.1", 80))
