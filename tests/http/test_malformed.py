"""Requests of every odd kind, to the served process: each has an answer that says what is wrong with it (O3).

None is a 500, none an error of ours, and the connection that brought it is used for the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.serving import served_by_command

JSON = {"content-type": "application/json"}
DEEP = 100_000
NODE = "query ($i: ID!) {node(id: $i) {id}}"
ENTITY = "query ($i: EntityId!) {entity(id: $i) {id}}"
FIRST = "query ($i: Int!) {revisions(first: $i) {nodes {entityId}}}"
CREATE = "mutation ($i: Json!) {createEntity(input: {entity: $i}) {... on EditInvalid {faults {code}}}}"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_by_command(tmp_path_factory.mktemp("malformed") / "data") as address:
        yield address


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """One connection for all: whoever dropped it would be seen by the next."""
    with httpx.Client(timeout=60, limits=httpx.Limits(max_connections=1)) as client:
        yield client


def asking(query: str, value: bytes | None = None) -> bytes:
    """A request's body, with the bytes as the value of its variable."""
    body = json.dumps({"query": query, "variables": {"i": None}}).encode()
    return body.replace(b'"i": null', b'"i": ' + value) if value is not None else body


def code_of(reply: httpx.Response) -> Any:
    """The code of the errors, which is the same of all, or those of the faults of an edit."""
    told = reply.json()
    if "errors" in told:
        (code,) = {error["extensions"]["code"] for error in told["errors"]}
        return code
    return [fault["code"] for fault in told["data"]["createEntity"]["faults"]]


BODIES: dict[str, tuple[bytes, Any]] = {
    "nothing": (b"", "not_json"),
    "half": (b'{"query": "{__ty', "not_json"),
    "null": (b"null", "not_an_object"),
    "true": (b"true", "not_an_object"),
    "a number": (b"-0.5e-7", "not_an_object"),
    "a text": (b'"{__typename}"', "not_an_object"),
    "a list": (b'[{"query": "{__typename}"}]', "batching_not_supported"),
    "no request": (b"{}", "bad_parameter"),
    "two bodies": (b'{"query": "{__typename}"}{}', "not_json"),
    "a mark of byte order": (b'\xef\xbb\xbf{"query": "{__typename}"}', "not_json"),
    "UTF-16": ('{"query": "{__typename}"}'.encode("utf-16"), "not_json"),
    "no UTF-8": (b'{"query": "{__typename} # \xff"}', "not_json"),
    "too long a form of UTF-8": (b'{"query": "{__typename} # \xc0\x80"}', "not_json"),
    "half a surrogate in UTF-8": (b'{"query": "{__typename} # \xed\xa0\x80"}', "not_json"),
    "half a surrogate": (b'{"query": "{__typename} # \\ud800"}', "not_json"),
    "the other half": (asking(NODE, b'"\\udc00\\ud800"'), "not_json"),
    "half a surrogate in a name": (b'{"query": "{__typename}", "operationName": "\\ud800"}', "not_json"),
    "half a surrogate beside a long number": (asking(NODE, b'"\\ud800", "j": ' + b"1" * 30), "not_json"),
    "half a surrogate in a document": (asking('{node(id: "\\uD800") {id}}'), "syntax_error"),
    "a zero byte": (asking(NODE, b'"Q42\\u0000"'), "bad_id"),
    "a zero byte in a document": (asking("{__typename\0}"), "syntax_error"),
    "a bare zero byte": (b'{"query": "\0"}', "not_json"),
    "a deep list": (b"[" * DEEP, "not_json"),
    "a deep object": (b'{"query":' * DEEP, "not_json"),
    "a deep variable": (asking(NODE, b"[" * DEEP + b"]" * DEEP), "not_json"),
    "a deep variable beside a long number": (
        asking(NODE, b"[" * DEEP + b"]" * DEEP + b', "j": ' + b"1" * 30),
        "not_json",
    ),
    "a variable as deep as JSON may be": (asking(NODE, b"[" * 1000 + b"]" * 1000), "bad_request"),
    "a deep entity": (asking(CREATE, b'{"a":' * 1000 + b"1" + b"}" * 1000), ["nested_too_deeply"]),
    "a number without end": (asking(FIRST, b"1" * 5000), "not_json"),
    "a long number": (asking(FIRST, b"1" * 30), "limit_exceeded"),
    "a number of 33 bits": (asking(FIRST, b"4294967296"), "limit_exceeded"),
    "a number beyond doubles": (asking(FIRST, b"1e400"), "not_json"),
    "not a number": (asking(FIRST, b"NaN"), "not_json"),
    "infinity": (asking(FIRST, b"-Infinity"), "not_json"),
    "half a number": (asking(FIRST, b"0.5"), "bad_request"),
    "a number in the document without end": (
        asking(f"{{revisions(first: {'1' * 5000}) {{nodes {{bot}}}}}}"),
        "invalid_query",
    ),
    "a number in the document beyond doubles": (
        asking("{revisions(first: 1e400) {nodes {bot}}}"),
        "invalid_query",
    ),
    "an infinite number in an entity": (
        asking(
            'mutation {createEntity(input: {entity: {type: "item", x: 1e400}}) {... on EditInvalid {faults {code}}}}'
        ),
        ["not_finite", "unknown_field"],
    ),
    "an id that is not known": (asking(ENTITY, b'"Q7"'), "entity_not_found"),
    "an id without end": (asking(ENTITY, b'"Q' + b"9" * 1_000_000 + b'"'), "bad_request"),
    "a node's id without end": (asking(NODE, b'"L1-F' + b"9" * 1_000_000 + b'"'), "entity_not_found"),
    "an id in other digits": (asking(ENTITY, '"Q٤٢"'.encode()), "bad_request"),
    "a statement's id without end": (
        asking("query ($i: ID!) {statementById(id: $i) {id}}", b'"' + b"x" * 1_000_000 + b'"'),
        "statement_not_found",
    ),
    "too many ids": (
        asking("query ($i: [EntityId!]!) {entities(ids: $i) {id}}", json.dumps(["Q1"] * 501).encode()),
        "limit_exceeded",
    ),
    "a cursor of nothing": (
        asking("query ($i: String) {revisions(after: $i) {nodes {bot}}}", b'"\\u0000"'),
        "bad_cursor",
    ),
    "a deep selection": (asking("{a" * DEEP), "limit_exceeded"),
    "deep lists in a document": (asking("{entities(ids: " + "[" * DEEP), "limit_exceeded"),
    "deep types in a document": (asking("query ($i: " + "[" * DEEP), "limit_exceeded"),
    "an operation that is no text": (b'{"query": {"a": 1}}', "bad_parameter"),
    "variables that are none": (b'{"query": "{__typename}", "variables": "{}"}', "bad_parameter"),
    "a body that is too long": (b" " * (16 * 2**20 + 1), "body_too_large"),
}


@pytest.mark.parametrize(("body", "code"), BODIES.values(), ids=BODIES)
def test_what_is_wrong_with_a_request_is_told(
    client: httpx.Client, address: str, body: bytes, code: Any
) -> None:
    reply = client.post(address, content=body, headers=JSON)
    assert reply.status_code in (200, 400, 413)
    assert code_of(reply) == code
    assert len(reply.content) < 3_000_000


def test_of_two_values_of_a_name_the_last_counts(client: httpx.Client, address: str) -> None:
    body = b'{"query": "{nothing}", "variables": 7, "query": "{__typename}", "variables": null}'
    assert client.post(address, content=body, headers=JSON).json() == {"data": {"__typename": "Query"}}


def test_an_id_that_is_asked_for_twice_is_answered_twice(client: httpx.Client, address: str) -> None:
    create = 'mutation {createEntity(input: {entity: {type: "item"}}) {... on Edited {entityId}}}'
    made = client.post(address, json={"query": create}).json()["data"]["createEntity"]["entityId"]
    ids = [made, made.lower(), made]
    reply = client.post(
        address,
        content=asking("query ($i: [EntityId!]!) {entities(ids: $i) {id}}", json.dumps(ids).encode()),
        headers=JSON,
    )
    assert reply.json() == {"data": {"entities": [{"id": made}] * 3}}


def test_what_is_quoted_of_a_request_is_short(client: httpx.Client, address: str) -> None:
    reply = client.post(address, content=asking(ENTITY, b'"' + b"x" * 1_000_000 + b'"'), headers=JSON)
    assert len(reply.content) < 2_000
