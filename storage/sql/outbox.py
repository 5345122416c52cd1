"""What committed revisions still owe. The row commits with the revision and goes when all is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, bindparam, false, func, select

from storage.events import event_from, event_json
from storage.ids import EntityId, external, internal
from storage.model import Attempt
from storage.ports import Backlog, Swap, Work
from storage.sql.portable import chunks, insert_rows
from storage.sql.tables import entity_revisions, outbox
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
    return _work(connection, _UNDERIVED, limit)


def unpublished(connection: Connection, limit: int) -> Sequence[Work]:
    """Work whose event is not acknowledged, each entity's in order of revision."""
    return _work(connection, _UNPUBLISHED, limit)


def mark(
    connection: Connection, done: Collection[tuple[EntityId, int]], *, derived: bool, published: bool
) -> None:
    """Note what is done, forget what is over."""
    places = sorted((internal(entity), int(revision)) for entity, revision in done)
    # Many rows in a statement: a driver sends one for each otherwise, and who waits for a row waits for all of them.
    for some in chunks(places, _MARKED):
        these = _these(some)
        if derived:
            connection.exec_driver_sql(f"UPDATE outbox SET derived = 1 WHERE {these}")
        if published:
            connection.exec_driver_sql(f"UPDATE outbox SET published = 1 WHERE {these}")
        # Reckoned with, so that no engine goes by the index of what waits for one thing only.
        connection.exec_driver_sql(f"DELETE FROM outbox WHERE {these} AND derived + published = 2")


def backlog(connection: Connection, bound: int) -> Backlog:
    """How much is owed and since when; up to `bound` of each kind are looked at."""
    underived, underived_since = _owed(connection, _OWED_DERIVING, bound)
    unpublished, unpublished_since = _owed(connection, _OWED_PUBLISHING, bound)
    return Backlog(underived, unpublished, underived_since, unpublished_since)


_MARKED = 100


def _these(places: Sequence[tuple[int, int]]) -> str:
    # The list is for Vitess, which finds the shard by it.
    entities = ",".join(str(entity) for entity in sorted({entity for entity, _ in places}))
    each = " OR ".join(f"internal_id = {entity} AND revision_id = {revision}" for entity, revision in places)
    return f"internal_id IN ({entities}) AND ({each})"


def _owing(what: Column[bool], index: str) -> Select[Any]:
    # Compared by "=", since MySQL takes no index for "IS". Told by name, else it may go by the primary key, which
    # has the order too, and look through all that owes something else.
    return (
        select(outbox)
        .with_hint(outbox, f"FORCE INDEX ({index})", "mysql")
        .where(what == false())
        .order_by(outbox.c.internal_id, outbox.c.revision_id)
        .limit(bindparam("limit"))
    )


def _how_much(what: Column[bool], index: str) -> Select[Any]:
    some = (
        select(outbox.c.internal_id, outbox.c.revision_id)
        .with_hint(outbox, f"FORCE INDEX ({index})", "mysql")
        .where(what == false())
        .limit(bindparam("bound"))
        .subquery()
    )
    revisions = entity_revisions
    theirs = (some.c.internal_id == revisions.c.internal_id) & (some.c.revision_id == revisions.c.revision_id)
    columns: tuple[Any, Any] = (func.count(), func.min(revisions.c.created_at))
    return select(*columns).select_from(some.join(revisions, theirs))


def _owed(connection: Connection, query: Select[Any], bound: int) -> tuple[int, datetime | None]:
    count, since = connection.execute(query, {"bound": bound}).one()
    return count, since


_OWED_DERIVING = _how_much(outbox.c.derived, "outbox_underived")
_OWED_PUBLISHING = _how_much(outbox.c.published, "outbox_unpublished")

_UNDERIVED = _owing(outbox.c.derived, "outbox_underived")
_UNPUBLISHED = _owing(outbox.c.published, "outbox_unpublished")


def _work(connection: Connection, query: Select[Any], limit: int) -> list[Work]:
    return [_read(row) for row in connection.execute(query, {"limit": limit})]


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
