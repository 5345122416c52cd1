"""The event stream in one SQLite file: the embedded stand-in for a topic.

A position is a row's number; these rise and never repeat. Any process may append, any may read. An event id that is
there already is not appended again. Nothing is ever dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection

from storage.errors import OutcomeUnknown, Unavailable
from storage.events import WrongPosition, event_from, event_json
from storage.model import Event
from storage.ports import Position, Published
from storage.sql.sqlite import Database

_CREATE = """
CREATE TABLE IF NOT EXISTS events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  event TEXT NOT NULL
)
"""


def create_events(connection: Connection) -> None:
    """Make the one table, if it is not there."""
    connection.exec_driver_sql(_CREATE)


class LocalEvents:
    """The port `Events`, on a database made by `create_events`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, events: Sequence[Event]) -> None:
        rows = [(event.id, event_json(event)) for event in events]
        if not rows:
            return
        insert = "INSERT OR IGNORE INTO events (event_id, event) VALUES (?, ?)"
        try:
            await self._database.write(lambda c: c.exec_driver_sql(insert, rows).close())
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error

    async def read(self, after: Position | None, limit: int) -> Sequence[Published]:
        query = "SELECT position, event FROM events WHERE position > ? ORDER BY position LIMIT ?"
        beyond = 0 if after is None else _number(after)
        rows = await self._database.read(lambda c: c.exec_driver_sql(query, (beyond, limit)).all())
        return [Published(Position(str(number)), event_from(text)) for number, text in rows]

    async def is_whole(self) -> bool:
        return True


def _number(position: Position) -> int:
    if not re.fullmatch("[0-9]{1,18}", position):
        raise WrongPosition(position)
    return int(position)
