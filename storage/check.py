"""Recompute what must hold from the stores alone, and say where it does not.

Each finding names the invariant (docs/invariants.md) that is broken. A store is at rest when nothing is owed any
more; what is derived is compared only then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from storage import reading
from storage.canonical import digest
from storage.content import content_bytes
from storage.derive import PUBLISHED
from storage.errors import Damaged
from storage.ids import EntityId
from storage.keys import snapshot_key
from storage.links import links
from storage.model import Link, Revision, StatementHash
from storage.ports import Backlink, HeadRevision, HistoryPage, Position, Stores
from storage.snapshot import SCHEMA_VERSION

PAGE = 500
REMEMBERED = 20_000
"""Entities whose statements are kept at hand while counts are compared."""
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


async def check(stores: Stores) -> AsyncIterator[Finding]:
    """All findings. None means that every invariant which the stores can tell of holds."""
    at_rest = not await stores.metadata.underived(1)
    async for entity in every_entity(stores):
        async for finding in _check_entity(stores, entity, at_rest):
            yield finding
    if at_rest:
        async for finding in _check_counts(stores):
            yield finding
        async for finding in _check_backlinks(stores):
            yield finding
        async for finding in _check_redirects(stores):
            yield finding
    async for finding in _check_events(stores):
        yield finding


async def every_entity(stores: Stores) -> AsyncIterator[EntityId]:
    """All entities that have a head, in the store's order."""
    after: EntityId | None = None
    while page := await stores.metadata.entities(after, PAGE):
        for entity in page:
            yield entity
        after = page[-1]


async def every_revision(stores: Stores, entity: EntityId) -> AsyncIterator[Revision]:
    """All revisions of an entity, newest first."""
    page = HistoryPage(entity, PAGE)
    while facts := (await stores.metadata.histories([page]))[page]:
        rows = await stores.metadata.revisions([(entity, one.revision) for one in facts])
        for one in facts:
            yield rows[(entity, one.revision)]
        page = replace(page, before=facts[-1].revision)


async def _check_entity(stores: Stores, entity: EntityId, at_rest: bool) -> AsyncIterator[Finding]:
    head = (await stores.metadata.heads([entity])).get(entity)
    if head is None:
        yield Finding("I4", entity, "has a head row without the revision that it names")
        return
    if not await stores.metadata.registered([entity]):
        yield Finding("I12", entity, "has revisions though its id is not registered")
    expected: int | None = head.head.revision
    held: set[StatementHash] = set()
    async for row in every_revision(stores, entity):
        if row.revision != expected:
            yield Finding(
                "I3",
                f"{entity} {row.revision}",
                f"stands where revision {expected} should: the chain of parents is broken",
            )
        expected = row.parent
        async for finding in _check_revision(stores, row, at_rest):
            yield finding
        held |= set(row.index.hashes) if row.index is not None else set()
    if expected is not None:
        yield Finding("I3", entity, f"lacks revision {expected}, a parent")
    if at_rest:
        facts = await stores.metadata.facts(held)
        for one in sorted(held):
            if entity not in facts.get(one, ()):
                yield Finding("I7", f"{entity} {one}", "holds the statement, but is not noted as holding it")
        async for finding in _check_links(stores, head):
            yield finding


async def _check_revision(stores: Stores, row: Revision, at_rest: bool) -> AsyncIterator[Finding]:
    where = f"{row.entity} {row.revision}"
    try:
        snapshot, bodies = await reading.content_of(stores, row)
    except Damaged as damage:
        yield Finding("I6", where, str(damage))
        return
    if snapshot.schema_version == SCHEMA_VERSION:
        if digest(content_bytes(snapshot.content)) != row.content_digest:
            yield Finding("I5", where, "the snapshot's content does not have the digest of the row")
        if row.index is not None and list(row.index.hashes) != [
            one.hash for one in snapshot.content.statements()
        ]:
            yield Finding("I5", where, "the snapshot names other statements than the row")
    # The statements of an older revision may lie in its snapshot alone: no row tells of those.
    shared = bodies if row.index is not None else {}
    rows = await stores.metadata.find(shared)
    for one, body in shared.items():
        if one not in rows or rows[one].digest != body.digest:
            yield Finding(
                "I5", f"{where} {one}", "the statement does not have the digest that it was written with"
            )
    key = snapshot_key(row.entity, row.revision)
    tags = (await stores.objects.tags([key])).get(key)
    if at_rest and tags is not None and tags != PUBLISHED:  # None: the object has an older name
        yield Finding("I8", where, f"is committed, but its object is tagged {tags}")


async def _check_links(stores: Stores, head: HeadRevision) -> AsyncIterator[Finding]:
    entity = head.head.entity
    found = await _links_of(stores, head.revision)
    noted = await stores.metadata.links_of(entity, {link.target for link in found})
    for link in found:
        wanted = Backlink(link.target, entity, link.statement, link.property, link.rank, link.role)
        if wanted not in noted:
            yield Finding(
                "I11", f"{entity} {link.statement}", f"refers to {link.target}, which has no such backlink"
            )


async def _links_of(stores: Stores, row: Revision) -> Sequence[Link]:
    try:
        _, bodies = await reading.content_of(stores, row)
    except Damaged:
        return []  # reported where the revision was checked
    return [link for one, body in bodies.items() for link in links(one, body)]


async def _check_counts(stores: Stores) -> AsyncIterator[Finding]:
    held: dict[EntityId, set[StatementHash] | None] = {}
    async for page in _pages(lambda after: stores.metadata.statement_rows(after, PAGE), lambda row: row.hash):
        facts = await stores.metadata.facts([row.hash for row in page])
        for row in page:
            holders = facts.get(row.hash, set())
            if row.ref_count != len(holders):
                what = f"is counted {row.ref_count} times, {len(holders)} entities hold it"
                yield Finding("I7", str(row.hash), what)
            for entity in holders:
                if entity not in held:
                    if len(held) >= REMEMBERED:
                        held.clear()
                    held[entity] = await _ever_held(stores, entity)
                of_entity = held[entity]
                if of_entity is not None and row.hash not in of_entity:
                    what = "is noted as holding a statement that none of its revisions has"
                    yield Finding("I7", f"{entity} {row.hash}", what)


async def _ever_held(stores: Stores, entity: EntityId) -> set[StatementHash] | None:
    """What an entity's revisions hold; None where a row does not tell."""
    held: set[StatementHash] = set()
    async for row in every_revision(stores, entity):
        if row.index is None:
            return None
        held.update(row.index.hashes)
    return held


async def _check_backlinks(stores: Stores) -> AsyncIterator[Finding]:
    async for page in _pages(
        lambda after: stores.metadata.all_backlinks(after, PAGE),
        lambda link: (link.referenced, link.referencing, link.statement),
    ):
        heads = await stores.metadata.heads({backlink.referencing for backlink in page})
        held = {
            entity: set(head.revision.index.hashes) if head.revision.index is not None else set()
            for entity, head in heads.items()
        }
        for backlink in page:
            if backlink.statement not in held.get(backlink.referencing, ()):
                where = f"{backlink.referenced} {backlink.statement}"
                what = f"{backlink.referencing} no longer holds the statement of this backlink"
                yield Finding("I11", where, what)


async def _check_redirects(stores: Stores) -> AsyncIterator[Finding]:
    noted: dict[EntityId, EntityId] = {}
    async for page in _pages(lambda after: stores.metadata.all_redirects(after, PAGE), lambda pair: pair[0]):
        heads = await stores.metadata.heads([source for source, _ in page])
        for source, target in page:
            noted[source] = target
            if source not in heads or heads[source].head.redirects_to != target:
                yield Finding("I11", source, f"is noted as redirecting to {target}, its head says otherwise")
    async for entity in every_entity(stores):
        head = (await stores.metadata.heads([entity])).get(entity)
        if head is not None and head.head.redirects_to is not None and entity not in noted:
            yield Finding("I11", entity, f"redirects to {head.head.redirects_to}, which is not noted")


async def _check_events(stores: Stores) -> AsyncIterator[Finding]:
    owed = {(work.entity, work.revision) for work in await stores.metadata.unpublished(1_000_000)}
    last: dict[EntityId, int] = {}
    told: set[tuple[EntityId, int]] = set()
    # Where a stream drops what is old, a revision whose event is missing may have been told of long ago.
    is_whole = await stores.events.is_whole()
    after: Position | None = None
    while page := await stores.events.read(after, PAGE):
        for published in page:
            event = published.event
            place = (event.entity_id, event.revision_id)
            if place not in told and event.revision_id < last.get(event.entity_id, 0):
                yield Finding("I9", f"{place[0]} {place[1]}", "its event came after that of a later revision")
            told.add(place)
            last[event.entity_id] = max(last.get(event.entity_id, 0), event.revision_id)
        after = page[-1].position
    async for entity in every_entity(stores):
        async for row in every_revision(stores, entity):
            place = (entity, row.revision)
            if is_whole and place not in told and place not in owed:
                yield Finding("I9", f"{entity} {row.revision}", "has no event, sent or waiting")
            told.discard(place)
    for entity, revision in sorted(told):
        yield Finding("I9", f"{entity} {revision}", "has an event, but was never committed")


async def _pages(
    read: Callable[[C | None], Awaitable[Sequence[R]]], place: Callable[[R], C]
) -> AsyncIterator[Sequence[R]]:
    after: C | None = None
    while page := await read(after):
        yield page
        after = place(page[-1])
