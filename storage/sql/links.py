"""Backlinks and redirects: rows derived from heads, where the newest revision's word stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, func, insert, or_, select, update

from storage.ids import EntityId, external, internal
from storage.model import Link
from storage.ports import Backlink, BacklinksPage, Redirect, RedirectsPage
from storage.sql.paged import Asked, read_pages
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
    for place in sorted(said):
        link, gone = said[place]
        word = (link.property, link.rank, link.role, revision, gone)
        if place in spoken:
            later.append(dict(zip(_SAYING, (*place, *word), strict=True)))
        else:
            fresh.append((*place, *word))
    # A plain insert: beside another who speaks of the same link, one of us fails on the key, and looks again.
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


_LINKS = entity_backlinks.c
_BACKLINKS = (
    select(
        _LINKS.referencing_internal_id,
        _LINKS.statement_hash,
        _LINKS.property_id,
        _LINKS.statement_rank,
        _LINKS.role,
    )
    .where(
        _LINKS.referenced_internal_id == bindparam("referenced"),
        # In this form all planners begin at the place in the index; of row constructors not all do.
        _LINKS.referencing_internal_id >= bindparam("referencing"),
        or_(
            _LINKS.referencing_internal_id > bindparam("referencing"),
            _LINKS.statement_hash > bindparam("statement"),
        ),
        _LINKS.removed.is_(False),
    )
    .order_by(_LINKS.referencing_internal_id, _LINKS.statement_hash)
    .limit(bindparam("limit"))
)
_BACKLINKS_OF_PROPERTY = _BACKLINKS.where(_LINKS.property_id == bindparam("property"))


def backlinks(
    connection: Connection, pages: Collection[BacklinksPage]
) -> dict[BacklinksPage, list[Backlink]]:
    """Links to entities that stand, by referencing entity and statement."""
    found = read_pages(connection, pages, _backlinks_of)
    return {
        page: [
            Backlink(
                page.referenced,
                external(row.referencing_internal_id),
                row.statement_hash,
                row.property_id,
                row.statement_rank,
                row.role,
            )
            for row in sorted(rows, key=lambda row: (row.referencing_internal_id, row.statement_hash))
        ]
        for page, rows in found.items()
    }


def _backlinks_of(page: BacklinksPage) -> Asked:
    referencing, statement = (internal(page.after[0]), page.after[1]) if page.after is not None else (0, 0)
    bound = {
        "referenced": internal(page.referenced),
        "referencing": referencing,
        "statement": statement,
        "limit": page.limit,
    }
    if page.property is None:
        return _BACKLINKS, bound
    return _BACKLINKS_OF_PROPERTY, bound | {"property": page.property}


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


_REDIRECTS = entity_redirects.c
_REDIRECTS_TO = (
    select(_REDIRECTS.source_internal_id, _REDIRECTS.created_at, _REDIRECTS.created_by)
    .where(
        _REDIRECTS.target_internal_id == bindparam("target"),
        _REDIRECTS.source_internal_id > bindparam("after"),
    )
    .order_by(_REDIRECTS.source_internal_id)
    .limit(bindparam("limit"))
)
_REDIRECT_COUNTS = (
    select(_REDIRECTS.target_internal_id, func.count())
    .where(_REDIRECTS.target_internal_id.in_(_TARGETS))
    .group_by(_REDIRECTS.target_internal_id)
)


def redirects_to(
    connection: Connection, pages: Collection[RedirectsPage]
) -> dict[RedirectsPage, list[Redirect]]:
    """What redirects to entities, by source."""
    found = read_pages(connection, pages, _redirects_of)
    return {
        page: [
            Redirect(external(row.source_internal_id), page.target, row.created_at, row.created_by)
            for row in sorted(rows, key=lambda row: row.source_internal_id)
        ]
        for page, rows in found.items()
    }


def _redirects_of(page: RedirectsPage) -> Asked:
    after = internal(page.after) if page.after is not None else 0
    return _REDIRECTS_TO, {"target": internal(page.target), "after": after, "limit": page.limit}


def redirect_counts(connection: Connection, targets: Collection[EntityId]) -> dict[EntityId, int]:
    """How many entities redirect to each of these, where any do."""
    found = {}
    for some in chunks([internal(target) for target in targets]):
        for number, count in connection.execute(_REDIRECT_COUNTS, {"targets": some}):
            found[external(number)] = count
    return found
