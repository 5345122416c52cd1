"""Check the stream of events against the committed revisions."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing

from storage.events import PositionGone
from storage.ids import EntityId
from storage.ports import Position, Published, Stores
from storage.walks import PAGE, Finding, every_entity, every_revision


class _Told:
    """Places that were told of: in a file of SQLite's own, which goes with it, since they may be more than memory holds."""

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


async def check_events(stores: Stores) -> AsyncIterator[Finding]:
    """Each committed revision was told of or is about to be, in order, and nothing else was."""
    owed = {(work.entity, work.revision) for work in await stores.metadata.unpublished(1_000_000)}
    # Where a stream drops what is old, a revision whose event is missing may have been told of long ago.
    is_whole = await stores.events.is_whole()
    with closing(_Told()) as told:
        after: Position | None = None
        while page := await _events(stores, after):
            for published in page:
                entity, revision = published.event.entity_id, published.event.revision_id
                if told.add(entity, revision):
                    yield Finding(
                        "I9", f"{entity} {revision}", "its event came after that of a later revision"
                    )
            after = page[-1].position
        async for entity in every_entity(stores):
            async for row in every_revision(stores, entity):
                is_told = told.take(entity, row.revision)
                if is_whole and not is_told and (entity, row.revision) not in owed:
                    yield Finding("I9", f"{entity} {row.revision}", "has no event, sent or waiting")
        for name, revision in told.left():
            yield Finding("I9", f"{name} {revision}", "has an event, but was never committed")


async def _events(stores: Stores, after: Position | None) -> Sequence[Published]:
    try:
        return await stores.events.read(after, PAGE)
    except PositionGone:
        # What is old is dropped while this reads: what is left is read again, and may be said again.
        return await stores.events.read(None, PAGE)
