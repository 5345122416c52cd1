"""Entities with revisions of them that may be more than memory holds: in a temporary file, which is gone when it is closed.

The file is SQLite's own, of no name. It is no store: nobody else sees it, and it outlives nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from storage.ids import EntityId


class Spool:
    """Places, each once. Must be closed."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("")
        self._file.execute(
            "CREATE TABLE told (entity TEXT, revision INTEGER, PRIMARY KEY (entity, revision)) WITHOUT ROWID"
        )

    def add(self, entity: EntityId, revision: int) -> bool:
        """Note a place; whether it comes after one of a later revision, and for the first time."""
        (last,) = self._file.execute("SELECT max(revision) FROM told WHERE entity = ?", (entity,)).fetchone()
        is_new = self._file.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", (entity, revision)).rowcount
        return bool(is_new) and last is not None and revision < last

    def take(self, entity: EntityId, revision: int) -> bool:
        """Forget a place; whether it was there."""
        gone = self._file.execute("DELETE FROM told WHERE entity = ? AND revision = ?", (entity, revision))
        return gone.rowcount == 1

    def left(self) -> Iterator[tuple[str, int]]:
        """The places that nobody took."""
        return self._file.execute("SELECT entity, revision FROM told ORDER BY entity, revision")

    def close(self) -> None:
        self._file.close()
