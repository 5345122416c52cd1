"""Statements that go to the driver as text give the rows that the toolkit gives, and tell of themselves as it does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError

from storage.sql.portable import CHUNK
from storage.sql.prepared import fetched, padded, prepared
from storage.sql.types import Unsigned64, UtcTime

TABLE = Table(
    "told",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("hash", Unsigned64),
    Column("at", UtcTime),
    Column("flag", Boolean),
)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "hash": 2**64 - 1, "at": datetime(2026, 11, 21, 1, 2, 3, 4, UTC), "flag": True},
    {"id": 2, "hash": 0, "at": datetime(1, 1, 1, tzinfo=UTC), "flag": False},
    {"id": 3, "hash": None, "at": None, "flag": None},
]
ASKED = select(TABLE).where(TABLE.c.hash == bindparam("hash"), TABLE.c.id >= bindparam("least"))
ALL = select(TABLE).order_by(TABLE.c.id)


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as made:
        TABLE.create(made)
        made.execute(insert(TABLE), ROWS)
        yield made
    engine.dispose()


def test_rows_are_those_of_the_toolkit(connection: Connection) -> None:
    rows = prepared(connection.dialect, ALL).rows(connection, ())
    assert rows == [tuple(one) for one in connection.execute(ALL)]
    assert [row._asdict() for row in rows] == ROWS


@pytest.mark.parametrize("in_order", [False, True])
def test_parameters_are_as_the_engine_keeps_them(connection: Connection, in_order: bool) -> None:
    asked = prepared(connection.dialect, ASKED)
    values = {"least": 0, "hash": 2**64 - 1}
    bound = asked.bound_in_order([2**64 - 1, 0]) if in_order else asked.bound(values)
    assert [row.id for row in asked.rows(connection, bound)] == [1]


def test_an_error_is_the_toolkits(connection: Connection) -> None:
    with pytest.raises(DBAPIError, match="no such table: nowhere"):
        fetched(connection, "SELECT * FROM nowhere", ())


def test_who_watches_statements_sees_it(connection: Connection) -> None:
    seen: list[tuple[str, Any]] = []
    event.listen(
        connection.engine, "before_cursor_execute", lambda _c, _k, text, bound, *_: seen.append((text, bound))
    )
    fetched(connection, "SELECT ?", [7])
    assert seen == [("SELECT ?", (7,))]


def test_a_statement_is_compiled_once(connection: Connection) -> None:
    assert prepared(connection.dialect, ALL) is prepared(connection.dialect, ALL)


@pytest.mark.parametrize(
    ("keys", "length"), [(1, 1), (2, 2), (3, 4), (5, 8), (256, 256), (257, CHUNK), (CHUNK, CHUNK)]
)
def test_keys_are_filled_up_with_the_last(keys: int, length: int) -> None:
    found = padded(range(keys))
    assert (found[:keys], len(found)) == ([*range(keys)], length)
    assert set(found[keys:]) <= {keys - 1}
