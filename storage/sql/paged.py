"""Many pages in one statement: each page is a limited select of its own, all are sent as one union.

So a page costs the rows that it gives, whatever lies beyond it and however many come with it. The text is put
together from selects that were compiled once: to have the toolkit compile a union costs a millisecond a page.
Knows no table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select

from storage.sql.portable import chunks
from storage.sql.prepared import fetched, prepared

P = TypeVar("P", bound=Hashable)

PAGES = 100
"""Pages in one statement: SQLite takes 500 selects, but the text should stay short enough to be parsed quickly."""

Asked = tuple[Select[Any], Mapping[str, Any]]
"""A select, made once, and what its parameters are for one page."""


def read_pages(connection: Connection, pages: Collection[P], ask: Callable[[P], Asked]) -> dict[P, list[Any]]:
    """The rows of each page, with the selected columns as attributes.

    Their order is not promised, since SQL promises none beyond a select that is part of another.
    """
    found: dict[P, list[Any]] = {}
    for some in chunks(list(dict.fromkeys(pages)), PAGES):
        found.update(zip(some, union(connection, [ask(page) for page in some]), strict=True))
    return found


def union(connection: Connection, asked: Sequence[Asked]) -> list[list[Any]]:
    """The rows of each of these selects, by one statement. They must select the same columns."""
    compiled = [prepared(connection.dialect, select) for select, _ in asked]
    statement = " UNION ALL ".join(
        f"SELECT {number} AS page, p{number}.* FROM ({one.text}) AS p{number}"
        for number, one in enumerate(compiled)
    )
    bound = [
        value for one, (_, parameters) in zip(compiled, asked, strict=True) for value in one.bound(parameters)
    ]
    found: list[list[Any]] = [[] for _ in asked]
    read = compiled[0].read
    for row in fetched(connection, statement, bound):
        found[row[0]].append(read(row[1:]))
    return found
