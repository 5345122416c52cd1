"""GraphiQL at `/graphql`: its page, its files and the worked examples, all from this server.

Knows where the built files lie and how browsers are to keep them; `source/` knows what they are built from.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

_HERE = Path(str(resources.files(__name__)))

_TYPES = {".js": "text/javascript", ".css": "text/css", ".ttf": "font/ttf", ".txt": "text/plain"}

_NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}
_FOR_GOOD = {**_NO_SNIFFING, "Cache-Control": "public, max-age=31536000, immutable"}
_ASK_EACH_TIME = {
    **_NO_SNIFFING,
    "Cache-Control": "no-cache",
    "Vary": "Accept",
    # The editor writes style elements, and its stylesheet has pictures in it. All else is a file of this server.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "font-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>wikibase-graph</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{assets}/page.css">
<script type="application/json" id="examples">{examples}</script>
<script type="module" src="{assets}/page.js"></script>
<div id="graphiql"></div>
</html>
"""


def routes() -> list[Route]:
    """The page at `/`, and its files. At `/graphql` the endpoint shows it."""
    return [
        Route("/", page, methods=["GET"]),
        Route("/graphql/assets/{version}/{name}", _asset, middleware=[Middleware(GZipMiddleware)]),
    ]


def examples() -> list[Path]:
    """The worked examples, in the order of their tabs."""
    return sorted((_HERE / "examples").glob("*.graphql"))


async def page(_: Request) -> Response:
    """GraphiQL."""
    tabs = json.dumps([{"query": example.read_text("utf-8")} for example in examples()])
    # Relative, so that the page works behind any prefix. `<` could end the script element.
    html = _PAGE.format(assets=f"graphql/assets/{_built()[0]}", examples=tabs.replace("<", "\\u003c"))
    return HTMLResponse(html, headers=_ASK_EACH_TIME)


async def _asset(request: Request) -> Response:
    version, files = _built()
    path = files.get(request.path_params["name"])
    if path is None or request.path_params["version"] != version:
        raise HTTPException(404)
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=_FOR_GOOD)


@cache
def _built() -> tuple[str, dict[str, Path]]:
    """The built files by name, and their version: a hash of them all, so that none is ever kept too long."""
    files = {path.name: path for path in sorted((_HERE / "built").iterdir())}
    version = sha256()
    for path in files.values():
        version.update(path.read_bytes())
    return version.hexdigest()[:16], files
