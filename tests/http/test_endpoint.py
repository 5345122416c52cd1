"""What the endpoint answers to requests of all kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.serving import Asking, served


@pytest.fixture
async def here(empty_stores: Path, tmp_path: Path) -> AsyncIterator[Asking]:
    async with served(Settings(data=tmp_path / "data", max_body_bytes=10_000)) as asking:
        yield asking


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"null", "not_an_object"),
        (b"[]", "batching_not_supported"),
        (b"7", "not_an_object"),
        (b'"x"', "not_an_object"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 5000, "not_json"),
        (b"{}", "bad_parameter"),
        (b'{"query": 7}', "bad_parameter"),
        (b'{"query": "{__typename}", "variables": []}', "bad_parameter"),
        (b'{"query": "{__typename}", "operationName": 7}', "bad_parameter"),
        (b'{"query": "' + b"x" * 20_000 + b'"}', "body_too_large"),
    ],
)
async def test_a_body_that_is_no_request_gets_a_coded_answer(here: Asking, body: bytes, code: str) -> None:
    reply = await here.client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (400, 413)
    assert reply.json()["errors"][0]["extensions"]["code"] == code


async def test_another_content_type_is_refused(here: Asking) -> None:
    reply = await here.client.post("/graphql", content=b"{}", headers={"content-type": "text/plain"})
    assert reply.status_code == 415


async def test_the_media_type_asked_for_is_the_one_that_comes(here: Asking) -> None:
    accept = {"accept": "application/graphql-response+json"}
    reply = await here.client.post("/graphql", json={"query": "{__typename}"}, headers=accept)
    assert reply.headers["content-type"].startswith("application/graphql-response+json")


async def test_a_query_that_can_not_run_is_a_400_by_the_newer_media_type(here: Asking) -> None:
    accept = {"accept": "application/graphql-response+json"}
    reply = await here.client.post("/graphql", json={"query": "{nothing}"}, headers=accept)
    assert (reply.status_code, "data" in reply.json()) == (400, False)


async def test_an_answer_that_nobody_can_read_is_refused(here: Asking) -> None:
    reply = await here.client.post("/graphql", json={"query": "{__typename}"}, headers={"accept": "text/csv"})
    assert reply.status_code == 406


async def test_an_error_of_ours_is_masked_with_a_trace_id(
    here: Asking, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("graph.loading.at", broken)
    answer = await here('{entity(id: "Q42", revisionId: 1) {id}}')
    error = answer["errors"][0]
    assert "secret" not in str(answer)
    assert error["extensions"]["code"] == "internal_error"
    assert error["extensions"]["traceId"] in caplog.text


async def test_integers_beyond_64_bits_come_back_exact(here: Asking) -> None:
    query = "mutation ($e: Json!) {createEntity(input: {entity: $e}) {... on EditInvalid {faults {context message}}}}"
    reply = await here.client.post("/graphql", json={"query": query, "variables": {"e": {"type": 10**30}}})
    assert reply.status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"query": "query One {__typename}", "operationName": "Two"},
        {"query": "fragment alone on Query {__typename}"},
        {"query": "query One {__typename} query Two {__typename}"},
    ],
)
async def test_an_operation_that_is_not_there_is_told(here: Asking, asked: dict[str, str]) -> None:
    answer = (await here.client.post("/graphql", json=asked)).json()
    assert answer["errors"][0]["extensions"]["code"] == "no_operation"
    assert "data" not in answer
