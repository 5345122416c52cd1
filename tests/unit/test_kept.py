"""Connections that are kept: which one the next gets, and when none is lent any more."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from pymysql.err import InternalError  # type: ignore[import-untyped]  # it has no types at all
from sqlalchemy import Connection

from storage.errors import Unavailable
from storage.sql.mysql import MysqlDatabase, MysqlPlace, open_mysql
from storage.sql.mysql_answer import Answer
from storage.sql.prepared import fetched
from tests.services.mariadb import mysql, mysql_server, new_data, shared_place

__all__ = ["mysql", "mysql_server", "new_data", "shared_place"]


def number(connection: Connection) -> int:
    """Which connection of the server's it is."""
    found: int = fetched(connection, "SELECT CONNECTION_ID()", ())[0][0]
    return found


def slow(connection: Connection) -> int:
    """The same, after others had time to ask."""
    fetched(connection, "SELECT SLEEP(0.05)", ())
    return number(connection)


async def asked(database: MysqlDatabase) -> int:
    """By which connection a read without a snapshot goes."""
    return await database.read(number, snapshot=False)


async def killed(database: MysqlDatabase, which: int) -> None:
    """End a connection from the server's side."""
    await database.write(lambda connection: connection.exec_driver_sql(f"KILL CONNECTION {which}").close())


async def test_the_next_one_goes_by_the_same_connection(mysql: MysqlDatabase) -> None:
    assert await asked(mysql) == await asked(mysql)


async def test_those_who_ask_at_once_have_a_connection_each_as_far_as_there_are_some(
    shared_place: MysqlPlace,
) -> None:
    async with open_mysql(replace(shared_place, connections=2)) as two:
        found = await asyncio.gather(*(two.read(slow, snapshot=False) for _ in range(6)))
    assert len(set(found)) == 2


async def test_an_old_connection_is_not_lent(shared_place: MysqlPlace) -> None:
    async with open_mysql(replace(shared_place, recycle_seconds=0)) as database:
        assert await asked(database) != await asked(database)


async def test_who_finds_a_connection_cut_asks_again_by_another(mysql: MysqlDatabase) -> None:
    before = await asked(mysql)
    await killed(mysql, before)
    assert await asked(mysql) != before


async def test_with_one_connection_that_was_cut_all_others_go(shared_place: MysqlPlace) -> None:
    """Their server was started anew, maybe; each would cost a reader its second attempt."""
    async with open_mysql(replace(shared_place, connections=2)) as two:
        both = await asyncio.gather(*(two.read(slow, snapshot=False) for _ in range(2)))
        for one in both:
            await killed(two, one)
        assert await asked(two) not in both


async def test_a_connection_that_is_lent_while_another_is_cut_is_not_lent_again(
    shared_place: MysqlPlace,
) -> None:
    async with open_mysql(replace(shared_place, connections=2)) as two:
        last = await asked(two)
        meanwhile = asyncio.create_task(two.read(slow, snapshot=False))  # takes the last one
        await asyncio.sleep(0.01)
        await killed(two, await asked(two))
        await asked(two)
        assert await meanwhile == last
        assert last not in await asyncio.gather(*(two.read(slow, snapshot=False) for _ in range(2)))


async def test_who_stops_waiting_for_a_connection_takes_none(shared_place: MysqlPlace) -> None:
    async with open_mysql(replace(shared_place, connections=1)) as single:
        first = asyncio.create_task(single.read(slow, snapshot=False))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(asked(single))
        await asyncio.sleep(0.01)
        waiting.cancel()
        assert await first == await asked(single)


async def test_who_could_not_connect_takes_none(shared_place: MysqlPlace) -> None:
    """Else the second would wait for a connection that there is not."""
    wrong = MysqlDatabase(replace(shared_place, connections=1, password="wrong"))
    for _ in range(2):
        with pytest.raises(Unavailable, match="Access denied"):
            await asked(wrong)


async def test_one_whose_answer_could_not_be_read_is_not_lent_again(
    mysql: MysqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who asked it asks again by another."""
    before, odd = await asked(mysql), iter([InternalError("odd"), None])
    feed = Answer.feed

    def once(answer: Answer, data: bytes) -> bool:
        if (error := next(odd, None)) is not None:
            raise error
        return feed(answer, data)

    monkeypatch.setattr(Answer, "feed", once)
    assert await asked(mysql) != before
    assert await asked(mysql) != before


async def test_one_that_was_cut_off_is_not_lent_again(shared_place: MysqlPlace) -> None:
    """I16: the next one must not be given its answer."""
    async with open_mysql(replace(shared_place, connections=1, unit_seconds=0.2)) as single:
        before = await asked(single)
        with pytest.raises(Unavailable, match="in time"):
            await single.read(lambda c: fetched(c, "SELECT SLEEP(3)", ()), snapshot=False)
        assert await asked(single) != before
