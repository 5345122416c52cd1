"""The ASGI application: routes, and what lives as long as it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from app import explorer
from app.clients import TellsBudgets, clients_of
from app.compose import housekeeping, open_stores
from app.draining import Draining
from app.endpoint import METHODS, graphql
from app.exposing import metrics
from app.health import health, readiness, ready
from app.limits import limits_of
from app.loopback import KnownHosts, LoopbackOnly, hosts_of
from app.memory import cache_of
from app.meter import AppMeter
from app.metrics import Metrics
from app.observing import Observed
from app.origins import cors, origins_of
from app.persisted import documents_of
from app.refusals import failed, refused
from app.requests import Names, Requests
from app.sampling import Sampler
from app.settings import Settings
from app.socket import graphql_socket
from app.stream import graphql_stream
from app.tokens import tokens_of
from app.tracing import Tracing
from app.work import Work
from storage import times
from storage.feed import Announcing, Feed
from storage.references import References


def application(settings: Settings) -> Starlette:
    """The server of these settings. Its stores open when it starts and close when it stops.

    WrongSetting if those of credentials, of limits, of who may ask, of what is trusted or of traces can't be used.
    """
    tokens = tokens_of(settings)
    limits = limits_of(settings, credentials=tokens is not None)
    documents, origins = documents_of(settings, limits.rules), origins_of(settings)
    clients = clients_of(settings, credentials=tokens is not None)
    meter = AppMeter(Metrics(), Tracing())
    requests = Requests(meter, Names(settings.metrics_operations))
    draining = Draining(settings.drain_seconds)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_stores(settings) as opened:
            feed = Feed(
                opened.events,
                poll_seconds=settings.feed_poll_seconds,
                room=settings.feed_room,
            )
            metered = meter.on(opened)
            events = Announcing(metered.events, feed)
            stores = replace(metered, events=events, cache=cache_of(settings, documents.plans))
            work = Work(
                stores,
                clock=times.now,
                references=References(settings.references),
                maintained_by=settings.maintained_by,
                poll_seconds=settings.poll_seconds,
                housekeeping=housekeeping(settings),
            )
            sampler = Sampler(meter, stores, documents=documents)
            app.state.settings, app.state.stores, app.state.work = settings, stores, work
            app.state.tokens, app.state.origins, app.state.documents = tokens, origins, documents
            app.state.limits, app.state.clients = limits, clients
            app.state.feed, app.state.requests, app.state.sampler = feed, requests, sampler
            app.state.readiness = readiness(stores, settings, draining)
            work.start()
            try:
                async with sampler.running():
                    yield
            finally:
                draining.closing.set()
                await feed.close()
                await work.drain(draining.seconds_left())
                await clients.close()
                await asyncio.to_thread(meter.tracing.close)

    app = Starlette(
        routes=[
            Route("/graphql", graphql, methods=METHODS),
            Route("/graphql/stream", graphql_stream, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", graphql_socket),
            *(explorer.routes() if limits.explorer else ()),
            Route("/health", health, methods=["GET"]),
            Route("/ready", ready, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
        ],
        middleware=[
            Middleware(Observed, requests=requests),
            *_for_whom(settings, exposed=tokens is not None),
            *cors(origins),
            Middleware(TellsBudgets),
        ],
        exception_handlers={HTTPException: refused, Exception: failed},
        lifespan=lifespan,
    )
    app.state.draining = draining
    return app


def _for_whom(settings: Settings, *, exposed: bool) -> list[Middleware]:
    """What keeps a server without credentials to its machine, and one with `ALLOWED_HOSTS` to its names."""
    hosts = hosts_of(settings)
    named = [Middleware(KnownHosts, allowed=hosts)] if hosts or not exposed else []
    return named if exposed else [*named, Middleware(LoopbackOnly)]
