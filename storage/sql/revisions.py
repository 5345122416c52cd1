"""Reads of committed revisions: single ones, histories, and the newest of all. Units for one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
)

from storage.ids import EntityId, external, internal
from storage.model import Attempt, EditInfo, Flags, Revision, RevisionFacts, StatementIndex, Unpacked
from storage.ports import HistoryPage, RevisionFilter
from storage.sql.paged import Asked, read_pages
from storage.sql.portable import chunks
from storage.sql.prepared import prepared
from storage.sql.tables import entity_head, entity_revision_meta, entity_revisions
from storage.sql.types import unpack_hashes, unpack_ids

FLAGS = tuple(flag.name for flag in fields(Flags))
PLACES = 100
"""Revisions in one look."""

_ROWS, _META = entity_revisions.c, entity_revision_meta.c
_INDEX = (_ROWS.property_counts, _ROWS.parts)
_PACKED = ("statements", "statement_ids", "properties", "property_counts", "parts", "statements_digest")

FACTS = (
    *(column for column in _ROWS if column.name not in (*_PACKED, "attempt")),
    _META.size_bytes,
    _META.schema_version,
    _META.validation_status,
    _META.validated_at,
)
REVISION = (*FACTS, _ROWS.attempt, _ROWS.statements, _ROWS.statements_digest, *_INDEX)
WITH_META = entity_revisions.join(
    entity_revision_meta,
    and_(_META.internal_id == _ROWS.internal_id, _META.revision_id == _ROWS.revision_id),
)

Place = tuple[EntityId, int]

_END = 2**63 - 1
"""Beyond every revision and every entity."""
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def revisions(connection: Connection, places: Collection[Place]) -> dict[Place, Revision]:
    """Whole rows of revisions."""
    found = [
        revision_of(row)
        for some in chunks(list(set(places)), PLACES)
        for row in _rows_at(connection, _revisions_at, some)
    ]
    return {(one.entity, one.revision): one for one in found}


def statement_ids(connection: Connection, places: Collection[Place]) -> dict[Place, list[str | None]]:
    """Statement ids, which lie in a column of their own since few readers want them."""
    found = {}
    for some in chunks(list(set(places)), PLACES):
        for row in _rows_at(connection, _ids_at, some):
            if row.statement_ids is not None:
                entity = external(row.internal_id)
                subjects = subjects_of(
                    entity, StatementIndex(*_unpacked(b"", row.property_counts, row.parts))
                )
                found[(entity, row.revision_id)] = unpack_ids(row.statement_ids, subjects)
    return found


@lru_cache(PLACES)
def _revisions_at(count: int) -> Select[Any]:
    return select(*REVISION).select_from(WITH_META).where(_at(count))


@lru_cache(PLACES)
def _ids_at(count: int) -> Select[Any]:
    return select(_ROWS.internal_id, _ROWS.revision_id, _ROWS.statement_ids, *_INDEX).where(_at(count))


def _at(count: int) -> ColumnElement[bool]:
    # Spelled out: of pairs in a list SQLite makes a scan of the table.
    return or_(
        *(
            and_(_ROWS.internal_id == bindparam(f"entity{n}"), _ROWS.revision_id == bindparam(f"revision{n}"))
            for n in range(count)
        )
    )


def _rows_at(
    connection: Connection, asking: Callable[[int], Select[Any]], places: Sequence[Place]
) -> list[Any]:
    asked = prepared(connection.dialect, asking(len(places)))
    bound = [number for entity, revision in places for number in (internal(entity), revision)]
    return asked.rows(connection, asked.bound_in_order(bound))


_EDIT_TYPE = bindparam("edit_type", type_=_ROWS.edit_type.type)
_IS_MASS_EDIT = bindparam("is_mass_edit", type_=Boolean())
# Of equal length as well, since MySQL takes no notice of spaces at the end.
_OF_TYPE = and_(_ROWS.edit_type == _EDIT_TYPE, func.length(_ROWS.edit_type) == func.length(_EDIT_TYPE))
_OF_MASS = _ROWS.is_mass_edit == _IS_MASS_EDIT
# Where the index does not go by them, one text serves with and without.
_OF_TYPE_IF_ASKED = or_(_EDIT_TYPE.is_(None), _OF_TYPE)
_OF_MASS_IF_ASKED = or_(_IS_MASS_EDIT.is_(None), _OF_MASS)

_HISTORY = (
    select(*FACTS)
    .select_from(WITH_META)
    .where(
        _ROWS.internal_id == bindparam("entity"),
        _ROWS.revision_id < bindparam("before"),
        _OF_TYPE_IF_ASKED,
        _OF_MASS_IF_ASKED,
    )
    .order_by(_ROWS.revision_id.desc())
    .limit(bindparam("limit"))
)


def histories(
    connection: Connection, pages: Collection[HistoryPage]
) -> dict[HistoryPage, list[RevisionFacts]]:
    """Revisions of entities, newest first."""
    found = read_pages(connection, pages, _asked)
    return {
        page: sorted(map(_facts_of, rows), key=lambda one: one.revision, reverse=True)
        for page, rows in found.items()
    }


def _asked(page: HistoryPage) -> Asked:
    before = _END if page.before is None else page.before
    entity = internal(page.entity)
    return _HISTORY, {"entity": entity, "before": before, "limit": page.limit} | _filter(page.wanted)


def _recent(*conditions: ColumnElement[bool]) -> Select[Any]:
    key = (_ROWS.created_at, _ROWS.internal_id, _ROWS.revision_id)
    before: BindParameter[datetime] = bindparam("before")
    entity: BindParameter[int] = bindparam("entity")
    is_deleted = select(entity_head.c.is_deleted).where(entity_head.c.internal_id == _ROWS.internal_id)
    # First the keys from the index, each head looked up by itself: given all tables in one join, MariaDB begins
    # with the heads and sorts every revision there is.
    newest = (
        select(*key)
        .where(
            *conditions,
            _ROWS.created_at <= before,
            or_(
                _ROWS.created_at < before,
                _ROWS.internal_id < entity,
                and_(_ROWS.internal_id == entity, _ROWS.revision_id < bindparam("revision")),
            ),
            is_deleted.scalar_subquery().is_(False),
        )
        .order_by(*(column.desc() for column in key))
        .limit(bindparam("limit"))
        .subquery("newest")
    )
    return select(*FACTS).select_from(
        WITH_META.join(
            newest,
            and_(
                newest.c.internal_id == _ROWS.internal_id,
                newest.c.revision_id == _ROWS.revision_id,
            ),
        )
    )


_RECENT = _recent()
_RECENT_OF_TYPE = _recent(_OF_TYPE, _OF_MASS_IF_ASKED)
_RECENT_OF_MASS = _recent(_OF_MASS)


def recent(
    connection: Connection,
    before: tuple[datetime, EntityId, int] | None,
    limit: int,
    wanted: RevisionFilter,
) -> list[RevisionFacts]:
    """Revisions of all entities that are not hard-deleted, newest first."""
    at, entity, revision = _END_OF_TIME, _END, _END
    if before is not None:
        at, entity, revision = before[0], internal(before[1]), before[2]
    bound = {"before": at, "entity": entity, "revision": revision, "limit": limit, **_filter(wanted)}
    if wanted.edit_type is not None:
        query = _RECENT_OF_TYPE
    else:
        query = _RECENT_OF_MASS if wanted.is_mass_edit is not None else _RECENT
    # Ordered again, since the join promises no order.
    rows = sorted(connection.execute(query, bound), key=_time_and_place, reverse=True)
    return [_facts_of(row) for row in rows]


def _time_and_place(row: Row[Any]) -> tuple[datetime, int, int]:
    return row.created_at, row.internal_id, row.revision_id


def _filter(wanted: RevisionFilter) -> dict[str, Any]:
    return {"edit_type": wanted.edit_type, "is_mass_edit": wanted.is_mass_edit}


# A row has the selected columns as attributes, whoever read it.


_Told = tuple[EntityId, int, int | None, datetime, EditInfo, Flags, Any, Any, int, str, str, Any]


def revision_of(row: Any) -> Revision:
    """The revision that was read with the columns REVISION."""
    index = None
    if row.statements is not None and not row.erased:
        index = StatementIndex.packed(
            partial(_unpacked, row.statements, row.property_counts, row.parts), row.statements_digest
        )
    return Revision(*_told(row), index, Attempt(row.attempt), erased=bool(row.erased))


def _facts_of(row: Any) -> RevisionFacts:
    return RevisionFacts(*_told(row), erased=bool(row.erased))


def _told(row: Any) -> _Told:
    """The fields of `RevisionFacts` in their order."""
    edit = EditInfo(
        row.editor,
        row.summary,
        row.edit_type,
        bool(row.is_mass_edit),
        bool(row.bot),
        row.batch_id,
        row.source_revision_id,
    )
    return (
        external(row.internal_id),
        row.revision_id,
        row.parent_revision_id,
        row.created_at,
        edit,
        _flags(row.flags),
        row.content_hash,
        row.content_digest,
        row.size_bytes,
        row.schema_version,
        row.validation_status,
        row.validated_at,
    )


@lru_cache(256)
def _flags(bits: int) -> Flags:
    return flags_of(*(bool(bits >> position & 1) for position in range(len(FLAGS))))


@lru_cache(256)
def flags_of(*flags: bool) -> Flags:
    """Flags in their order, which few entities have of their own."""
    return Flags(*map(bool, flags))


def _unpacked(hashes: bytes, counts: str, parts: str | None) -> Unpacked:
    return unpack_hashes(hashes), orjson.loads(counts), orjson.loads(parts) if parts else {}


def subjects_of(entity: EntityId, index: StatementIndex) -> Sequence[str]:
    """Which entity, form or sense each statement of a revision belongs to."""
    subjects: list[str] = [entity] * sum(index.property_counts.values())
    for part, counts in index.parts.items():
        subjects.extend([part] * sum(counts.values()))
    return subjects
