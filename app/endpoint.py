"""One HTTP request to one GraphQL execution: read, check, execute, tell errors.

Knows HTTP and the schema. Unknown errors are masked here, with a trace id by which the log tells more.
"""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.datastructures import State
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionResult

from graph.context import Context
from graph.failures import extensions
from graph.loaders import Loaders
from graph.schema import schema
from storage.canonical import parse
from storage.errors import StorageError

log = logging.getLogger(__name__)

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


class BadRequest(Exception):
    """The request is not one that can be executed; `status` says how."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


async def graphql(request: Request) -> Response:
    """Answer a POST to `/graphql`."""
    media_type = _accepted(request.headers.get("accept", ""))
    try:
        if media_type is None:
            raise BadRequest(406, "not_acceptable", f"answers are {JSON} or {GRAPHQL_JSON}")
        asked = checked(await _read(request))
    except BadRequest as bad:
        error = {"message": bad.message, "extensions": {"code": bad.code}}
        return Response(orjson.dumps({"errors": [error]}), bad.status, media_type=media_type or JSON)
    answer = await execute(request.app.state, asked)
    # A request that could not be executed at all has no data; by the newer media type that is a 400.
    refused = "data" not in answer and media_type == GRAPHQL_JSON
    return Response(written(answer), 400 if refused else 200, media_type=media_type)


async def execute(state: State, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a checked request: `data`, `errors` or both; without `data` it could not be executed at all."""
    context = Context(
        loaders=Loaders(state.stores),
        commit=state.work.commit,
        new_entity_id=state.work.new_entity_id,
        editor="entity-api",
    )
    try:
        result = await schema.execute(
            asked["query"],
            variable_values=asked.get("variables"),
            operation_name=asked.get("operationName"),
            context_value=context,
        )
    except CannotGetOperationTypeError as error:
        return {"errors": [{"message": error.as_http_error_reason(), "extensions": {"code": "no_operation"}}]}
    return _answer(result)


def _accepted(accept: str) -> str | None:
    ranges = {part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()}
    if GRAPHQL_JSON in ranges:
        return GRAPHQL_JSON
    if not ranges or ranges & {JSON, "application/*", "*/*"}:
        return JSON
    return None


async def _read(request: Request) -> Any:
    """The JSON of a request's body. BadRequest if there is none."""
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != JSON:
        raise BadRequest(415, "unsupported_media_type", f"send the request as {JSON}")
    limit = request.app.state.settings.max_body_bytes
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BadRequest(413, "body_too_large", f"the body is larger than {limit} bytes")
    except ClientDisconnect as error:
        raise BadRequest(400, "disconnected", "the body did not arrive") from error
    try:
        return parse(bytes(body))
    except ValueError as error:
        raise BadRequest(400, "not_json", f"the body is not JSON in UTF-8: {error}") from error


def checked(asked: Any) -> dict[str, Any]:
    """The parameters of a GraphQL request. BadRequest for anything else."""
    if not isinstance(asked, dict):
        raise BadRequest(400, "not_an_object", "a request is a JSON object")
    for name, kinds in (
        ("query", str),
        ("operationName", (str, type(None))),
        ("variables", (dict, type(None))),
    ):
        if not isinstance(asked.get(name), kinds):
            raise BadRequest(400, "bad_parameter", f"`{name}` is missing or of another type than it must be")
    return asked


def _answer(result: ExecutionResult) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [_told(error) for error in result.errors]
    if result.data is not None or any(error.path for error in result.errors or ()):
        answer["data"] = result.data
    return answer


def _told(error: GraphQLError) -> dict[str, Any]:
    """An error as clients see it: what they can act on is told, what is ours is masked."""
    told: dict[str, Any] = {**error.formatted}
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        told.setdefault("extensions", {"code": "bad_request"})
        return told
    if isinstance(original, StorageError):
        told["message"] = str(original)
        told["extensions"] = extensions(original)
        if original.code not in ("damaged", "unavailable"):
            return told
    trace = uuid.uuid4().hex
    log.error("trace %s: %s", trace, original, exc_info=original)
    if not isinstance(original, StorageError):
        told["message"] = "An error of ours; it is logged under the trace id."
        told["extensions"] = {"code": "internal_error", "retryable": False}
    told["extensions"]["traceId"] = trace
    return told


def written(answer: dict[str, Any]) -> bytes:
    """An answer as JSON."""
    try:
        return orjson.dumps(answer)
    except TypeError:
        # Integers beyond 64 bits, or an echo of a lone surrogate: only the standard library writes them.
        return json.dumps(answer).encode()
