"""GraphQL by server-sent events at `/graphql/stream`, after the protocol graphql-sse in its distinct connections mode.

One operation on each connection, by POST as at `/graphql`, or by GET with the parameters in the address, as browsers'
EventSource asks. Each answer is an event `next`; `complete` says that there is no more. What keeps an operation from
running is told in a `next`; what keeps the request from being read or its sender from being admitted is an answer of
HTTP. Answers of a subscription have its position as their id, comments between them too: a browser that comes again
sends the last one (`Last-Event-ID`), and goes on there. A stream that ends without `complete` is to be asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import time as _now

from graphql import OperationType
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.access import Actor
from app.answers import written
from app.asked import Asked, BadRequest, asked_by_url, checked
from app.bodies import json_body
from app.callers import NotAdmitted, caller
from app.execution import answers
from app.origins import may_ask
from app.refusals import refusal
from graph.context import Progress
from graph.documents import NotExecutable, Operation

EVENTS = "text/event-stream"
_HEADERS = [
    (b"content-type", f"{EVENTS}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # or some proxies would keep events back
]


async def graphql_stream(request: Request) -> Response:
    """Answer a GET or POST to `/graphql/stream`."""
    try:
        _same_origin(request)
        _accepts_events(request)
        actor = await caller(request.app.state.tokens, request.headers.getlist("authorization"))
        actor = await request.app.state.clients.admitted(request, actor)
        if request.method == "GET":
            asked = asked_by_url(request.scope["query_string"])
            _refuse_mutations(request.app.state, asked)
        else:
            asked = await _by_body(request)
    except NotAdmitted as outside:
        facts, headers = outside.extensions, outside.headers
        return refusal(outside.status, outside.code, str(outside), facts=facts, headers=headers)
    except BadRequest as bad:
        return refusal(bad.status, bad.code, bad.message, headers=bad.headers)
    return _Stream(request.app.state, asked, actor, request.headers.get("last-event-id") or None)


class _Stream(Response):
    """The answers, until there are no more, the client goes, its token expires or the server closes."""

    def __init__(self, state: State, asked: Asked, actor: Actor, after: str | None) -> None:
        self.background = None
        self._state = state
        self._asked, self._actor = asked, actor
        self._progress = Progress(after)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        telling = asyncio.create_task(self._tell(send))
        gone = asyncio.create_task(_gone(receive))
        closing = asyncio.create_task(self._state.draining.closing.wait())
        tasks = (telling, gone, closing)
        left = None if self._actor.expires is None else max(0.0, self._actor.expires - _now())
        try:
            await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            stalled = telling.done() and isinstance(telling.exception(), TimeoutError)
            if stalled:
                # Nothing more can be sent: the operating system ends the connection.
                await asyncio.wait({gone}, timeout=self._state.settings.stall_seconds)
            is_heard = not (stalled or gone.done())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if is_heard:
            if telling.done() and not telling.cancelled():
                telling.result()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        async with aclosing(self._events()) as events:
            async for event in events:
                async with asyncio.timeout(self._state.settings.stall_seconds):
                    await send({"type": "http.response.body", "body": event, "more_body": True})

    async def _events(self) -> AsyncGenerator[bytes, None]:
        yield b":\n\n"
        async with aclosing(answers(self._state, self._asked, self._actor, self._progress)) as found:
            coming = asyncio.ensure_future(anext(found, None))
            try:
                while True:
                    await asyncio.wait({coming}, timeout=self._state.settings.keep_alive_seconds)
                    if not coming.done():
                        yield self._id() + b":\n\n"
                        continue
                    answer = coming.result()
                    if answer is None:
                        break
                    yield b"event: next\n" + self._id() + b"data: " + written(answer) + b"\n\n"
                    coming = asyncio.ensure_future(anext(found, None))
            finally:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)
        yield b"event: complete\ndata:\n\n"

    def _id(self) -> bytes:
        position = self._progress.position
        return f"id: {position}\n".encode() if position is not None else b""


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _same_origin(request: Request) -> None:
    """Refuse pages of others: a GET is sent for any page without asking."""
    host, origins = request.headers.get("host"), request.app.state.origins
    if request.method == "GET" and not may_ask(request.headers.get("origin"), host, origins):
        raise BadRequest(403, "another_origin", "a page of another origin can't ask")


def _accepts_events(request: Request) -> None:
    accept = request.headers.get("accept", "")
    ranges = {part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()}
    if ranges and not ranges & {EVENTS, "text/*", "*/*"}:
        raise BadRequest(406, "not_acceptable", f"answers are {EVENTS}")


async def _by_body(request: Request) -> Asked:
    settings = request.app.state.settings
    return checked(await json_body(request, most=settings.max_body_bytes, seconds=settings.request_seconds))


def _refuse_mutations(state: State, asked: Asked) -> None:
    try:
        operation: Operation = state.documents.prepare(asked)
    except NotExecutable:
        return  # which is told in the stream
    if operation.type is OperationType.MUTATION:
        raise BadRequest(405, "mutation", "mutations are asked for by POST", {"Allow": "POST"})
