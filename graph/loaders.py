"""One loader per batch read: the keys of one tick become one call. Made inside the request, never at import.

A loader answers absence as None and damage as an error of that key alone; a batch that fails fails as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
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
L = TypeVar("L", bound="Loader[Any, Any] | ListLoader[Any, Any]")
Place = tuple[EntityId, int]
Hashes = tuple[StatementHash, ...]
Content = tuple[Snapshot, Mapping[StatementHash, StatementBody]]


class _Batches(DataLoader[K, Any]):
    """What aiodataloader makes batches of: as a class of its own, since a function bound to its owner would be a cycle."""

    max_batch_size = BATCH

    def __init__(
        self,
        find: Callable[[Collection[K]], Awaitable[Mapping[K, Any]]],
        told: Callable[[int], AbstractContextManager[object]],
    ) -> None:
        super().__init__()
        self._find, self._told = find, told

    async def batch_load_fn(self, keys: list[K]) -> list[Any]:
        """The values of these keys, in their order."""
        with self._told(len(keys)):
            found = await self._find(keys)
        # The loader takes an exception in this list for an error of that key.
        return [found.get(key) for key in keys]


class Loader(Generic[K, V]):
    """A typed face of aiodataloader's loader."""

    def __init__(self, find: Callable[[Collection[K]], Awaitable[Mapping[K, V | Damaged]]]) -> None:
        self._find = find
        self.told: Callable[[int], AbstractContextManager[object]] = nullcontext
        """Is told of each batch how large it is."""

    @cached_property
    def _loader(self) -> DataLoader[K, Any]:
        return _Batches(self._find, self.told)

    async def load(self, key: K) -> V | None:
        """The value of one key, None if there is none. Raises what is wrong with this key."""
        value: V | None = await self._loader.load(key)
        return value

    async def load_many(self, keys: Collection[K]) -> list[V | BaseException | None]:
        """The values of many keys, in their order. What is wrong with one stands in its place."""
        waiting = [self._loader.load(key) for key in keys]
        values: list[V | BaseException | None] = await asyncio.gather(*waiting, return_exceptions=True)
        return values


class _Made(Generic[L]):
    """A loader of a request, made when it is first asked for: there are many, and a request uses few."""

    def __init__(self, make: Callable[[Loaders], L]) -> None:
        """Danger: what is made must not hold the loaders of the request that it is one of.

        Else all that a request read waits for the collector of cycles, which stops the process the longer.
        """
        self._make = make

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, loaders: Loaders, _owner: type) -> L:
        made = self._make(loaders)
        made.told = partial(loaders.stores.meter.batch, self._name.lstrip("_"))
        loaders.__dict__[self._name] = made  # where it is found from now on, before this is asked
        return made


class Loaders:
    """The loaders of one request."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self._rows: dict[Place, Revision] = {}

    def forget(self) -> None:
        """Begin anew: what was read before an edit need not be so after it."""
        stores = self.stores
        vars(self).clear()
        self.stores, self._rows = stores, {}

    head = _Made(lambda of: ListLoader[EntityId, HeadRevision](partial(reading.heads, of.stores)))
    revision = _Made(lambda of: Loader[Place, Revision](of.stores.metadata.revisions))
    registered = _Made(lambda of: ListLoader[EntityId, bool](partial(_registered, of.stores)))
    history = _Made(lambda of: Loader[HistoryPage, Sequence[RevisionFacts]](of.stores.metadata.histories))
    statement_ids = _Made(lambda of: ListLoader[Place, list[str | None]](of.stores.metadata.statement_ids))
    statement = _Made(
        lambda of: ListLoader[StatementHash, StatementBody](partial(reading.statements, of.stores))
    )
    visible = _Made(lambda of: Loader[StatementHash, StatementRow](partial(reading.visible, of.stores)))
    statement_row = _Made(lambda of: Loader[StatementHash, StatementRow](of.stores.metadata.find))
    erased = _Made(lambda of: Loader[Hashes, Set[StatementHash]](partial(_erased, of.stores)))
    holders = _Made(lambda of: Loader[HoldersPage, Sequence[EntityId]](of.stores.metadata.holders))
    backlinks = _Made(lambda of: Loader[BacklinksPage, Sequence[Backlink]](of.stores.metadata.backlinks))
    redirects = _Made(lambda of: Loader[RedirectsPage, Sequence[Redirect]](of.stores.metadata.redirects_to))
    redirect_count = _Made(lambda of: Loader[EntityId, int](of.stores.metadata.redirect_counts))
    raw = _Made(lambda of: Loader[Place, RawSnapshot](partial(raw_snapshots, of.stores)))
    _snapshots = _Made(lambda of: ListLoader[Place, StoredSnapshot](partial(_snapshots, of.stores, of._rows)))
    _contents = _Made(lambda of: Loader[Place, Content](partial(_contents, of.stores, of._rows)))

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


async def _contents(
    stores: Stores, rows: Mapping[Place, Revision], places: Collection[Place]
) -> Mapping[Place, Content | Damaged]:
    found: dict[Place, Content | Damaged] = {}
    for place in places:
        try:
            found[place] = await reading.content_of(stores, rows[place])
        except Damaged as damage:
            found[place] = damage
    return found


async def _snapshots(
    stores: Stores, rows: Mapping[Place, Revision], places: Collection[Place]
) -> Mapping[Place, StoredSnapshot | Damaged]:
    return await reading.snapshots(stores, [rows[place] for place in places])


async def _erased(stores: Stores, lists: Collection[Hashes]) -> Mapping[Hashes, Set[StatementHash]]:
    erased = await stores.metadata.erased_among({one for hashes in lists for one in hashes})
    return {hashes: erased.intersection(hashes) for hashes in lists}


async def _registered(stores: Stores, entities: Collection[EntityId]) -> Mapping[EntityId, bool]:
    return dict.fromkeys(await stores.metadata.registered(entities), True)
