"""Clients, and what they may have: who is counted as one, the budgets of each, and how they are told of them.

A client is whom a token names, and without one the address: of IPv6 the network of 64 bits, since whoever has one has
all of it. Where there are no credentials everybody is at this machine, and by default nobody is counted.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from limits.aio.storage import Storage
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import ANONYMOUS, NOBODY, Actor
from app.budgets import WINDOW, Budgets, Left, Spent
from app.callers import NotAdmitted
from app.crowd import Crowd, Full, Place
from app.limits import counts_clients
from app.settings import Settings, WrongSetting
from app.shared_windows import SCHEMES, SharedWindows
from app.windows import Windows

MOST_COUNTED = 20_000
"""Budgets kept in memory: two for each client that was counted last."""
_SOON = 1
"""Seconds after which to try again who has too much under way."""


class Clients:
    """The clients of this process. If they are not `counted`, everything is let through and nothing is told."""

    def __init__(
        self, settings: Settings, storage: Storage, *, counted: bool, shared: SharedWindows | None = None
    ) -> None:
        self._counted = counted
        self._shared = shared
        self._budgets = Budgets(
            storage, {"requests": settings.requests_per_minute, "cost": settings.cost_per_minute}
        )
        self.crowd = Crowd(
            {
                "operations": settings.operations_at_once,
                "subscriptions": settings.subscriptions_at_once,
                "connections": settings.connections_at_once,
            }
        )

    async def close(self) -> None:
        """Count nobody any more."""
        if self._shared is not None:
            await self._shared.close()

    async def admitted(self, connection: HTTPConnection, actor: Actor) -> Actor:
        """Who asks, as a client, with one more request. NotAdmitted if that is one too many."""
        if not self._counted:
            return actor
        client = client_of(connection, actor)
        connection.scope.setdefault("state", {})["client"] = client
        try:
            await self._budgets.spend(client, "requests", 1)
        except Spent as spent:
            raise _too_much(spent) from spent
        return replace(actor, client=client)

    @asynccontextmanager
    async def under_way(self, actor: Actor, kind: str, cost: int) -> AsyncIterator[None]:
        """While an operation or subscription of this cost runs. NotAdmitted if it may not."""
        with self.crowd.place(kind) as place:
            if self._counted and actor.client:
                take(place, actor.client)
                try:
                    await self._budgets.spend(actor.client, "cost", cost)
                except Spent as spent:
                    raise _too_much(spent) from spent
            yield

    def connection(self, connection: HTTPConnection, actor: Actor | None, place: Place) -> None:
        """Give a place to a connection: its address's, and once it is known who asks, theirs. NotAdmitted."""
        if self._counted:
            take(place, client_of(connection, actor))

    async def left(self, client: str) -> list[Left]:
        """What is left to a client; of one who is not counted nothing is told."""
        return await self._budgets.left(client) if self._counted and client else []


def clients_of(settings: Settings, *, credentials: bool, clock: Callable[[], float] = time.time) -> Clients:
    """The clients under these settings, to be closed. WrongSetting where their counts can't lie where they shall."""
    counted = counts_clients(settings, credentials=credentials)
    if not settings.limits_store:
        return Clients(settings, Windows(clock, MOST_COUNTED), counted=counted)
    try:
        shared = SharedWindows(settings.limits_store)
    except ValueError:
        # The URL may hold a password.
        raise WrongSetting(f"LIMITS_STORE is no URL of {', '.join(SCHEMES)}") from None
    return Clients(settings, shared.storage, counted=counted, shared=shared)


def client_of(connection: HTTPConnection, actor: Actor | None) -> str:
    """The name under which somebody is counted."""
    if actor is not None and actor.name not in (ANONYMOUS, NOBODY):
        return f"name:{actor.name}"
    host = connection.client.host if connection.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"address:{host}"
    if address.version == 6 and address.ipv4_mapped is None:
        return f"address:{ipaddress.ip_network((address, 64), strict=False)}"
    return f"address:{address.ipv4_mapped if address.version == 6 else address}"


def take(place: Place, client: str) -> None:
    """Take the place for the client. NotAdmitted if they have as many as they may."""
    try:
        place.take(client)
    except Full as full:
        raise NotAdmitted(
            429,
            "too_many_at_once",
            f"{full}: wait for one to end",
            {"Retry-After": str(_SOON)},
            {"limit": f"{full.kind.upper()}_AT_ONCE", "maximum": full.most, "retryAfter": _SOON},
        ) from full


def told_left(left: list[Left]) -> list[dict[str, Any]]:
    """What is left, as the extension `rateLimit` of an answer has it."""
    return [
        {
            "policy": one.policy,
            "quota": one.quota,
            "window": WINDOW,
            "remaining": one.remaining,
            "reset": one.seconds,
        }
        for one in left
    ]


def header_fields(left: list[Left]) -> list[tuple[bytes, bytes]]:
    """What is left, as `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10 have it."""
    if not left:
        return []
    policies = ", ".join(f'"{one.policy}";q={one.quota};w={WINDOW}' for one in left)
    remaining = ", ".join(f'"{one.policy}";r={one.remaining};t={one.seconds}' for one in left)
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", remaining.encode())]


class TellsBudgets:
    """Says in each answer over HTTP what is left to whom it is for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _telling(scope, send))


def _telling(scope: Scope, send: Send) -> Callable[[Message], Awaitable[None]]:
    async def told(message: Message) -> None:
        client = scope.get("state", {}).get("client")
        if message["type"] == "http.response.start" and client is not None:
            clients: Clients = scope["app"].state.clients
            message["headers"] = [*message["headers"], *header_fields(await clients.left(client))]
        await send(message)

    return told


def _too_much(spent: Spent) -> NotAdmitted:
    return NotAdmitted(
        429,
        "rate_limited",
        f"{spent}; try again in {spent.seconds} seconds",
        {"Retry-After": str(spent.seconds)},
        {
            "limit": f"{spent.policy.upper()}_PER_MINUTE",
            "measure": spent.wanted,
            "maximum": spent.quota,
            "retryAfter": spent.seconds,
        },
    )
