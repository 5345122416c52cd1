"""The event stream in one SQLite file: the embedded stand-in for a topic.

Offsets rise by one and never repeat; any process may append, any may read. An event id that is there already is
not appended again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from storage.errors import OutcomeUnknown, Unavailable
from storage.events import event_from, event_json
from storage.model import Event
from storage.ports import Published
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

    async def read(self, after: int, limit: int) -> Sequence[Published]:
        query = "SELECT position, event FROM events WHERE position > ? ORDER BY position LIMIT ?"
        rows = await self._database.read(lambda c: c.exec_driver_sql(query, (after, limit)).all())
        return [Published(position, event_from(text)) for position, text in rows]
