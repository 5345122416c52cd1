"""Which other sites' pages may ask: by the `Origin` that browsers say, over HTTP and WebSocket (O3).

The page of this server may always. No cookie is ever looked at, so what a page sends has only the rights of a token that
it was given; without credentials it has them all, which is why then nobody is let in by `*`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from app.settings import Settings, WrongSetting

ANY = "*"
_ASKED = ("GET", "HEAD", "POST")
_SENT = ("Accept", "Authorization", "Content-Type", "If-None-Match")
_TOLD = ("ETag", "Retry-After", "WWW-Authenticate")


def origins_of(settings: Settings) -> frozenset[str]:
    """The origins of the setting, `*` for any. WrongSetting for what is none."""
    found = {one.strip() for one in settings.cors_origins.split(",") if one.strip()}
    for one in found - {ANY}:
        parts = urlsplit(one)
        if parts.scheme not in ("http", "https") or one != f"{parts.scheme}://{parts.netloc}".lower():
            raise WrongSetting(f"CORS_ORIGINS: {one!r} is not an origin such as https://wiki.example")
    if ANY in found and not settings.auth_keys:
        raise WrongSetting("CORS_ORIGINS=* without AUTH_KEYS would let every page on the web edit")
    return frozenset(found)


def cors(origins: frozenset[str]) -> list[Middleware]:
    """What tells browsers that pages of these origins may ask, and read what is answered."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=_ASKED,
            allow_headers=_SENT,
            expose_headers=_TOLD,
        )
    ]


def may_ask(origin: str | None, host: str | None, origins: frozenset[str]) -> bool:
    """Whether who says this `Origin` may use a WebSocket of this `Host`: no page, the server's own, or one let in."""
    own = (f"http://{host}", f"https://{host}") if host else ()
    return origin is None or origin in own or origin in origins or ANY in origins
