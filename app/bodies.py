"""The body of a request: only JSON, no longer than allowed, in the time allowed. Knows HTTP, and no GraphQL."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request

from app.accepting import JSON, is_json_in_utf8
from app.asked import BadRequest
from storage.canonical import parse


async def json_body(request: Request, *, most: int, seconds: float) -> Any:
    """The JSON of a request's body, of at most so many bytes. BadRequest if there is none."""
    # This is also what keeps other sites' pages out: browsers ask before they send a body of this type elsewhere.
    if not is_json_in_utf8(request.headers.getlist("content-type")):
        raise BadRequest(415, "unsupported_media_type", f"send the request as {JSON}, in UTF-8")
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        message = f"send the request as it is, not as {coding}"
        raise BadRequest(415, "unsupported_encoding", message, {"Accept-Encoding": "identity"})
    told = request.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told[:20]) > most:
        raise _too_large(most)  # before any of it is read
    try:
        async with asyncio.timeout(seconds):
            body = await _all_of(request, most)
    except TimeoutError as error:
        message = f"the body did not arrive within {seconds:g} seconds"
        raise BadRequest(408, "body_timeout", message, {"Connection": "close"}) from error
    except ClientDisconnect as error:
        raise BadRequest(400, "disconnected", "the body did not arrive") from error
    try:
        return parse(body)
    except ValueError as error:
        raise BadRequest(400, "not_json", f"the body is not JSON in UTF-8: {error}") from error


async def _all_of(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> BadRequest:
    return BadRequest(413, "body_too_large", f"the body is larger than {most} bytes")
