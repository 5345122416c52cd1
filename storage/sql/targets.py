"""Reservations of the targets of redirects, and fences against attempts that lost theirs (I11).

Units for one transaction each, on the shard of the reserved entity or of the fenced one. Each locks the entity's head
before it looks, as a commit does by its swap: so of a commit and one of these, the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from storage.errors import Reserved
from storage.ids import EntityId, external, internal
from storage.model import Attempt
from storage.port_targets import Reservation
from storage.sql.portable import insert_absent
from storage.sql.tables import entity_head, redirect_fences, redirect_reservations

_RESERVED, _FENCES = redirect_reservations.c, redirect_fences.c


def reserve_target(
    connection: Connection, target: EntityId, source: EntityId, attempt: Attempt, now: datetime
) -> None:
    """Reserve an entity. Its head, read after this in the same transaction, is the newest."""
    _lock_head(connection, target)
    connection.execute(
        insert_absent(redirect_reservations).values(
            target_internal_id=internal(target),
            source_internal_id=internal(source),
            attempt=attempt,
            created_at=now,
        )
    )


def release_target(connection: Connection, target: EntityId, source: EntityId, attempt: Attempt) -> None:
    """Take a reservation back."""
    connection.execute(
        delete(redirect_reservations).where(
            _RESERVED.target_internal_id == internal(target),
            _RESERVED.source_internal_id == internal(source),
            _RESERVED.attempt == attempt,
        )
    )


def reservations(connection: Connection, target: EntityId) -> Sequence[Reservation]:
    """Who has reserved an entity."""
    rows = connection.execute(
        select(redirect_reservations)
        .where(_RESERVED.target_internal_id == internal(target))
        .order_by(_RESERVED.source_internal_id, _RESERVED.attempt)
    )
    return [
        Reservation(external(row.source_internal_id), Attempt(row.attempt), row.created_at) for row in rows
    ]


def fence(connection: Connection, source: EntityId, attempt: Attempt) -> None:
    """Forbid an attempt to make its entity a redirect."""
    _lock_head(connection, source)
    connection.execute(insert_absent(redirect_fences).values(internal_id=internal(source), attempt=attempt))


def may_redirect(connection: Connection, entity: EntityId, attempt: Attempt) -> None:
    """Reserved, if the entity must not become a redirect in this attempt. For the commit, after its swap."""
    # Locking reads: of an entity that does not exist yet there is no head to wait at.
    reserved = select(_RESERVED.attempt).where(_RESERVED.target_internal_id == internal(entity))
    fenced = select(_FENCES.attempt).where(
        _FENCES.internal_id == internal(entity), _FENCES.attempt == attempt
    )
    for hindrance in (reserved, fenced):
        if connection.execute(hindrance.limit(1).with_for_update()).first() is not None:
            raise Reserved(entity)


def _lock_head(connection: Connection, entity: EntityId) -> None:
    table = entity_head
    connection.execute(
        update(table).where(table.c.internal_id == internal(entity)).values(updated_at=table.c.updated_at)
    )
