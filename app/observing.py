"""What is known of every request before anything else looks at it: its trace, its tally, and how it ended.

An ASGI middleware, the outermost. Knows headers and paths, and no GraphQL.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.requests import Request, Requests
from storage.tally import adding_to

COST_HEADER = "x-cost"
"""`X-Cost: true` asks for `extensions.cost`, where a client can't send `extensions`, as in GraphiQL."""

_GRAPHQL = "/graphql"
_PATHS = frozenset({_GRAPHQL, "/health", "/ready", "/metrics"})
_OTHER = "other"


class Observed:
    """The application, its requests counted and traced."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app, self._requests = app, requests
        self._metrics, self._tracing = requests.meter.metrics, requests.meter.tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            # Each operation on it is a request of its own.
            with self._metrics.websockets.track_inprogress():
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = "none"
        """Of a client that went away before there was an answer, or a fault that the server itself answers."""

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        path = scope["path"] if scope["path"] in _PATHS else _OTHER
        try:
            if path == _GRAPHQL:
                await self._operation(scope, receive, answer)
            else:
                await self._app(scope, receive, answer)
        finally:
            self._metrics.requests.labels(path, status).inc()

    async def _operation(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        request = Request(cost_wanted=headers.get(COST_HEADER, "").lower() == "true")
        with (
            self._metrics.underway.track_inprogress(),
            adding_to(request),
            self._tracing.request(f"{scope['method']} {_GRAPHQL}", headers),
        ):
            try:
                await self._app(scope, receive, send)
            finally:
                self._requests.ended(request)
