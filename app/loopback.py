"""Without credentials the server is for its own machine: who is let in from elsewhere is refused (O3).

Knows addresses and headers alone. A proxy on this machine connects from loopback like anybody here; what gives it away
are the headers by which proxies tell whom they speak for. So does a browser here that shows a page from elsewhere, whose
name was made to lead to this machine ("DNS rebinding"): what gives that away is the name, in `Host`.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.refusals import refusal
from app.settings import Settings

_FORWARDED = (
    "This request comes through a proxy, and the server has no credentials configured: whoever reaches the proxy "
    "could edit. Configure AUTH_KEYS, or ask the server directly."
)


class LoopbackOnly:
    """Refuses what a proxy forwards, whatever is asked for and by HTTP or WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not is_forwarded(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            await _refuse(403, "exposed_without_credentials", _FORWARDED, scope, receive, send)


class KnownHosts:
    """Refuses what is asked of this server under a name that is not its own, by HTTP or WebSocket.

    Its own are the names and addresses of loopback, and those of `allowed`.
    """

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self._knows(Headers(scope=scope).getlist("host")):
            await self._app(scope, receive, send)
        else:
            message = "This server does not go by the name in `Host`; ALLOWED_HOSTS lists more."
            await _refuse(421, "host_not_allowed", message, scope, receive, send)

    def _knows(self, hosts: list[str]) -> bool:
        if len(hosts) != 1:
            return False
        try:
            name = (urlsplit(f"//{hosts[0]}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        return is_loopback(name) or name.endswith(".localhost") or name in self._allowed


def hosts_of(settings: Settings) -> frozenset[str]:
    """The names of the setting."""
    return frozenset(one.strip().lower() for one in settings.allowed_hosts.split(",") if one.strip())


async def _refuse(status: int, code: str, message: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refusal(status, code, message)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 4403, "reason": ""})


def is_forwarded(headers: Headers) -> bool:
    """Whether a proxy says that it speaks for somebody."""
    return any(name in ("forwarded", "x-real-ip") or name.startswith("x-forwarded-") for name in headers)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on this address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
