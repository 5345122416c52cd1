"""What committed revisions still owe. The row commits with the revision and goes when all is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, select, update

from storage.events import event_from, event_json
from storage.ids import EntityId, external, internal
from storage.model import Attempt
from storage.ports import Swap, Work
from storage.sql.portable import insert_rows
from storage.sql.tables import outbox
from storage.sql.types import pack_hashes, unpack_hashes


def insert(connection: Connection, swap: Swap, number: int) -> None:
    """Note what the revision owes."""
    target = swap.snapshot.redirects_to
    row = {
        "internal_id": number,
        "revision_id": swap.snapshot.revision,
        "attempt": swap.attempt,
        "added": pack_hashes(swap.added),
        "removed": pack_hashes(swap.removed),
        "redirect_changed": swap.redirect_changed,
        "redirects_to": internal(target) if target is not None else None,
        "event": event_json(swap.event),
        "derived": False,
        "published": False,
    }
    insert_rows(connection, outbox, tuple(row), [tuple(row.values())])


def underived(connection: Connection, limit: int) -> Sequence[Work]:
    """Work whose derived rows are missing."""
    return _work(connection, select(outbox).where(outbox.c.derived.is_(False)), limit)


def unpublished(connection: Connection, limit: int) -> Sequence[Work]:
    """Work whose event is not acknowledged, each entity's in order of revision."""
    return _work(connection, select(outbox).where(outbox.c.published.is_(False)), limit)


def mark(
    connection: Connection, done: Collection[tuple[EntityId, int]], *, derived: bool, published: bool
) -> None:
    """Note what is done, forget what is over."""
    places = [{"entity": internal(entity), "revision": number} for entity, number in sorted(done)]
    if not places:
        return
    if derived:
        connection.execute(_DERIVED, places)
    if published:
        connection.execute(_PUBLISHED, places)
    connection.execute(_FORGET, places)


_THIS = and_(outbox.c.internal_id == bindparam("entity"), outbox.c.revision_id == bindparam("revision"))
_DERIVED = update(outbox).where(_THIS).values(derived=True)
_PUBLISHED = update(outbox).where(_THIS).values(published=True)
_FORGET = delete(outbox).where(_THIS, outbox.c.derived.is_(True), outbox.c.published.is_(True))


def _work(connection: Connection, query: Select[Any], limit: int) -> list[Work]:
    ordered = query.order_by(outbox.c.internal_id, outbox.c.revision_id).limit(limit)
    return [_read(row) for row in connection.execute(ordered)]


def _read(row: Row[Any]) -> Work:
    return Work(
        entity=external(row.internal_id),
        revision=row.revision_id,
        attempt=Attempt(row.attempt),
        added=unpack_hashes(row.added),
        removed=unpack_hashes(row.removed),
        redirect_changed=row.redirect_changed,
        redirects_to=external(row.redirects_to) if row.redirects_to is not None else None,
        event=event_from(row.event),
        derived=row.derived,
        published=row.published,
    )
