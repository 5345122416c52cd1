"""`entityChanges`: which changes are told, of what kind (E2, E5)."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette

from app.access import EVERYBODY
from app.asked import Asked
from app.execution import answers
from app.main import application
from app.settings import Settings
from storage.ports import Stores
from tests.builders import an_event

CHANGES = [
    an_event("Q1", 1),
    an_event("P1", 1),
    an_event("Q1", 2),
    an_event("Q2", 1, change_type="redirect"),
    an_event("L1", 3, change_type="lock"),
    an_event("E1", 4, change_type="hard_delete"),
    an_event("Q1", 5, change_type="soft_delete"),
]
LAST = an_event("E9", 1, change_type="unlock")


@pytest.fixture
async def app(own_place: Settings) -> AsyncIterator[Starlette]:
    served = application(own_place)
    async with served.router.lifespan_context(served):
        yield served


async def told(app: Starlette, arguments: str) -> list[str]:
    """What a subscription with these arguments is told of the changes, from before the first on."""
    stores: Stores = app.state.stores
    begin = await app.state.feed.position()
    await stores.events.publish(CHANGES)
    query = f'subscription {{entityChanges(from: "{begin}", {arguments}) {{entityId revisionId changeType}}}}'
    heard: list[str] = []
    async with asyncio.timeout(60), aclosing(answers(app.state, Asked(query), EVERYBODY)) as changes:
        first = asyncio.ensure_future(anext(changes))
        while not app.state.feed.followers and not first.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await stores.events.publish([LAST])
        answer: Any = await first
        while (change := answer["data"]["entityChanges"])["entityId"] != LAST.entity_id:
            heard.append(f"{change['entityId']}:{change['revisionId']}:{change['changeType']}")
            answer = await anext(changes)
    return heard


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ("ids: null", ["Q1:1", "P1:1", "Q1:2", "Q2:1", "L1:3", "E1:4", "Q1:5"]),
        ('ids: ["Q1", "E9"]', ["Q1:1", "Q1:2", "Q1:5"]),
        ("types: [ITEM, ENTITY_SCHEMA]", ["Q1:1", "Q1:2", "Q2:1", "E1:4", "Q1:5"]),
        ("types: [PROPERTY, LEXEME, ENTITY_SCHEMA]", ["P1:1", "L1:3", "E1:4"]),
        ("changeTypes: [CREATION, UNLOCK]", ["Q1:1", "P1:1"]),
        ("changeTypes: [REDIRECT, LOCK, HARD_DELETE, SOFT_DELETE, UNLOCK]", ["Q2:1", "L1:3", "E1:4", "Q1:5"]),
        ('ids: ["Q1", "P1", "E9"], changeTypes: [EDIT, CREATION, UNLOCK], types: [ITEM, ENTITY_SCHEMA]', ["Q1:1", "Q1:2"]),
        ("types: [ENTITY_SCHEMA], changeTypes: [UNLOCK]", []),
    ],
)  # fmt: skip
async def test_only_what_is_wanted_is_told(app: Starlette, arguments: str, wanted: list[str]) -> None:
    """E5: all conditions hold at once."""
    heard = await told(app, arguments)
    assert sorted(one.rpartition(":")[0] for one in heard) == sorted(wanted)
    names = {f"{one.entity_id}:{one.revision_id}": one.change_type.upper() for one in CHANGES}
    assert all(names[place] == name for place, _, name in (one.rpartition(":") for one in heard))


async def test_more_ids_than_can_be_followed_are_refused(app: Starlette) -> None:
    """O3"""
    ids = ", ".join(f'"Q{number}"' for number in range(1, 502))
    query = f"subscription {{entityChanges(ids: [{ids}]) {{entityId}}}}"
    async with aclosing(answers(app.state, Asked(query), EVERYBODY)) as changes:
        [refused] = [answer async for answer in changes]
    assert refused["errors"][0]["extensions"] == {
        "code": "limit_exceeded",
        "retryable": False,
        "limit": "MAX_LIST_LENGTH",
        "measure": 501,
        "maximum": 500,
    }


async def test_who_is_too_slow_is_told_where_to_go_on(own_place: Settings) -> None:
    """E5: in the error, as a client sees it."""
    app = application(replace(own_place, feed_room=4))
    async with app.router.lifespan_context(app):
        events = app.state.stores.events
        query = "subscription {entityChanges {revisionId position}}"
        async with asyncio.timeout(60), aclosing(answers(app.state, Asked(query), EVERYBODY)) as changes:
            first = asyncio.ensure_future(anext(changes))
            while not app.state.feed.followers:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            await events.publish([an_event("Q1", number) for number in range(1, 31)])
            heard = (await first)["data"]["entityChanges"]
            while app.state.feed.followers:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            cut = await anext(changes)
        assert cut["errors"][0]["extensions"] == {
            "code": "too_slow",
            "retryable": True,
            "position": heard["position"],
        }


async def test_memory_does_not_grow_with_the_changes_of_a_subscription(app: Starlette) -> None:
    """I16: graphql-core's own executor keeps something of each."""
    query = "subscription {entityChanges {entityId revisionId changeType editor summary bot position}}"

    def kept() -> int:
        gc.collect()
        return sum(type(one).__name__ == "FieldDetails" for one in gc.get_objects())

    async with asyncio.timeout(120), aclosing(answers(app.state, Asked(query), EVERYBODY)) as changes:
        first = asyncio.ensure_future(anext(changes))
        while not app.state.feed.followers:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await app.state.stores.events.publish([an_event("Q1", number) for number in range(1, 201)])
        await first
        before = kept()
        for _ in range(199):
            await anext(changes)
        assert kept() <= before
