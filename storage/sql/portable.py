"""SQL that every engine here understands, where the engines differ in words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Insert, Table

from storage.sql.types import SIGN

T = TypeVar("T")

CHUNK = 500
"""Keys in one IN list or rows in one statement: all engines take it, and a plan of it stays cheap."""


def insert_absent(table: Table) -> Insert:
    """An insert that leaves a row alone whose primary key is there. Its row count means nothing."""
    return table.insert().prefix_with("OR IGNORE", dialect="sqlite").prefix_with("IGNORE", dialect="mysql")


def insert_rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    absent: bool = False,
) -> None:
    """Insert many rows; with `absent`, leave those alone whose primary key is there.

    The statement is compiled once and the rows go to the driver as they are, but for the types that need it: what
    the toolkit does for each row costs more than the database's own work.
    """
    if not rows:
        return
    statement, converters = _compiled(connection.dialect, table, columns, absent)
    by_column: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for position, convert in converters:
        by_column[position] = map(convert, by_column[position])
    connection.exec_driver_sql(statement, list(zip(*by_column, strict=True)))


_Converters = tuple[tuple[int, Callable[[Any], Any]], ...]


@lru_cache(64)
def _compiled(
    dialect: Dialect, table: Table, columns: tuple[str, ...], absent: bool
) -> tuple[str, _Converters]:
    insert = insert_absent(table) if absent else table.insert()
    compiled = insert.compile(dialect=dialect, column_keys=list(columns))
    order = compiled.positiontup or []
    assert list(order) == list(columns), "columns are to be named in the order of the table"
    processors = [table.c[column].type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    return str(compiled), tuple((place, one) for place, one in enumerate(processors) if one is not None)


def hash_list(connection: Connection, hashes: Iterable[int]) -> str:
    """Hashes as an SQL list, in the numbers that the engine keeps (`Unsigned64`).

    Written out and not bound, for the statements that look for hundreds: the toolkit's work for a bound parameter
    is many times the lookup's. Safe, since integers have no other reading.
    """
    shift = 0 if connection.dialect.name == "mysql" else SIGN
    return ",".join([str(int(one) - shift) for one in hashes])


def hash_chunks(connection: Connection, hashes: Iterable[int]) -> Iterator[Sequence[int]]:
    """Hashes in order, as many at a time as one statement takes.

    On MySQL those from 2**63 on by themselves: MariaDB compares with a list of small and large numbers as with
    decimals, and reads the whole table.
    """
    ordered = sorted(set(hashes))
    small = bisect_left(ordered, SIGN) if connection.dialect.name == "mysql" else 0
    yield from chunks(ordered[:small])
    yield from chunks(ordered[small:])


def hash_read(connection: Connection, stored: int) -> int:
    """A hash as the driver gave it, in its own number again."""
    return stored if connection.dialect.name == "mysql" else stored + SIGN


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values, as many at a time as one statement takes."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
