"""Walks over whole tables, for checks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from storage.ids import EntityId, external, internal
from storage.model import StatementHash
from storage.ports import Backlink, StatementRow
from storage.sql.portable import chunks, hash_chunks
from storage.sql.statements import STATEMENT, statement_of
from storage.sql.tables import (
    entity_backlinks,
    entity_lists,
    entity_redirects,
    statement_content,
    statement_references,
)


def statement_rows(connection: Connection, after: StatementHash | None, limit: int) -> list[StatementRow]:
    """Statements by hash."""
    column = statement_content.c.content_hash
    query = STATEMENT.order_by(column).limit(limit)
    if after is not None:
        query = query.where(column > after)
    rows = connection.execute(query)
    return [statement_of(row) for row in rows]


def facts(connection: Connection, hashes: Collection[StatementHash]) -> dict[StatementHash, set[EntityId]]:
    """Who is noted as holding each statement."""
    columns = statement_references.c
    found: dict[StatementHash, set[EntityId]] = {}
    for some in hash_chunks(connection, hashes):
        query = select(columns.content_hash, columns.internal_id).where(columns.content_hash.in_(some))
        for one, number in connection.execute(query):
            found.setdefault(one, set()).add(external(number))
    return found


def all_backlinks(
    connection: Connection, after: tuple[EntityId, EntityId, StatementHash] | None, limit: int
) -> list[Backlink]:
    """Standing links, by their key."""
    columns = entity_backlinks.c
    query = select(entity_backlinks).where(columns.removed.is_(False))
    if after is not None:
        referenced, referencing, statement = internal(after[0]), internal(after[1]), after[2]
        query = query.where(
            or_(
                columns.referenced_internal_id > referenced,
                and_(
                    columns.referenced_internal_id == referenced,
                    or_(
                        columns.referencing_internal_id > referencing,
                        and_(
                            columns.referencing_internal_id == referencing, columns.statement_hash > statement
                        ),
                    ),
                ),
            )
        )
    ordered = query.order_by(
        columns.referenced_internal_id, columns.referencing_internal_id, columns.statement_hash
    )
    return [_backlink(row) for row in connection.execute(ordered.limit(limit))]


def links_of(connection: Connection, referencing: EntityId, targets: Collection[EntityId]) -> set[Backlink]:
    """Standing links from one entity."""
    columns = entity_backlinks.c
    found: set[Backlink] = set()
    for some in chunks(sorted(internal(target) for target in targets)):
        rows = connection.execute(
            select(entity_backlinks).where(
                columns.referenced_internal_id.in_(some),
                columns.referencing_internal_id == internal(referencing),
                columns.removed.is_(False),
            )
        )
        found.update(_backlink(row) for row in rows)
    return found


def _backlink(row: Row[Any]) -> Backlink:
    return Backlink(
        external(row.referenced_internal_id),
        external(row.referencing_internal_id),
        row.statement_hash,
        row.property_id,
        row.statement_rank,
        row.role,
    )


def all_redirects(
    connection: Connection, after: EntityId | None, limit: int
) -> list[tuple[EntityId, EntityId]]:
    """Standing redirects, by source."""
    columns = entity_redirects.c
    query = select(columns.source_internal_id, columns.target_internal_id).where(
        columns.target_internal_id.is_not(None)
    )
    if after is not None:
        query = query.where(columns.source_internal_id > internal(after))
    rows = connection.execute(query.order_by(columns.source_internal_id).limit(limit))
    return [(external(source), external(target)) for source, target in rows]


def redirects_of(connection: Connection, sources: Collection[EntityId]) -> dict[EntityId, EntityId]:
    """Standing redirects of these."""
    columns = entity_redirects.c
    found: dict[EntityId, EntityId] = {}
    for some in chunks(sorted(internal(source) for source in sources)):
        rows = connection.execute(
            select(columns.source_internal_id, columns.target_internal_id).where(
                columns.source_internal_id.in_(some), columns.target_internal_id.is_not(None)
            )
        )
        found.update((external(source), external(target)) for source, target in rows)
    return found


def on_lists(connection: Connection, after: EntityId | None, limit: int) -> list[EntityId]:
    """Entities on lists, by internal number."""
    column = entity_lists.c.internal_id
    query = select(column).distinct().order_by(column).limit(limit)
    if after is not None:
        query = query.where(column > internal(after))
    return [external(number) for number in connection.scalars(query)]


def lists_of(connection: Connection, entities: Collection[EntityId]) -> dict[EntityId, set[str]]:
    """The lists of these entities."""
    columns = entity_lists.c
    found: dict[EntityId, set[str]] = {}
    for some in chunks(sorted(internal(entity) for entity in entities)):
        query = select(columns.internal_id, columns.list_name).where(columns.internal_id.in_(some))
        for number, name in connection.execute(query):
            found.setdefault(external(number), set()).add(name)
    return found
