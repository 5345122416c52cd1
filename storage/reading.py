"""Reads in terms of the ports: rows, snapshots, statements, and whole entities put together again.

Each verb takes many keys and makes one batch. Whether something may be read is decided by its row alone (I8).
Missing or damaged content is a value of the answer with its key, never a shorter list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from storage.content import join
from storage.errors import Damaged, EntityGone, EntityMissing, RevisionMissing
from storage.ids import EntityId
from storage.keys import Key, older_snapshot_keys, older_statement_keys, snapshot_key, statement_key
from storage.model import JsonObject, Revision, Snapshot, StatementBody, StatementHash, StoredSnapshot
from storage.ports import HeadRevision, StoredObject, Stores
from storage.snapshot import read_snapshot, read_statement, regrouped

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
    row = await stores.metadata.revision(entity, revision)
    if row is None:
        recent = await stores.metadata.history(entity, None, AVAILABLE)
        raise RevisionMissing(entity, revision, [known.revision for known in recent])
    return row


async def snapshots(
    stores: Stores, rows: Collection[Revision]
) -> Mapping[tuple[EntityId, int], StoredSnapshot | Damaged]:
    """The snapshots of committed revisions."""
    keys = {snapshot_key(row.entity, row.revision): row for row in rows}
    found = await _with_older_names(
        stores, {key: older_snapshot_keys(row.entity, row.revision) for key, row in keys.items()}
    )
    answer: dict[tuple[EntityId, int], StoredSnapshot | Damaged] = {}
    for key, row in keys.items():
        stored = found[key]
        answer[(row.entity, row.revision)] = (
            stored if isinstance(stored, Damaged) else _snapshot(stores, key, row, stored)
        )
    return answer


async def statements(
    stores: Stores, hashes: Collection[StatementHash]
) -> Mapping[StatementHash, StatementBody | Damaged]:
    """The content of statements that committed revisions name."""
    keys = {statement_key(one): one for one in hashes}
    found = await _with_older_names(stores, {key: older_statement_keys(one) for key, one in keys.items()})
    return {one: _statement(stores, key, one, found[key]) for key, one in keys.items()}


async def visible(stores: Stores, hashes: Collection[StatementHash]) -> set[StatementHash]:
    """Those statements that some committed revision holds: the others must not be shown by hash.

    A statement is visible as soon as its revision is, though its reference may not be derived yet: then the
    pending fact leads to the entity.
    """
    rows = await stores.metadata.find(hashes)
    seen = {one for one, row in rows.items() if row.ref_count > 0}
    claims = await stores.metadata.pending(set(rows) - seen)
    entities = {fact.entity for facts in claims.values() for fact in facts}
    if not entities:
        return seen
    known = await stores.metadata.heads(entities)
    for one, facts in claims.items():
        for fact in facts:
            head = known.get(fact.entity)
            if head is not None and await _holds(stores, head, fact.base, one):
                seen.add(one)
                break
    return seen


async def _holds(stores: Stores, head: HeadRevision, base: int, statement: StatementHash) -> bool:
    """Whether a revision of the entity that is newer than `base` holds the statement."""
    if head.head.flags.is_deleted:
        return False
    row: Revision | None = head.revision
    while row is not None and row.revision > base:
        if row.index is not None and statement in row.index.hashes:
            return True
        older = await stores.metadata.history(row.entity, row.revision, 1)
        row = older[0] if older else None
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


def _snapshot(stores: Stores, key: Key, row: Revision, stored: StoredObject) -> StoredSnapshot | Damaged:
    # An object of another attempt at this key means that the row and the object belong to different tries.
    if stored.attempt is not None and stored.attempt != row.attempt:
        return Damaged(str(key), "was written by another attempt than the one that committed")
    try:
        return read_snapshot(stored.data, row.entity, row.revision, key, stores.hasher)
    except Damaged as damage:
        return damage


def _statement(
    stores: Stores, key: Key, one: StatementHash, stored: StoredObject | Damaged
) -> StatementBody | Damaged:
    if isinstance(stored, Damaged):
        return stored
    try:
        return read_statement(stored.data, one, key, stores.hasher)
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
