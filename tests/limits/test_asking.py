"""Time, places and budgets as those meet them who ask (O3)."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from pathlib import Path

import pytest

from app.settings import Settings
from storage.edits import Base
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import edit, head_of, make
from tests.faults import Faults, When
from tests.graph.over import served_over
from tests.serving import served

ROOT = Path(__file__).parents[2]
ENTITY = '{entity(id: "Q1") {id}}'
EDIT = """mutation {editEntity(input: {id: "Q1", baseRevisionId: 1, entity: {id: "Q1", type: "item", labels: {
  en: {language: "en", value: "later"}}}}) {... on Edited {revisionId}}}"""


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores with one item."""
    await make(stores, edit(an_item("Q1"), Base.NOTHING))
    return stores


async def test_a_query_that_takes_too_long_is_ended_and_says_so(begun: Stores) -> None:
    faults = Faults()
    faults.pause(When.BEFORE, verb="metadata.heads")
    async with served_over(faults.wrap(begun), Settings(query_seconds=0.05)) as ask:
        reply = await ask.client.post("/graphql", json={"query": ENTITY})
    (error,) = reply.json()["errors"]
    assert reply.status_code == 503
    assert error["extensions"] == {
        "code": "timed_out",
        "retryable": True,
        "limit": "QUERY_SECONDS",
        "maximum": 0.05,
    }


async def test_a_mutation_that_is_waited_for_no_longer_lands_all_the_same(begun: Stores) -> None:
    """W1: a commit that has begun is not broken off, and nobody is told that it was not made."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.commit")
    async with served_over(faults.wrap(begun), Settings(mutation_seconds=0.5)) as ask:
        reply = await ask.client.post("/graphql", json={"query": EDIT})
        (error,) = reply.json()["errors"]
        assert (reply.status_code, error["extensions"]["code"]) == (503, "outcome_unknown")
        assert pause.reached.is_set()
        pause.go.set()
    assert await head_of(begun, "Q1") == 2


async def test_as_many_operations_run_at_once_as_allowed(begun: Stores) -> None:
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.heads")
    settings = Settings(client_limits="on", operations_at_once=1)
    async with served_over(faults.wrap(begun), settings) as ask:
        slow = asyncio.create_task(ask(ENTITY))
        await pause.reached.wait()
        reply = await ask.client.post("/graphql", json={"query": ENTITY})
        (error,) = reply.json()["errors"]
        pause.go.set()
        assert await slow == {"data": {"entity": {"id": "Q1"}}}
        assert await ask.data(ENTITY) == {"entity": {"id": "Q1"}}
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
    assert error["extensions"] == {
        "code": "too_many_at_once",
        "retryable": True,
        "limit": "OPERATIONS_AT_ONCE",
        "maximum": 1,
        "retryAfter": 1,
    }


async def test_as_many_requests_are_answered_in_a_minute_as_allowed(tmp_path: Path) -> None:
    """What is left is told with each, and when to come again with the one that is too many."""
    async with served(Settings(data=tmp_path, client_limits="on", requests_per_minute=2)) as ask:
        replies = [await ask.client.post("/graphql", json={"query": "{__typename}"}) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert [reply.headers["ratelimit"].split(";")[1] for reply in replies] == ["r=1", "r=0", "r=0"]
    told = replies[2].json()["errors"][0]["extensions"]
    assert (told["code"], told["limit"], told["maximum"]) == ("rate_limited", "REQUESTS_PER_MINUTE", 2)
    assert 0 < told["retryAfter"] == int(replies[2].headers["retry-after"]) <= 120


async def test_as_much_is_fetched_in_a_minute_as_allowed(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, client_limits="on", max_cost=10, cost_per_minute=10)
    async with served(settings) as ask:
        asked = {"query": ENTITY, "extensions": {"cost": True}}
        first = (await ask.client.post("/graphql", json=asked)).json()
        cost = first["extensions"]["cost"]["cost"]
        assert 0 < cost <= first["extensions"]["cost"]["maximum"] == 10
        answers = [await ask(ENTITY) for _ in range(10 // cost)]
    told = answers[-1]["errors"][0]["extensions"]
    assert (told["code"], told["limit"], told["measure"]) == ("rate_limited", "COST_PER_MINUTE", cost)
    assert all("errors" not in answer or answer["errors"][0]["path"] for answer in answers[:-1])


async def test_where_nobody_is_counted_nothing_is_told(tmp_path: Path) -> None:
    async with served(Settings(data=tmp_path, requests_per_minute=1)) as ask:
        replies = [await ask.client.post("/graphql", json={"query": "{__typename}"}) for _ in range(3)]
    assert [(reply.status_code, "ratelimit" in reply.headers) for reply in replies] == [(200, False)] * 3


def test_the_page_of_limits_has_each_with_its_default() -> None:
    page = (ROOT / "docs" / "limits.md").read_text()
    names = [
        one
        for one in fields(Settings)
        if one.name.startswith(("max_", "query_", "mutation_", "client_"))
        or one.name.endswith(("_at_once", "_per_minute"))
        or one.name in ("introspection", "explorer", "suggestions")
    ]
    assert len(names) >= 20
    rows = {
        line.split("|")[1].strip(" `"): line.split("|")[2].strip()
        for line in page.splitlines()
        if line.startswith("| `")
    }
    for one in names:
        if one.name != "max_body_bytes":
            shown = one.default if not isinstance(one.default, float) else f"{one.default:g}"
            assert rows[one.name.upper()] == str(shown)
