"""A database whose statements are added to the tally of the request that asks.

Counted where the toolkit gives a statement to the driver, in whichever thread that is: the tally goes with the unit,
since a connection serves one unit at a time. What begins and ends transactions is not counted.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, event

from storage.sql.sqlite import Database, T, Unit
from storage.tally import Tally, current

_TALLY = "tally"
_SENT = "before_cursor_execute"


class Counted:
    """The same database, for requests that have a tally; for others it does nothing of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
        """As the protocol says."""
        return await self.database.read(_for(current(), unit), snapshot=snapshot, brief=brief)

    async def write(self, unit: Unit[T]) -> T:
        """As the protocol says."""
        return await self.database.write(_for(current(), unit))


def _for(tally: Tally | None, unit: Unit[T]) -> Unit[T]:
    return unit if tally is None else partial(_run, tally, unit)


def _run(tally: Tally, unit: Unit[T], connection: Connection) -> T:
    if not event.contains(connection.engine, _SENT, _count):
        event.listen(connection.engine, _SENT, _count)
    # Of the connection beneath, which goes back to its pool: the next unit may be nobody's. Held on to, since one that
    # was lost can't be asked for it any more.
    told = connection.info
    told[_TALLY] = tally
    try:
        return unit(connection)
    finally:
        told.pop(_TALLY, None)


def _count(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    tally: Tally | None = connection.info.get(_TALLY)
    if tally is not None and not statement.startswith("BEGIN"):
        tally.database_queries += 1
