"""The lists that entities stand on, kept with their heads. Units for one transaction on one shard each, but for reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, delete, func, select

from storage.ids import EntityId, external, internal
from storage.sql.portable import insert_rows
from storage.sql.tables import entity_lists

_LISTS = entity_lists.c
_OFF = delete(entity_lists).where(
    _LISTS.internal_id == bindparam("entity"), _LISTS.list_name.in_(bindparam("names", expanding=True))
)
_LISTED = (
    select(_LISTS.internal_id)
    # Of equal length as well, since MySQL takes no notice of spaces at the end.
    .where(
        _LISTS.list_name == bindparam("name"),
        func.length(_LISTS.list_name) == func.length(bindparam("name")),
        _LISTS.internal_id > bindparam("after"),
    )
    .order_by(_LISTS.internal_id)
    .limit(bindparam("limit"))
)


def move(connection: Connection, number: int, left: Collection[str], joined: Collection[str]) -> None:
    """Take an entity off lists and put it on others."""
    if left:
        connection.execute(_OFF, {"entity": number, "names": sorted(left)})
    rows = [(number, one) for one in sorted(joined)]
    insert_rows(connection, entity_lists, ("internal_id", "list_name"), rows, absent=True)


def listed(connection: Connection, name: str, after: EntityId | None, limit: int) -> Sequence[EntityId]:
    """Entities on a list, by internal number."""
    beyond = internal(after) if after is not None else 0
    rows = connection.scalars(_LISTED, {"name": name, "after": beyond, "limit": limit})
    return [external(number) for number in rows]
