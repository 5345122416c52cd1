"""What a request leaves behind: parts of answers where they may be kept, and nothing that only a collector finds."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace

import orjson
import pytest

from app.answers import written
from app.main import application
from app.memory import cache_of
from app.settings import Settings
from graph.planned import plans_of
from storage.keys import statement_key
from tests.graph.rebuilding import QUERY
from tests.serving import Asking, served

pytestmark = pytest.mark.asked_once

ASKED = {
    "one field": "{__typename}",
    "statements": '{entity(id: "Q42") {statements {id rank value {__typename} references {parts {propertyId}}}}}',
    "links": '{entity(id: "Q42") {statements {property {label(languageCode: "en")}}}}',
    "a page": '{entity(id: "Q42") {history(first: 2) {nodes {revisionId}} backlinks(first: 2) {nodes {entityId}}}}',
    "errors": '{entity(id: "Q404") {id}}',
}


@pytest.fixture
async def ask(sampled: Settings) -> AsyncIterator[Asking]:
    async with served(replace(sampled, poll_seconds=3600)) as asking:
        yield asking


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("plan", [True, False], ids=["plan", "standard"])
async def test_what_a_request_read_goes_with_its_answer(sampled: Settings, name: str, plan: bool) -> None:
    """O2: what waits for the collector of cycles stops everyone, for as long as there is much of it."""
    async with served(replace(sampled, poll_seconds=3600, plan=plan)) as ask:
        for _ in range(3):
            await ask(ASKED[name])
        await asyncio.sleep(0.05)
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            await ask(ASKED[name])
            gc.collect()
            left = {type(one).__module__.partition(".")[0] for one in gc.garbage}
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert left.isdisjoint({"graph", "storage", "app", "graphql", "strawberry"})


async def test_what_is_said_of_statements_is_kept(ask: Asking) -> None:
    plans = ask._state.documents.plans  # type: ignore[union-attr]
    made, answers = [], []
    for _ in range(3):
        answers.append(await ask.data(QUERY, id="Q42"))
        made.append(plans.parts.misses)
    assert answers[0] == answers[1] == answers[2]
    assert 0 == made[0] < made[1] == made[2]
    assert plans.parts.bytes > 0


async def test_what_is_told_of_an_answer_is_told_of_its_parts_too(ask: Asking) -> None:
    told = []
    for _ in range(3):
        asked = {"query": QUERY, "variables": {"id": "Q42"}, "extensions": {"cost": True}}
        answer = (await ask.client.post("/graphql", json=asked)).json()
        told.append((answer["extensions"]["cost"]["fields"], answer["extensions"]["cost"]["bytes"]))
    assert told[0] == told[1] == told[2]
    assert told[0][0] > 100


async def test_what_is_erased_is_no_part_of_an_answer_any_more() -> None:
    """W7."""
    plans = plans_of(2**20, parts_bytes=2**20)
    assert plans.parts is not None
    cache = cache_of(Settings(), plans)
    plans.parts.keep(1, {"value": "secret"}, 1, whole=True)
    cache.forget([statement_key(1)])
    assert plans.parts.find(1) is None
    # Told again and again by who looks for erasures: only what is new makes all be forgotten.
    plans.parts.keep(1, {"value": "another"}, 1, whole=True)
    cache.forget([statement_key(1)])
    assert plans.parts.find(1) is not None


@pytest.mark.parametrize(
    ("plan", "cache_bytes"), [(True, 1_000), (False, 1_000), (True, 0)], ids=["both", "no plan", "nothing"]
)
async def test_parts_and_objects_share_what_the_setting_allows(
    sampled: Settings, plan: bool, cache_bytes: int
) -> None:
    """O1."""
    app = application(replace(sampled, plan=plan, cache_bytes=cache_bytes))
    async with app.router.lifespan_context(app):
        plans = app.state.documents.plans
        parts = plans.parts if plans is not None else None
        assert (parts is not None) == (plan and cache_bytes > 0)
        assert app.state.stores.cache.bound + (parts.bound if parts is not None else 0) == cache_bytes


@pytest.mark.parametrize("beside", ["x", 2**70, "\ud83d"], ids=["usual", "too large", "half a character"])
def test_a_part_is_written_whatever_stands_beside_it(beside: object) -> None:
    part = orjson.Fragment(b'{"a":[1,"\xc3\xa4"]}')
    told = orjson.loads(written({"data": {"part": part}})) if beside == "x" else None
    assert told in (None, {"data": {"part": {"a": [1, "ä"]}}})
    assert (
        b'"part": {"a": [1, "\\u00e4"]}' in written({"data": {"part": part, "beside": beside}})
        or beside == "x"
    )
