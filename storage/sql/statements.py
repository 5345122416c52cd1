"""Statements by hash: identity with probing, reference facts, pending facts. Units for one transaction each.

A row's state says how far the collector is with it (`storage.sql.collecting`). A place that was once given up to be
deleted is never used again: its statement, should it come back, is probed past it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select, update

from storage.erased import mark_of
from storage.errors import ErasedContent
from storage.ids import EntityId, external, internal
from storage.model import Attempt, StatementBody, StatementHash
from storage.ports import Claim, Claimed, Pending, StatementRow
from storage.sql.portable import hash_chunks, hash_list, hash_read, insert_rows
from storage.sql.tables import statement_content, statement_pending, statement_references

LIVE, CONDEMNED, DELETING, COLLECTED, ERASED = range(5)
"""Shared and to be shared; shared again by whoever claims it; never shared again; without an object; never written
again, and with a digest that only the key can make."""

Place = tuple[StatementBody, StatementHash]
"""A statement and a hash that it may have, at one probe."""

_Row = tuple[bytes, int, int]
"""Digest, count and state."""


def known(connection: Connection, places: Sequence[Place]) -> dict[bytes, Claimed]:
    """Those that have these hashes, by digest."""
    return _known(_rows(connection, places), places)


def take(connection: Connection, wish: Claim, places: Sequence[Place], now: datetime) -> dict[bytes, Claimed]:
    """Give statements these hashes, as far as no others have them, and leave pending facts for these.

    Answers those that got theirs, by digest; the others are to be looked for at the next probe.
    """
    rows = _rows(connection, places)
    free: dict[StatementHash, StatementBody] = {}
    for body, place in places:
        if place not in rows:
            free.setdefault(place, body)
    _refuse_erased(rows, wish, places)
    shared = _known(rows, places)
    claimed = shared | {body.digest: Claimed(place, stored=False) for place, body in free.items()}
    # In order, here and below: two who wait for each other's rows would be a deadlock.
    # A plain insert: beside another who takes the same place, one of us fails on the key, and looks again.
    insert_rows(
        connection,
        statement_content,
        ("content_hash", "property_id", "digest", "state", "ref_count", "created_at", "orphaned_at"),
        [
            (place, body.property, body.digest, LIVE, 0, now, None)
            for place, body in sorted(free.items(), key=lambda one: one[0])
        ],
    )
    number = internal(wish.entity)
    insert_rows(
        connection,
        statement_pending,
        ("content_hash", "internal_id", "attempt", "base_revision_id", "created_at"),
        [
            (place, number, wish.attempt, wish.base, now)
            for place in sorted(one.hash for one in claimed.values())
        ],
        absent=True,
    )
    if shared:
        given_up = {digest: one.hash for digest, one in shared.items()}
        claimed |= (still := _still_shared(connection, wish, places, given_up, now))
        given_up = {digest: place for digest, place in given_up.items() if digest not in still}
        if given_up:
            release(connection, wish.entity, list(given_up.values()), wish.attempt)
            claimed = {digest: one for digest, one in claimed.items() if digest not in given_up}
    return claimed


def _still_shared(
    connection: Connection,
    wish: Claim,
    places: Sequence[Place],
    shared: Mapping[bytes, StatementHash],
    now: datetime,
) -> dict[bytes, Claimed]:
    """What has become of statements that were there, now that they are claimed; condemned ones are no longer.

    Looked at after the pending facts are written, never before alone: whoever condemns one looks for pending facts
    after that, so of the two at least one sees the other.
    """
    places = [(body, place) for body, place in places if shared.get(body.digest) == place]
    rows = _rows(connection, places)
    condemned = sorted(place for place, row in rows.items() if row[2] == CONDEMNED)
    if condemned:
        # The row count would not tell which: those that were given up meanwhile are seen by looking again.
        for some in hash_chunks(connection, condemned):
            connection.execute(
                update(statement_content)
                .where(_CONTENT.content_hash.in_(some), _CONTENT.state == CONDEMNED)
                .values(state=LIVE, orphaned_at=now)
            )
        rows = _rows(connection, places)
    _refuse_erased(rows, wish, places)
    return _known(rows, places)


def _refuse_erased(rows: Mapping[StatementHash, _Row], wish: Claim, places: Sequence[Place]) -> None:
    erased = [
        body.digest
        for body, place in places
        if (row := rows.get(place)) is not None
        and row[2] == ERASED
        and row[0] == mark_of(wish.erasure_key, body.digest)
    ]
    if erased:
        raise ErasedContent(erased)


def _known(rows: Mapping[StatementHash, _Row], places: Sequence[Place]) -> dict[bytes, Claimed]:
    # A hash alone proves nothing: the digest does (T3). Nor does a count of 0, whose writer may have died between
    # this row and the object; but some committed revision holds what is counted, so its object was there before.
    return {
        body.digest: Claimed(place, stored=row[1] > 0 and row[2] == LIVE)
        for body, place in places
        if (row := rows.get(place)) is not None and row[0] == body.digest and row[2] in (LIVE, CONDEMNED)
    }


def hold(
    connection: Connection, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt | None
) -> None:
    """Record the facts that are not there yet and count each once; drop the attempt's pending facts."""
    number = internal(entity)
    facts = statement_references
    for some in hash_chunks(connection, hashes):
        if attempt is not None:
            some = _pending_of(connection, number, some, attempt)
            if not some:
                continue
        there = connection.exec_driver_sql(
            f"SELECT content_hash FROM statement_references WHERE internal_id = {number}"
            f" AND content_hash IN ({hash_list(connection, some)})"
        )
        missing = sorted(set(some) - {hash_read(connection, one) for one in there.scalars()})
        if missing:
            # A plain insert: beside another who does the same, one of us fails on the key and counts nothing.
            insert_rows(
                connection, facts, ("content_hash", "internal_id"), [(one, number) for one in missing]
            )
            connection.exec_driver_sql(
                f"UPDATE statement_content SET ref_count = ref_count + 1, orphaned_at = NULL,"
                f" state = CASE WHEN state = {CONDEMNED} THEN {LIVE} ELSE state END"
                f" WHERE content_hash IN ({hash_list(connection, missing)})"
            )
        if attempt is not None:
            release(connection, entity, some, attempt)


def _pending_of(
    connection: Connection, number: int, hashes: Sequence[StatementHash], attempt: Attempt
) -> list[StatementHash]:
    """Those of these statements that an attempt claims still."""
    found = connection.exec_driver_sql(
        f"SELECT content_hash FROM statement_pending WHERE content_hash IN ({hash_list(connection, hashes)})"
        f" AND internal_id = {number} AND attempt = X'{attempt.hex()}'"
    )
    return [hash_read(connection, one) for one in found.scalars()]


def release(
    connection: Connection, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt
) -> None:
    """Drop an attempt's pending facts."""
    for some in hash_chunks(connection, hashes):
        connection.exec_driver_sql(
            f"DELETE FROM statement_pending WHERE content_hash IN ({hash_list(connection, some)})"
            f" AND internal_id = {internal(entity)} AND attempt = X'{attempt.hex()}'"
        )


_CONTENT = statement_content.c
STATEMENT = select(
    _CONTENT.content_hash,
    _CONTENT.property_id,
    _CONTENT.digest,
    _CONTENT.ref_count,
    _CONTENT.created_at,
    _CONTENT.orphaned_at,
    _CONTENT.doubtful,
    _CONTENT.state,
)
_THESE: BindParameter[Sequence[int]] = bindparam("hashes", expanding=True)
_THESE_STATEMENTS = STATEMENT.where(_CONTENT.content_hash.in_(_THESE))


def find(connection: Connection, hashes: Collection[StatementHash]) -> dict[StatementHash, StatementRow]:
    """The rows of these statements."""
    found = {}
    for some in hash_chunks(connection, hashes):
        for row in connection.execute(_THESE_STATEMENTS, {"hashes": some}):
            found[row.content_hash] = statement_of(row)
    return found


def statement_of(row: Any) -> StatementRow:
    """The statement that was read with the columns of STATEMENT."""
    return StatementRow(
        row.content_hash,
        row.property_id,
        row.digest,
        row.ref_count,
        row.created_at,
        row.orphaned_at,
        row.doubtful,
        row.state == ERASED,
    )


def pending(connection: Connection, hashes: Collection[StatementHash]) -> dict[StatementHash, list[Pending]]:
    """Who claims these statements."""
    table = statement_pending
    found: dict[StatementHash, list[Pending]] = {}
    for some in hash_chunks(connection, hashes):
        for row in connection.execute(select(table).where(table.c.content_hash.in_(some))):
            fact = Pending(external(row.internal_id), Attempt(row.attempt), row.base_revision_id)
            found.setdefault(row.content_hash, []).append(fact)
    return found


def unheld(connection: Connection, hashes: Collection[StatementHash]) -> set[StatementHash]:
    """Those with neither a reference nor a pending fact."""
    free = set(hashes)
    # Pending first: across shards nobody sees one state, and a claim that is held meanwhile must be seen as either.
    for table in (statement_pending, statement_references):
        for some in hash_chunks(connection, hashes):
            column = table.c.content_hash
            free -= set(connection.scalars(select(column).where(column.in_(some)).distinct()))
    return free


def _rows(connection: Connection, places: Sequence[Place]) -> dict[StatementHash, _Row]:
    rows = {}
    for some in hash_chunks(connection, {place for _, place in places}):
        found = connection.exec_driver_sql(
            "SELECT content_hash, digest, ref_count, state FROM statement_content"
            f" WHERE content_hash IN ({hash_list(connection, some)})"
        )
        for one, digest, count, state in found:
            rows[hash_read(connection, one)] = (bytes(digest), count, state)
    return rows
