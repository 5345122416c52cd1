"""Clients that do not stay: over bare sockets, so that they can go at any byte, by HTTP and by WebSocket.

They keep account of their edits. Knows nothing of what the server does behind its address.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

LONGEST = 0.6
"""Seconds that a client stays at most, unless it waits for its answer."""

_EDIT = """mutation ($input: CreateEntityInput!) {
    createEntity(input: $input) {__typename ... on Edited {entityId revisionId} ... on Refusal {code retryable}}
}"""
_SMALL = '{entity(id: "Q42") {id ... on Item {label(languageCode: "en") statements(properties: ["P31"]) {id rank}}}}'
_LARGE = (
    '{entity(id: "Q42") {... on Item {labels {language value} statements '
    "{id rank qualifiers {property {id}} references {parts {property {id}}}}}}}"
)

_FOLLOW = "subscription {entityChanges {entityId revisionId changeType editor}}"
_FOLLOW_ALL = 'subscription {entityChanges(from: "BEGIN") {entityId revisionId position}}'
"""`BEGIN` is a position behind which all lies."""


@dataclass(slots=True)
class Edits:
    """What was asked by its key, and what was acknowledged: entity and revision."""

    asked: list[str] = field(default_factory=list)
    acknowledged: dict[str, tuple[str, int]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)


class Clients:
    """Clients of one address that do not stay."""

    def __init__(self, address: str, seed: int) -> None:
        where = urlsplit(address)
        self._host, self._port = where.hostname or "", where.port or 0
        self._random = random.Random(seed)
        self.edits = Edits()
        self.begin = ""
        """The position from which some follow."""
        self.kinds: Counter[str] = Counter()

    async def wave(self, count: int) -> None:
        """So many at once."""
        await asyncio.gather(*(self._one() for _ in range(count)))

    async def _one(self) -> None:
        kinds: dict[Callable[[], Awaitable[None]], int] = {
            self._half_asked: 3,
            self._asked: 2,
            self._edited: 3,
            self._half_heard: 2,
            self._socket: 3,
            self._followed: 2,
            self._streamed: 2,
            self._acknowledged: 1,
        }
        (kind,) = self._random.choices(list(kinds), list(kinds.values()))
        self.kinds[kind.__name__] += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await kind()

    async def _half_asked(self) -> None:
        """Gone before the request is complete."""
        request = _request(_SMALL)
        await self._go_away(request[: self._random.randrange(len(request))])

    async def _asked(self) -> None:
        await self._go_away(_request(_SMALL))

    async def _edited(self) -> None:
        await self._go_away(self._an_edit())

    async def _half_heard(self) -> None:
        """Gone while the answer is written."""
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=1024)
        try:
            writer.write(_request(_LARGE))
            await reader.readexactly(self._random.randrange(1, 4096))
        finally:
            self._leave(writer)

    async def _socket(self) -> None:
        """A WebSocket: operations under way, the connection open or not quite yet."""
        _, writer = await self._upgraded()
        try:
            said: list[dict[str, Any]] = [{"type": "connection_init"}]
            for number, query in enumerate((_SMALL, _LARGE)):
                said.append({"type": "subscribe", "id": f"{number}", "payload": {"query": query}})
            said.append({"type": "subscribe", "id": "edit", "payload": self._an_edit_said()})
            for message in said[: self._random.randrange(len(said) + 1)]:
                writer.write(_frame(json.dumps(message).encode()))
            await asyncio.sleep(self._moment())
        finally:
            self._leave(writer)

    async def _followed(self) -> None:
        """Subscriptions on a WebSocket: from now on, from behind, ended and begun anew; and then gone."""
        _, writer = await self._upgraded()
        try:
            said: list[dict[str, Any]] = [{"type": "connection_init"}]
            for number, query in enumerate((_FOLLOW, self._follow_all, _FOLLOW)):
                said.append({"type": "subscribe", "id": f"{number}", "payload": {"query": query}})
            said += [{"type": "complete", "id": "0"}, {**said[1], "id": "0"}]
            said.append({"type": "subscribe", "id": "edit", "payload": self._an_edit_said()})
            for message in said[: self._random.randrange(1, len(said) + 1)]:
                writer.write(_frame(json.dumps(message).encode()))
            await asyncio.sleep(self._moment())
        finally:
            self._leave(writer)

    async def _streamed(self) -> None:
        """A subscription by server-sent events."""
        query = self._random.choice((_FOLLOW, self._follow_all))
        await self._go_away(_request(query, path="/graphql/stream"))

    async def _upgraded(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        upgrade = (
            f"GET /graphql HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(upgrade.encode())
            await reader.readuntil(b"\r\n\r\n")
        except BaseException:
            self._leave(writer)
            raise
        return reader, writer

    async def _acknowledged(self) -> None:
        """One that stays until it has heard."""
        request = self._an_edit()
        key = self.edits.asked[-1]
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            told = json.loads(await reader.readexactly(length))
        finally:
            self._leave(writer)
        assert "data" in told, told
        answer = told["data"]["createEntity"]
        if answer["__typename"] == "Edited":
            self.edits.acknowledged[key] = (answer["entityId"], answer["revisionId"])
        else:
            assert answer["retryable"], answer
            self.edits.refused[answer["code"]] += 1

    async def _go_away(self, said: bytes) -> None:
        _, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(said)
            await asyncio.sleep(self._moment())
        finally:
            self._leave(writer)

    @property
    def _follow_all(self) -> str:
        return _FOLLOW_ALL.replace("BEGIN", self.begin)

    def _moment(self) -> float:
        """Short ones are as likely as long ones of ten times the length: most calls end soon."""
        return float(LONGEST * 10 ** self._random.uniform(-3, 0))

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        """In order, or as one whose machine is gone."""
        if self._random.random() < 0.5:
            at_once = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()

    def _an_edit_said(self) -> Any:
        key = f"edit {len(self.edits.asked)}"
        self.edits.asked.append(key)
        return an_edit(key)

    def _an_edit(self) -> bytes:
        said = self._an_edit_said()
        return _request(said["query"], said["variables"])


def an_edit(key: str) -> dict[str, Any]:
    """The request to create what says the key, under that key."""
    entity = {"type": "item", "labels": {"en": {"language": "en", "value": key}}}
    return {"query": _EDIT, "variables": {"input": {"entity": entity, "meta": {"idempotencyKey": key}}}}


def _request(query: str, variables: dict[str, Any] | None = None, path: str = "/graphql") -> bytes:
    body = json.dumps({"query": query, "variables": variables}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _frame(text: bytes) -> bytes:
    """A text frame of WebSocket, masked by a mask of zeros: as it is."""
    size = len(text)
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2)
    return b"\x81" + length + bytes(4) + text
