"""Many who follow changes while edits go on: what the server's memory does, what is missed, what slow ones do to others.

`python -m tests.load.following [SECONDS [FOLLOWERS [SLOW [EDITS A SECOND]]]]`: by default 200 followers for five minutes
at 4 edits a second, then one more minute in which 500 others follow as well and never read. Not part of the suite.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.serving import served_by_command

ENTITIES = 20
EVERY = 10.0
"""Seconds between two looks at the server's memory."""
SLOW_SECONDS = 60.0
FOLLOW = "subscription {entityChanges {entityId revisionId changedAt editor position}}"
CREATE = 'mutation {createEntity(input: {entity: {type: "item"}}) {... on Edited {entityId}}}'
EDIT = """mutation ($id: EntityId!, $base: Int!, $entity: Json!) {
    editEntity(input: {id: $id, baseRevisionId: $base, entity: $entity}) {__typename ... on Edited {revisionId}}
}"""


@dataclass(slots=True)
class Follower:
    """What one has heard: how much, the last revision of each entity, and what was out of order or missing."""

    heard: int = 0
    last: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    delays: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Edits:
    """The entities with their heads, and when each revision was acknowledged."""

    heads: dict[str, int] = field(default_factory=dict)
    made: int = 0
    asked_at: dict[tuple[str, int], float] = field(default_factory=dict)


async def follow(address: str, one: Follower, edits: Edits) -> None:
    """Follow until cancelled."""
    async with connect(
        address.replace("http", "ws", 1), subprotocols=[Subprotocol("graphql-transport-ws")], compression=None
    ) as ws:
        await ws.send('{"type": "connection_init"}')
        await ws.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}}))
        async for message in ws:
            told: dict[str, Any] = json.loads(message)
            if told["type"] == "connection_ack":
                one.ready.set()
            elif told["type"] == "ping":
                await ws.send('{"type": "pong"}')
            elif told["type"] == "next":
                change = told["payload"]["data"]["entityChanges"]
                entity, revision = change["entityId"], change["revisionId"]
                if revision != one.last.get(entity, 1) + 1:
                    one.wrong.append(f"{entity} {one.last.get(entity)} then {revision}")
                one.last[entity] = revision
                one.heard += 1
                if (asked := edits.asked_at.get((entity, revision))) is not None:
                    one.delays.append(time.monotonic() - asked)
            else:
                one.wrong.append(str(told)[:200])
                return


async def edit(address: str, edits: Edits, rate: float, until: float) -> None:
    """Edits in turn, at a steady rate."""
    async with httpx.AsyncClient(timeout=60) as client:
        next_at = time.monotonic()
        while time.monotonic() < until:
            entity = list(edits.heads)[edits.made % len(edits.heads)]
            base = edits.heads[entity]
            said = {"type": "item", "id": entity, "labels": {"en": {"language": "en", "value": f"{base}"}}}
            edits.asked_at[(entity, base + 1)] = time.monotonic()
            variables = {"id": entity, "base": base, "entity": said}
            reply = (await client.post(address, json={"query": EDIT, "variables": variables})).json()
            assert reply["data"]["editEntity"]["__typename"] == "Edited", reply
            edits.heads[entity], edits.made = base + 1, edits.made + 1
            next_at += 1 / rate
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))


async def never_read(address: str) -> socket.socket:
    """Somebody who subscribes and takes nothing, with little room in his own kernel."""
    where = urlsplit(address)
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(one, (where.hostname, where.port))
    await loop.sock_sendall(
        one,
        f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode(),
    )
    await loop.sock_recv(one, 512)
    subscribe = {"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}}
    for message in ({"type": "connection_init"}, subscribe):
        text = json.dumps(message).encode()
        size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + len(text).to_bytes(2)
        await loop.sock_sendall(one, b"\x81" + size + bytes(4) + text)
    return one


def megabytes(pid: int) -> float:
    """The resident memory of a process."""
    line = next(
        one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _milliseconds(delays: Sequence[float]) -> str:
    parts = statistics.quantiles(delays, n=100)
    return f"median {statistics.median(delays) * 1000:.0f}, 99th percentile {parts[98] * 1000:.0f} ms"


async def _watched(pid: int, until: float, edits: Edits, begin: float) -> list[float]:
    seen = []
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(EVERY, left))
        seen.append(megabytes(pid))
        _say(f"{time.monotonic() - begin:5.0f} s  {seen[-1]:6.1f} MB  {edits.made} edits")
    return seen


async def load(address: str, pid: int, seconds: float, count: int, slow: int, rate: float) -> None:
    """Both parts. Fails if anything was missed."""
    edits = Edits()
    async with httpx.AsyncClient(timeout=60) as client:
        for _ in range(ENTITIES):
            reply = (await client.post(address, json={"query": CREATE})).json()
            edits.heads[reply["data"]["createEntity"]["entityId"]] = 1
        await asyncio.sleep(2)  # their own events are told
    followers = [Follower() for _ in range(count)]
    tasks = [asyncio.create_task(follow(address, one, edits)) for one in followers]
    await asyncio.gather(*(one.ready.wait() for one in followers))
    await asyncio.sleep(2)
    begin = time.monotonic()
    editing = asyncio.create_task(edit(address, edits, rate, begin + seconds))
    memory = await _watched(pid, begin + seconds, edits, begin)
    await editing
    await _all_heard(followers, edits)
    half = (len(memory) + 1) // 2
    _say(
        f"{count} followers, {edits.made} edits: {sum(one.heard for one in followers)} changes heard, none missed; "
        f"memory {statistics.mean(memory[:half]):.1f} MB in the first half, {statistics.mean(memory[half - 1 :]):.1f} MB "
        f"in the second, {memory[-1]:.1f} MB in the end; "
        f"from edit to follower {_milliseconds([delay for one in followers for delay in one.delays])}"
    )
    for task in tasks[1:]:
        task.cancel()
    await asyncio.wait(tasks[1:])
    fast = followers[0]
    await _slow(address, pid, edits, fast, slow, rate)
    tasks[0].cancel()


async def _slow(address: str, pid: int, edits: Edits, fast: Follower, slow: int, rate: float) -> None:
    fast.delays.clear()
    begin = time.monotonic()
    await edit(address, edits, rate, begin + SLOW_SECONDS / 3)
    await _all_heard([fast], edits)
    alone, before = _milliseconds(fast.delays), megabytes(pid)
    silent = [await never_read(address) for _ in range(slow)]
    fast.delays.clear()
    begin = time.monotonic()
    editing = asyncio.create_task(edit(address, edits, rate, begin + SLOW_SECONDS))
    memory = await _watched(pid, begin + SLOW_SECONDS, edits, begin)
    await editing
    await _all_heard([fast], edits)
    _say(
        f"one follower: {alone}; beside {slow} that never read: {_milliseconds(fast.delays)}; "
        f"memory {before:.1f} MB before, at most {max(memory):.1f} MB, {memory[-1]:.1f} MB in the end"
    )
    for one in silent:
        one.close()


async def _all_heard(followers: Sequence[Follower], edits: Edits) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while any(one.heard < edits.made for one in followers):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    missed = [edits.made - one.heard for one in followers if one.heard != edits.made]
    wrong = [fault for one in followers for fault in one.wrong]
    assert not missed, missed
    assert not wrong, wrong[:5]


def main(seconds: int = 300, count: int = 200, slow: int = 500, rate: int = 4) -> None:
    """Serve an empty store by the command, and load it."""
    with TemporaryDirectory() as folder, served_by_command(Path(folder) / "data") as address:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        asyncio.run(load(address, int(children[-1]), seconds, count, slow, rate))


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
