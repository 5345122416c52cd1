"""One HTTP request to one GraphQL execution, by "GraphQL over HTTP": who asks, read, check, execute, answer.

Knows HTTP; what is asked is run in `execution`, errors are told in `answers`. GET and HEAD are for queries alone, so that
whatever a page of another site can send without asking first changes nothing.
"""

from __future__ import annotations

from graphql import OperationType
from starlette.requests import Request
from starlette.responses import Response

from app import explorer
from app.accepting import GRAPHQL_JSON, JSON, answer_type, wants_page
from app.answers import told
from app.asked import Asked, BadRequest, asked_by_url, asks_something, checked
from app.bodies import json_body
from app.callers import NotAdmitted, caller
from app.execution import execute
from app.refusals import refusal
from app.replies import reply
from graph.documents import NotExecutable, Operation
from graph.fixed import is_fixed

METHODS = ["GET", "HEAD", "POST"]
LONGEST_URL = 16_384
"""Bytes of parameters in a URL. Proxies often take less."""


async def graphql(request: Request) -> Response:
    """Answer a request to `/graphql`; one that asks nothing, and takes HTML, with the page."""
    accepts = request.headers.getlist("accept")
    in_url = request.method != "POST"
    if in_url and wants_page(accepts) and not asks_something(request.scope["query_string"]):
        return await explorer.page(request)
    media_type = answer_type(accepts)
    if media_type is None:
        return refusal(406, "not_acceptable", f"answers are {GRAPHQL_JSON} or {JSON}")
    try:
        # Before the body is read: who is not let in can't make us read it.
        actor = await caller(request.app.state.tokens, request.headers.getlist("authorization"))
        actor = await request.app.state.clients.admitted(request, actor)
        asked = _by_url(request) if in_url else await _by_body(request)
        operation: Operation = request.app.state.documents.prepare(asked)
        if in_url and operation.type is not OperationType.QUERY:
            message = f"a {operation.type.value} is not for {request.method}: send it by POST"
            raise BadRequest(405, "not_a_query", message, {"Allow": "POST"})
        if operation.type is OperationType.SUBSCRIPTION:
            raise BadRequest(400, "subscription", "subscriptions are for WebSockets")
        answer = await execute(request.app.state, operation, asked, actor)
    except NotAdmitted as outside:
        return refusal(
            outside.status,
            outside.code,
            str(outside),
            facts=outside.extensions,
            headers=outside.headers,
            media_type=media_type,
        )
    except BadRequest as bad:
        return refusal(bad.status, bad.code, bad.message, headers=bad.headers, media_type=media_type)
    except NotExecutable as invalid:
        answer = {"errors": told(invalid.errors)}
    seconds = None
    if in_url and "errors" not in answer:
        keeps = request.app.state.settings.keep_revisions_seconds
        seconds = keeps if is_fixed(operation, asked.variables) else 0
    return await reply(request, answer, media_type, seconds=seconds)


def _by_url(request: Request) -> Asked:
    query_string: bytes = request.scope["query_string"]
    if len(query_string) > LONGEST_URL:
        message = f"the URL has more than {LONGEST_URL} bytes of parameters: send them by POST"
        raise BadRequest(414, "url_too_long", message)
    return asked_by_url(query_string)


async def _by_body(request: Request) -> Asked:
    settings = request.app.state.settings
    body = await json_body(request, most=settings.max_body_bytes, seconds=settings.request_seconds)
    return checked(body)
