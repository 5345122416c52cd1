"""Rows, statements and terms, read from the stores as directly as can be; what is damaged is raised.

Revisions older than the index of statements in rows are not known here.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.exceptions import HTTPException

from storage import reading
from storage.errors import Damaged
from storage.ids import EntityId, entity_id
from storage.model import JsonObject, Revision, StatementIndex
from storage.ports import Stores


async def row_of(stores: Stores, asked: str) -> Revision:
    """The row to show of an entity. HTTPException if there is none."""
    entity = entity_id(asked)
    row = (await rows_of(stores, [entity])).get(entity)
    if row is None:
        raise HTTPException(404)
    return row


async def rows_of(stores: Stores, entities: Collection[EntityId], hops: int = 5) -> dict[EntityId, Revision]:
    """The rows to show of entities, redirects followed; what can't be shown is not there."""
    heads = {
        entity: found
        for entity, found in (await reading.heads(stores, entities)).items()
        if not found.head.flags.is_deleted
    }
    rows = {entity: found.revision for entity, found in heads.items() if not found.head.redirects_to}
    targets = {entity: to for entity, found in heads.items() if (to := found.head.redirects_to)}
    if targets and hops:
        onward = await rows_of(stores, set(targets.values()), hops - 1)
        rows |= {entity: onward[to] for entity, to in targets.items() if to in onward}
    return rows


def index_of(row: Revision) -> StatementIndex:
    """Which statements a revision holds."""
    assert row.index is not None
    return row.index


async def statement_ids(stores: Stores, row: Revision) -> list[str | None]:
    """The ids of a revision's statements, in their order."""
    place = (row.entity, row.revision)
    return (await stores.metadata.statement_ids([place]))[place]


async def statements_of(stores: Stores, hashes: Collection[int]) -> dict[int, JsonObject]:
    """The contents of statements."""
    bodies = {}
    for one, body in (await reading.statements(stores, hashes)).items():
        if isinstance(body, Damaged):
            raise body
        bodies[one] = body.statement
    return bodies


async def terms_of(stores: Stores, rows: Collection[Revision]) -> dict[EntityId, JsonObject]:
    """The entities of revisions, without their statements."""
    terms = {}
    for (entity, _), stored in (await reading.snapshots(stores, rows)).items():
        if isinstance(stored, Damaged):
            raise stored
        terms[entity] = stored.snapshot.content.entity
    return terms


async def labels_of(stores: Stores, items: Collection[str]) -> dict[str, str | None]:
    """The English labels of items; of those that are here."""
    rows = await rows_of(stores, [EntityId(item) for item in items])
    terms = await terms_of(stores, rows.values())
    return {item: label_of(terms[row.entity]) for item, row in rows.items()}


def label_of(entity: JsonObject) -> str | None:
    """An entity's English label."""
    term = entity.get("labels", {}).get("en")
    return term["value"] if term else None
