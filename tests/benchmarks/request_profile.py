"""Where the processor's time of a request goes, by the part of the program, from the profiler.

In this process, by calls of the application without a socket; what threads do (reads of SQLite files) is not in it. As to
what the profiler does to the shares, see `import_profile`.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import time
from collections.abc import MutableMapping, Sequence
from typing import Any

import orjson
from starlette.applications import Starlette

from app.main import application
from app.settings import Settings
from tests.benchmarks import requests
from tests.benchmarks.import_floor import as_commands_do
from tests.benchmarks.import_profile import shares
from tests.graph import rebuilding

SECONDS = 2.0
"""For which each is asked, or a little more."""


async def measure(place: Settings, items: Sequence[str]) -> dict[str, dict[str, float]]:
    """By request the share of each part of the program, largest first. All that is read is at hand."""
    as_commands_do()
    works = {
        "one field": (requests.ONE_FIELD, {}),
        "P31 and P569 of Q42": (requests.TWO, {"id": "Q42", "properties": ["P31", "P569"]}),
        "all of Q42, typed": (rebuilding.QUERY, {"id": "Q42"}),
        "items with linked labels": (requests.MANY, {"ids": items[:50], "properties": ["P31"]}),
    }
    app, found = application(place), {}
    async with app.router.lifespan_context(app):
        for name, (query, variables) in works.items():
            body = orjson.dumps({"query": query, "variables": variables})
            await _post(app, body)
            profile = cProfile.Profile(time.thread_time)
            profile.enable()
            end = time.perf_counter() + SECONDS
            while time.perf_counter() < end:
                await _post(app, body)
            profile.disable()
            found[name] = shares(pstats.Stats(profile))
    return found


async def _post(app: Starlette, body: bytes) -> None:
    answered = asyncio.Event()
    pending = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        if pending:
            return pending.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        elif not message.get("more_body", False):
            answered.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, receive, send)
