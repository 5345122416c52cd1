"""A MySQL server that goes away, hangs, or whose answer to a commit is lost: what is told, and how it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage.errors import HeadMoved, OutcomeUnknown, Unavailable
from storage.sql.mysql import MysqlDatabase, MysqlPlace, open_mysql
from tests.services import speech
from tests.services.line import Fault, line_to
from tests.services.mariadb import MariaDB, mysql, mysql_server, new_data, running, shared_place
from tests.unit.test_mysql import put, rows

__all__ = ["mysql", "mysql_server", "new_data", "shared_place"]


@pytest.fixture
def server(new_data: Path) -> Iterator[MariaDB]:
    """A server of the test's own."""
    with running(new_data) as started:
        yield started


@asynccontextmanager
async def opened(server: MariaDB, **told: float) -> AsyncIterator[MysqlDatabase]:
    """A database with the one table that is used here."""
    place = replace(server.place, database="mysql", **told)  # type: ignore[arg-type]  # of these names and types
    database = MysqlDatabase(place)
    await database.write(lambda c: c.exec_driver_sql("CREATE DATABASE IF NOT EXISTS wikibase").close())
    await database.close()
    async with open_mysql(replace(place, database="wikibase")) as database:
        yield database


@pytest.mark.parametrize("snapshot", [True, False])
async def test_a_server_that_was_killed_while_nobody_asked_costs_no_request(
    server: MariaDB, snapshot: bool
) -> None:
    """Design 5: of as many connections as were open, each verb's."""
    async with opened(server) as database:
        await asyncio.gather(*(database.read(rows, snapshot=snapshot) for _ in range(8)))
        await asyncio.gather(*(database.write(put(number)) for number in range(8)))
        server.kill()
        server.start()

        read = await asyncio.gather(*(database.read(rows, snapshot=snapshot) for _ in range(8)))
        assert read == [set(range(8))] * 8
        await asyncio.gather(*(database.write(put(number)) for number in range(8, 16)))


async def test_while_a_server_is_away_all_are_told_and_then_it_is_back(server: MariaDB) -> None:
    async with opened(server) as database:
        server.kill()
        for verb in (database.read, database.write):
            with pytest.raises(Unavailable):
                await verb(rows)

        server.start()
        assert await database.read(rows) == set()
        assert await database.write(rows) == set()


async def test_a_server_that_is_killed_at_work_leaves_what_its_answers_say(server: MariaDB) -> None:
    """I4, W1: an answer means that it is there, Unavailable that it is not; the others nobody knows."""
    told: dict[int, str] = {}
    numbers = count()
    one_is_there = asyncio.Semaphore(0)

    async def writer(database: MysqlDatabase) -> None:
        for number in numbers:
            try:
                await database.write(put(number))
                told[number] = "there"
                one_is_there.release()
            except OutcomeUnknown:
                told[number] = "unknown"
            except Unavailable:
                told[number] = "not there"
                await asyncio.sleep(0.01)

    async with opened(server) as database:
        async with asyncio.TaskGroup() as tasks:
            writers = [tasks.create_task(writer(database)) for _ in range(12)]
            for _ in range(3):
                for _ in range(200):
                    await one_is_there.acquire()
                server.kill()
                await asyncio.sleep(0.05)  # for those who ask while it is away
                server.start()
            for _ in range(200):
                await one_is_there.acquire()
            for task in writers:
                task.cancel()
        found = await database.read(rows)

    by_word = {word: {number for number, said in told.items() if said == word} for word in told.values()}
    assert "not there" in by_word
    assert by_word["there"] <= found
    assert not by_word["not there"] & found


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_a_server_that_hangs_is_not_waited_for(server: MariaDB, verb: str) -> None:
    """Neither by old connections nor by new ones; when it goes on, all is well."""
    async with opened(server, connect_seconds=0.5, unit_seconds=0.5) as database:
        await getattr(database, verb)(rows)
        server.hang()
        for _ in range(2):
            with pytest.raises(Unavailable):
                await getattr(database, verb)(rows)

        server.go_on()
        assert await getattr(database, verb)(rows) == set()


@pytest.mark.parametrize("ending", ["read", "refused", "committed"])
async def test_a_server_that_hangs_when_a_unit_has_run_is_not_waited_for(
    server: MariaDB, ending: str
) -> None:
    """Nor is it trusted to have committed, or not to."""

    def unit(connection: Connection) -> None:
        rows(connection)
        server.hang()
        if ending == "refused":
            raise HeadMoved("Q42", 1, 2)

    async with opened(server, connect_seconds=0.5, unit_seconds=0.5) as database, asyncio.timeout(30):
        with pytest.raises(OutcomeUnknown if ending == "committed" else Unavailable):
            await (database.read(unit) if ending == "read" else database.write(unit))

        server.go_on()
        assert await database.write(rows) == await database.read(rows) == set()


# The answer to a commit


@pytest.mark.parametrize(
    ("befalls", "there"), [(Fault.REQUEST_LOST, set()), (Fault.ANSWER_LOST, {1}), (Fault.ANSWER_HELD, {1})]
)
async def test_a_commit_without_answer_is_unknown(
    mysql: MysqlDatabase, shared_place: MysqlPlace, befalls: Fault, there: set[int]
) -> None:
    """W1: it may have landed, or not; and the next write is a new one."""
    async with line_to(speech.mysql, shared_place.port) as line:
        place = replace(shared_place, host="127.0.0.1", port=line.port, connections=1, unit_seconds=1.0)
        async with open_mysql(place) as database:
            await database.write(rows)
            line.fail(befalls, name="COMMIT")

            with pytest.raises(OutcomeUnknown):
                await database.write(put(1))

            assert await mysql.read(rows) == there
            await database.write(put(2))
    assert await mysql.read(rows) == there | {2}
