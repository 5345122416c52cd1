"""Backlinks and redirects: rows derived from heads, where the newest revision's word stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, and_, bindparam, insert, or_, select, update

from storage.ids import EntityId, external, internal
from storage.model import Link, StatementHash
from storage.ports import Backlink
from storage.sql.portable import chunks, insert_rows
from storage.sql.tables import entity_backlinks, entity_redirects

_Place = tuple[int, int, int]

# One link's row is spoken of anew, unless a newer revision has been there first.
_SAYING = ("target", "entity", "statement", "property", "rank", "roles", "revision", "gone")
_SAY = (
    update(entity_backlinks)
    .where(
        entity_backlinks.c.referenced_internal_id == bindparam("target"),
        entity_backlinks.c.referencing_internal_id == bindparam("entity"),
        entity_backlinks.c.statement_hash == bindparam("statement"),
        entity_backlinks.c.revision_id < bindparam("revision"),
    )
    .values(
        property_id=bindparam("property"),
        statement_rank=bindparam("rank"),
        role=bindparam("roles"),
        revision_id=bindparam("revision"),
        removed=bindparam("gone"),
    )
)
_TARGETS: BindParameter[Sequence[int]] = bindparam("targets", expanding=True)
_SPOKEN = select(entity_backlinks.c.referenced_internal_id, entity_backlinks.c.statement_hash).where(
    entity_backlinks.c.referenced_internal_id.in_(_TARGETS),
    entity_backlinks.c.referencing_internal_id == bindparam("entity"),
)


def relink(
    connection: Connection, entity: EntityId, revision: int, added: Sequence[Link], removed: Sequence[Link]
) -> None:
    """Say of each link whether it stands since this revision, unless a newer revision has spoken of it."""
    number = internal(entity)
    said = {_place(number, link): (link, True) for link in removed}
    said |= {_place(number, link): (link, False) for link in added}
    spoken = _spoken(connection, number, list(said))
    fresh, later = [], []
    for place, (link, gone) in said.items():
        word = (link.property, link.rank, link.role, revision, gone)
        if place in spoken:
            later.append(dict(zip(_SAYING, (*place, *word), strict=True)))
        else:
            fresh.append((*place, *word))
    insert_rows(connection, entity_backlinks, tuple(entity_backlinks.c.keys()), fresh)
    if later:
        connection.execute(_SAY, later)


def _place(number: int, link: Link) -> _Place:
    return internal(link.target), number, link.statement


def _spoken(connection: Connection, number: int, places: Sequence[_Place]) -> set[_Place]:
    """Which links of an entity have a row already."""
    found: set[_Place] = set()
    # By target alone: with the hashes beside it in a second list, engines try every pair of the two.
    for some in chunks(sorted({place[0] for place in places})):
        rows = connection.execute(_SPOKEN, {"targets": some, "entity": number})
        found.update((referenced, number, statement_hash) for referenced, statement_hash in rows)
    return found


def backlinks(
    connection: Connection, referenced: EntityId, after: tuple[EntityId, StatementHash] | None, limit: int
) -> list[Backlink]:
    """Links to an entity that stand, by referencing entity and statement."""
    table = entity_backlinks
    query = select(table).where(
        table.c.referenced_internal_id == internal(referenced), table.c.removed.is_(False)
    )
    if after is not None:
        number, statement_hash = internal(after[0]), after[1]
        # Spelled out, since planners use the index for this form and not always for row constructors.
        query = query.where(
            or_(
                table.c.referencing_internal_id > number,
                and_(table.c.referencing_internal_id == number, table.c.statement_hash > statement_hash),
            )
        )
    ordered = query.order_by(table.c.referencing_internal_id, table.c.statement_hash).limit(limit)
    return [
        Backlink(
            referenced,
            external(row.referencing_internal_id),
            row.statement_hash,
            row.property_id,
            row.statement_rank,
            row.role,
        )
        for row in connection.execute(ordered)
    ]


def redirect(
    connection: Connection, source: EntityId, target: EntityId | None, revision: int, by: str, now: datetime
) -> None:
    """Where an entity redirects to since this revision."""
    table = entity_redirects
    here = table.c.source_internal_id == internal(source)
    values = {
        "target_internal_id": internal(target) if target is not None else None,
        "revision_id": revision,
        "created_at": now,
        "created_by": by,
    }
    spoken = connection.scalar(select(table.c.revision_id).where(here))
    if spoken is None:
        connection.execute(insert(table).values(source_internal_id=internal(source), **values))
    else:
        connection.execute(update(table).where(here, table.c.revision_id < revision).values(**values))


def redirects_to(
    connection: Connection, targets: Collection[EntityId], limit: int
) -> dict[EntityId, list[EntityId]]:
    """Who redirects to each of these."""
    table = entity_redirects
    found: dict[EntityId, list[EntityId]] = {}
    for target in targets:
        query = select(table.c.source_internal_id).where(table.c.target_internal_id == internal(target))
        sources = connection.scalars(query.order_by(table.c.source_internal_id).limit(limit))
        found[target] = [external(number) for number in sources]
    return found
