"""Statements by hash: identity with probing, reference facts, pending facts. Units for one transaction each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, select

from storage.canonical import StatementHasher
from storage.ids import EntityId, external, internal
from storage.model import Attempt, StatementBody, StatementHash
from storage.ports import Claim, Claimed, Pending, StatementRow
from storage.snapshot import MAX_PROBES
from storage.sql.portable import chunks, hash_list, hash_read, insert_rows
from storage.sql.tables import statement_content, statement_pending, statement_references

LIVE, CONDEMNED, DELETING, COLLECTED = range(4)


class ProbedTooFar(Exception):
    """More collisions in a row than chance or malice explain."""


def locate(
    connection: Connection, bodies: Sequence[StatementBody], hasher: StatementHasher
) -> tuple[dict[bytes, Claimed], dict[bytes, StatementHash]]:
    """Where known statements live, and the free hash that each unknown one would get; both by digest.

    Probes are followed to the first hash that was never used. A hash alone proves nothing: the digest does (T3).
    """
    known: dict[bytes, Claimed] = {}
    free: dict[bytes, StatementHash] = {}
    taken: set[StatementHash] = set()
    wanted = list({body.digest: body for body in bodies}.values())  # else one collides with itself
    for probe in range(MAX_PROBES):
        hashes = {body.digest: hasher(body.canonical, probe) for body in wanted}
        rows = _rows(connection, sorted(set(hashes.values())))
        further = []
        for body in wanted:
            statement_hash = hashes[body.digest]
            row = rows.get(statement_hash)
            if row is None and statement_hash not in taken:
                taken.add(statement_hash)
                free[body.digest] = statement_hash
            elif row is not None and row[0] == body.digest:
                # Some committed revision holds it, so its object was stored before that commit. A count of 0
                # proves nothing: its writer may have died between this row and the object.
                known[body.digest] = Claimed(statement_hash, stored=row[1] > 0 and row[2] == LIVE)
            else:
                further.append(body)
        if not further:
            return known, free
        wanted = further
    raise ProbedTooFar(f"{len(wanted)} statements found no hash in {MAX_PROBES} probes")


def claim(
    connection: Connection, wish: Claim, hasher: StatementHasher, now: datetime
) -> dict[bytes, Claimed]:
    """Give each body a hash and leave pending facts for those that the head does not hold."""
    known, free = locate(connection, wish.bodies, hasher)
    if free:
        properties = {body.digest: body.property for body in wish.bodies}
        insert_rows(
            connection,
            statement_content,
            ("content_hash", "property_id", "digest", "state", "ref_count", "created_at", "orphaned_at"),
            [(place, properties[digest], digest, LIVE, 0, now, None) for digest, place in free.items()],
        )
    claimed = known | {digest: Claimed(place, stored=False) for digest, place in free.items()}
    number = internal(wish.entity)
    insert_rows(
        connection,
        statement_pending,
        ("content_hash", "internal_id", "attempt", "base_revision_id", "created_at"),
        [
            (place.hash, number, wish.attempt, wish.base, now)
            for place in claimed.values()
            if place.hash not in wish.held
        ],
        absent=True,
    )
    return claimed


def hold(
    connection: Connection, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt | None
) -> None:
    """Record the facts that are not there yet and count each once; drop the attempt's pending facts."""
    number = internal(entity)
    facts = statement_references
    for some in chunks(sorted(hashes)):
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
                f"UPDATE statement_content SET ref_count = ref_count + 1, orphaned_at = NULL, state = {LIVE}"
                f" WHERE content_hash IN ({hash_list(connection, missing)})"
            )
        if attempt is not None:
            release(connection, entity, some, attempt)


def release(
    connection: Connection, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt
) -> None:
    """Drop an attempt's pending facts."""
    for some in chunks(sorted(hashes)):
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
)
_THESE: BindParameter[Sequence[int]] = bindparam("hashes", expanding=True)
_THESE_STATEMENTS = STATEMENT.where(_CONTENT.content_hash.in_(_THESE))


def find(connection: Connection, hashes: Collection[StatementHash]) -> dict[StatementHash, StatementRow]:
    """The rows of these statements."""
    found = {}
    for some in chunks(sorted(hashes)):
        for row in connection.execute(_THESE_STATEMENTS, {"hashes": some}):
            found[row.content_hash] = statement_of(row)
    return found


def statement_of(row: Any) -> StatementRow:
    """The statement that was read with the columns of STATEMENT."""
    return StatementRow(
        row.content_hash, row.property_id, row.digest, row.ref_count, row.created_at, row.orphaned_at
    )


def pending(connection: Connection, hashes: Collection[StatementHash]) -> dict[StatementHash, list[Pending]]:
    """Who claims these statements."""
    table = statement_pending
    found: dict[StatementHash, list[Pending]] = {}
    for some in chunks(sorted(hashes)):
        for row in connection.execute(select(table).where(table.c.content_hash.in_(some))):
            fact = Pending(external(row.internal_id), Attempt(row.attempt), row.base_revision_id)
            found.setdefault(row.content_hash, []).append(fact)
    return found


def unheld(connection: Connection, hashes: Collection[StatementHash]) -> set[StatementHash]:
    """Those with neither a reference nor a pending fact."""
    free = set(hashes)
    for table in (statement_references, statement_pending):
        for some in chunks(sorted(hashes)):
            column = table.c.content_hash
            free -= set(connection.scalars(select(column).where(column.in_(some)).distinct()))
    return free


def _rows(
    connection: Connection, hashes: Sequence[StatementHash]
) -> Mapping[StatementHash, tuple[bytes, int, int]]:
    rows = {}
    for some in chunks(hashes):
        found = connection.exec_driver_sql(
            "SELECT content_hash, digest, ref_count, state FROM statement_content"
            f" WHERE content_hash IN ({hash_list(connection, some)})"
        )
        for one, digest, count, state in found:
            rows[hash_read(connection, one)] = (bytes(digest), count, state)
    return rows
