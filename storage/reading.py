"""Reads in terms of the ports: rows, snapshots, statements, and whole entities put together again.

Each verb takes many keys and makes one batch. Whether something may be read is decided by its row alone (I8).
Missing or damaged content is a value of the answer with its key, never a shorter list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TypeVar

from storage.cache import Found, Read, Weighed, weighed
from storage.content import join
from storage.errors import Damaged, EntityGone, EntityMissing, RevisionMissing
from storage.ids import EntityId
from storage.keys import Key, older_snapshot_keys, older_statement_keys, snapshot_key, statement_key
from storage.model import (
    Attempt,
    JsonObject,
    Revision,
    Snapshot,
    StatementBody,
    StatementHash,
    StoredSnapshot,
)
from storage.ports import HeadRevision, HistoryPage, StatementRow, StoredObject, Stores
from storage.snapshot import read_snapshot, read_statement, regrouped

V = TypeVar("V")

AVAILABLE = 20
"""How many revisions are named when a missing one is asked for."""


async def heads(stores: Stores, entities: Collection[EntityId]) -> Mapping[EntityId, HeadRevision]:
    """Heads with their revision rows, hard-deleted ones included: who asks must look at the flags."""
    return await stores.metadata.heads(entities)


async def row_of(stores: Stores, entity: EntityId, revision: int | None = None) -> Revision:
    """The row of an entity's revision, the head's if None.

    EntityMissing, EntityGone or RevisionMissing when it can't be read.
    """
    head = (await stores.metadata.heads([entity])).get(entity)
    if head is None:
        raise EntityMissing(entity)
    if head.head.flags.is_deleted:
        raise EntityGone(entity)
    if revision is None or revision == head.head.revision:
        return head.revision
    place = (entity, revision)
    row = (await stores.metadata.revisions([place])).get(place)
    if row is None:
        newest = HistoryPage(entity, AVAILABLE)
        known = (await stores.metadata.histories([newest]))[newest]
        raise RevisionMissing(entity, revision, [one.revision for one in known])
    return row


async def snapshots(
    stores: Stores, rows: Collection[Revision]
) -> Mapping[tuple[EntityId, int], StoredSnapshot | Damaged]:
    """The snapshots of committed revisions."""
    keys = {snapshot_key(row.entity, row.revision): row for row in rows}

    async def read(missed: Collection[Key]) -> Found[_Attempted]:
        olders = {key: older_snapshot_keys(keys[key].entity, keys[key].revision) for key in missed}
        found = await _with_older_names(stores, olders)
        return {key: _snapshot(stores, key, keys[key], stored) for key, stored in found.items()}

    found = await _through_cache(stores, keys.keys(), read)
    return {(row.entity, row.revision): _committed(key, row, found[key]) for key, row in keys.items()}


async def statements(
    stores: Stores, hashes: Collection[StatementHash]
) -> Mapping[StatementHash, StatementBody | Damaged]:
    """The content of statements that committed revisions name."""
    keys = {statement_key(one): one for one in hashes}

    async def read(missed: Collection[Key]) -> Found[StatementBody]:
        found = await _with_older_names(stores, {key: older_statement_keys(keys[key]) for key in missed})
        return {key: _statement(stores, key, keys[key], stored) for key, stored in found.items()}

    found = await _through_cache(stores, keys.keys(), read)
    return {
        one: stored if isinstance(stored := found[key], Damaged) else stored.value
        for key, one in keys.items()
    }


async def visible(stores: Stores, hashes: Collection[StatementHash]) -> Mapping[StatementHash, StatementRow]:
    """The rows of those statements that some committed revision holds: the others must not be shown by hash.

    A statement is visible as soon as its revision is, though its reference may not be derived yet: then the
    pending fact leads to the entity.
    """
    rows = await stores.metadata.find(hashes)
    seen = {one for one, row in rows.items() if row.ref_count > 0}
    claims = await stores.metadata.pending(set(rows) - seen)
    entities = {fact.entity for facts in claims.values() for fact in facts}
    if not entities:
        return {one: rows[one] for one in seen}
    known = await stores.metadata.heads(entities)
    for one, facts in claims.items():
        for fact in facts:
            head = known.get(fact.entity)
            if head is not None and await _holds(stores, head, fact.base, one):
                seen.add(one)
                break
    return {one: rows[one] for one in seen}


async def _holds(stores: Stores, head: HeadRevision, base: int, statement: StatementHash) -> bool:
    """Whether a revision of the entity that is newer than `base` holds the statement."""
    if head.head.flags.is_deleted:
        return False
    row: Revision | None = head.revision
    while row is not None and row.revision > base:
        if row.index is not None and statement in row.index.hashes:
            return True
        if row.parent is None:
            return False
        place = (row.entity, row.parent)
        row = (await stores.metadata.revisions([place])).get(place)
    return False


async def content_of(stores: Stores, row: Revision) -> tuple[Snapshot, Mapping[StatementHash, StatementBody]]:
    """A revision's snapshot with all its statements. Damaged if a part is not as it was written."""
    stored = (await snapshots(stores, [row]))[(row.entity, row.revision)]
    if isinstance(stored, Damaged):
        raise stored
    content = stored.snapshot.content
    wanted = (content.held() | set(stored.ungrouped)) - set(stored.inline)
    bodies = dict(stored.inline)
    for one, body in (await statements(stores, wanted)).items():
        if isinstance(body, Damaged):
            raise body
        bodies[one] = body
    if stored.ungrouped:
        content = regrouped(stored.ungrouped, {one: body.statement for one, body in bodies.items()}, content)
    return replace(stored.snapshot, content=content), bodies


async def entity_json(stores: Stores, row: Revision) -> JsonObject:
    """The whole entity of a revision as JSON, equal to what was written. Damaged if it can't be."""
    snapshot, bodies = await content_of(stores, row)
    return join(snapshot.content, {one: body.statement for one, body in bodies.items()})


@dataclass(frozen=True, slots=True)
class _Attempted:
    """A snapshot with the attempt that its object carries."""

    snapshot: StoredSnapshot
    attempt: Attempt | None


async def _through_cache(stores: Stores, keys: Set[Key], read: Read[V]) -> Found[V]:
    return await (read(keys) if stores.cache is None else stores.cache.get(keys, read))


def _snapshot(
    stores: Stores, key: Key, row: Revision, stored: StoredObject | Damaged
) -> Weighed[_Attempted] | Damaged:
    if isinstance(stored, Damaged):
        return stored
    if (other := _other_attempt(key, row, stored)) is not None:
        return other  # here already, so that it is not kept
    try:
        snapshot = read_snapshot(stored.data, row.entity, row.revision, key, stores.hasher)
    except Damaged as damage:
        return damage
    return weighed(_Attempted(snapshot, stored.attempt), stored.data)


def _committed(key: Key, row: Revision, found: Weighed[_Attempted] | Damaged) -> StoredSnapshot | Damaged:
    if isinstance(found, Damaged):
        return found
    return _other_attempt(key, row, found.value) or found.value.snapshot


def _other_attempt(key: Key, row: Revision, stored: StoredObject | _Attempted) -> Damaged | None:
    # An object of another attempt at this key means that the row and the object belong to different tries.
    if stored.attempt is not None and stored.attempt != row.attempt:
        return Damaged(str(key), "was written by another attempt than the one that committed")
    return None


def _statement(
    stores: Stores, key: Key, one: StatementHash, stored: StoredObject | Damaged
) -> Weighed[StatementBody] | Damaged:
    if isinstance(stored, Damaged):
        return stored
    try:
        return weighed(read_statement(stored.data, one, key, stores.hasher), stored.data)
    except Damaged as damage:
        return damage


async def _with_older_names(
    stores: Stores, keys: Mapping[Key, Sequence[Key]]
) -> dict[Key, StoredObject | Damaged]:
    """Each object under its name, else under an older one, else Damaged since a committed row names it."""
    found: dict[Key, StoredObject | Damaged] = dict(await stores.objects.get(keys)) if keys else {}
    missing = {older: key for key, olders in keys.items() if key not in found for older in olders}
    if missing:
        for older, stored in (await stores.objects.get(missing)).items():
            found.setdefault(missing[older], stored)
    for key in keys:
        found.setdefault(key, Damaged(str(key), "is missing"))
    return found
