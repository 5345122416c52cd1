"""Stores filled with what is asked for: real entities, the samples, what is made, and entities with a long past."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app import samples
from app.importing import import_documents
from app.intake import Document, Place, read
from storage import times
from storage.ids import EntityId
from storage.keys import snapshot_key
from storage.ports import NewObject, Stores, Swap
from storage.snapshot import snapshot_bytes
from storage.sql.heads import commit
from storage.sql.metadata import SqlMetadata
from tests.benchmarks import requests
from tests.builders import a_swap

PAST = {10: "Q2000020010", 10_000: "Q2000020020"}
"""By their number of revisions, items with nothing in them."""
MADE = Place("made", "")
AT_ONCE = 500
"""Revisions in one transaction."""


async def fill(stores: Stores, paths: Sequence[str]) -> list[str]:
    """Import all, and give the made ones their past. Answers the ids of all that were not made here."""
    # The samples first: of what is in both, the real one is the head.
    await import_documents(read([*map(str, samples.paths()), *paths]), stores)
    await import_documents([Document(MADE, one) for one in requests.made()], stores)
    for one in requests.edited():
        # The large ones one by one: all of them at once would keep a busy machine from all else for too long.
        await import_documents([Document(MADE, one)], stores)
    for revisions, entity in PAST.items():
        await _age(stores, EntityId(entity), revisions)
    known: list[EntityId] = []
    while page := await stores.metadata.entities(known[-1] if known else None, AT_ONCE):
        known += page
    return [str(one) for one in known if not one.startswith("Q20000")]


async def _age(stores: Stores, entity: EntityId, revisions: int) -> None:
    """Revisions of an empty item: their rows, all derived and told. Of the last alone there is a snapshot."""
    metadata = stores.metadata
    assert isinstance(metadata, SqlMetadata), "whose units are written many at once"
    await metadata.register(entity, times.now())
    swaps = [a_swap(entity, number, number - 1 or None, at=times.now()) for number in range(1, revisions + 1)]
    last = swaps[-1]
    await stores.objects.put_absent(
        [NewObject(snapshot_key(entity, revisions), snapshot_bytes(last.snapshot), last.attempt)]
    )
    for start in range(0, revisions, AT_ONCE):
        some = swaps[start : start + AT_ONCE]

        def together(connection: Connection, some: Sequence[Swap] = some) -> None:
            for swap in some:
                commit(connection, swap)

        await metadata.database.write(together)
        done = [(entity, swap.snapshot.revision) for swap in some]
        await metadata.mark(done, derived=True, published=True)
