"""From an answer to what is sent over HTTP: its status, how long it may be kept, in how many bytes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.accepting import GRAPHQL_JSON
from app.answers import Answer, written
from app.caching import NOT_KEPT, is_had, kept
from app.coding import coded


async def reply(request: Request, answer: Answer, media_type: str, *, seconds: int | None) -> Response:
    """The response with this answer, which may be kept for so many seconds (see `caching`); not at all if None."""
    state, said = request.app.state, request.headers
    body = written(answer)
    keeping = NOT_KEPT
    vary = "Accept, Authorization" if state.tokens is not None else "Accept"
    if seconds is not None:
        keeping = kept(body, media_type, seconds=seconds, private="authorization" in said)
        if is_had(keeping["ETag"], said.getlist("if-none-match")):
            return Response(status_code=304, headers={**keeping, "Vary": f"{vary}, Accept-Encoding"})
    least = state.settings.compress_bytes
    body, coding = await coded(body, said.getlist("accept-encoding"), least=least)
    # A request that could not be executed at all has no data; by the newer media type that is a 400.
    status = 400 if "data" not in answer and media_type == GRAPHQL_JSON else 200
    headers = {"X-Content-Type-Options": "nosniff", "Vary": f"{vary}, Accept-Encoding", **coding, **keeping}
    return Response(body, status, headers, media_type=f"{media_type}; charset=utf-8")
