"""MySQL behind the two verbs of a database: what its units may rely on, and what is told when it fails them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from storage.errors import HeadMoved, Unavailable
from storage.sql.mysql import RUNS, MysqlDatabase, MysqlPlace, open_mysql
from storage.sql.mysql_driver import parsed
from storage.sql.prepared import fetched
from tests.services.mariadb import mysql, mysql_server, new_data, running, shared_place

__all__ = ["mysql", "mysql_server", "new_data", "shared_place"]

LONG = "SELECT SLEEP(3)"


def put(number: int) -> Callable[[Connection], None]:
    """A unit that adds a row, whose key is the number."""
    return lambda connection: connection.exec_driver_sql(
        f"INSERT INTO leases VALUES ('{number}', '', '2026-11-21')"
    ).close()


def touch(number: int) -> Callable[[Connection], None]:
    """A unit that changes a row, and thereby locks it."""
    return lambda connection: connection.exec_driver_sql(
        f"UPDATE leases SET owner = 'x' WHERE name = '{number}'"
    ).close()


def rows(connection: Connection) -> set[int]:
    """The numbers of the rows that are there."""
    return {int(name) for name in connection.exec_driver_sql("SELECT name FROM leases").scalars()}


def connection_id(connection: Connection) -> int:
    """Which connection of the server's it is."""
    number: int = connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar_one()
    return number


def questions(connection: Connection) -> int:
    """How many statements this connection has sent, with this one."""
    _, number = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Questions'").one()
    return int(number)


@pytest.fixture
async def single(mysql: MysqlDatabase, shared_place: MysqlPlace) -> AsyncIterator[MysqlDatabase]:
    """The same database by one connection for each verb, whose patience is short."""
    place = replace(shared_place, connections=1, connect_seconds=2.0, unit_seconds=0.5)
    async with open_mysql(place) as database:
        yield database


# What a unit may rely on


async def test_a_read_sees_one_state_whatever_is_committed_meanwhile(mysql: MysqlDatabase) -> None:
    """Though the server's own default is another."""

    def unit(connection: Connection) -> tuple[set[int], set[int]]:
        before = rows(connection)
        await_only(mysql.write(put(1)))
        return before, rows(connection)

    assert await mysql.read(unit) == (set(), set())
    assert await mysql.read(rows) == {1}


async def test_a_read_without_a_snapshot_is_one_question_and_its_answer(single: MysqlDatabase) -> None:
    """Design 5: nothing begins before it on the wire, nor ends behind it."""
    first, second = [await single.read(questions, snapshot=False) for _ in range(2)]
    assert second - first == 1


async def test_what_a_column_is_like_is_parsed_once(mysql: MysqlDatabase) -> None:
    def unit(connection: Connection) -> tuple[object, ...]:
        return tuple(connection.exec_driver_sql("SELECT 1 AS one, 'x' AS other, NULL AS third").one())

    parsed.cache_clear()
    first = await mysql.read(unit, snapshot=False)
    known = parsed.cache_info().misses
    again = await mysql.read(unit, snapshot=False)

    assert first == again == (1, "x", None)
    assert parsed.cache_info().misses == known >= 3


async def test_columns_of_one_name_are_told_apart_by_what_they_are(mysql: MysqlDatabase) -> None:
    """Whatever was parsed of the others before."""

    def unit(connection: Connection) -> list[object]:
        values = ("1", "'1'", "_binary'1'", "1.5", "NULL", "DATE'2026-11-21'")
        return [connection.exec_driver_sql(f"SELECT {one} AS one").scalar_one() for one in values]

    for _ in range(2):
        found = await mysql.read(unit, snapshot=False)
        assert found == [1, "1", b"1", Decimal("1.5"), None, date(2026, 11, 21)]


TYPED = (
    *("18446744073709551615", "-5", "1.5", "1.5e0", "NULL", "TRUE", "b'101'", "''", "'a\\'b'", "'é€😀'"),
    *(
        "x'00ff'",
        "_utf8mb4'é'",
        "DATE'2026-11-21'",
        "TIME'-01:02:03.5'",
        "REPEAT('x', 70000)",
        "JSON_ARRAY('é')",
    ),
    *("TIMESTAMP'2026-11-21 01:02:03'", "TIMESTAMP'2026-11-21 01:02:03.000004'"),
)


@pytest.mark.parametrize("value", TYPED)
async def test_values_are_those_of_the_drivers_own_way(mysql: MysqlDatabase, value: str) -> None:
    def unit(connection: Connection) -> tuple[Sequence[object], Sequence[object]]:
        text = f"SELECT {value} AS one, 1 AS other"
        return fetched(connection, text, ())[0], tuple(connection.exec_driver_sql(text).one())

    ours, drivers = await mysql.read(unit, snapshot=False)
    assert ours == drivers
    assert [type(one) for one in ours] == [type(one) for one in drivers]


@pytest.mark.parametrize("value", ["a'b\"c\\%s%%", "é😀\x00\n", b"\x00'\xff\\", 2**64 - 1, -1, None, True])
async def test_values_arrive_as_they_are(mysql: MysqlDatabase, value: object) -> None:
    def unit(connection: Connection) -> object:
        return fetched(connection, "SELECT %s, '%%'", (value,))[0]

    assert await mysql.read(unit, snapshot=False) == (value, "%")


async def test_a_percent_sign_is_written_twice_with_values_and_without(mysql: MysqlDatabase) -> None:
    """As the toolkit writes texts for the driver."""
    found = await mysql.read(lambda connection: fetched(connection, "SELECT '%%'", ())[0], snapshot=False)
    assert found == ("%",)


async def test_an_error_of_a_statement_is_told_and_costs_no_connection(single: MysqlDatabase) -> None:
    before = await single.read(connection_id, snapshot=False)
    with pytest.raises(Unavailable, match="doesn't exist"):
        await single.read(lambda connection: fetched(connection, "SELECT * FROM nowhere", ()), snapshot=False)
    assert await single.read(connection_id, snapshot=False) == before


async def test_a_read_without_a_snapshot_sees_what_is_committed_meanwhile(mysql: MysqlDatabase) -> None:
    """As Vitess reads from several shards."""
    assert await mysql.read(rows, snapshot=False) == set()
    await mysql.write(put(1))
    assert await mysql.read(rows, snapshot=False) == {1}


async def test_a_write_sees_what_others_commit_meanwhile(mysql: MysqlDatabase) -> None:
    """Else who lost a race would not see the winner's row."""

    def unit(connection: Connection) -> tuple[set[int], set[int]]:
        before = rows(connection)
        await_only(mysql.write(put(1)))
        return before, rows(connection)

    assert await mysql.write(unit) == (set(), {1})


async def test_a_write_is_seen_by_others_when_it_is_whole(mysql: MysqlDatabase) -> None:
    def unit(connection: Connection) -> set[int]:
        put(1)(connection)
        seen: set[int] = await_only(mysql.read(rows))
        put(2)(connection)
        return seen

    assert await mysql.write(unit) == set()
    assert await mysql.read(rows) == {1, 2}


async def test_an_update_counts_the_rows_that_it_found(mysql: MysqlDatabase) -> None:
    """S5: changed or not; a swap looks at this number."""
    await mysql.write(put(1))

    def unit(connection: Connection) -> list[int]:
        update = "UPDATE leases SET owner = 'x' WHERE name = '1'"
        return [connection.exec_driver_sql(update).rowcount for _ in range(2)]

    assert await mysql.write(unit) == [1, 1]


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO leases VALUES ('{'n' * 65}', '', '2026-11-21')",
        "INSERT INTO leases VALUES ('1', '', '2026-02-31')",
        "SELECT name, COUNT(*) FROM leases GROUP BY owner",
    ],
    ids=["too long", "no date", "no group"],
)
async def test_what_does_not_fit_is_refused_and_not_made_fit(mysql: MysqlDatabase, statement: str) -> None:
    """Though the server's own default is another."""
    with pytest.raises(Unavailable):
        await mysql.write(lambda c: c.exec_driver_sql(statement).close())

    assert await mysql.read(rows) == set()


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_a_session_speaks_utf8_and_utc(mysql: MysqlDatabase, verb: str) -> None:
    def unit(connection: Connection) -> tuple[str, str]:
        said = connection.exec_driver_sql("SELECT @@time_zone, @@character_set_client").one()
        return said[0], said[1]

    assert await getattr(mysql, verb)(unit) == ("+00:00", "utf8mb4")


async def test_a_server_is_reached_by_its_socket_as_well(new_data: Path) -> None:
    with running(new_data) as server:
        place = replace(server.place, host="nowhere.invalid", unix_socket=server.socket, database="mysql")
        database = MysqlDatabase(place)
        assert await database.read(lambda c: c.exec_driver_sql("SELECT 1").scalar()) == 1
        await database.close()


# A unit that does not end well


async def test_a_refusal_takes_back_what_its_unit_did(mysql: MysqlDatabase) -> None:
    def unit(connection: Connection) -> None:
        put(1)(connection)
        raise HeadMoved("Q42", 1, 2)

    with pytest.raises(HeadMoved):
        await mysql.write(unit)

    assert await mysql.read(rows) == set()


async def test_a_refusal_costs_no_connection(single: MysqlDatabase) -> None:
    """Under contention most swaps are refused."""

    def unit(connection: Connection) -> None:
        raise HeadMoved("Q42", 1, 2)

    before = await single.write(connection_id)
    with pytest.raises(HeadMoved):
        await single.write(unit)

    assert await single.write(connection_id) == before


async def test_a_unit_that_lost_a_row_to_another_is_run_again(mysql: MysqlDatabase) -> None:
    """From the start: what it did before is taken back."""
    seen: list[set[int]] = []

    def unit(connection: Connection) -> None:
        put(len(seen) + 10)(connection)
        seen.append(rows(connection))
        if 1 not in seen[-1]:
            await_only(mysql.write(put(1)))
            put(1)(connection)

    await mysql.write(unit)

    assert seen == [{10}, {1, 11}]
    assert await mysql.read(rows) == {1, 11}


async def test_who_always_loses_gives_up(mysql: MysqlDatabase) -> None:
    runs: list[int] = []

    def unit(connection: Connection) -> None:
        runs.append(1)
        put(2)(connection)
        put(1)(connection)

    await mysql.write(put(1))
    with pytest.raises(Unavailable, match="Duplicate"):
        await mysql.write(unit)

    assert len(runs) == RUNS
    assert await mysql.read(rows) == {1}


async def test_two_who_wait_for_each_others_rows_both_succeed(mysql: MysqlDatabase) -> None:
    """The server ends the deadlock by rolling one of them back, which is run again."""
    for number in (1, 2):
        await mysql.write(put(number))
    both_hold_one = asyncio.Barrier(2)
    runs: list[int] = []

    def unit(first: int, second: int) -> Callable[[Connection], None]:
        def run(connection: Connection) -> None:
            runs.append(first)
            touch(first)(connection)
            if len(runs) <= 2:
                await_only(both_hold_one.wait())
            touch(second)(connection)

        return run

    await asyncio.gather(mysql.write(unit(1, 2)), mysql.write(unit(2, 1)))

    assert len(runs) == 3


async def test_who_waits_too_long_for_a_row_gives_up_at_once(
    mysql: MysqlDatabase, shared_place: MysqlPlace
) -> None:
    """Its holder hangs; to queue again would not help."""
    await mysql.write(put(1))
    runs: list[int] = []

    def waiting(connection: Connection) -> None:
        runs.append(1)
        touch(1)(connection)

    async with open_mysql(replace(shared_place, unit_seconds=2.0)) as impatient:

        def holding(connection: Connection) -> None:
            touch(1)(connection)
            with pytest.raises(Unavailable, match="Lock wait timeout"):
                await_only(impatient.write(waiting))

        await mysql.write(holding)

    assert len(runs) == 1


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_a_unit_that_takes_too_long_is_cut_off_with_its_connection(
    single: MysqlDatabase, verb: str
) -> None:
    """The next one must not be given its answer."""
    before = await getattr(single, verb)(connection_id)

    def unit(connection: Connection) -> None:
        if verb == "write":
            put(1)(connection)
        connection.exec_driver_sql(LONG)

    with pytest.raises(Unavailable, match="in time"):
        await getattr(single, verb)(unit)

    assert await getattr(single, verb)(connection_id) != before
    assert await single.read(rows) == set()


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_a_unit_whose_task_is_cancelled_takes_its_connection_with_it(
    single: MysqlDatabase, verb: str
) -> None:
    """I16."""
    before = await getattr(single, verb)(connection_id)
    begun = asyncio.Event()

    def unit(connection: Connection) -> None:
        begun.set()
        connection.exec_driver_sql(LONG)

    task = asyncio.create_task(getattr(single, verb)(unit))
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert task.cancelled()
    assert await getattr(single, verb)(connection_id) != before


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_a_cancellation_is_not_lost_whenever_it_comes(shared_place: MysqlPlace, verb: str) -> None:
    """Also while a connection is made: the driver would lose it, and a job that is to end would go on for ever."""
    is_done = False
    for steps in range(1_000):
        database = MysqlDatabase(shared_place)
        task = asyncio.create_task(getattr(database, verb)(connection_id))
        for _ in range(steps):
            await asyncio.sleep(0)
        is_done = not task.cancel()
        await asyncio.wait([task])
        await database.close()
        if is_done:
            break
        assert task.cancelled(), f"after {steps} steps"
    assert is_done


async def test_readers_do_not_wait_for_those_who_wait_for_a_row(single: MysqlDatabase) -> None:
    def unit(connection: Connection) -> set[int]:
        put(1)(connection)
        found: set[int] = await_only(single.read(rows))
        return found

    assert await single.write(unit) == set()


async def test_who_gets_no_connection_is_told_so(mysql: MysqlDatabase, shared_place: MysqlPlace) -> None:
    async with open_mysql(replace(shared_place, connections=1, connect_seconds=0.3)) as single:

        def unit(connection: Connection) -> None:
            with pytest.raises(Unavailable, match="no connection"):
                await_only(single.write(rows))

        await single.write(unit)
        assert await single.write(rows) == set()


async def test_once_closed_it_answers_nobody(shared_place: MysqlPlace) -> None:
    async with open_mysql(shared_place) as database:
        pass

    for verb in (database.read, database.write):
        with pytest.raises(Unavailable):
            await verb(rows)


async def test_a_wrong_password_is_told_and_not_shown(shared_place: MysqlPlace) -> None:
    wrong = replace(shared_place, password="secret")

    with pytest.raises(Unavailable, match="Access denied") as refused:
        async with open_mysql(wrong):
            pass

    assert "secret" not in f"{refused.value} {wrong}"


async def test_vitess_is_asked_to_refuse_transactions_across_shards(shared_place: MysqlPlace) -> None:
    """Another server does not know the word."""
    async with open_mysql(replace(shared_place, vitess_shards=4)) as database:
        with pytest.raises(Unavailable, match="transaction_mode"):
            await database.write(rows)
