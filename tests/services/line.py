"""A line to a server on which calls can go wrong: a proxy for tests of clients that must not be harmed by it.

It counts the calls that go over it, of whichever protocol, and lets befall them what it is told. It can be cut as a
whole, and mended. Knows of the protocols only where a call begins (`tests.services.speech`).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from tests.services.speech import CHUNK, Speech

SLOW_SECONDS = 0.05


class Fault(Enum):
    """What may befall a call."""

    REQUEST_LOST = "it never arrives, and the connection ends"
    ANSWER_LOST = "it is done, and the connection ends before the answer"
    ANSWER_TORN = "it is done, and the connection ends in the middle of the answer"
    RESET = "half of it arrives, then both ends are told that the other is gone"
    REQUEST_HELD = "it never arrives, and the connection stays"
    ANSWER_HELD = "it is done, and the connection stays without an answer"
    SLOW = "it arrives late"


@dataclass(frozen=True, slots=True)
class Call:
    """A call, numbered from 1 in the order in which the calls began; `data` is its first piece."""

    number: int
    name: str
    data: bytes


Rule = Callable[[Call], Fault | None]


class Line:
    """A port before a server, cut until it is mended. `server` is the port of the one behind it; 0 is none."""

    def __init__(self, speech: Speech, server: int = 0) -> None:
        self._speech = speech
        self.server = server
        self.port = 0
        self.calls: list[Call] = []
        self.befallen: list[Call] = []
        """Those of the calls that something befell."""
        self._rule: Rule | None = None
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def rule(self, rule: Rule | None) -> None:
        """Ask this what is to befall each call, from now on; None is nothing."""
        self._rule = rule

    def fail(
        self, fault: Fault, *, name: str | None = None, number: int | None = None, times: int = 1
    ) -> None:
        """Let it befall the next calls of a name, or the one of a number, counted from now; and nothing else."""
        self.calls.clear()
        self.befallen.clear()

        def rule(call: Call) -> Fault | None:
            right = name in (None, call.name) and number in (None, call.number)
            return fault if right and len(self.befallen) < times else None

        self.rule(rule)

    def part(self, fault: Fault, after: int) -> None:
        """Let it befall every call after so many, counted from now: the server is away."""
        self.fail(fault, times=0)
        self.rule(lambda call: fault if call.number > after else None)

    def calm(self) -> None:
        """Let nothing befall anybody, and count anew."""
        self.fail(Fault.SLOW, times=0)

    async def mend(self) -> None:
        """Take connections, from now on or again."""
        self._listener = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def meet(self, data: bytes, name: str) -> Fault | None:
        """Count a call; answers what is to befall it."""
        call = Call(len(self.calls) + 1, name, data)
        self.calls.append(call)
        fault = self._rule(call) if self._rule is not None else None
        if fault is not None:
            self.befallen.append(call)
        return fault

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward: asyncio.StreamWriter | None = None
        try:
            answers, onward = await asyncio.open_connection("127.0.0.1", self.server)
            connection = _Connection(self, self._speech, writer, onward)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(connection.there(reader))
                ways.create_task(connection.back(answers))
        except* (OSError, EOFError):
            pass
        finally:
            writer.close()  # what is on its way to the client still arrives
            if onward is not None:
                onward.transport.abort()


class _Connection:
    """One connection, and what befell the call that is under way on it. Both ways end with an EOFError."""

    def __init__(
        self, line: Line, speech: Speech, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self._line, self._speech = line, speech
        self._client, self._server = client, server
        self._fault: Fault | None = None

    async def there(self, reader: asyncio.StreamReader) -> None:
        async for piece in self._speech(reader):
            if piece.name is not None:
                self._fault = self._line.meet(piece.data, piece.name)
            match self._fault:
                case Fault.REQUEST_LOST:
                    raise EOFError
                case Fault.RESET:
                    self._server.write(piece.data[: len(piece.data) // 2])
                    await self._server.drain()
                    _reset(self._client)
                    _reset(self._server)
                    raise EOFError
                case Fault.REQUEST_HELD:
                    while await reader.read(CHUNK):
                        pass
                    raise EOFError
                case Fault.SLOW:
                    await asyncio.sleep(SLOW_SECONDS)
            self._server.write(piece.data)

    async def back(self, answers: asyncio.StreamReader) -> None:
        while data := await answers.read(CHUNK):
            match self._fault:
                case Fault.ANSWER_LOST:
                    raise EOFError
                case Fault.ANSWER_TORN:
                    self._client.write(data[: len(data) // 2])
                    raise EOFError
                case Fault.ANSWER_HELD:
                    continue
            self._client.write(data)
        raise EOFError


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection in a way that the other side can't take for a good end."""
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()


@asynccontextmanager
async def line_to(speech: Speech, server: int) -> AsyncIterator[Line]:
    """A line to a port of this machine, mended."""
    line = Line(speech, server)
    await line.mend()
    try:
        yield line
    finally:
        await line.cut()
