"""A client of HTTP/1.1 that takes as little of the processor as can be, since it shares the machine with what it measures.

Knows no GraphQL: a request is made of bytes once and sent again and again.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import cast

IDLE_SECONDS = 3.0
"""After which a connection is made anew: the server closes those that nothing comes on for five."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def request(path: str, body: bytes, *headers: str) -> bytes:
    """A POST of JSON."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and the seconds until its last byte."""

    body: bytes
    seconds: float


class Connection(asyncio.Protocol):
    """A connection to a port of this machine, one request at a time on it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._last = 0.0
        """When it was used."""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._head = b""
        self._body: list[bytes] = []
        self._missing = -1
        """Bytes of the body that are still to come; below 0 before that is known."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is of no such class

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._head, 0, end + 2)
            assert length is not None, self._head[:500]
            self._missing = int(length[1])
            data, self._head = self._head[end + 4 :], self._head[:end]
        self._body.append(data)
        self._missing -= len(data)
        if self._missing == 0 and self._answer is not None:
            self._answer.set_result(b"".join(self._body))

    def connection_lost(self, _error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    async def ask(self, sent: bytes) -> Answer:
        """Send a request and take its answer, whose status must be 200."""
        transport = self._transport
        if transport is None or time.perf_counter() - self._last > IDLE_SECONDS:
            transport = await self._connected()
        self._head, self._body, self._missing = b"", [], -1
        self._answer = asyncio.get_running_loop().create_future()
        start = time.perf_counter()
        transport.write(sent)
        body = await self._answer
        self._last = time.perf_counter()
        assert self._head.startswith(b"HTTP/1.1 200"), (self._head[:500], body[:1000])
        return Answer(body, self._last - start)

    async def _connected(self) -> asyncio.Transport:
        self.close()
        self._answer = None
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        assert self._transport is not None
        return self._transport

    def close(self) -> None:
        """Let go of it."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None


@contextmanager
def connected(port: int, number: int) -> Iterator[list[Connection]]:
    """So many connections to a port of this machine; each is made when it is wanted."""
    made = [Connection(port) for _ in range(number)]
    try:
        yield made
    finally:
        for one in made:
            one.close()


async def one_by_one(connection: Connection, sent: bytes, seconds: float, least: int = 3) -> list[float]:
    """The same request again and again for some time, and `least` times at least: the seconds that each took."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    while len(took) < least or time.perf_counter() < end:
        took.append((await connection.ask(sent)).seconds)
    return took


async def together(connections: Sequence[Connection], sent: bytes, seconds: float) -> tuple[int, float]:
    """The same request on all connections, again and again for some time: how many were answered, and in which time."""
    start = time.perf_counter()
    answered = 0

    async def lane(connection: Connection) -> None:
        nonlocal answered
        while True:
            await connection.ask(sent)
            answered += 1
            if time.perf_counter() >= start + seconds:
                return

    await asyncio.gather(*map(lane, connections))
    return answered, time.perf_counter() - start


async def steadily(
    connections: Sequence[Connection], sent: bytes, per_second: float, seconds: float
) -> list[float]:
    """So many requests a second, each due at its time whether or not those before are answered.

    The seconds from when each was due, so that who waits for a connection has waited.
    """
    took: list[float] = []
    start = time.perf_counter()
    due = (start + number / per_second for number in count())

    async def lane(connection: Connection) -> None:
        for at in due:
            if at > start + seconds:
                return
            if (early := at - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            await connection.ask(sent)
            took.append(time.perf_counter() - at)

    await asyncio.gather(*map(lane, connections))
    return took
