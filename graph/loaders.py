"""One loader per batch read: the keys of one tick become one call. Made inside the request, never at import.

A loader answers absence as None and damage as an error of that key alone; a batch that fails fails as a whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from storage import reading
from storage.errors import Damaged
from storage.ids import EntityId
from storage.model import Revision, StatementBody, StatementHash, StoredSnapshot
from storage.ports import HeadRevision, Stores

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BATCH = 500


class Loader(Generic[K, V]):
    """A typed face of aiodataloader's loader."""

    def __init__(self, find: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._loader: DataLoader[K, Any] = DataLoader(partial(_in_order, find), max_batch_size=BATCH)

    async def load(self, key: K) -> V | None:
        """The value of one key, None if there is none. Raises what is wrong with this key."""
        value: V | None = await self._loader.load(key)
        return value

    async def load_many(self, keys: Collection[K]) -> list[V | None]:
        """The values of many keys, in their order."""
        values: list[V | None] = await self._loader.load_many(list(keys))
        return values


async def _in_order(
    find: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], keys: list[K]
) -> list[V | None]:
    found = await find(keys)
    return [found.get(key) for key in keys]


class Loaders:
    """The loaders of one request."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.head: Loader[EntityId, HeadRevision] = Loader(partial(reading.heads, stores))
        self.statement: Loader[StatementHash, StatementBody | Damaged] = Loader(
            partial(reading.statements, stores)
        )
        self._rows: dict[tuple[EntityId, int], Revision] = {}
        self.snapshot: Loader[tuple[EntityId, int], StoredSnapshot | Damaged] = Loader(self._snapshots)
        self.statement_ids: Loader[tuple[EntityId, int], list[str | None]] = Loader(
            stores.metadata.statement_ids
        )

    async def snapshot_of(self, row: Revision) -> StoredSnapshot:
        """The snapshot of a revision. Damaged if it is not what it was."""
        place = (row.entity, row.revision)
        self._rows[place] = row
        stored = await self.snapshot.load(place)
        assert stored is not None, "reading answers for every row"
        if isinstance(stored, Damaged):
            raise stored
        return stored

    async def _snapshots(
        self, places: Collection[tuple[EntityId, int]]
    ) -> Mapping[tuple[EntityId, int], StoredSnapshot | Damaged]:
        return await reading.snapshots(self.stores, [self._rows[place] for place in places])
