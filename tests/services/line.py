"""A line to a server on which answers get lost: a proxy for tests of clients that must not be fooled by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK = 65_536


class Line:
    """Passes on bytes. `lose` and `cut` say what befalls the answers to the next requests of a method."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._method, self._times, self._kept = b"", 0, 0
        self.port = 0
        self.lost = 0
        """How many answers have been lost."""

    def lose(self, method: str, *, times: int = 1) -> None:
        """The server answers, and nobody hears it: the connection breaks."""
        self.cut(method, 0, times=times)

    def cut(self, method: str, kept: int, *, times: int = 1) -> None:
        """Only so many bytes of the answer arrive before the connection breaks."""
        self._method, self._kept, self._times = method.encode(), kept, times

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        method = b""

        async def there() -> None:
            nonlocal method
            while data := await reader.read(CHUNK):
                if b" HTTP/1.1\r\n" in data:  # a request begins; else it is the rest of one
                    method = data.split(b" ", 1)[0]
                server_writer.write(data)

        asking = asyncio.create_task(there())
        try:
            while data := await server_reader.read(CHUNK):
                waits = data.startswith(b"HTTP/1.1 100 ")  # for the rest of the request
                if self._times and method == self._method and not waits:
                    self._times -= 1
                    self.lost += 1
                    writer.write(data[: self._kept])
                    return
                writer.write(data)
        except (ConnectionError, asyncio.CancelledError):
            return  # somebody has hung up, or the test is over
        finally:
            asking.cancel()
            server_writer.close()
            writer.close()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A line to a port of this machine."""
    line = Line(port)
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    async with server:
        yield line
