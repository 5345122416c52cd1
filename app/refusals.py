"""Answers of HTTP that are no GraphQL answers: a coded error, and its status."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.accepting import JSON

log = logging.getLogger(__name__)

_CODES = {404: "not_found", 405: "method_not_allowed"}


def refusal(
    status: int,
    code: str,
    message: str,
    *,
    facts: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> Response:
    """A coded error in the form of GraphQL's, under this status."""
    body = coded_error(code, message, facts)
    told = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, told, media_type=f"{media_type}; charset=utf-8")


def coded_error(code: str, message: str, facts: Mapping[str, object] | None = None) -> bytes:
    """The body of such an answer."""
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": code, **(facts or {})}}]})


async def refused(_: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: an unknown path, another method."""
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "refused")
    return refusal(error.status_code, code, error.detail, headers=error.headers)


async def failed(_: Request, error: Exception) -> Response:
    """What should not happen: told with a trace id, logged under it."""
    trace = uuid.uuid4().hex
    log.error("trace %s: %s", trace, error, exc_info=error)
    message = "An error of ours; it is logged under the trace id."
    return refusal(500, "internal_error", message, facts={"retryable": False, "traceId": trace})
