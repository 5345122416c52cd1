"""GraphQL over WebSocket by the protocol graphql-transport-ws: many operations on one connection.

Knows the protocol's messages and closing codes; operations run as over HTTP. There is nothing to subscribe to yet,
so each operation has one answer.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.endpoint import BadRequest, checked, execute, written
from storage.canonical import parse

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0


class Closing(Exception):
    """The client broke the protocol: the connection closes with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


async def graphql_socket(socket: WebSocket) -> None:
    """Serve one connection until it closes."""
    # Browsers let any page open a socket to any host and say only from where; HTTP's preflight does not protect here.
    origin = socket.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != socket.headers.get("host"):
        await socket.close(4403)
        return
    if PROTOCOL not in socket.scope.get("subprotocols", ()):
        await socket.accept()
        await socket.close(4406, "Subprotocol not acceptable")
        return
    await socket.accept(PROTOCOL)
    connection = _Connection(socket)
    try:
        await connection.run()
    except Closing as closing:
        await socket.close(closing.code, closing.reason)
    except WebSocketDisconnect:
        pass
    finally:
        connection.stop()


class _Connection:
    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._ready = False
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                while not self._ready:
                    await self._take(await self._receive())
        except TimeoutError:
            raise Closing(4408, "Connection initialisation timeout") from None
        while True:
            await self._take(await self._receive())

    def stop(self) -> None:
        for task in self._operations.values():
            task.cancel()

    async def _receive(self) -> dict[str, Any]:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        text = received.get("text")
        try:
            message = parse((text if text is not None else received.get("bytes") or "").encode())
        except (ValueError, AttributeError):
            raise Closing(4400, "Invalid message: not JSON text") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closing(4400, "Invalid message: not an object with a type")
        return message

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_init":
                if self._ready:
                    raise Closing(4429, "Too many initialisation requests")
                self._ready = True
                await self._send({"type": "connection_ack"})
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                task = self._operations.pop(_id(message), None)
                if task is not None:
                    task.cancel()
            case _:
                raise Closing(4400, "Invalid message: no such type")

    def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._ready:
            raise Closing(4401, "Unauthorized")
        name = _id(message)
        if name in self._operations:
            raise Closing(4409, f"Subscriber for {name} already exists"[:120])
        try:
            asked = checked(message.get("payload"))
        except BadRequest as bad:
            raise Closing(4400, f"Invalid message: {bad.message}"[:120]) from bad
        self._operations[name] = asyncio.create_task(self._operate(name, asked))

    async def _operate(self, name: str, asked: dict[str, Any]) -> None:
        try:
            answer = await execute(self._socket.app.state, asked)
            if "data" in answer:
                await self._send({"id": name, "type": "next", "payload": answer})
                await self._send({"id": name, "type": "complete"})
            else:
                await self._send({"id": name, "type": "error", "payload": answer["errors"]})
        except (WebSocketDisconnect, RuntimeError):
            return  # the client is gone: nobody to tell
        finally:
            self._operations.pop(name, None)

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send_text(written(message).decode())


def _id(message: dict[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not name:
        raise Closing(4400, "Invalid message: no id")
    return name
