"""The graph's requests answered by hand: one Starlette route each, reading the same stores, without GraphQL.

Each answers what the graph has under `data`, and reads as directly as that allows: one call of a store for all
keys of a step, the steps side by side that do not wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph.pages import cursor_of
from storage import times
from storage.canonical import parse
from storage.changes import SetContent
from storage.commit import commit
from storage.derive import derive
from storage.edits import Edit
from storage.errors import EntityMissing, HeadMoved, Invalid, StorageError
from storage.ids import EntityId, entity_id
from storage.model import EditInfo, JsonObject
from storage.ports import BacklinksPage, HistoryPage, Stores
from storage.references import References
from tests.benchmarks.direct import (
    index_of,
    label_of,
    labels_of,
    row_of,
    rows_of,
    statement_ids,
    statements_of,
    terms_of,
)
from tests.benchmarks.told import SITELINK, SNAK_TYPES, item_of, named, rest, statement_told, texts, typename

Twin = Callable[[Stores, Any], Awaitable[JsonObject]]


def application(stores: Stores) -> Starlette:
    """The routes by hand: each of `READS`, and `/hand/edit`."""
    app = Starlette(
        routes=[
            *(_route(name, twin) for name, twin in READS.items()),
            Route("/hand/edit", edit, methods=["POST"]),
        ],
        exception_handlers={StorageError: _refused},
    )
    app.state.stores = stores
    return app


def _route(name: str, twin: Twin) -> Route:
    async def answer(request: Request) -> Response:
        data = await twin(request.app.state.stores, orjson.loads(await request.body()))
        return Response(orjson.dumps(data), media_type="application/json")

    return Route(f"/hand/{name}", answer, methods=["POST"])


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, StorageError)
    status = {EntityMissing: 404, HeadMoved: 409, Invalid: 422}.get(type(error), 500)
    told = {"code": error.code, "message": str(error)}
    return Response(orjson.dumps(told), status, media_type="application/json")


async def two(stores: Stores, asked: JsonObject) -> JsonObject:
    """The statements of some properties."""
    row = await row_of(stores, asked["id"])
    hashes = index_of(row).of(asked["properties"])
    bodies = await statements_of(stores, hashes)

    def value(snak: JsonObject) -> JsonObject | None:
        if "datavalue" not in snak:
            return None
        told = snak["datavalue"]["value"]
        kind = typename(snak)
        if kind == "ItemValue":
            return {"__typename": kind, "id": named(told)}
        if kind == "TimeValue":
            parts = {"time": told["time"], "precision": told["precision"]}
            return {"__typename": kind, **parts, "calendarModel": told["calendarmodel"]}
        return {"__typename": kind}

    return {
        "entity": {
            "statements": [
                {
                    "rank": body["rank"].upper(),
                    "propertyId": body["mainsnak"]["property"],
                    "valueType": SNAK_TYPES[body["mainsnak"]["snaktype"]],
                    "value": value(body["mainsnak"]),
                }
                for body in (bodies[one] for one in hashes)
            ],
        }
    }


async def many(stores: Stores, asked: JsonObject) -> JsonObject:
    """The labels of many entities, and of the items that statements of one property name."""
    entities = [entity_id(one) for one in asked["ids"]]
    rows = await rows_of(stores, entities)
    hashes = {entity: index_of(row).of(asked["properties"]) for entity, row in rows.items()}
    terms, bodies = await asyncio.gather(
        terms_of(stores, rows.values()),
        statements_of(stores, {one for held in hashes.values() for one in held}),
    )
    labels = await labels_of(
        stores, {item for body in bodies.values() if (item := item_of(body["mainsnak"]))}
    )

    def value(snak: JsonObject) -> JsonObject | None:
        item = item_of(snak)
        if item is not None:
            return {"id": item, "label": labels.get(item)}
        return {} if "datavalue" in snak else None

    def shown(entity: EntityId) -> JsonObject:
        row = rows[entity]
        return {
            "id": row.entity,
            "label": label_of(terms[row.entity]),
            "statements": [{"value": value(bodies[one]["mainsnak"])} for one in hashes[entity]],
        }

    return {"entities": [shown(entity) if entity in rows else None for entity in entities]}


async def whole(stores: Stores, asked: JsonObject) -> JsonObject:
    """All of an item."""
    row = await row_of(stores, asked["id"])
    index = index_of(row)
    terms, bodies, ids = await asyncio.gather(
        terms_of(stores, [row]), statements_of(stores, set(index.hashes)), statement_ids(stores, row)
    )
    entity = terms[row.entity]
    return {
        "entity": {
            "__typename": "Item",
            "id": row.entity,
            "type": "ITEM",
            "statements": [
                statement_told(id, bodies[one]) for id, one in zip(ids, index.hashes, strict=True)
            ],
            "labels": texts(entity["labels"]),
            "descriptions": texts(entity["descriptions"]),
            "aliases": [
                {"languageCode": language, "values": [alias["value"] for alias in aliases]}
                for language, aliases in entity["aliases"].items()
            ],
            "sitelinks": [
                {
                    "siteId": link["site"],
                    "title": link["title"],
                    "badges": [{"id": badge} for badge in link.get("badges", ())],
                    "url": link.get("url"),
                    "extra": rest(link, SITELINK),
                }
                for link in entity["sitelinks"].values()
            ],
        }
    }


async def history(stores: Stores, asked: JsonObject) -> JsonObject:
    """The newest revisions of an entity."""
    row = await row_of(stores, asked["id"])
    page = HistoryPage(row.entity, asked["first"] + 1)
    found = (await stores.metadata.histories([page]))[page]
    seen = found[: asked["first"]]
    return {
        "entity": {
            "history": {
                "nodes": [
                    {
                        "revisionId": one.revision,
                        "createdAt": times.written(one.created_at),
                        "createdBy": one.edit.editor,
                        "summary": one.edit.summary,
                    }
                    for one in seen
                ],
                "pageInfo": {
                    "hasNextPage": len(found) > len(seen),
                    "endCursor": cursor_of("history", seen[-1].revision) if seen else None,
                },
            }
        }
    }


async def backlinks(stores: Stores, asked: JsonObject) -> JsonObject:
    """Statements that refer to an entity."""
    row = await row_of(stores, asked["id"])
    page = BacklinksPage(row.entity, asked["first"] + 1)
    found = (await stores.metadata.backlinks([page]))[page]
    seen = found[: asked["first"]]
    last = cursor_of("backlinks", seen[-1].referencing, seen[-1].statement) if seen else None
    return {
        "entity": {
            "backlinks": {
                "nodes": [
                    {"entityId": one.referencing, "propertyId": one.property, "rank": one.rank.upper()}
                    for one in seen
                ],
                "pageInfo": {"hasNextPage": len(found) > len(seen), "endCursor": last},
            }
        }
    }


async def edit(request: Request) -> Response:
    """New content for an entity, on a named base; what follows from it is drawn behind the answer."""
    asked, stores = parse(await request.body()), request.app.state.stores
    change = SetContent(asked["entity"], parsed=True)
    wanted = Edit(entity_id(asked["id"]), asked["baseRevisionId"], change, EditInfo("entity-api"))
    outcome = await commit(wanted, stores, clock=times.now, references=References.WARN)
    data = {
        "editEntity": {
            "__typename": "Edited",
            "revisionId": outcome.revision,
            "unchanged": outcome.unchanged,
            "warnings": [{"pointer": one.pointer, "code": one.code} for one in outcome.warnings],
        }
    }
    later = BackgroundTask(derive, outcome.owed, stores) if outcome.owed is not None else None
    return Response(orjson.dumps(data), media_type="application/json", background=later)


READS: dict[str, Twin] = {twin.__name__: twin for twin in (two, whole, many, history, backlinks)}
"""By name, all that is answered by hand without a change."""
