"""Objects in one SQLite file: the embedded object store.

A file of the database and not a folder of files: most statements are under 300 bytes, and a file each would cost
a block and two fsyncs (docs/adr). The first writer of a key wins; its bytes, checksum and attempt stay.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from storage.canonical import hash64
from storage.errors import Damaged, OutcomeUnknown, Unavailable
from storage.keys import Bucket, Key
from storage.model import Attempt
from storage.ports import NewObject, StoredObject
from storage.sql.portable import chunks
from storage.sql.sqlite import Database, Unit

T = TypeVar("T")

_CREATE = (
    """
    CREATE TABLE IF NOT EXISTS objects (
      name TEXT NOT NULL PRIMARY KEY,
      attempt BLOB NOT NULL,
      checksum BLOB NOT NULL,
      metadata TEXT NOT NULL,
      data BLOB NOT NULL
    )
    """,
    # Apart from the objects, so that to tag one does not write its bytes again.
    "CREATE TABLE IF NOT EXISTS tags (name TEXT NOT NULL PRIMARY KEY, tags TEXT NOT NULL) WITHOUT ROWID",
)


def create_objects(connection: Connection) -> None:
    """Make the tables, if they are not there."""
    for statement in _CREATE:
        connection.exec_driver_sql(statement)


class LocalObjects:
    """The port `Objects`, on a database made by `create_objects`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _write(self, unit: Unit[T]) -> T:
        try:
            return await self._database.write(unit)
        except OutcomeUnknown as error:  # every verb may be repeated
            raise Unavailable(str(error)) from error

    async def get(self, keys: Collection[Key]) -> Mapping[Key, StoredObject | Damaged]:
        return await self._database.read(lambda c: _get(c, list(keys)))

    async def put_absent(self, objects: Sequence[NewObject]) -> Mapping[Key, Attempt | None]:
        first = {new.key: new for new in reversed(objects)}
        once = list(first.values())
        rows = [_row(new) for new in once]
        again = {new.key: first[new.key].attempt for new in objects if first[new.key] is not new}
        return again | await self._write(lambda c: _put(c, once, rows))

    async def tag(self, tags: Mapping[Key, Mapping[str, str]]) -> None:
        rows = [(_text(tag), str(key)) for key, tag in tags.items()]
        await self._write(lambda c: _execute_many(c, _TAG, rows))

    async def tags(self, keys: Collection[Key]) -> Mapping[Key, Mapping[str, str]]:
        found = await self._database.read(lambda c: _select(c, _TAGS, list(keys)))
        return {key: orjson.loads(row[1] or "{}") for key, row in found.items()}

    async def names(self, bucket: Bucket, after: str, limit: int) -> Sequence[str]:
        start = f"{bucket}/"
        query = "SELECT name FROM objects WHERE name > ? AND name < ? ORDER BY name LIMIT ?"
        bounds = (start + after, f"{bucket}0", limit)  # "0" follows "/"
        found = await self._database.read(lambda c: c.exec_driver_sql(query, bounds).scalars().all())
        return [name[len(start) :] for name in found]

    async def delete(self, keys: Collection[Key]) -> None:
        rows = [(str(key),) for key in keys]
        await self._write(lambda c: _delete(c, rows))

    async def expire(self, keys: Collection[Key]) -> None:
        await self.delete(keys)  # no rules of its own would do it later


_Row = tuple[str, bytes, bytes, str, bytes]

_INSERT = "INSERT INTO objects VALUES (?, ?, ?, ?, ?)"
_TAG = "INSERT OR REPLACE INTO tags (tags, name) SELECT ?, name FROM objects WHERE name = ?"
_TAGS = "(SELECT tags FROM tags WHERE tags.name = objects.name)"


def _row(new: NewObject) -> _Row:
    return (str(new.key), new.attempt, _checksum(new.data), _text(new.metadata), new.data)


def _delete(connection: Connection, rows: Sequence[tuple[str]]) -> None:
    _execute_many(connection, "DELETE FROM objects WHERE name = ?", rows)
    _execute_many(connection, "DELETE FROM tags WHERE name = ?", rows)


def _checksum(data: bytes) -> bytes:
    """Against damage, not against malice: who can write the file can write the checksum."""
    return hash64(data).to_bytes(8)


def _put(
    connection: Connection, objects: Sequence[NewObject], rows: Sequence[_Row]
) -> dict[Key, Attempt | None]:
    found: dict[Key, tuple[bytes, ...]] = {}
    # Most batches are all new: to try is cheaper than to look first.
    if not _put_all(connection, rows):
        found = _select(connection, "attempt", [new.key for new in objects])
        fresh = [row for new, row in zip(objects, rows, strict=True) if new.key not in found]
        _execute_many(connection, _INSERT, fresh)
    tagged = [(_text(new.tags), str(new.key)) for new in objects if new.tags and new.key not in found]
    _execute_many(connection, _TAG, tagged)
    return {key: Attempt(row[1]) for key, row in found.items()}


def _put_all(connection: Connection, rows: Sequence[_Row]) -> bool:
    """Write all rows or, if a key is taken, none."""
    connection.exec_driver_sql("SAVEPOINT all_new")
    try:
        _execute_many(connection, _INSERT, rows)
    except IntegrityError:
        connection.exec_driver_sql("ROLLBACK TO all_new")
        return False
    finally:
        connection.exec_driver_sql("RELEASE all_new")
    return True


def _get(connection: Connection, keys: Sequence[Key]) -> dict[Key, StoredObject | Damaged]:
    objects: dict[Key, StoredObject | Damaged] = {}
    for key, (_, data, checksum, attempt, metadata) in _select(
        connection, "data, checksum, attempt, metadata", keys
    ).items():
        if _checksum(data) != checksum:
            objects[key] = Damaged(str(key), "does not have the checksum it was written with")
            continue
        objects[key] = StoredObject(data, Attempt(attempt), orjson.loads(metadata))
    return objects


def _select(connection: Connection, columns: str, keys: Sequence[Key]) -> dict[Key, tuple[bytes, ...]]:
    by_name = {str(key): key for key in keys}
    found = {}
    for some in chunks(list(by_name)):
        marks = ",".join("?" * len(some))
        query = f"SELECT name, {columns} FROM objects WHERE name IN ({marks})"
        for row in connection.exec_driver_sql(query, tuple(some)):
            found[by_name[row[0]]] = tuple(row)
    return found


def _execute_many(connection: Connection, statement: str, rows: Sequence[tuple[str | bytes, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(statement, list(rows))


def _text(pairs: Mapping[str, str]) -> str:
    return orjson.dumps(pairs).decode()
