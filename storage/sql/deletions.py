"""Audit rows of deletions and requests for them. Units for one transaction on one entity's shard each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from storage.errors import RequestMissing, RetentionEnded
from storage.ids import EntityId, external, internal
from storage.model import Audit, AuditKind
from storage.port_deletions import AuditPage, DeletionRequest
from storage.sql.portable import hash_chunks, hash_list, insert_absent, insert_rows
from storage.sql.tables import deletion_requests, entity_delete_audit

KEPT, RESTORED, ENDED, RELEASED = range(4)
"""Of a hard deletion: everything is kept, it was taken back, it can't be any more, nothing is kept. KEPT else."""

_AUDIT, _REQUESTS = entity_delete_audit.c, deletion_requests.c


def note(connection: Connection, audit: Audit) -> None:
    """Keep an audit row beside the commit that it tells of, and do what goes with it."""
    number = internal(audit.entity)
    if audit.kind is AuditKind.HARD_DELETE:
        # Also one that nobody approved of: else who restores the entity would find it asked for still.
        asked_for = withdraw_request(connection, audit.entity)
        if audit.approved_by is not None and not asked_for:
            raise RequestMissing(audit.entity)
    if audit.kind is AuditKind.RESTORE and not _close(connection, number, audit.head, RESTORED):
        raise RetentionEnded(audit.entity)
    row = {
        "internal_id": number,
        "revision_id": audit.revision,
        "delete_type": str(audit.kind),
        "external_id": audit.entity,
        "reason": audit.reason,
        "requested_by": audit.requested_by,
        "approved_by": audit.approved_by,
        "head_revision_id": audit.head,
        "created_at": audit.at,
        "retention_expiry": audit.retained_until,
        "retention": KEPT,
    }
    insert_rows(connection, entity_delete_audit, tuple(row), [tuple(row.values())])


def end_retention(connection: Connection, entity: EntityId, revision: int) -> bool:
    """From now on a hard deletion can't be taken back; False if it was, or if that was so before."""
    return _close(connection, internal(entity), revision, ENDED)


def mark_released(connection: Connection, entity: EntityId, revision: int) -> None:
    """Nothing is kept any more."""
    connection.execute(
        update(entity_delete_audit)
        .where(_of(internal(entity), revision), _AUDIT.retention == ENDED)
        .values(retention=RELEASED)
    )


def _close(connection: Connection, number: int, revision: int, how: int) -> bool:
    # Whoever changes the row first decides: a restoration and the end of the retention exclude each other.
    closed = connection.execute(
        update(entity_delete_audit)
        .where(_of(number, revision), _AUDIT.retention == KEPT)
        .values(retention=how)
    )
    return closed.rowcount == 1


def _of(number: int, revision: int) -> ColumnElement[bool]:
    return and_(
        _AUDIT.internal_id == number,
        _AUDIT.revision_id == revision,
        _AUDIT.delete_type == str(AuditKind.HARD_DELETE),
    )


def audits(connection: Connection, page: AuditPage) -> Sequence[Audit]:
    """Audit rows, newest first."""
    query = select(entity_delete_audit)
    if page.entity is not None:
        query = query.where(_AUDIT.internal_id == internal(page.entity))
    if page.kind is not None:
        query = query.where(_AUDIT.delete_type == str(page.kind))
    if page.since is not None:
        query = query.where(_AUDIT.created_at >= page.since)
    if page.until is not None:
        query = query.where(_AUDIT.created_at < page.until)
    if page.before is not None:
        time, entity, revision = page.before
        number = internal(entity)
        query = query.where(
            or_(
                _AUDIT.created_at < time,
                and_(_AUDIT.created_at == time, _AUDIT.internal_id < number),
                and_(_AUDIT.created_at == time, _AUDIT.internal_id == number, _AUDIT.revision_id < revision),
            )
        )
    order = (_AUDIT.created_at.desc(), _AUDIT.internal_id.desc(), _AUDIT.revision_id.desc())
    return [_audit(row) for row in connection.execute(query.order_by(*order).limit(page.limit))]


def retention_over(connection: Connection, now: datetime, limit: int) -> Sequence[Audit]:
    """Hard deletions past their retention of which something is still kept."""
    found = []
    for state in (ENDED, KEPT):
        query = (
            select(entity_delete_audit)
            .where(_AUDIT.retention == state, _AUDIT.retention_expiry <= now)
            .order_by(_AUDIT.retention_expiry)
            .limit(limit)
        )
        found += [_audit(row) for row in connection.execute(query)]
    return found[:limit]


def _audit(row: Any) -> Audit:
    return Audit(
        entity=external(row.internal_id),
        revision=row.revision_id,
        kind=AuditKind(row.delete_type),
        reason=row.reason,
        requested_by=row.requested_by,
        approved_by=row.approved_by,
        head=row.head_revision_id,
        at=row.created_at,
        retained_until=row.retention_expiry,
    )


def request_deletion(connection: Connection, request: DeletionRequest) -> DeletionRequest:
    """Note a request, unless there is one."""
    connection.execute(
        insert_absent(deletion_requests).values(
            internal_id=internal(request.entity),
            reason=request.reason,
            requested_by=request.requested_by,
            created_at=request.at,
            retention_days=request.retention_days,
        )
    )
    standing = deletion_request(connection, request.entity)
    assert standing is not None, "the row was inserted or was there"
    return standing


def deletion_request(connection: Connection, entity: EntityId) -> DeletionRequest | None:
    """The request for an entity."""
    query = select(deletion_requests).where(_REQUESTS.internal_id == internal(entity))
    row = connection.execute(query).one_or_none()
    return _request(row) if row is not None else None


def requests(connection: Connection, after: EntityId | None, limit: int) -> Sequence[DeletionRequest]:
    """Standing requests, by internal number."""
    beyond = internal(after) if after is not None else 0
    query = select(deletion_requests).where(_REQUESTS.internal_id > beyond)
    rows = connection.execute(query.order_by(_REQUESTS.internal_id).limit(limit))
    return [_request(row) for row in rows]


def withdraw_request(connection: Connection, entity: EntityId) -> bool:
    """Drop a request."""
    gone = connection.execute(delete(deletion_requests).where(_REQUESTS.internal_id == internal(entity)))
    return gone.rowcount == 1


def _request(row: Any) -> DeletionRequest:
    return DeletionRequest(
        external(row.internal_id), row.reason, row.requested_by, row.created_at, row.retention_days
    )


def doubt(connection: Connection, hashes: Sequence[int]) -> None:
    """Mark statements of which a holder may be hard-deleted."""
    for some in hash_chunks(connection, hashes):
        connection.exec_driver_sql(
            f"UPDATE statement_content SET doubtful = 1 WHERE content_hash IN ({hash_list(connection, some)})"
        )
