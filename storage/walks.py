"""What all checks share: what they find, and the walks over everything, a page in memory at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from storage.ids import EntityId
from storage.model import Revision
from storage.ports import HeadRevision, HistoryPage, Stores

PAGE = 500
R = TypeVar("R")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    invariant: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.where}: {self.what}"


async def every_entity(stores: Stores) -> AsyncIterator[EntityId]:
    """All entities that have a head row, in the store's order."""
    async for page in pages(lambda after: stores.metadata.entities(after, PAGE), lambda entity: entity):
        for entity in page:
            yield entity


async def every_head(stores: Stores) -> AsyncIterator[Mapping[EntityId, HeadRevision]]:
    """All heads whose revision is there, in the store's order, a page in one read."""
    async for page in pages(lambda after: stores.metadata.entities(after, PAGE), lambda entity: entity):
        found = await stores.metadata.heads(page)
        yield {entity: found[entity] for entity in page if entity in found}


async def every_revision(stores: Stores, entity: EntityId) -> AsyncIterator[Revision]:
    """All revisions of an entity, newest first."""
    page = HistoryPage(entity, PAGE)
    while facts := (await stores.metadata.histories([page]))[page]:
        rows = await stores.metadata.revisions([(entity, one.revision) for one in facts])
        for one in facts:
            yield rows[(entity, one.revision)]
        page = replace(page, before=facts[-1].revision)


async def pages(
    read: Callable[[C | None], Awaitable[Sequence[R]]], place: Callable[[R], C]
) -> AsyncIterator[Sequence[R]]:
    """Page after page of what is read beyond the place of the last one seen."""
    after: C | None = None
    while page := await read(after):
        yield page
        after = place(page[-1])
