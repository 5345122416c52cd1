"""From an id to the row of the revision that is shown: redirects followed, what can't be shown told apart (Q5, Q7).

Knows rows and loaders, no GraphQL type. All that is read here comes from the metadata store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from graph.loaders import Loaders
from storage.errors import (
    EntityGone,
    EntityMissing,
    NoRevisions,
    RedirectUnresolved,
    RevisionMissing,
)
from storage.ids import EntityId
from storage.model import JsonObject, Revision
from storage.ports import HeadRevision, HistoryPage

ABSENT = (EntityMissing, NoRevisions, EntityGone, RedirectUnresolved)
"""Why an entity can't be shown, each of which is a fact about it and no failure."""
MAX_REDIRECTS = 5
AVAILABLE = 20
"""How many revisions are named when a missing one is asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A revision to show, and the redirects that led to it, in their order."""

    row: Revision
    via: tuple[EntityId, ...] = ()


async def current(loaders: Loaders, entity: EntityId, *, follow: bool = True) -> Found:
    """The head of an entity, or of the one that it redirects to.

    EntityMissing, NoRevisions, EntityGone; RedirectUnresolved after five redirects or in a circle.
    """
    via: list[EntityId] = []
    asked = entity
    while True:
        head = await _head(loaders, asked)
        target = head.head.redirects_to
        if not follow or target is None:
            return Found(head.revision, tuple(via))
        via.append(asked)
        if target in via or len(via) > MAX_REDIRECTS:
            raise RedirectUnresolved(entity, [*via, target])
        asked = target


async def at(loaders: Loaders, entity: EntityId, revision: int) -> Found:
    """A revision of an entity; redirects are not followed from it. RevisionMissing, and what `current` raises."""
    head = await _head(loaders, entity)
    if head.revision.revision == revision:
        return Found(head.revision)
    row = await loaders.revision.load((entity, revision))
    if row is None:
        recent = await loaders.history.load(HistoryPage(entity, AVAILABLE)) or ()
        raise RevisionMissing(entity, revision, [known.revision for known in recent])
    return Found(row)


async def many(
    loaders: Loaders, entities: Sequence[EntityId], *, follow: bool = True
) -> list[Found | BaseException]:
    """The heads of many entities in one batch, in their order; what is wrong with one stands in its place."""
    heads = await loaders.head.load_many(entities)
    found: dict[EntityId, Found | BaseException] = {}
    absent, others = [], []
    for entity, head in zip(entities, heads, strict=True):
        if head is None:
            absent.append(entity)
        elif isinstance(head, BaseException):
            found[entity] = head
        elif not head.head.flags.is_deleted and not (follow and head.head.redirects_to):
            found[entity] = Found(head.revision)
        else:
            others.append(entity)
    if absent:
        registered = await loaders.registered.load_many(absent)
        found.update(zip(absent, map(_why_absent, absent, registered), strict=True))
    if others:
        waiting = (current(loaders, entity, follow=follow) for entity in others)
        found.update(zip(others, await asyncio.gather(*waiting, return_exceptions=True), strict=True))
    return [found[entity] for entity in entities]


async def gone(loaders: Loaders, entities: Collection[EntityId]) -> set[EntityId]:
    """Those of these entities that are hard-deleted: what is derived of them may be there for a moment longer (I10)."""
    wanted = list(dict.fromkeys(entities))
    found: set[EntityId] = set()
    for entity, head in zip(wanted, await loaders.head.load_many(wanted), strict=True):
        if isinstance(head, BaseException):
            raise head
        if head is not None and head.head.flags.is_deleted:
            found.add(entity)
    return found


async def entity_of_link(loaders: Loaders, entity: EntityId) -> JsonObject | None:
    """The entity JSON, without statements, of one that is referred to; None if it can't be shown.

    For labels of links: that a target is not here is a fact about it and no failure of the query.
    """
    try:
        found = await current(loaders, entity)
    except ABSENT:
        return None
    return (await loaders.snapshot_of(found.row)).snapshot.content.entity


async def entities_of_links(
    loaders: Loaders, entities: Collection[EntityId]
) -> dict[EntityId, JsonObject | BaseException | None]:
    """The same of many at once; what else is wrong with one stands in its place."""
    wanted = list(dict.fromkeys(entities))
    told: dict[EntityId, JsonObject | BaseException | None] = {}
    rows: dict[EntityId, Revision] = {}
    for entity, found in zip(wanted, await many(loaders, wanted), strict=True):
        if isinstance(found, Found):
            rows[entity] = found.row
        else:
            told[entity] = None if isinstance(found, ABSENT) else found
    for entity, stored in zip(rows, await loaders.snapshots_of(list(rows.values())), strict=True):
        told[entity] = stored if isinstance(stored, BaseException) else stored.snapshot.content.entity
    return told


async def _head(loaders: Loaders, entity: EntityId) -> HeadRevision:
    head = await loaders.head.load(entity)
    if head is None:
        raise _why_absent(entity, await loaders.registered.load(entity))
    if head.head.flags.is_deleted:
        raise EntityGone(entity)
    return head


def _why_absent(entity: EntityId, registered: bool | BaseException | None) -> BaseException:
    """Why there is no head, by whether the id was given out."""
    if isinstance(registered, BaseException):
        return registered
    return NoRevisions(entity) if registered else EntityMissing(entity)
