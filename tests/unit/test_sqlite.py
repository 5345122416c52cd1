"""SQLite files behind read and write: many units share a commit, and each is alone in it."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from storage.errors import Unavailable
from storage.sql.sqlite import MAX_UNITS, SqliteDatabase, Unit

ROOT = Path(__file__).parents[2]


def run(sql: str, *parameters: Any) -> Unit[None]:
    """A unit that runs one statement."""

    def unit(connection: Connection) -> None:
        connection.exec_driver_sql(sql, parameters)

    return unit


def numbers(connection: Connection) -> list[int]:
    """A unit that reads all numbers."""
    return list(connection.exec_driver_sql("SELECT n FROM numbers ORDER BY n").scalars())


def insert(number: int) -> Unit[None]:
    return run("INSERT INTO numbers VALUES (?)", number)


class Refused(Exception):
    """What a unit of these tests raises."""


def insert_and_refuse(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO numbers VALUES (99)")
    raise Refused


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "numbers.sqlite")
    await opened.write(run("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
    yield opened
    await opened.close()


class Gate:
    """A unit that keeps the writer busy until it is opened, so that all that is queued shares the next commit."""

    def __init__(self) -> None:
        self._reached, self._open = threading.Event(), threading.Event()

    def __call__(self, _connection: Connection) -> None:
        self._reached.set()
        assert self._open.wait(10)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, 10)

    def open(self) -> None:
        self._open.set()


async def queued(database: SqliteDatabase, *units: Unit[Any]) -> list[asyncio.Future[Any]]:
    """The units, begun, in this order."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(database.write(unit)) for unit in units]
    await asyncio.sleep(0)
    return tasks


async def test_what_was_written_is_read(database: SqliteDatabase) -> None:
    await database.write(insert(1))

    assert await database.read(numbers) == [1]


async def test_a_unit_answers_what_it_returns(database: SqliteDatabase) -> None:
    assert await database.write(lambda _: "answer") == "answer"
    assert await database.read(lambda _: "answer") == "answer"


async def test_a_unit_that_raises_takes_no_effect(database: SqliteDatabase) -> None:
    with pytest.raises(Refused):
        await database.write(insert_and_refuse)

    assert await database.read(numbers) == []


async def test_a_failing_unit_does_not_harm_its_neighbours_in_the_same_commit(
    database: SqliteDatabase,
) -> None:
    """W1: each unit has a savepoint of its own."""
    gate = Gate()
    [busy] = await queued(database, gate)
    await gate.reached()
    tasks = await queued(database, insert(1), insert_and_refuse, insert(1), insert(2))
    gate.open()

    await busy
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), Refused, Unavailable, type(None)]
    assert await database.read(numbers) == [1, 2]


async def test_units_that_wait_share_a_commit(database: SqliteDatabase, tmp_path: Path) -> None:
    """Else every write would wait for an fsync of its own: another connection sees all of them or none."""
    gate, inside = Gate(), Gate()
    [busy] = await queued(database, gate)
    await gate.reached()
    tasks = await queued(database, insert(1), insert(2), inside)
    gate.open()
    await busy
    await inside.reached()

    seen_before = await database.read(numbers)
    inside.open()
    await asyncio.gather(*tasks)

    assert seen_before == []
    assert await database.read(numbers) == [1, 2]


async def test_more_units_than_one_commit_takes_are_all_written(database: SqliteDatabase) -> None:
    await asyncio.gather(*(database.write(insert(number)) for number in range(2 * MAX_UNITS + 3)))

    assert await database.read(numbers) == list(range(2 * MAX_UNITS + 3))


async def test_units_run_in_the_order_in_which_they_were_begun(database: SqliteDatabase) -> None:
    seen: list[int] = []
    tasks = await queued(database, *(lambda _, number=number: seen.append(number) for number in range(20)))

    await asyncio.gather(*tasks)

    assert seen == list(range(20))


async def test_a_waiter_that_is_cancelled_disturbs_nobody(database: SqliteDatabase) -> None:
    """I16: its unit may still take effect; the others are answered."""
    gate = Gate()
    [busy] = await queued(database, gate)
    await gate.reached()
    first, cancelled, last = await queued(database, insert(1), insert(2), insert(3))
    cancelled.cancel()
    gate.open()

    await asyncio.wait_for(asyncio.gather(busy, first, last), 10)

    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert {1, 3} <= set(await database.read(numbers))


async def test_a_waiter_that_is_cancelled_while_its_unit_runs_disturbs_nobody(
    database: SqliteDatabase,
) -> None:
    """I16."""
    gate = Gate()
    [busy] = await queued(database, gate)
    await gate.reached()
    busy.cancel()
    gate.open()

    await asyncio.wait_for(database.write(insert(1)), 10)

    assert await database.read(numbers) == [1]


async def test_closing_finishes_what_was_queued(tmp_path: Path) -> None:
    """O2: a graceful shutdown loses no write."""
    database = SqliteDatabase(tmp_path / "numbers.sqlite")
    await database.write(run("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
    gate = Gate()
    [busy] = await queued(database, gate)
    await gate.reached()
    tasks = await queued(database, insert(1), insert(2))
    closing = asyncio.ensure_future(database.close())
    await asyncio.sleep(0)
    gate.open()

    await asyncio.gather(busy, *tasks, closing)

    with sqlite3.connect(tmp_path / "numbers.sqlite") as connection:
        assert connection.execute("SELECT n FROM numbers ORDER BY n").fetchall() == [(1,), (2,)]
    connection.close()


async def test_a_closed_database_does_not_answer(tmp_path: Path) -> None:
    """It says so, and lets nobody wait for ever."""
    database = SqliteDatabase(tmp_path / "numbers.sqlite")
    await database.close()

    with pytest.raises(Unavailable):
        await asyncio.wait_for(database.write(insert(1)), 5)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(database.read(numbers), 5)


async def test_closing_twice_is_closing(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "numbers.sqlite")

    await database.close()
    await asyncio.wait_for(database.close(), 5)


async def test_a_read_sees_one_state(database: SqliteDatabase) -> None:
    """Though a write comes in between."""
    await database.write(insert(1))
    gate, before, after = Gate(), [], []

    def read_twice(connection: Connection) -> None:
        before.extend(numbers(connection))
        gate(connection)
        after.extend(numbers(connection))

    reading = asyncio.ensure_future(database.read(read_twice))
    await gate.reached()
    await database.write(insert(2))
    gate.open()
    await reading

    assert (before, after) == ([1], [1])
    assert await database.read(numbers) == [1, 2]


async def test_an_error_of_the_driver_is_unavailable(database: SqliteDatabase) -> None:
    """The adapter's edge is the only place that knows the driver's errors."""
    with pytest.raises(Unavailable):
        await database.write(run("INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(Unavailable):
        await database.read(run("SELECT * FROM nowhere"))


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    """Already when it is connected to."""
    (tmp_path / "numbers.sqlite").write_bytes(b"not a database" * 1000)
    database = SqliteDatabase(tmp_path / "numbers.sqlite")

    with pytest.raises(Unavailable):
        await database.write(insert(1))
    with pytest.raises(Unavailable):
        await database.read(numbers)
    await database.close()


async def test_a_writer_that_another_process_keeps_waiting_is_unavailable(tmp_path: Path) -> None:
    """And writes again when the other is done."""
    database = SqliteDatabase(tmp_path / "numbers.sqlite", busy_seconds=0.1)
    await database.write(run("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
    other = sqlite3.connect(tmp_path / "numbers.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable):
        await database.write(insert(1))
    other.execute("COMMIT")
    await database.write(insert(2))

    assert await database.read(numbers) == [2]
    other.close()
    await database.close()


async def test_an_acknowledged_commit_is_on_the_disk(database: SqliteDatabase) -> None:
    """I4: it survives the loss of power, hence full synchronisation."""
    pragmas = await database.write(
        lambda c: [
            c.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("synchronous", "journal_mode")
        ]
    )

    assert pragmas == [2, "wal"]


_COUNT = """
import asyncio, sys
from pathlib import Path
from storage.sql.sqlite import SqliteDatabase

def step(connection):
    found = connection.exec_driver_sql("SELECT n FROM numbers").scalar_one()
    connection.exec_driver_sql("UPDATE numbers SET n = ?", (found + 1,))

async def main():
    database = SqliteDatabase(Path(sys.argv[1]))
    for _ in range(20):
        await asyncio.gather(*(database.write(step) for _ in range(5)))
    await database.close()

asyncio.run(main())
"""


async def test_two_processes_and_two_databases_write_one_file_without_losing_anything(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    """I3: each reads and then writes in one transaction, 100 times."""
    await database.write(insert(0))
    path = tmp_path / "numbers.sqlite"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", _COUNT, str(path), cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]

    def step(connection: Connection) -> None:
        found = numbers(connection)[0]
        connection.exec_driver_sql("UPDATE numbers SET n = ?", (found + 1,))

    second = SqliteDatabase(path)
    for _ in range(50):
        await asyncio.gather(database.write(step), second.write(step))
    errors = [(await process.communicate())[1] for process in processes]
    await second.close()

    assert errors == [b"", b""]
    assert await database.read(numbers) == [300]


def thread(_connection: Connection) -> str:
    """A unit that tells where it runs."""
    return threading.current_thread().name


async def test_a_brief_read_runs_in_the_event_loops_thread(database: SqliteDatabase) -> None:
    """ADR 32: it is over before another thread would have begun."""
    assert await database.read(thread, snapshot=False, brief=True) == threading.current_thread().name


@pytest.mark.parametrize(("snapshot", "brief"), [(True, False), (False, False), (True, True)])
async def test_every_other_read_runs_in_a_thread_of_its_own(
    database: SqliteDatabase, snapshot: bool, brief: bool
) -> None:
    assert (await database.read(thread, snapshot=snapshot, brief=brief)).startswith("sqlite-read")


async def test_a_brief_read_sees_what_was_committed_last(database: SqliteDatabase) -> None:
    for number in range(3):
        await database.write(insert(number))
        assert await database.read(numbers, snapshot=False, brief=True) == [*range(number + 1)]


async def test_a_brief_read_does_not_wait_for_a_writer(database: SqliteDatabase) -> None:
    gate = Gate()
    (writing,) = await queued(database, gate)
    await gate.reached()
    try:
        assert await database.read(numbers, snapshot=False, brief=True) == []
    finally:
        gate.open()
        await writing


async def test_a_brief_read_that_fails_is_tried_where_it_may_wait(database: SqliteDatabase) -> None:
    seen = []

    def looking(connection: Connection) -> str:
        seen.append(threading.current_thread().name)
        if len(seen) == 1:
            connection.exec_driver_sql("SELECT * FROM nothing")
        return "found"

    assert await database.read(looking, snapshot=False, brief=True) == "found"
    assert [one.startswith("sqlite-read") for one in seen] == [False, True]


async def test_what_is_wrong_with_a_brief_read_is_told(database: SqliteDatabase) -> None:
    with pytest.raises(Unavailable, match="nothing"):
        await database.read(run("SELECT * FROM nothing"), snapshot=False, brief=True)


async def test_what_a_brief_unit_raises_is_raised(database: SqliteDatabase) -> None:
    with pytest.raises(Refused):
        await database.read(refuse, snapshot=False, brief=True)


def refuse(_connection: Connection) -> None:
    raise Refused


async def test_a_brief_read_after_the_end_is_refused(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "numbers.sqlite")
    await database.close()
    with pytest.raises(Unavailable):
        await database.read(thread, snapshot=False, brief=True)


async def test_two_event_loops_do_not_share_the_connection_for_brief_reads(database: SqliteDatabase) -> None:
    gate = Gate()

    def held(connection: Connection) -> str:
        gate(connection)
        return thread(connection)

    other = asyncio.create_task(
        asyncio.to_thread(lambda: asyncio.run(database.read(held, snapshot=False, brief=True)))
    )
    await gate.reached()
    assert (await database.read(thread, snapshot=False, brief=True)).startswith("sqlite-read")
    gate.open()
    assert not (await other).startswith("sqlite-read")
