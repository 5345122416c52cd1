"""Heads and their commit, keys and ids of entities. Units for one transaction on one entity's shard each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import BindParameter, Connection, Dialect, Select, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.errors import EntityGone, HeadMoved
from storage.ids import FLOORS, EntityId, EntityType, external, internal
from storage.model import Attempt, AuditKind, Flags, Head
from storage.ports import AlreadyLanded, EditKey, HeadRevision, Landed, Swap
from storage.sql import deletions, lists, outbox, targets
from storage.sql.portable import chunks, insert_absent, insert_rows
from storage.sql.prepared import fetched, padded, prepared
from storage.sql.revisions import FLAGS, REVISION, WITH_META, flags_of, revision_of, subjects_of
from storage.sql.tables import (
    entity_head,
    entity_id_mapping,
    entity_revision_meta,
    entity_revisions,
    id_ranges,
    idempotency_keys,
    idempotent_outcomes,
)
from storage.sql.types import pack_hashes, pack_ids

_HEADS = select(
    entity_head.c.updated_at,
    entity_head.c.redirects_to,
    *(entity_head.c[flag] for flag in FLAGS),
    *REVISION,
).select_from(
    entity_head.join(
        WITH_META,
        and_(
            entity_revisions.c.internal_id == entity_head.c.internal_id,
            entity_revisions.c.revision_id == entity_head.c.head_revision_id,
        ),
    )
)
KEPT, KEPT_BYTES = 256, 16384
"""How many heads are kept beside their rows, and how long the index of each is at most: 25 MB of them if all are so long."""
_STATEMENTS, _COUNTS, _PARTS = (
    [column.name for column in _HEADS.selected_columns].index(name)
    for name in ("statements", "property_counts", "parts")
)
_PAIRS = 32
"""Pairs in one look: engines try every combination of two IN lists, so they are kept short."""

# Made once: to put a statement together costs more than to run it.
_THESE: BindParameter[Sequence[int]] = bindparam("entities", expanding=True)
_HEAD_COLUMNS = ("head_revision_id", "updated_at", *FLAGS, "redirects_to")
_SWAP = (
    update(entity_head)
    .where(
        entity_head.c.internal_id == bindparam("entity"),
        entity_head.c.head_revision_id == bindparam("expected"),
        entity_head.c.is_deleted == bindparam("was_deleted"),
    )
    .values({column: bindparam(f"next_{column}") for column in _HEAD_COLUMNS})
)
_THESE_KEYS: BindParameter[Sequence[bytes]] = bindparam("keys", expanding=True)
_OUTCOMES = select(idempotent_outcomes).where(
    idempotent_outcomes.c.internal_id.in_(_THESE), idempotent_outcomes.c.key_digest.in_(_THESE_KEYS)
)
_OUTCOME = select(idempotent_outcomes).where(
    idempotent_outcomes.c.internal_id == bindparam("entity"),
    idempotent_outcomes.c.key_digest == bindparam("key"),
)


def heads(connection: Connection, entities: Collection[EntityId]) -> dict[EntityId, HeadRevision]:
    """Heads joined with their revision's row: one query for all ids."""
    found = {}
    read = _reader(connection.dialect)
    for some in chunks([internal(entity) for entity in entities]):
        keys = padded(some)
        asked = prepared(connection.dialect, _heads_of(len(keys)))
        for row in fetched(connection, asked.text, asked.bound_in_order(keys)):
            head = read(tuple(row))
            found[head.head.entity] = head
    return found


@lru_cache
def _heads_of(count: int) -> Select[Any]:
    keys: list[BindParameter[int]] = [bindparam(f"entity{number}") for number in range(count)]
    return _HEADS.where(entity_head.c.internal_id.in_(keys))


@lru_cache
def _reader(dialect: Dialect) -> Callable[[tuple[Any, ...]], HeadRevision]:
    """Makes the head of a row as this engine gives it.

    Each time the row is read, for it says what is so now. But most say what they said the last time, and what one
    says can't change: it is kept beside the row, with its index as far as somebody has unpacked it. `found` shares
    it with others then.
    """
    asked = prepared(dialect, _heads_of(1))

    def made(row: tuple[Any, ...]) -> HeadRevision:
        return head_of(asked.read(row))

    kept = lru_cache(KEPT)(made)

    def read(row: tuple[Any, ...]) -> HeadRevision:
        size = len(row[_STATEMENTS] or "") + len(row[_COUNTS] or "") + len(row[_PARTS] or "")
        return (kept if size <= KEPT_BYTES else made)(row)

    return read


_flags = attrgetter(*FLAGS)


def head_of(row: Any) -> HeadRevision:
    """The head that was read with its revision's row."""
    revision = revision_of(row)
    target = external(row.redirects_to) if row.redirects_to is not None else None
    flags = flags_of(*_flags(row))
    return HeadRevision(Head(revision.entity, revision.revision, row.updated_at, flags, target), revision)


def commit(connection: Connection, swap: Swap) -> Head:
    """The compare-and-swap with all that commits beside it."""
    snapshot = swap.snapshot
    number = internal(snapshot.entity)
    if swap.key is not None and (before := landed(connection, snapshot.entity, swap.key.key)) is not None:
        raise AlreadyLanded(before)
    target = snapshot.redirects_to
    values = (
        snapshot.revision,
        snapshot.created_at,
        *(getattr(snapshot.flags, flag) for flag in FLAGS),
        internal(target) if target is not None else None,
    )
    if swap.expected is None:
        try:
            insert_rows(connection, entity_head, ("internal_id", *_HEAD_COLUMNS), [(number, *values)])
        except IntegrityError as error:
            raise _moved(connection, swap) from error
    else:
        following = {f"next_{column}": value for column, value in zip(_HEAD_COLUMNS, values, strict=True)}
        # Hard deletion is terminal: nothing follows it but its being taken back.
        place = {"entity": number, "expected": swap.expected, "was_deleted": _restores(swap)}
        if connection.execute(_SWAP, {**place, **following}).rowcount != 1:
            raise _moved(connection, swap)
    if swap.redirect_changed and target is not None:
        targets.may_redirect(connection, snapshot.entity, swap.attempt)
    lists.move(connection, number, swap.left, swap.joined)
    if swap.audit is not None:
        deletions.note(connection, swap.audit)
    _insert_revision(connection, swap, number)
    outbox.insert(connection, swap, number)
    if swap.key is not None:
        outcome = Landed(snapshot.entity, snapshot.revision, False, swap.key.request)
        _insert_outcome(connection, outcome, swap.key.key, snapshot.created_at)
    return Head(snapshot.entity, snapshot.revision, snapshot.created_at, snapshot.flags, target)


def _restores(swap: Swap) -> bool:
    return swap.audit is not None and swap.audit.kind is AuditKind.RESTORE


def _moved(connection: Connection, swap: Swap) -> HeadMoved | EntityGone:
    entity = swap.snapshot.entity
    row = connection.execute(
        select(entity_head.c.head_revision_id, entity_head.c.is_deleted).where(
            entity_head.c.internal_id == internal(entity)
        )
    ).one_or_none()
    # A restoration may have come after another one, and after another deletion.
    if row is not None and row.is_deleted and not _restores(swap):
        return EntityGone(entity)
    return HeadMoved(entity, swap.expected, row.head_revision_id if row is not None else None)


def _insert_revision(connection: Connection, swap: Swap, number: int) -> None:
    snapshot, edit, index = swap.snapshot, swap.edit, swap.index
    revision = {
        "internal_id": number,
        "revision_id": snapshot.revision,
        "parent_revision_id": swap.expected,
        "created_at": snapshot.created_at,
        "is_mass_edit": edit.is_mass_edit,
        "edit_type": edit.edit_type,
        "editor": edit.editor,
        "summary": edit.summary,
        "bot": edit.bot,
        "batch_id": edit.batch_id,
        "source_revision_id": edit.source_revision_id,
        "flags": _flag_bits(snapshot.flags),
        "attempt": swap.attempt,
        "content_hash": snapshot.content_hash,
        "content_digest": swap.content_digest,
        "statements": pack_hashes(index.hashes),
        "statement_ids": pack_ids(swap.ids, subjects_of(snapshot.entity, index)),
        "properties": orjson.dumps(list(index.property_counts)).decode(),
        "property_counts": orjson.dumps(index.property_counts).decode(),
        "parts": orjson.dumps(index.parts).decode() if index.parts else None,
        "statements_digest": index.digest,
    }
    meta = {
        "internal_id": number,
        "revision_id": snapshot.revision,
        "size_bytes": swap.size_bytes,
        "schema_version": snapshot.schema_version,
        "validation_status": "valid",
        "validation_error": None,
        "validated_at": snapshot.created_at,
    }
    insert_rows(connection, entity_revisions, tuple(revision), [tuple(revision.values())])
    insert_rows(connection, entity_revision_meta, tuple(meta), [tuple(meta.values())])


def landed(connection: Connection, entity: EntityId, key: bytes) -> Landed | None:
    """The outcome under a key on this entity."""
    row = connection.execute(_OUTCOME, {"entity": internal(entity), "key": key}).one_or_none()
    return Landed(entity, row.revision_id, row.unchanged, row.request_digest) if row is not None else None


def landed_many(connection: Connection, keys: Mapping[EntityId, Collection[bytes]]) -> dict[bytes, Landed]:
    """The outcomes under keys, each looked for on its entity only."""
    by_key = {key: internal(entity) for entity, some in keys.items() for key in some}
    found = {}
    for some in chunks(list(by_key.items()), _PAIRS):
        numbers, digests = sorted({number for _, number in some}), [key for key, _ in some]
        rows = connection.execute(_OUTCOMES, {"entities": numbers, "keys": digests})
        for row in rows:
            if by_key.get(row.key_digest) == row.internal_id:
                entity = external(row.internal_id)
                found[row.key_digest] = Landed(entity, row.revision_id, row.unchanged, row.request_digest)
    return found


def record_unchanged(connection: Connection, outcome: Landed, key: bytes, now: datetime) -> Landed:
    """Keep the first outcome under a key, and answer it."""
    before = landed(connection, outcome.entity, key)
    if before is None:
        _insert_outcome(connection, outcome, key, now)
    return before or outcome


def _insert_outcome(connection: Connection, outcome: Landed, key: bytes, now: datetime) -> None:
    insert_rows(
        connection,
        idempotent_outcomes,
        ("internal_id", "key_digest", "request_digest", "revision_id", "unchanged", "created_at"),
        [(internal(outcome.entity), key, outcome.request, outcome.revision, outcome.unchanged, now)],
    )


def reserve(connection: Connection, key: EditKey, entity: EntityId, now: datetime) -> tuple[EntityId, bytes]:
    """Bind a key, or find what it is bound to."""
    connection.execute(
        insert_absent(idempotency_keys).values(
            key_digest=key.key, request_digest=key.request, internal_id=internal(entity), created_at=now
        )
    )
    bound = reserved(connection, key.key)
    assert bound is not None, "the row was inserted or was there"
    return bound


def reserved(connection: Connection, key: bytes) -> tuple[EntityId, bytes] | None:
    """What a key is bound to."""
    table = idempotency_keys
    row = connection.execute(
        select(table.c.internal_id, table.c.request_digest).where(table.c.key_digest == key)
    ).one_or_none()
    return (external(row.internal_id), row.request_digest) if row is not None else None


def attempt_of(connection: Connection, entity: EntityId, revision: int) -> Attempt | None:
    """Which attempt a committed revision came from."""
    table = entity_revisions
    wanted = select(table.c.attempt).where(
        table.c.internal_id == internal(entity), table.c.revision_id == revision
    )
    found = connection.scalar(wanted)
    return Attempt(found) if found is not None else None


def entities(connection: Connection, after: EntityId | None, limit: int) -> list[EntityId]:
    """Entities that have a head, in order of their internal numbers."""
    column = entity_head.c.internal_id
    query = select(column).order_by(column).limit(limit)
    if after is not None:
        query = query.where(column > internal(after))
    return [external(number) for number in connection.scalars(query)]


def register(connection: Connection, entity: EntityId, now: datetime) -> bool:
    """Note an id as used; False if it was."""
    try:
        columns = ("entity_id", "internal_id", "created_at")
        insert_rows(connection, entity_id_mapping, columns, [(entity, internal(entity), now)])
    except IntegrityError:
        return False
    return True


def registered(connection: Connection, wanted: Collection[EntityId]) -> set[EntityId]:
    """Those ids that are used."""
    found: set[EntityId] = set()
    for some in chunks(sorted(wanted)):
        keys = padded(some)
        asked = prepared(connection.dialect, _used(len(keys)))
        found.update(EntityId(row.entity_id) for row in asked.rows(connection, asked.bound_in_order(keys)))
    return found


@lru_cache
def _used(count: int) -> Select[Any]:
    keys: list[BindParameter[str]] = [bindparam(f"id{number}") for number in range(count)]
    return select(entity_id_mapping.c.entity_id).where(entity_id_mapping.c.entity_id.in_(keys))


def lease_numbers(connection: Connection, kind: EntityType, count: int) -> range:
    """The next numbers of a kind; they are spent whatever becomes of them."""
    table = id_ranges
    here = table.c.entity_type == str(kind)
    # Raised first, read after: the row stays locked, so nobody is given the same numbers.
    raised = connection.execute(update(table).where(here).values(next_number=table.c.next_number + count))
    if raised.rowcount == 0:
        connection.execute(insert(table).values(entity_type=str(kind), next_number=FLOORS[kind] + count))
    end = connection.scalar(select(table.c.next_number).where(here))
    assert end is not None, "the row was there or was inserted"
    return range(end - count, end)


def _flag_bits(flags: Flags) -> int:
    return sum(1 << position for position, flag in enumerate(FLAGS) if getattr(flags, flag))
