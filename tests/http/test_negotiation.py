"""Which media type is answered in, and which is taken: by RFC 9110 and "GraphQL over HTTP" (O3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.serving import served

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
TYPENAME = {"query": "{__typename}"}


@pytest.fixture
async def client(empty_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(Settings(data=empty_folder)) as asking:
        del asking.client.headers["accept"]
        yield asking.client


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL, GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON};q=0.9", JSON),
        (f"{GRAPHQL};q=0.5, */*", JSON),
        (f"{GRAPHQL}, */*;q=0.1", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{JSON};q=0, */*", GRAPHQL),
        (f"{GRAPHQL};charset=utf-8, {JSON};charset=utf-8", GRAPHQL),
        (f"{GRAPHQL};charset=utf-16, {JSON}", JSON),
        (f"{JSON};q=nonsense", JSON),
        (BROWSER, JSON),
    ],
)
async def test_the_answer_is_of_the_type_that_is_wanted_most(
    client: httpx.AsyncClient, accept: str, answered: str
) -> None:
    reply = await client.post("/graphql", json=TYPENAME, headers={"accept": accept})
    assert (reply.status_code, reply.headers["content-type"]) == (200, f"{answered}; charset=utf-8")
    assert reply.headers["vary"].startswith("Accept")


async def test_several_accept_headers_are_one_list(client: httpx.AsyncClient) -> None:
    accepts = [("accept", "text/html"), ("accept", GRAPHQL)]
    reply = await client.post("/graphql", json=TYPENAME, headers=accepts)
    assert reply.headers["content-type"].startswith(GRAPHQL)


@pytest.mark.parametrize(
    "accept", ["text/csv", "text/*", f"{JSON};q=0", "*/*;q=0", f"{JSON};charset=utf-16", ";", "/"]
)
async def test_what_can_not_be_answered_in_is_a_406(client: httpx.AsyncClient, accept: str) -> None:
    reply = await client.post("/graphql", json=TYPENAME, headers={"accept": accept})
    assert (reply.status_code, reply.json()["errors"][0]["extensions"]["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "content_type",
    [JSON, "Application/JSON", f"{JSON}; charset=UTF-8", f'{JSON};charset="utf-8"', f"{JSON}; odd"],
)
async def test_a_body_is_json_in_utf8(client: httpx.AsyncClient, content_type: str) -> None:
    reply = await client.post(
        "/graphql", content='{"query": "{__typename}"}', headers={"content-type": content_type}
    )
    assert reply.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "")],
        [("content-type", "text/plain")],
        [("content-type", f"text/plain; {JSON}")],
        [("content-type", f"text/plain, {JSON}")],
        [("content-type", "application/x-www-form-urlencoded")],
        [("content-type", "multipart/form-data; boundary=x")],
        [("content-type", GRAPHQL)],
        [("content-type", "application/graphql")],
        [("content-type", f"{JSON}; charset=utf-16")],
        [("content-type", f"{JSON}; charset=latin1")],
        [("content-type", JSON), ("content-type", "text/plain")],
        [("content-type", JSON), ("content-encoding", "gzip")],
    ],
)
async def test_any_other_body_is_a_415(client: httpx.AsyncClient, headers: list[tuple[str, str]]) -> None:
    """No body that a page of another site can send without asking first is read."""
    reply = await client.post("/graphql", content='{"query": "{__typename}"}', headers=headers)
    assert reply.status_code == 415
    assert reply.json()["errors"][0]["extensions"]["code"].startswith("unsupported_")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"query": "{"}, 400),
        ({"query": "{nothing}"}, 400),
        ({"query": "query One {__typename}", "operationName": "Two"}, 400),
        ({"query": "query ($id: EntityId!) {entity(id: $id) {id}}", "variables": {"id": 7}}, 400),
        ({"query": '{entity(id: "Q1") {id}}'}, 200),
    ],
)
async def test_the_older_type_has_200_for_what_the_newer_refuses(
    client: httpx.AsyncClient, asked: dict[str, object], status: int
) -> None:
    older = await client.post("/graphql", json=asked, headers={"accept": JSON})
    newer = await client.post("/graphql", json=asked, headers={"accept": GRAPHQL})
    assert (older.status_code, newer.status_code) == (200, status)
    assert older.json() == newer.json()
    assert ("data" in older.json()) == (status == 200)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "QUERY"])
async def test_another_method_is_a_405_that_says_which_are_allowed(
    client: httpx.AsyncClient, method: str
) -> None:
    reply = await client.request(method, "/graphql")
    assert (reply.status_code, reply.json()["errors"][0]["extensions"]["code"]) == (405, "method_not_allowed")
    assert {one.strip() for one in reply.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


async def test_another_path_is_a_coded_404(client: httpx.AsyncClient) -> None:
    reply = await client.get("/graphqll")
    assert (reply.status_code, reply.json()["errors"][0]["extensions"]["code"]) == (404, "not_found")
