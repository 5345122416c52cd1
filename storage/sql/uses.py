"""Who holds statements, and which are held by most. Reads of rows that are derived."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import BindParameter, Connection, Integer, Select, bindparam, cast, func, select

from storage.ids import MAX_NUMBER, EntityId, external, internal
from storage.model import StatementHash
from storage.ports import HoldersPage, StatementRow, UsedStatements
from storage.sql.paged import Asked, read_pages, union
from storage.sql.statements import STATEMENT, statement_of
from storage.sql.tables import statement_content, statement_references

_CONTENT = statement_content.c
_MOST = 2**63 - 1

_HOLDERS = (
    select(statement_references.c.internal_id)
    .where(
        statement_references.c.content_hash == bindparam("statement"),
        statement_references.c.internal_id > bindparam("after"),
    )
    .order_by(statement_references.c.internal_id)
    .limit(bindparam("limit"))
)


def holders(connection: Connection, pages: Collection[HoldersPage]) -> dict[HoldersPage, list[EntityId]]:
    """The entities that hold statements, by their internal numbers."""
    found = read_pages(connection, pages, _holders_of)
    return {
        page: [external(number) for number in sorted(row.internal_id for row in rows)]
        for page, rows in found.items()
    }


def _holders_of(page: HoldersPage) -> Asked:
    after = internal(page.after) if page.after is not None else 0
    return _HOLDERS, {"statement": page.statement, "after": after, "limit": page.limit}


def _used(ascending: bool) -> tuple[Select[Any], Select[Any]]:
    """Those of one count beyond a hash, and those of a range of counts."""
    # Both fall or rise together, so that the index gives them in order.
    order = [
        column.asc() if ascending else column.desc() for column in (_CONTENT.ref_count, _CONTENT.content_hash)
    ]
    place: BindParameter[int] = bindparam("hash")
    number = cast(func.substr(_CONTENT.property_id, 2), Integer)
    within = STATEMENT.where(number.between(bindparam("first"), bindparam("last")))
    within = within.order_by(*order).limit(bindparam("limit"))
    # Told by name, else MariaDB takes the primary key for the hash and reads all statements of the count.
    within = within.with_hint(statement_content, "FORCE INDEX (statement_content_by_use)", "mysql")
    return (
        within.where(
            _CONTENT.ref_count == bindparam("count"),
            _CONTENT.content_hash > place if ascending else _CONTENT.content_hash < place,
        ),
        within.where(_CONTENT.ref_count.between(bindparam("low"), bindparam("high"))),
    )


_USED = {ascending: _used(ascending) for ascending in (False, True)}


def most_used(
    connection: Connection, wanted: UsedStatements, after: tuple[int, StatementHash] | None, limit: int
) -> list[StatementRow]:
    """Statements by count, then by hash.

    Very many share a small count, so what follows one of them is asked for in two: the rest of its count, and the
    counts beyond. Each begins at its place in the index.
    """
    rest, beyond = _USED[wanted.ascending]
    first, last = wanted.properties or (0, MAX_NUMBER)
    bound = {"first": first, "last": last, "limit": limit}
    low, high = wanted.minimum, _MOST
    asked: list[Asked] = []
    if after is not None:
        count, statement_hash = after
        if count >= wanted.minimum:
            asked.append((rest, bound | {"count": count, "hash": statement_hash}))
        if wanted.ascending:
            low = max(low, count + 1)
        else:
            high = count - 1
    asked.append((beyond, bound | {"low": low, "high": high}))
    found = [statement_of(row) for rows in union(connection, asked) for row in rows]
    return sorted(found, key=lambda row: (row.ref_count, row.hash), reverse=not wanted.ascending)[:limit]
