"""The ASGI application: routes, and what lives as long as it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from app import explorer
from app.compose import open_stores
from app.endpoint import graphql
from app.settings import Settings
from app.socket import graphql_socket
from app.work import Work
from storage import times
from storage.cache import Cache
from storage.references import References


def application(settings: Settings) -> Starlette:
    """The server of these settings. Its stores open when it starts and close when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_stores(settings) as opened:
            stores = replace(opened, cache=Cache(settings.cache_bytes))
            work = Work(
                stores,
                clock=times.now,
                references=References(settings.references),
                poll_seconds=settings.poll_seconds,
            )
            app.state.settings, app.state.stores, app.state.work = settings, stores, work
            work.start()
            try:
                yield
            finally:
                await work.drain(settings.drain_seconds)

    return Starlette(
        routes=[
            Route("/graphql", graphql, methods=["POST"]),
            WebSocketRoute("/graphql", graphql_socket),
            *explorer.routes(),
            Route("/health", _health, methods=["GET"]),
        ],
        lifespan=lifespan,
    )


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok\n")
