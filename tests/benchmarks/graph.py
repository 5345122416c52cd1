"""The graph's requests through the whole application, one at a time, against two floors of each.

One floor is a route that sends the same bytes; the other answers the same by hand (see `twins`), from the same
stores through the same cache. Reads are warm: all objects are in the cache. Those that are not find none kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette

from app import samples
from app.compose import open_embedded
from app.importing import import_documents
from app.intake import read
from app.main import application
from app.settings import Settings
from storage.model import JsonObject
from storage.ports import Stores
from tests.benchmarks import requests, twins
from tests.benchmarks.asgi import Answer, Ask, post, side_by_side
from tests.benchmarks.import_floor import as_commands_do
from tests.benchmarks.spread import spread
from tests.graph import rebuilding

ROUNDS, REPEATS = 7, 10
HOUR = 3600.0

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Read:
    """A query, and the name of its twin, which takes the same variables."""

    name: str
    query: str
    variables: JsonObject
    twin: str


async def measure(paths: Sequence[str], folder: Path) -> dict[str, Figures]:
    """The figures of each request, on what is in `paths`, the samples and what is made."""
    folder.mkdir(parents=True)
    requests.write_made(folder / "made.ndjson")
    paths = [*map(str, samples.paths()), str(folder / "made.ndjson"), *paths]
    async with open_embedded(folder / "data", inline=True) as stores:
        await import_documents(read(paths), stores)
    as_commands_do()
    async with _served(Settings(data=folder / "data", poll_seconds=HOUR)) as app:
        reads = _reads(await _items(app))
        figures = await _compare(app, reads, edits=True)
    async with _served(Settings(data=folder / "data", poll_seconds=HOUR, cache_bytes=0)) as app:
        cold = await _compare(app, reads[:3])
    return figures | {f"{name}, nothing cached": found for name, found in cold.items()}


def _reads(items: Sequence[str]) -> list[Read]:
    some = {"id": "Q42", "properties": ["P31", "P569", "P800"]}
    page = {"id": requests.HUB, "first": 50}
    return [
        Read("selected properties of Q42", requests.SELECTED, some, "selected"),
        Read("all of Q42", rebuilding.QUERY, {"id": "Q42"}, "whole"),
        Read(
            f"{len(items)} items with linked labels",
            requests.MANY,
            {"ids": items, "properties": ["P31"]},
            "many",
        ),
        Read("50 revisions of a history", requests.HISTORY, page, "history"),
        Read("50 backlinks", requests.BACKLINKS, page, "backlinks"),
    ]


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[Starlette]:
    app = application(settings)
    async with app.router.lifespan_context(app):
        yield app


async def _items(app: Starlette) -> list[str]:
    """Up to fifty items whose P31 names one that is here and has a label."""
    known = await app.state.stores.metadata.entities(None, 500)
    asked = {"ids": [one for one in known if one.startswith("Q")], "properties": ["P31"]}
    answer = await _graph(app, requests.MANY, asked)
    found = orjson.loads(answer.body)["data"]["entities"]
    return [one["id"] for one in found if any(_has_label(told["value"]) for told in one["statements"])][:50]


def _has_label(value: JsonObject | None) -> bool:
    return value is not None and value.get("label") is not None


async def _graph(app: Starlette, query: str, variables: JsonObject) -> Answer:
    return await post(app, "/graphql", orjson.dumps({"query": query, "variables": variables}))


async def _compare(app: Starlette, reads: Sequence[Read], *, edits: bool = False) -> dict[str, Figures]:
    recorded: dict[str, bytes] = {}
    floors = twins.application(app.state.stores, recorded)
    asked: dict[str, list[Ask]] = {}

    async def enter(name: str, path: str, ours: Ask, twin: Ask) -> None:
        recorded[path] = _agreed(name, await ours(), await twin())
        asked[name] = [ours, twin, partial(post, floors, f"/bare/{path}", b"{}")]

    for one in reads:
        ours = _same(partial(_graph, app, one.query, one.variables))
        twin = _same(partial(post, floors, f"/{one.twin}", orjson.dumps(one.variables)))
        await enter(one.name, one.twin, ours, twin)
    if edits:
        send = partial(_graph, app, requests.EDIT)
        ours = _Edits(
            requests.REFERRING - 1, lambda edit: send({"input": edit}), partial(_settled, app.state.stores)
        )
        twin = _Edits(requests.REFERRING, lambda edit: post(floors, "/edit", orjson.dumps(edit)))
        await enter("an edit of a label", "edit", ours, twin)
    took = await side_by_side(asked, ROUNDS, REPEATS)
    return {name: _figures(*seconds) for name, seconds in took.items()}


def _agreed(name: str, ours: Answer, twin: Answer) -> bytes:
    """Our answer, if it has no errors and the twin says the same."""
    told = orjson.loads(ours.body)
    assert "errors" not in told, (name, told["errors"][:3])
    assert told["data"] == orjson.loads(twin.body), f"{name}: the floor answers something else"
    return ours.body


def _same(ask: Ask) -> Ask:
    """The same request, which must have the same answer each time."""
    first: bytes | None = None

    async def checked() -> Answer:
        nonlocal first
        answer = await ask()
        first = first or answer.body
        assert answer.body == first
        return answer

    return checked


class _Edits:
    """A new label for a small item of its own at each call, on the revision before."""

    def __init__(
        self,
        number: int,
        send: Callable[[JsonObject], Awaitable[Answer]],
        after: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._number, self._send, self._after = number, send, after
        self._base = 1

    async def __call__(self) -> Answer:
        entity = requests.referring(self._number, f"after {self._base}")
        answer = await self._send({"id": entity["id"], "baseRevisionId": self._base, "entity": entity})
        told = orjson.loads(answer.body)
        outcome: Any = told.get("data", told)["editEntity"]
        assert (outcome["__typename"], outcome["unchanged"]) == ("Edited", False), outcome
        self._base = outcome["revisionId"]
        if self._after is not None:
            await self._after()
        return answer


async def _settled(stores: Stores) -> None:
    """Wait for what the application does behind an edit's answer, so that nobody else's time pays for it."""
    async with asyncio.timeout(30):
        # Nobody tells of it: who asks for an edit has no business with what follows.
        while await stores.metadata.unpublished(1):  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def _figures(ours: Sequence[float], twin: Sequence[float], bare: Sequence[float]) -> Figures:
    return {
        "milliseconds": spread([seconds * 1e3 for seconds in ours]),
        "a second": spread([1 / seconds for seconds in ours]),
        "/ by hand": spread([one / other for one, other in zip(ours, twin, strict=True)]),
        "/ same bytes": spread([one / other for one, other in zip(ours, bare, strict=True)]),
    }
