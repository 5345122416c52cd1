"""The statements that most entities hold, from the counts in the metadata store (T6)."""

from __future__ import annotations

import enum

import strawberry

from graph.context import Info
from graph.held import statements_by_hash
from graph.pages import Connection, cursor_of, hash_number, key_of, limit, page, whole_number
from graph.statement import Statement
from storage.errors import StatementMissing
from storage.ids import MAX_NUMBER, PropertyId
from storage.ports import UsedStatements


@strawberry.enum(description="Which end of a list by use comes first.")
class UseOrder(enum.Enum):
    """By how many entities hold a statement."""

    MOST_FIRST = strawberry.enum_value("most", description="The most used first.")
    LEAST_FIRST = strawberry.enum_value("least", description="The least used first.")


async def most_used(
    info: Info,
    min_count: int,
    from_property: PropertyId | None,
    to_property: PropertyId | None,
    order: UseOrder,
    first: int,
    after: str | None,
) -> Connection[Statement]:
    """A page of statements by how many entities hold them; each property's number lies within the range."""
    between = None
    if from_property is not None or to_property is not None:
        low = int(from_property[1:]) if from_property is not None else 0
        between = (low, int(to_property[1:]) if to_property is not None else MAX_NUMBER)
    wanted = UsedStatements(max(min_count, 1), between, order is UseOrder.LEAST_FIRST)
    key = key_of("used", after, whole_number, hash_number)
    metadata = info.context.loaders.stores.metadata
    found = await metadata.most_used(wanted, (key[0], key[1]) if key else None, limit(first))
    statements = await statements_by_hash(info, [row.hash for row in found[:first]], "nodes", "edges")
    shown = dict(zip([row.hash for row in found], statements, strict=False))
    return page(
        found,
        first,
        after,
        lambda row: cursor_of("used", row.ref_count, row.hash),
        # One whose holders are all deleted is left out, though it is still counted.
        lambda row: None if isinstance(shown[row.hash], StatementMissing) else shown[row.hash],
    )
