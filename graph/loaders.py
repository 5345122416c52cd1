"""One loader per batch read: the keys of one tick become one call. Made inside the request, never at import.

A loader answers absence as None and damage as an error of that key alone; a batch that fails fails as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from graph.batches import BATCH, ListLoader
from storage import reading
from storage.errors import Damaged
from storage.ids import EntityId
from storage.model import Revision, RevisionFacts, Snapshot, StatementBody, StatementHash, StoredSnapshot
from storage.ports import (
    Backlink,
    BacklinksPage,
    HeadRevision,
    HistoryPage,
    HoldersPage,
    Redirect,
    RedirectsPage,
    StatementRow,
    Stores,
)
from storage.raw import RawSnapshot, raw_snapshots

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Place = tuple[EntityId, int]
Hashes = tuple[StatementHash, ...]
Content = tuple[Snapshot, Mapping[StatementHash, StatementBody]]


class Loader(Generic[K, V]):
    """A typed face of aiodataloader's loader."""

    def __init__(self, find: Callable[[Collection[K]], Awaitable[Mapping[K, V | Damaged]]]) -> None:
        self._find = find
        self._loader: DataLoader[K, Any] = DataLoader(self._batch, max_batch_size=BATCH)
        self.told: Callable[[int], AbstractContextManager[object]] = nullcontext
        """Is told of each batch how large it is."""

    async def load(self, key: K) -> V | None:
        """The value of one key, None if there is none. Raises what is wrong with this key."""
        value: V | None = await self._loader.load(key)
        return value

    async def load_many(self, keys: Collection[K]) -> list[V | BaseException | None]:
        """The values of many keys, in their order. What is wrong with one stands in its place."""
        waiting = [self._loader.load(key) for key in keys]
        values: list[V | BaseException | None] = await asyncio.gather(*waiting, return_exceptions=True)
        return values

    async def _batch(self, keys: list[K]) -> list[V | Damaged | None]:
        with self.told(len(keys)):
            found = await self._find(keys)
        # The loader takes an exception in this list for an error of that key.
        return [found.get(key) for key in keys]


class Loaders:
    """The loaders of one request."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was read before an edit need not be so after it."""
        stores, metadata = self.stores, self.stores.metadata
        self.head: ListLoader[EntityId, HeadRevision] = ListLoader(partial(reading.heads, stores))
        self.revision: Loader[Place, Revision] = Loader(metadata.revisions)
        self.registered: Loader[EntityId, bool] = Loader(self._registered)
        self.history: Loader[HistoryPage, Sequence[RevisionFacts]] = Loader(metadata.histories)
        self.statement_ids: ListLoader[Place, list[str | None]] = ListLoader(metadata.statement_ids)
        self.statement: ListLoader[StatementHash, StatementBody] = ListLoader(
            partial(reading.statements, stores)
        )
        self.visible: Loader[StatementHash, StatementRow] = Loader(partial(reading.visible, stores))
        self.statement_row: Loader[StatementHash, StatementRow] = Loader(metadata.find)
        self.erased: Loader[Hashes, Set[StatementHash]] = Loader(self._find_erased)
        self.holders: Loader[HoldersPage, Sequence[EntityId]] = Loader(metadata.holders)
        self.backlinks: Loader[BacklinksPage, Sequence[Backlink]] = Loader(metadata.backlinks)
        self.redirects: Loader[RedirectsPage, Sequence[Redirect]] = Loader(metadata.redirects_to)
        self.redirect_count: Loader[EntityId, int] = Loader(metadata.redirect_counts)
        self.raw: Loader[Place, RawSnapshot] = Loader(self._raw)
        self._snapshots: ListLoader[Place, StoredSnapshot] = ListLoader(self._read_snapshots)
        self._contents: Loader[Place, Content] = Loader(self._read_contents)
        self._rows: dict[Place, Revision] = {}
        for name, loader in vars(self).items():
            if isinstance(loader, Loader | ListLoader):
                loader.told = partial(stores.meter.batch, name.lstrip("_"))

    async def snapshot_of(self, row: Revision) -> StoredSnapshot:
        """The snapshot of a revision. Damaged if it is not what it was."""
        place = (row.entity, row.revision)
        self._rows[place] = row
        stored = await self._snapshots.load(place)
        assert stored is not None, "reading answers for every row"
        return stored

    async def snapshots_of(self, rows: Collection[Revision]) -> list[StoredSnapshot | BaseException]:
        """The same of many, in their order. What is wrong with one stands in its place."""
        places = [(row.entity, row.revision) for row in rows]
        self._rows.update(zip(places, rows, strict=True))
        found = await self._snapshots.load_many(places)
        return [one for one in found if one is not None]  # reading answers for every row

    async def content_of(self, row: Revision) -> Content:
        """A revision's snapshot with all its statements, for one older than the index of statements in rows."""
        place = (row.entity, row.revision)
        self._rows[place] = row
        content = await self._contents.load(place)
        assert content is not None, "reading answers for every row"
        return content

    async def _read_contents(self, places: Collection[Place]) -> Mapping[Place, Content | Damaged]:
        found: dict[Place, Content | Damaged] = {}
        for place in places:
            try:
                found[place] = await reading.content_of(self.stores, self._rows[place])
            except Damaged as damage:
                found[place] = damage
        return found

    async def _read_snapshots(self, places: Collection[Place]) -> Mapping[Place, StoredSnapshot | Damaged]:
        return await reading.snapshots(self.stores, [self._rows[place] for place in places])

    async def _find_erased(self, lists: Collection[Hashes]) -> Mapping[Hashes, Set[StatementHash]]:
        erased = await self.stores.metadata.erased_among({one for hashes in lists for one in hashes})
        return {hashes: erased.intersection(hashes) for hashes in lists}

    async def _raw(self, places: Collection[Place]) -> Mapping[Place, RawSnapshot | Damaged]:
        return await raw_snapshots(self.stores, places)

    async def _registered(self, entities: Collection[EntityId]) -> Mapping[EntityId, bool]:
        return dict.fromkeys(await self.stores.metadata.registered(entities), True)
