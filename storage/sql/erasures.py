"""What is erased, and the marks of it. Units for one transaction each: accounts in one place, marks on their shards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, delete, or_, select, update

from storage.erased import mark_of
from storage.errors import EntityMissing, IsHead, RevisionMissing
from storage.ids import EntityId, external, internal
from storage.model import Attempt, AuditKind, StatementHash
from storage.port_erasing import Erasure, ErasuresPage, Holdings
from storage.sql.deletions import KEPT
from storage.sql.portable import (
    chunks,
    hash_chunks,
    hash_list,
    hash_read,
    insert_absent,
    insert_rows,
)
from storage.sql.statements import CONDEMNED, ERASED, LIVE
from storage.sql.tables import (
    entity_backlinks,
    entity_delete_audit,
    entity_head,
    entity_revisions,
    statement_content,
    statement_pending,
)
from storage.sql.tables import erasures as table
from storage.sql.types import unpack_hashes

_ERASURES, _CONTENT, _ROWS = table.c, statement_content.c, entity_revisions.c
WIPED = (
    "content_hash",
    "content_digest",
    "statements",
    "statement_ids",
    "properties",
    "property_counts",
    "parts",
    "statements_digest",
)


def begin_erasure(connection: Connection, erasure: Erasure) -> None:
    """Keep the account."""
    connection.execute(
        insert_absent(table).values(
            erasure_id=erasure.id,
            content_hash=erasure.statement,
            internal_id=internal(erasure.entity) if erasure.entity is not None else None,
            revisions=orjson.dumps(list(erasure.revisions)).decode(),
            reason=erasure.reason,
            requested_by=erasure.by,
            created_at=erasure.at,
            due_at=erasure.due_at,
            done=erasure.done,
        )
    )


def erasures_since(connection: Connection, since: datetime) -> list[Erasure]:
    """Those of late."""
    return _erasures(connection, select(table).where(_ERASURES.created_at >= since))


def erasures(connection: Connection, page: ErasuresPage) -> list[Erasure]:
    """All of a time, newest first."""
    query = select(table)
    if page.of_statements:
        query = query.where(_ERASURES.content_hash.is_not(None))
    if page.since is not None:
        query = query.where(_ERASURES.created_at >= page.since)
    if page.until is not None:
        query = query.where(_ERASURES.created_at < page.until)
    if page.before is not None:
        at, last = page.before
        beyond = and_(_ERASURES.created_at == at, _ERASURES.erasure_id < last)
        query = query.where(or_(_ERASURES.created_at < at, beyond))
    ordered = query.order_by(_ERASURES.created_at.desc(), _ERASURES.erasure_id.desc())
    return _erasures(connection, ordered.limit(page.limit))


def unfinished(connection: Connection, now: datetime, limit: int) -> list[Erasure]:
    """Those that are due."""
    query = select(table).where(_ERASURES.done.is_(False), _ERASURES.due_at <= now)
    return _erasures(connection, query.order_by(_ERASURES.due_at).limit(limit))


def _erasures(connection: Connection, query: Select[Any]) -> list[Erasure]:
    return [
        Erasure(
            id=bytes(row.erasure_id),
            reason=row.reason,
            by=row.requested_by,
            at=row.created_at,
            due_at=row.due_at,
            statement=row.content_hash,
            entity=external(row.internal_id) if row.internal_id is not None else None,
            revisions=tuple(orjson.loads(row.revisions)),
            done=row.done,
        )
        for row in connection.execute(query)
    ]


def put_off(connection: Connection, erasure: bytes, until: datetime) -> None:
    """Later."""
    connection.execute(update(table).where(_ERASURES.erasure_id == erasure).values(due_at=until))


def finish_erasure(connection: Connection, erasure: bytes) -> None:
    """Done."""
    connection.execute(update(table).where(_ERASURES.erasure_id == erasure).values(done=True))


def erase_statement(connection: Connection, statement: StatementHash, key: bytes) -> bool:
    """Mark a statement; its digest is kept as one that nobody can make without the key."""
    here = _CONTENT.content_hash == statement
    query = select(_CONTENT.digest, _CONTENT.state).where(here).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        return False
    if row.state != ERASED:
        keyed = mark_of(key, bytes(row.digest))
        connection.execute(update(statement_content).where(here).values(state=ERASED, digest=keyed))
    return True


def erased_among(connection: Connection, wanted: Collection[StatementHash]) -> set[StatementHash]:
    """Those that are marked."""
    found: set[StatementHash] = set()
    for some in hash_chunks(connection, wanted):
        rows = connection.exec_driver_sql(
            f"SELECT content_hash FROM statement_content WHERE state = {ERASED}"
            f" AND content_hash IN ({hash_list(connection, some)})"
        )
        found.update(hash_read(connection, one) for (one,) in rows)
    return found


def still_claimed(connection: Connection, statement: StatementHash) -> bool:
    """Whether there is a pending fact."""
    # A locking read: it waits for those who have written one and not committed yet.
    column = statement_pending.c.content_hash
    query = select(column).where(column == statement).with_for_update()
    return connection.execute(query).first() is not None


def unlink(
    connection: Connection,
    statement: StatementHash,
    targets: Collection[EntityId],
    holders: Collection[EntityId],
) -> None:
    """Forget backlinks wholly: even a mark of a removed one would tell what the statement said."""
    links = entity_backlinks.c
    for target in sorted(internal(one) for one in targets):
        for some in chunks(sorted(internal(one) for one in holders)):
            connection.execute(
                delete(entity_backlinks).where(
                    links.referenced_internal_id == target,
                    links.referencing_internal_id.in_(some),
                    links.statement_hash == statement,
                )
            )


def erase_revisions(
    connection: Connection, entity: EntityId, revisions: Sequence[int], reason: str, by: str, now: datetime
) -> None:
    """Mark revisions other than the head."""
    number, head = internal(entity), entity_head.c
    here = head.internal_id == number
    # Locked, as by a swap: a revision that is not the head now never is again.
    connection.execute(update(entity_head).where(here).values(updated_at=head.updated_at))
    current = connection.scalar(select(head.head_revision_id).where(here))
    if current is None:
        raise EntityMissing(entity)
    if current in revisions:
        raise IsHead(entity, current)
    wanted = sorted(set(revisions))
    for some in chunks(wanted):
        these = and_(_ROWS.internal_id == number, _ROWS.revision_id.in_(some))
        there = set(connection.scalars(select(_ROWS.revision_id).where(these)))
        for one in some:
            if one not in there:
                raise RevisionMissing(entity, one)
        connection.execute(update(entity_revisions).where(these).values(erased=True))
    columns = tuple(entity_delete_audit.c.keys())
    kind = str(AuditKind.ERASURE)
    rows = [(number, one, kind, entity, reason, by, None, current, now, None, KEPT) for one in wanted]
    insert_rows(connection, entity_delete_audit, columns, rows, absent=True)


def erased_holdings(connection: Connection, entity: EntityId) -> Holdings:
    """What erased rows still tell."""
    held: dict[bool, set[StatementHash]] = {False: set(), True: set()}
    query = select(_ROWS.erased, _ROWS.statements).where(_ROWS.internal_id == internal(entity))
    for row in connection.execute(query):
        held[bool(row.erased)].update(unpack_hashes(row.statements or b""))
    return Holdings(frozenset(held[True] - held[False]), frozenset(held[True] & held[False]))


def wipe(connection: Connection, entity: EntityId, revisions: Sequence[int]) -> None:
    """Forget what they held."""
    for some in chunks(sorted(set(revisions))):
        connection.execute(
            update(entity_revisions)
            .where(_ROWS.internal_id == internal(entity), _ROWS.revision_id.in_(some), _ROWS.erased.is_(True))
            .values(dict.fromkeys(WIPED))
        )


def reclaim(
    connection: Connection,
    entity: EntityId,
    attempt: Attempt,
    base: int,
    hashes: Collection[StatementHash],
    now: datetime,
) -> set[StatementHash]:
    """Leave pending facts, then look at the states, as `statements.take` does."""
    columns = ("content_hash", "internal_id", "attempt", "base_revision_id", "created_at")
    rows = [(one, internal(entity), attempt, base, now) for one in sorted(hashes)]
    insert_rows(connection, statement_pending, columns, rows, absent=True)
    shared: set[StatementHash] = set()
    for some in hash_chunks(connection, hashes):
        here = _CONTENT.content_hash.in_(some)
        states = select(_CONTENT.content_hash).where(here, _CONTENT.state == CONDEMNED)
        condemned = list(connection.scalars(states))
        if condemned:
            connection.execute(
                update(statement_content)
                .where(_CONTENT.content_hash.in_(condemned), _CONTENT.state == CONDEMNED)
                .values(state=LIVE, orphaned_at=now)
            )
        usable = _CONTENT.state.in_((LIVE, ERASED))
        shared.update(connection.scalars(select(_CONTENT.content_hash).where(here, usable)))
    return set(hashes) - shared
