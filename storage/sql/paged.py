"""Many pages in one statement: each page is a limited select of its own, all are sent as one union.

So a page costs the rows that it gives, whatever lies beyond it and however many come with it. The text is put
together from selects that were compiled once: to have the toolkit compile a union costs a millisecond a page.
Knows no table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Select

from storage.sql.portable import chunks

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
    compiled = [_compiled(connection.dialect, select) for select, _ in asked]
    statement = " UNION ALL ".join(
        f"SELECT {number} AS page, p{number}.* FROM ({one.text}) AS p{number}"
        for number, one in enumerate(compiled)
    )
    bound = [
        value for one, (_, parameters) in zip(compiled, asked, strict=True) for value in one.bound(parameters)
    ]
    found: list[list[Any]] = [[] for _ in asked]
    for row in connection.exec_driver_sql(statement, tuple(bound)):
        found[row[0]].append(compiled[0].read(row[1:]))
    return found


_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    text: str
    literals: Mapping[str, Any]
    parameters: Sequence[tuple[str, _Convert]]
    columns: Sequence[tuple[str, _Convert]]

    def bound(self, parameters: Mapping[str, Any]) -> list[Any]:
        values = {**self.literals, **parameters}
        return [convert(values[name]) for name, convert in self.parameters]

    def read(self, row: Sequence[Any]) -> SimpleNamespace:
        converted = {name: convert(value) for (name, convert), value in zip(self.columns, row, strict=True)}
        return SimpleNamespace(**converted)


@lru_cache(64)
def _compiled(dialect: Dialect, select: Select[Any]) -> _Compiled:
    compiled = select.compile(dialect=dialect)
    literals = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
    parameters = [
        (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is)
        for name in compiled.positiontup or ()
    ]
    columns = [
        (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None) or _as_it_is)
        for column in select.selected_columns
    ]
    return _Compiled(str(compiled), literals, parameters, columns)


def _as_it_is(value: Any) -> Any:
    return value
