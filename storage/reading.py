"""Reads in terms of the ports: rows, snapshots, statements, and whole entities put together again.

Each verb takes many keys and makes one batch. Whether something may be read is decided by its row alone (I8).
Missing or damaged content is a value of the answer with its key, never a shorter list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TypeVar

from storage.cache import Found, Read, Weighed, weighed
from storage.content import join
from storage.erased import without
from storage.errors import Damaged, EntityGone, EntityMissing, Erased, RevisionMissing
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
from storage.ports import HeadRevision, HistoryPage, HoldersPage, StatementRow, StoredObject, Stores
from storage.snapshot import read_snapshot, read_statement, regrouped

V = TypeVar("V")

AVAILABLE = 20
"""How many revisions are named when a missing one is asked for."""
HOLDERS = 100
"""How many holders of a statement in doubt are looked at together."""


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
    keys = {snapshot_key(row.entity, row.revision): row for row in rows if not row.erased}

    async def read(missed: Collection[Key]) -> Found[_Attempted]:
        def olders(key: Key) -> Sequence[Key]:
            return older_snapshot_keys(keys[key].entity, keys[key].revision)

        found = await _with_older_names(stores, missed, olders)
        return {key: _snapshot(stores, key, keys[key], stored) for key, stored in found.items()}

    found = await _through_cache(stores, keys.keys(), read)
    answer = {(row.entity, row.revision): _committed(key, row, found[key]) for key, row in keys.items()}
    # Asked again only of what is not as it should be: it may have been erased since the row was read.
    lost = [place for place, one in answer.items() if isinstance(one, Damaged)]
    again = (await stores.metadata.revisions(lost)).values() if lost else ()
    return answer | {(row.entity, row.revision): _erased(row) for row in (*rows, *again) if row.erased}


async def statements(
    stores: Stores, hashes: Collection[StatementHash]
) -> Mapping[StatementHash, StatementBody | Damaged]:
    """The content of statements that committed revisions name; Erased, where that was done."""
    keys = {statement_key(one): one for one in hashes}

    async def read(missed: Collection[Key]) -> Found[StatementBody]:
        found = await _with_older_names(stores, missed, lambda key: older_statement_keys(keys[key]))
        return {key: _statement(stores, key, keys[key], stored) for key, stored in found.items()}

    found = await _through_cache(stores, keys.keys(), read)
    read_back = {
        one: stored if isinstance(stored := found[key], Damaged) else stored.value
        for key, one in keys.items()
    }
    # Asked only of what is not as it should be, so that it costs the others nothing.
    if not (lost := [one for one, body in read_back.items() if isinstance(body, Damaged)]):
        return read_back
    rows = await stores.metadata.find(lost)
    return read_back | {one: Erased(str(statement_key(one))) for one, row in rows.items() if row.erased}


async def stored_statements(
    stores: Stores, hashes: Collection[StatementHash]
) -> Mapping[StatementHash, StatementBody | Damaged]:
    """What the object store has under these hashes, whatever is said of them elsewhere."""
    keys = {statement_key(one): one for one in hashes}
    found = await _with_older_names(stores, keys, lambda key: older_statement_keys(keys[key]))
    read_back = {one: _statement(stores, key, one, found[key]) for key, one in keys.items()}
    return {one: body if isinstance(body, Damaged) else body.value for one, body in read_back.items()}


async def visible(stores: Stores, hashes: Collection[StatementHash]) -> Mapping[StatementHash, StatementRow]:
    """The rows of those statements that some committed revision holds: the others must not be shown by hash.

    A statement is visible as soon as its revision is, though its reference may not be derived yet: then the
    pending fact leads to the entity. One in doubt is visible if some holder is not hard-deleted (I10).
    """
    rows = await stores.metadata.find(hashes)
    seen = await _held(stores, rows)
    claims = await stores.metadata.pending(set(rows) - seen)
    # A claim becomes a reference in one step: where neither was found, it may have been between the two looks.
    neither = set(rows) - seen - set(claims)
    if neither:
        again = await stores.metadata.find(neither)
        counted = {one: row for one, row in again.items() if row.ref_count != rows[one].ref_count}
        seen |= await _held(stores, counted)
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


async def _held(stores: Stores, rows: Mapping[StatementHash, StatementRow]) -> set[StatementHash]:
    """Those of these statements that are counted, for an entity which is not hard-deleted."""
    counted = {one for one, row in rows.items() if row.ref_count > 0}
    doubtful = {one for one in counted if rows[one].doubtful}
    return counted - doubtful | await _held_by_somebody(stores, doubtful)


async def _held_by_somebody(stores: Stores, hashes: Set[StatementHash]) -> set[StatementHash]:
    """Those of these statements of which some holder is not hard-deleted."""
    seen: set[StatementHash] = set()
    pages = [HoldersPage(one, HOLDERS) for one in hashes]
    while pages:
        found = await stores.metadata.holders(pages)
        known = await stores.metadata.heads({entity for holders in found.values() for entity in holders})
        there = {entity for entity, head in known.items() if not head.head.flags.is_deleted}
        seen |= {page.statement for page, holders in found.items() if there.intersection(holders)}
        pages = [
            HoldersPage(page.statement, HOLDERS, holders[-1])
            for page, holders in found.items()
            if page.statement not in seen and len(holders) == HOLDERS
        ]
    return seen


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
    """A revision's snapshot with all its statements but the erased. Damaged if a part is not as it was written.

    The snapshot still names the erased ones; but for one that is older than 1.2.0, which does not say of what property.
    """
    stored = (await snapshots(stores, [row]))[(row.entity, row.revision)]
    if isinstance(stored, Damaged):
        raise stored
    content = stored.snapshot.content
    wanted = (content.held() | set(stored.ungrouped)) - set(stored.inline)
    bodies = dict(stored.inline)
    for one, body in (await statements(stores, wanted)).items():
        if isinstance(body, Erased):
            continue
        if isinstance(body, Damaged):
            raise body
        bodies[one] = body
    if stored.ungrouped:
        left = tuple(one for one in stored.ungrouped if one in bodies)
        content = regrouped(left, {one: body.statement for one, body in bodies.items()}, content)
    return replace(stored.snapshot, content=content), bodies


async def entity_json(stores: Stores, row: Revision) -> JsonObject:
    """The whole entity of a revision as JSON, equal to what was written but for erased statements. Damaged, Erased."""
    snapshot, bodies = await content_of(stores, row)
    content = snapshot.content
    if erased := content.held() - set(bodies):
        content = without(content, erased)
    return join(content, {one: body.statement for one, body in bodies.items()})


@dataclass(frozen=True, slots=True)
class _Attempted:
    """A snapshot with the attempt that its object carries."""

    snapshot: StoredSnapshot
    attempt: Attempt | None


async def _through_cache(stores: Stores, keys: Set[Key], read: Read[V]) -> Found[V]:
    return await (read(keys) if stores.cache is None else stores.cache.get(keys, read))


def _erased(row: Revision) -> Erased:
    return Erased(str(snapshot_key(row.entity, row.revision)))


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
    stores: Stores, keys: Collection[Key], olders: Callable[[Key], Sequence[Key]]
) -> dict[Key, StoredObject | Damaged]:
    """Each object under its name, else under an older one, else Damaged since a committed row names it."""
    found: dict[Key, StoredObject | Damaged] = dict(await stores.objects.get(keys)) if keys else {}
    missing = {older: key for key in keys if key not in found for older in olders(key)}
    if missing:
        for older, stored in (await stores.objects.get(missing)).items():
            found.setdefault(missing[older], stored)
    for key in keys:
        found.setdefault(key, Damaged(str(key), "is missing"))
    return found
