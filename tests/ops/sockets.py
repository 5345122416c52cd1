"""A WebSocket to an application in this process, spoken as a server would speak to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from starlette.applications import Starlette

from tests.serving import Asking


def app_of(ask: Asking) -> Starlette:
    """The application that is asked."""
    transport = cast(httpx.ASGITransport, ask.client._transport)
    return cast(Starlette, transport.app)


class Socket:
    """The client's end."""

    def __init__(self) -> None:
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.from_app: asyncio.Queue[Any] = asyncio.Queue()

    async def say(self, message: Any) -> None:
        """Send a message."""
        await self.to_app.put({"type": "websocket.receive", "text": json.dumps(message)})

    async def hear(self) -> Any:
        """The next message; how it was closed, as code and reason, if that comes first."""
        async with asyncio.timeout(30):
            message = await self.from_app.get()
        if message["type"] == "websocket.close":
            return message["code"], message.get("reason")
        return json.loads(message["text"])


@asynccontextmanager
async def opened(app: Starlette) -> AsyncIterator[Socket]:
    """A connection, closed by the client in the end."""
    socket = Socket()
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("here", 80),
        "subprotocols": ["graphql-transport-ws"],
    }
    await socket.to_app.put({"type": "websocket.connect"})
    serving = asyncio.create_task(app(scope, socket.to_app.get, socket.from_app.put))
    async with asyncio.timeout(30):
        assert (await socket.from_app.get())["type"] == "websocket.accept"
    try:
        yield socket
    finally:
        await socket.to_app.put({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(30):
            await serving
