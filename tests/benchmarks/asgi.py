"""One request to an ASGI application in this process, timed; and applications timed side by side.

Knows nothing of what is asked. No client library stands between: its own cost would blur the ratios.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and the seconds until its last byte."""

    body: bytes
    seconds: float


Ask = Callable[[], Awaitable[Answer]]


async def post(app: Starlette, path: str, body: bytes) -> Answer:
    """Send JSON. What the application does behind its answer is awaited, but not timed."""
    received: list[bytes] = []
    answered = asyncio.Event()
    pending = [{"type": "http.request", "body": body, "more_body": False}]
    status, end = 0, 0.0

    async def receive() -> MutableMapping[str, Any]:
        if pending:
            return pending.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, end
        if message["type"] == "http.response.start":
            status = message["status"]
            return
        received.append(message.get("body", b""))
        if not message.get("more_body", False):
            end = time.perf_counter()
            answered.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
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
    start = time.perf_counter()
    await app(scope, receive, send)
    assert status == 200, (path, status, b"".join(received)[:1000])
    return Answer(b"".join(received), end - start)


async def side_by_side(
    requests: Mapping[str, Sequence[Ask]], rounds: int, repeats: int
) -> dict[str, list[list[float]]]:
    """For each request the seconds of each of its applications: the median of each round.

    In a round every request is sent `repeats` times to each application in turn, so that noise hits all alike.
    """
    took: dict[str, list[list[float]]] = {name: [[] for _ in asks] for name, asks in requests.items()}
    for _ in range(rounds):
        for name, asks in requests.items():
            seconds = [[(await ask()).seconds for ask in asks] for _ in range(repeats)]
            for medians, own in zip(took[name], zip(*seconds, strict=True), strict=True):
                medians.append(statistics.median(own))
    return took
