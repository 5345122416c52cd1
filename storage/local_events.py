"""The event stream in one SQLite file: the embedded stand-in for a topic.

A row's number is its place in the one lane, 0; numbers rise in the order of commits and never repeat. Any process may
append, any may read. An event id that is there already is not appended again. Nothing is ever dropped. The file has a
name, made with it, which its copies share.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Row

from storage.errors import OutcomeUnknown, Unavailable
from storage.events import PositionGone, event_from, event_json
from storage.model import Event
from storage.ports import Position, Published
from storage.positions import places_in, position_at
from storage.sql.sqlite import Database

_CREATE = """
CREATE TABLE IF NOT EXISTS events (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id TEXT NOT NULL UNIQUE,
  event TEXT NOT NULL
)
"""
_NAME = "CREATE TABLE IF NOT EXISTS stream (name TEXT NOT NULL)"
_NAMED = "INSERT INTO stream SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM stream)"
_LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
LANE = 0


def create_events(connection: Connection) -> None:
    """Make what is not there: the table of events, and the stream's name."""
    for statement in (_CREATE, _NAME, _NAMED):
        connection.exec_driver_sql(statement)


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

        def unit(connection: Connection) -> Sequence[Row[int, str]]:
            rows = connection.exec_driver_sql(query, (beyond, limit)).all()
            if after is not None and not rows and beyond > _last(connection):
                raise PositionGone(after)
            return rows

        rows = await self._database.read(unit)
        return [
            Published(position_at({LANE: number}), event_from(text), LANE, number) for number, text in rows
        ]

    async def end(self) -> Position:
        return position_at({LANE: await self._database.read(_last)})

    async def stream(self) -> str:
        query = "SELECT name FROM stream"
        return await self._database.read(lambda c: str(c.exec_driver_sql(query).scalar_one()))

    async def is_whole(self) -> bool:
        return True

    async def reachable(self) -> None:
        await self._database.read(lambda c: c.exec_driver_sql("SELECT 1 FROM events LIMIT 1").close())


def _last(connection: Connection) -> int:
    return int(connection.exec_driver_sql(_LAST).scalar() or 0)


def _number(position: Position) -> int:
    places = places_in(position)
    if set(places) != {LANE}:
        raise PositionGone(position)
    return places[LANE]
