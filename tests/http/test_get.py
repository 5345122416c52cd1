"""Queries by GET: what a URL can ask, and that it can change nothing (O3)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.serving import served

NEWER = {"accept": "application/graphql-response+json"}
CREATE = 'mutation Make {createEntity(input: {entity: {type: "item"}}) {__typename}}'


@pytest.fixture
async def client(empty_stores: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking.client


def code_of(reply: httpx.Response) -> Any:
    return reply.json()["errors"][0]["extensions"]["code"]


async def test_a_url_asks_with_variables_and_the_name_of_an_operation(client: httpx.AsyncClient) -> None:
    asked = {
        "query": "query A($name: String!) {__type(name: $name) {name}} query B {__typename}",
        "variables": json.dumps({"name": "Item"}),
        "operationName": "A",
        "extensions": "{}",
        "utm": "ignored",
    }
    reply = await client.get("/graphql", params=asked)
    assert reply.json() == {"data": {"__type": {"name": "Item"}}}


async def test_empty_parameters_are_none(client: httpx.AsyncClient) -> None:
    asked = {
        "query": "{__typename}",
        "variables": "",
        "operationName": "",
        "extensions": "",
        "documentId": "",
    }
    assert (await client.get("/graphql", params=asked)).json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ("query=%7B__typename%7D&query=%7B__typename%7D", "bad_parameter"),
        ("query=%7B__typename%7D&variables=%7B", "not_json"),
        ("query=%7B__typename%7D&variables=%5B%5D", "bad_parameter"),
        ("query=%7B__typename%7D&extensions=7", "bad_parameter"),
        ("query=%7B__typename%7D&variables=NaN", "not_json"),
        ("query=%FF", "not_utf8"),
        ("query=%ED%A0%80", "not_utf8"),
        ("variables=%7B%7D", "bad_parameter"),
        ("query=", "bad_parameter"),
        ("", "bad_parameter"),
    ],
)
async def test_a_url_that_is_no_request_is_a_coded_400(
    client: httpx.AsyncClient, parameters: str, code: str
) -> None:
    reply = await client.get(f"/graphql?{parameters}", headers=NEWER)
    assert (reply.status_code, code_of(reply)) == (400, code)


async def test_a_url_that_is_too_long_is_a_414(client: httpx.AsyncClient) -> None:
    reply = await client.get("/graphql", params={"query": "{__typename} #" + "x" * 17_000}, headers=NEWER)
    assert (reply.status_code, code_of(reply)) == (414, "url_too_long")


@pytest.mark.parametrize("accept", ["application/json", *NEWER.values(), "*/*"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_mutation_by_get_is_a_405_and_nothing_is_done(
    client: httpx.AsyncClient, method: str, accept: str
) -> None:
    asked = {"query": CREATE + " query Look {__typename}", "operationName": "Make"}
    reply = await client.request(method, "/graphql", params=asked, headers={"accept": accept})
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert method == "HEAD" or code_of(reply) == "not_a_query"
    made = await client.post("/graphql", json={"query": "{revisions(first: 1) {nodes {entityId}}}"})
    assert made.json() == {"data": {"revisions": {"nodes": []}}}


async def test_a_query_beside_a_mutation_may_be_asked_by_get(client: httpx.AsyncClient) -> None:
    asked = {"query": CREATE + " query Look {__typename}", "operationName": "Look"}
    assert (await client.get("/graphql", params=asked)).json() == {"data": {"__typename": "Query"}}


async def test_head_is_answered_as_get_is(client: httpx.AsyncClient) -> None:
    asked = {"query": "{__typename}"}
    head, get = await client.head("/graphql", params=asked), await client.get("/graphql", params=asked)
    assert (head.status_code, head.headers) == (get.status_code, get.headers)


@pytest.mark.parametrize(
    ("accept", "shown"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("application/graphql-response+json, */*;q=0.1", "application/graphql-response+json"),
        ("text/html;q=0.1, application/json", "application/json"),
    ],
)
async def test_a_url_that_asks_nothing_shows_the_page_to_who_takes_html(
    client: httpx.AsyncClient, accept: str, shown: str
) -> None:
    reply = await client.get("/graphql", headers={"accept": accept})
    assert reply.headers["content-type"].startswith(shown)
    assert reply.status_code == (200 if shown == "text/html" else 400)
    # A cache may keep the page for those alone who would get it too.
    assert reply.headers.get("vary", reply.headers["cache-control"]) in ("Accept", "no-store")


async def test_a_url_that_asks_is_answered_also_to_a_browser(client: httpx.AsyncClient) -> None:
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    reply = await client.get("/graphql", params={"query": "{__typename}"}, headers=accept)
    assert reply.json() == {"data": {"__typename": "Query"}}
    # A browser shows what a page of another site made it ask: never as anything but JSON.
    assert reply.headers["x-content-type-options"] == "nosniff"
