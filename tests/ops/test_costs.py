"""`extensions.cost` tells what the request pulled: the same as is counted where it leaves for the engines."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from app.work import Work
from storage import times
from storage.edits import Base
from storage.ports import Stores
from storage.references import References
from storage.tally import Tally, adding_to
from tests.builders import an_item
from tests.commit.making import edit
from tests.graph.counting import counted
from tests.ops.sockets import app_of, opened
from tests.places import BOTH
from tests.serving import Asking

both = pytest.mark.parametrize("engine", BOTH, indirect=True)

QUERIES = {
    "existence": '{entity(id: "Q42") {id}}',
    "terms": '{entity(id: "Q42") {... on Item {label(languageCode: "en") description(languageCode: "en")}}}',
    "statements": '{entity(id: "Q42") {statements {id rank propertyId}}}',
    "several": '{entities(ids: ["Q42", "Q5", "P31"]) {id statements(properties: ["P31"]) {rank}}}',
    "labels of values": '{entity(id: "Q42") {statements(properties: ["P31"]) {value {... on ItemValue {label(languageCode: "en")}}}}}',
    "backlinks": '{entity(id: "Q5") {backlinks(first: 5) {nodes {propertyId}}}}',
    "nothing": '{entity(id: "Q999999999") {id}}',
}
WANTED = {"cost": True}


async def asked(ask: Asking, query: str, **more: Any) -> dict[str, Any]:
    """The answer to a query whose cost is asked for, and what it said of it."""
    reply = await ask.client.post("/graphql", json={"query": query, "extensions": WANTED, **more})
    answer: dict[str, Any] = reply.json()
    return answer


@both
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_queries_and_objects_are_those_that_left_for_the_engines(ask: Asking, query: str) -> None:
    """Q2: cold, then with what is at hand."""
    for _ in range(2):
        with counted() as counts:
            answer = await asked(ask, query)
        cost = answer["extensions"]["cost"]
        assert (cost["databaseQueries"], cost["objectReads"]) == counts.both()
        assert counts.queries, "else nothing would be compared"


@both
async def test_what_is_at_hand_is_told_apart_from_what_was_read(ask: Asking) -> None:
    first = (await asked(ask, QUERIES["statements"]))["extensions"]["cost"]
    second = (await asked(ask, QUERIES["statements"]))["extensions"]["cost"]

    assert first["cacheMisses"] == first["objectReads"] == second["cacheHits"] > 0
    assert (first["cacheHits"], second["cacheMisses"], second["objectReads"]) == (0, 0, 0)
    assert first["objectReadBytes"] > second["objectReadBytes"] == 0


async def test_fields_and_bytes_are_those_of_the_answer(ask: Asking) -> None:
    answer = await asked(ask, '{entities(ids: ["Q42", "Q5"]) {id type} a: entity(id: "Q42") {id}}')
    cost = answer.pop("extensions")["cost"]

    assert cost["fields"] == 2 + 2 * 2 + 1
    assert cost["bytes"] == len(orjson.dumps(answer))


async def test_time_is_told_by_part(ask: Asking) -> None:
    parts = (await asked(ask, QUERIES["statements"]))["extensions"]["cost"]["milliseconds"]

    assert list(parts) == ["parse", "validate", "execute", "serialise", "store"]
    assert all(parts.values()), "each part takes some time"
    assert parts["store"] <= parts["execute"]


async def test_nobody_is_told_who_did_not_ask(ask: Asking) -> None:
    for extensions in (None, {}, {"cost": False}, {"cost": "true"}, {"costs": True}):
        reply = await ask.client.post(
            "/graphql", json={"query": QUERIES["existence"], "extensions": extensions}
        )
        assert "extensions" not in reply.json(), extensions


async def test_a_header_asks_for_it_too(ask: Asking) -> None:
    """GraphiQL can send headers, but no extensions."""
    told = {}
    for value in ("true", "false"):
        reply = await ask.client.post(
            "/graphql", json={"query": QUERIES["existence"]}, headers={"X-Cost": value}
        )
        told[value] = "cost" in reply.json().get("extensions", {})
    assert told == {"true": True, "false": False}


async def test_a_failed_field_does_not_keep_the_cost_back(ask: Asking) -> None:
    answer = await asked(ask, '{entity(id: "Q42", revisionId: 77) {id}}')

    assert answer["errors"]
    assert answer["extensions"]["cost"]["databaseQueries"] > 0


@both
async def test_an_edit_costs_what_it_takes_until_its_answer(ask: Asking) -> None:
    """What is derived behind the answer is not its cost: it may come before or after."""
    creation = 'mutation {createEntity(input: {entity: {type: "item", labels: {en: {language: "en", value: "x"}}}}) {__typename}}'
    costs = [(await asked(ask, creation))["extensions"]["cost"] for _ in range(5)]

    assert {cost["objectWrites"] for cost in costs} == {1}
    assert all(cost["objectWrittenBytes"] > 100 for cost in costs)
    # The first one also leases numbers, the second meets an id that the samples have.
    assert len({cost["databaseQueries"] for cost in costs[2:]}) == 1


async def test_what_is_derived_behind_the_answer_is_nobodys_cost(stores: Stores) -> None:
    """It may come before or after the answer is told: as a part of it no two would be alike."""
    work = Work(stores, clock=times.now, references=References.OFF, poll_seconds=1)
    tally = Tally()
    with adding_to(tally):
        await work.commit(edit(an_item("Q1").with_statement("P1", string="x"), Base.NOTHING))
    told = tally.database_queries

    await work.drain(60)

    assert await stores.metadata.underived(1) == [], "else nothing was derived"
    assert (tally.database_queries, told > 0) == (told, True)


async def test_requests_at_the_same_time_are_told_their_own(ask: Asking) -> None:
    names = list(QUERIES)
    alone = {}
    for name in names:
        await asked(ask, QUERIES[name])
        alone[name] = (await asked(ask, QUERIES[name]))["extensions"]["cost"]["databaseQueries"]

    many = names * 5
    together = await asyncio.gather(*(asked(ask, QUERIES[name]) for name in many))

    assert [one["extensions"]["cost"]["databaseQueries"] for one in together] == [
        alone[name] for name in many
    ]


async def test_an_operation_on_a_websocket_is_told_too(ask: Asking) -> None:
    payload = {"query": QUERIES["statements"], "extensions": WANTED}
    async with opened(app_of(ask)) as socket:
        await socket.say({"type": "connection_init"})
        await socket.hear()
        told = []
        for name in ("1", "2"):
            await socket.say({"type": "subscribe", "id": name, "payload": payload})
            told.append((await socket.hear())["payload"]["extensions"]["cost"])
            assert (await socket.hear())["type"] == "complete"

    first, second = told
    assert first["milliseconds"]["parse"] > 0
    assert first["objectReads"] > 0
    assert (second["objectReads"], second["databaseQueries"]) == (0, first["databaseQueries"])
