"""SQL that every engine here understands, where the engines differ in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Insert, Table

T = TypeVar("T")

CHUNK = 500
"""Keys in one IN list or rows in one statement: all engines take it, and a plan of it stays cheap."""


def insert_absent(table: Table) -> Insert:
    """An insert that leaves a row alone whose primary key is there. Its row count means nothing."""
    return table.insert().prefix_with("OR IGNORE", dialect="sqlite").prefix_with("IGNORE", dialect="mysql")


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values, as many at a time as one statement takes."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
