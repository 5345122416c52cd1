"""From a result to the JSON that a client gets. Unknown errors are masked here, with a trace id in the log."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError

from app.requests import request_here
from app.tracing import trace_id
from graph.failures import extensions
from storage.errors import StorageError

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 1_000
"""Characters of what is said of an error: it may quote what was sent."""

Answer = dict[str, Any]
"""`data`, `errors` or both; without `data` the request could not be executed at all."""


def answer_of(result: ExecutionResult) -> Answer:
    """What a client is told of a result."""
    answer: Answer = {}
    if result.errors:
        answer["errors"] = told(result.errors)
    if result.data is not None or any(error.path for error in result.errors or ()):
        answer["data"] = result.data
    return answer


def told(errors: Sequence[GraphQLError]) -> list[dict[str, Any]]:
    """Errors as clients see them: what they can act on is told, what is ours is masked."""
    answered = [_told(error) for error in errors]
    for error in errors:
        _let_go(error)
    if (request := request_here()) is not None:
        request.errors.update(one["extensions"].get("code", "bad_request") for one in answered)
    return answered


def _told(error: GraphQLError) -> dict[str, Any]:
    told: dict[str, Any] = {**error.formatted}
    if len(error.message) > LONGEST_MESSAGE:
        told["message"] = f"{error.message[:LONGEST_MESSAGE]}..."
    original = error.original_error
    # What has a code already is about the document, whichever error of Python's it began as.
    if original is None or isinstance(original, GraphQLError) or "code" in (error.extensions or {}):
        told.setdefault("extensions", {"code": "bad_request"})
        return told
    if isinstance(original, StorageError):
        told["message"] = str(original)
        told["extensions"] = extensions(original)
        if original.code not in ("damaged", "unavailable"):
            return told
    trace = trace_id()
    log.error("trace %s: %s", trace, original, exc_info=original)
    if not isinstance(original, StorageError):
        told["message"] = "An error of ours; it is logged under the trace id."
        told["extensions"] = {"code": "internal_error", "retryable": False}
    told["extensions"]["traceId"] = trace
    return told


def _let_go(error: BaseException | None) -> None:
    """Drop where it was raised, now that it is logged: frames hold all that the request read, and the error itself."""
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        if isinstance(error, GraphQLError):
            _let_go(error.original_error)
        error = error.__context__


def written(answer: Answer) -> bytes:
    """An answer as JSON."""
    try:
        return orjson.dumps(answer)
    except TypeError:
        # Integers beyond 64 bits, or an echo of a lone surrogate: only the standard library writes them.
        return json.dumps(answer, default=_unwritten).encode()


def _unwritten(part: Any) -> Any:
    """What a part of an answer says that is JSON already."""
    if isinstance(part, orjson.Fragment):
        return json.loads(orjson.dumps(part))
    raise TypeError(f"not for JSON: {part!r}")
