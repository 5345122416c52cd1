"""Just enough of what clients say to servers to tell where a call begins and what it is: HTTP, MySQL, Kafka.

Each takes a reader and gives what it reads in pieces, to be passed on as they are. Knows nothing of answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

CHUNK = 65_536
END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a client. `name` is that of the call which they begin, None if they go on with one."""

    data: bytes
    name: str | None = None


Speech = Callable[[asyncio.StreamReader], AsyncIterator[Piece]]
"""Ends with an EOFError (asyncio.IncompleteReadError is one) where the client does."""


async def http(reader: asyncio.StreamReader) -> AsyncIterator[Piece]:
    """Named by the method: `PUT`. Bodies must tell their length."""
    while True:
        head = await reader.readuntil(END_OF_HEAD)
        yield Piece(head, head.split(b" ", 1)[0].decode())
        fields = dict(line.split(b":", 1) for line in head.lower().split(b"\r\n")[1:] if b":" in line)
        left = int(fields.get(b"content-length", b"0"))
        while left:
            data = await reader.read(min(left, CHUNK))
            if not data:
                raise EOFError
            left -= len(data)
            yield Piece(data)


_COMMANDS = {1: "QUIT", 14: "PING"}
_QUERY = 3


async def mysql(reader: asyncio.StreamReader) -> AsyncIterator[Piece]:
    """Named by the first word of the statement, or `LOGIN`, `PING`, `QUIT`."""
    while True:
        head = await reader.readexactly(4)
        data = await reader.readexactly(int.from_bytes(head[:3], "little"))
        yield Piece(head + data, _command(head[3], data))


def _command(sequence: int, data: bytes) -> str | None:
    if sequence == 1:  # the server has spoken first
        return "LOGIN"
    if sequence:
        return None
    if data[0] == _QUERY:
        return data[1:].split(maxsplit=1)[0].decode().upper()
    return _COMMANDS.get(data[0], f"COMMAND {data[0]}")


async def kafka(reader: asyncio.StreamReader) -> AsyncIterator[Piece]:
    """Named by the kind's number in the protocol. Each request is one piece, its size before it."""
    while True:
        size = await reader.readexactly(4)
        request = await reader.readexactly(int.from_bytes(size))
        yield Piece(size + request, str(int.from_bytes(request[:2])))
