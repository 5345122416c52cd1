"""Statements that are compiled once and given to the driver as text: for those that are sent with nearly every request.

The toolkit looks a statement up, binds and reads it back by its own rows, which for one row takes ten times as long as
SQLite does (`docs/benchmarks.md`). Here its types are kept and the rest is left out. Knows no table.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError

from storage.sql.portable import CHUNK

FETCHED_BY = "fetched_by"
"""The option of an engine's connections that says how `Fetch` asks their driver; without it the toolkit does."""

Fetch = Callable[[Any, str, Sequence[Any]], Sequence[Sequence[Any]]]
"""The driver's connection, a text, and what is bound: all rows, or an error of the driver."""

_Convert = Callable[[Any], Any]
_Converters = Sequence[tuple[int, _Convert]]


class Prepared:
    """A select as text of one engine, with what its parameters and columns need to be as the engine has them."""

    def __init__(self, select: Select[Any], dialect: Dialect) -> None:
        compiled = select.compile(dialect=dialect)
        self.text = str(compiled)
        binds, names = compiled.binds, compiled.positiontup or ()
        self._literals = {name: value for name, value in compiled.params.items() if not binds[name].required}
        self._names = tuple(names)
        self._bind = _needed(
            [binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
        )
        columns = list(select.selected_columns)
        self._read = _needed(
            [one.type.dialect_impl(dialect).result_processor(dialect, None) for one in columns]
        )
        row: Any = namedtuple("Row", [one.name for one in columns])  # type: ignore[misc]  # known when it runs
        self._row: Callable[[Sequence[Any]], Any] = row._make

    def bound(self, parameters: Mapping[str, Any]) -> list[Any]:
        """What is given to the driver beside the text, of parameters by their names."""
        values = {**self._literals, **parameters}
        return self.bound_in_order([values[name] for name in self._names])

    def bound_in_order(self, values: list[Any]) -> list[Any]:
        """The same of values in the order of the text. The list is changed."""
        for place, convert in self._bind:
            values[place] = convert(values[place])
        return values

    def read(self, row: Sequence[Any]) -> Any:
        """A row as the driver gave it: a tuple with the selected columns as attributes."""
        values = list(row)
        for place, convert in self._read:
            values[place] = convert(values[place])
        return self._row(values)

    def rows(self, connection: Connection, bound: Sequence[Any]) -> list[Any]:
        """All rows. `bound` is what `bound` or `bound_in_order` gave."""
        return [self.read(row) for row in fetched(connection, self.text, bound)]


def _needed(converters: Sequence[_Convert | None]) -> _Converters:
    return [(place, one) for place, one in enumerate(converters) if one is not None]


@lru_cache(512)
def prepared(dialect: Dialect, select: Select[Any]) -> Prepared:
    """Made once. The select has to be one that lives as long as the program."""
    return Prepared(select, dialect)


def fetched(connection: Connection, text: str, bound: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """The rows of a text as the driver gives them. DBAPIError as by the toolkit."""
    bound = tuple(bound)
    fetch: Fetch | None = connection.get_execution_options().get(FETCHED_BY)
    if fetch is None:
        return connection.exec_driver_sql(text, bound).all()
    # As the toolkit tells it: whoever counts or watches statements is to see these too.
    if connection._has_events or connection.engine._has_events:
        for told in connection.dispatch.before_cursor_execute:
            told(connection, None, text, bound, None, False)
    dialect, lent = connection.dialect, connection.connection
    error_type = dialect.loaded_dbapi.Error
    try:
        return fetch(lent.driver_connection, text, bound)
    except error_type as error:
        is_lost = dialect.is_disconnect(error, lent, None)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text, bound, error, error_type, connection_invalidated=is_lost, dialect=dialect
        ) from error
    except BaseException as error:
        if not isinstance(error, Exception):
            # It was cut off, so what it has answered until now is not to be given to the next one.
            connection.invalidate()
        raise


def padded(keys: Sequence[Any]) -> list[Any]:
    """The keys, the last of them again and again up to the next power of two: so there are few texts, one for each.

    A key that is named twice in a list of them is found once.
    """
    length = min(CHUNK, 1 << (len(keys) - 1).bit_length())
    return [*keys, *[keys[-1]] * (length - len(keys))]
