"""GraphQL over WebSocket by the protocol graphql-transport-ws: many operations on one connection.

Knows the protocol's messages and closing codes; operations run as over HTTP. Who asks is settled once, at the start, and
lasts as long as their token. The server asks from time to time whether the client is alive; who does not answer, or
takes nothing of what it is sent, is cut off. A server that closes says so with 1012, so that clients come again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import aclosing, suppress
from time import time as _now
from typing import Any

from graphql import GraphQLError
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.access import Actor
from app.answers import told, written
from app.asked import Asked, BadRequest, checked
from app.callers import NotAdmitted, caller
from app.clients import Clients
from app.crowd import Place
from app.draining import Draining
from app.execution import answers
from app.origins import may_ask
from app.settings import Settings
from storage.canonical import parse

log = logging.getLogger(__name__)

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
GOODBYE_SECONDS = 1.0
"""In which the word that the connection closes must be sent. To a client that reads it is at once."""
SILENT_ROUNDS = 2
"""After so many pings without any word from the client it is taken for gone."""
TIMEOUT = 3008
"""Registered as a closing code for WebSockets: the client was too slow."""

_CLOSINGS = {
    400: (4400, "Bad Request"),
    401: (4403, "Forbidden"),
    403: (4403, "Forbidden"),
    429: (1013, "Try Again Later"),
    503: (1013, "Try Again Later"),
}
"""How a connection ends for who is not admitted, by HTTP's status."""


class Closing(Exception):
    """The connection closes with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        # A closing frame has room for so many bytes.
        self.code, self.reason = code, reason.encode()[:123].decode(errors="ignore")
        super().__init__(reason)


async def graphql_socket(socket: WebSocket) -> None:
    """Serve one connection until it closes."""
    # Browsers let any page open a socket to any host and say only from where; HTTP's preflight does not protect here.
    origin = socket.headers.get("origin")
    if not may_ask(origin, socket.headers.get("host"), socket.app.state.origins):
        await socket.close(4403)
        return
    if PROTOCOL not in socket.scope.get("subprotocols", ()):
        await socket.accept()
        await socket.close(4406, "Subprotocol not acceptable")
        return
    clients: Clients = socket.app.state.clients
    with clients.crowd.place("connections") as place:
        try:
            clients.connection(socket, None, place)
        except NotAdmitted as full:
            await socket.send_denial_response(PlainTextResponse(f"{full}\n", full.status, dict(full.headers)))
            return
        await socket.accept(PROTOCOL)
        connection = _Connection(socket, place)
        try:
            await connection.run()
        except Closing as closing:
            # Where nothing can be sent this would wait for ever: then the operating system ends the connection.
            with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await socket.close(closing.code, closing.reason)
        except WebSocketDisconnect:
            pass
        finally:
            await connection.stop()


class _Connection:
    def __init__(self, socket: WebSocket, place: Place) -> None:
        self._socket = socket
        self._settings: Settings = socket.app.state.settings
        self._place = place
        self._actor: Actor | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = True

    async def run(self) -> None:
        """Until the client goes, or Closing."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                while self._actor is None:
                    await self._take(await self._receive())
        except TimeoutError:
            raise Closing(4408, "Connection initialisation timeout") from None
        self._own(self._listen())
        self._own(self._keep_alive())
        self._own(self._until_the_server_ends())
        try:
            async with asyncio.timeout(_seconds_left(self._actor)):
                await self._ending
        except TimeoutError:
            raise _expired() from None

    async def stop(self) -> None:
        """End all that is under way."""
        if not self._ending.cancel() and not self._ending.cancelled():
            self._ending.exception()  # it may have come too late to be heard
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside all else. When it fails, the connection ends so."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self._ending.done():
            self._ending.set_exception(error)

    async def _listen(self) -> None:
        while True:
            await self._take(await self._receive())

    async def _until_the_server_ends(self) -> None:
        draining: Draining = self._socket.app.state.draining
        await draining.closing.wait()
        raise Closing(1012, "Service Restart")

    async def _keep_alive(self) -> None:
        silent = 0
        while silent < SILENT_ROUNDS:
            await asyncio.sleep(self._settings.keep_alive_seconds)
            silent = 0 if self._heard else silent + 1
            self._heard = False
            await self._send({"type": "ping"})
        raise Closing(TIMEOUT, "Timeout: no answer to a ping")

    async def _receive(self) -> dict[str, Any]:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        self._heard = True
        text = received.get("text")
        if text is None:
            raise Closing(4400, "Invalid message: binary")
        try:
            message = parse(text.encode())
        except ValueError:
            raise Closing(4400, "Invalid message: not JSON text") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closing(4400, "Invalid message: not an object with a type")
        return message

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_init":
                if self._actor is not None:
                    raise Closing(4429, "Too many initialisation requests")
                actor = await self._admitted(_payload(message))
                await self._send({"type": "connection_ack"})
                self._actor = actor
            case "ping":
                payload = _payload(message)
                await self._send(
                    {"type": "pong"} if payload is None else {"type": "pong", "payload": payload}
                )
            case "pong":
                _payload(message)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                # One that is over, or was never there, may be meant: both sides may end it at once.
                task = self._operations.pop(_id(message), None)
                if task is not None:
                    task.cancel()
            case _:
                raise Closing(4400, "Invalid message: no such type")

    async def _admitted(self, payload: dict[str, Any] | None) -> Actor:
        """Who asks, by the handshake's header or the first message, in which pages of a browser must say it."""
        said = self._socket.headers.getlist("authorization")
        for name in ("authorization", "Authorization"):
            if payload is not None and name in payload:
                said.append(payload[name] if isinstance(payload[name], str) else "")
        try:
            actor = await caller(self._socket.app.state.tokens, said)
            self._socket.app.state.clients.connection(self._socket, actor, self._place)
            return actor
        except NotAdmitted as refused:
            is_stranger = refused.status == 401 and not said
            code, word = (4401, "Unauthorized") if is_stranger else _CLOSINGS[refused.status]
            raise Closing(code, f"{word}: {refused}") from refused

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if self._actor is None:
            raise Closing(4401, "Unauthorized")
        # Not by the timeout alone: it does not run while a machine sleeps.
        if (left := _seconds_left(self._actor)) is not None and left <= 0:
            raise _expired()
        name = _id(message)
        if name in self._operations:
            raise Closing(4409, f"Subscriber for {name} already exists")
        try:
            asked = checked(message.get("payload"))
        except BadRequest as bad:
            raise Closing(4400, f"Invalid message: {bad.message}") from bad
        if len(self._operations) >= self._settings.socket_operations:
            await self._send({"id": name, "type": "error", "payload": [_too_many(self._settings)]})
            return
        self._operations[name] = self._own(self._operate(name, asked, self._actor))

    async def _operate(self, name: str, asked: Asked, actor: Actor) -> None:
        task = asyncio.current_task()
        last: dict[str, Any] = {"id": name, "type": "complete"}
        try:
            try:
                actor = await self._socket.app.state.clients.admitted(self._socket, actor)
                async with aclosing(answers(self._socket.app.state, asked, actor)) as found:
                    async for answer in found:
                        if "data" not in answer:
                            last = {"id": name, "type": "error", "payload": answer["errors"]}
                            break
                        await self._send({"id": name, "type": "next", "payload": answer})
            except (Closing, WebSocketDisconnect):
                raise
            except NotAdmitted as outside:
                errors = [{"message": str(outside), "extensions": outside.extensions}]
                last = {"id": name, "type": "error", "payload": errors}
            except Exception as error:
                masked = told([GraphQLError(str(error), original_error=error)])
                last = {"id": name, "type": "error", "payload": masked}
        finally:
            # Before the client hears of the end: from then on it may use the name again. Unless it does already.
            if self._operations.get(name) is task:
                del self._operations[name]
        await self._send(last)

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._settings.stall_seconds):
                await self._socket.send_text(written(message).decode())
        except TimeoutError:
            raise Closing(TIMEOUT, "Timeout: nothing is taken of what is sent") from None
        except RuntimeError:
            raise WebSocketDisconnect(1006) from None  # it closes already


def _expired() -> Closing:
    return Closing(4401, "Unauthorized: the token has expired")


def _seconds_left(actor: Actor) -> float | None:
    return None if actor.expires is None else actor.expires - _now()


def _too_many(settings: Settings) -> dict[str, Any]:
    most = settings.socket_operations
    extensions = {"code": "too_many_operations", "retryable": True, "maximum": most}
    return {"message": f"{most} operations are under way on this connection.", "extensions": extensions}


def _id(message: dict[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not name:
        raise Closing(4400, "Invalid message: no id")
    return name


def _payload(message: dict[str, Any]) -> dict[str, Any] | None:
    payload = message.get("payload")
    if not isinstance(payload, dict | None):
        raise Closing(4400, "Invalid message: the payload is not an object")
    return payload
