"""Bodies, variables and URLs at random: whatever comes, the answer is one that a client can read (O3)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.settings import Settings
from tests.builders import an_item
from tests.serving import Asking, served

STATUSES = {200, 400, 405, 406, 413, 414, 415}
ACCEPTS = ["", "*/*", "application/json", "application/graphql-response+json", "text/html", "a/b;q=x,,;"]

texts = st.one_of(
    st.text(),
    st.sampled_from(["Q1", "q1", "P31", "L1-F1", "Q1$x", "en", "{__typename}", "\0", "\ud800", "x" * 2000]),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(min_value=2**31 - 1, max_value=2**70),
        st.floats(allow_nan=True, allow_infinity=True),
        texts,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=20,
)
queries = st.sampled_from(
    [
        "query ($a: EntityId!, $b: Int) {entity(id: $a, revisionId: $b) {id}}",
        "query ($a: ID!, $b: ID!) {node(id: $a) {id} statementById(id: $b) {id}}",
        "query ($a: [EntityId!]!, $b: [StatementHash!]!) {entities(ids: $a) {id} statements(hashes: $b) {id}}",
        "query ($a: Int! = 1, $b: String) {revisions(first: $a, after: $b) {nodes {entityId}}}",
        "query ($a: RevisionFilterInput, $b: [RevisionKey!]!) {revisions(filter: $a) {nodes {bot}} snapshots(revisions: $b) {key}}",
        'query ($a: LanguageCode!, $b: [LanguageCode!]) {item(id: "Q1") {label(languageCode: $a) labels(languages: $b) {value}}}',
        "query ($a: EntityStatus, $b: String) {listedEntities(status: $a, editType: $b) {nodes {entityId}}}",
        "mutation ($a: EditEntityInput!, $b: CreateEntityInput!) {editEntity(input: $a) {__typename} createEntity(input: $b) {__typename}}",
        'mutation ($a: Json!, $b: String! = "") {createEntity(input: {entity: $a, meta: {summary: $b}}) {__typename}}',
    ]
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "query": st.one_of(texts, queries, values),
        "variables": st.one_of(st.fixed_dictionaries({"a": values, "b": values}), values),
        "operationName": values,
        "extensions": st.one_of(st.fixed_dictionaries({"persistedQuery": values}), values),
        "documentId": values,
    },
)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Asking]:
    async with served(Settings(data=tmp_path / "data")) as asking:
        await asking(
            "mutation ($e: Json!) {createEntity(input: {entity: $e}) {__typename}}", e=an_item("Q1").json()
        )
        yield asking


def check(reply: httpx.Response) -> None:
    """That a client can tell what happened, and that nothing went wrong here."""
    assert reply.status_code in STATUSES, reply.content
    if reply.headers["content-type"].startswith("text/html"):
        return
    told = reply.json()
    assert set(told) <= {"data", "errors"}
    assert told
    for error in told.get("errors", ()):
        assert error["message"]
        assert error["extensions"]["code"] not in ("internal_error", "damaged", "unavailable"), error


@settings(max_examples=150)
@given(
    body=st.one_of(
        st.binary(), values.map(json.dumps).map(str.encode), requests.map(json.dumps).map(str.encode)
    )
)
async def test_any_body_has_a_readable_answer(here: Asking, body: bytes) -> None:
    check(await here.client.post("/graphql", content=body, headers={"content-type": "application/json"}))


@settings(max_examples=150)
@given(query=queries, a=values, b=values)
async def test_any_variables_have_a_readable_answer(here: Asking, query: str, a: Any, b: Any) -> None:
    body = json.dumps({"query": query, "variables": {"a": a, "b": b}}).encode()
    check(await here.client.post("/graphql", content=body, headers={"content-type": "application/json"}))


@settings(max_examples=100)
@given(
    parameters=st.lists(
        st.tuples(
            st.sampled_from(
                [b"query", b"variables", b"operationName", b"extensions", b"documentId", b"x", b""]
            ),
            st.one_of(st.binary(), requests.map(json.dumps).map(str.encode), st.just(b"{__typename}")),
        ),
        max_size=4,
    ),
    accept=st.sampled_from(ACCEPTS),
)
async def test_any_url_has_a_readable_answer(
    here: Asking, parameters: list[tuple[bytes, bytes]], accept: str
) -> None:
    escaped = "&".join(
        name.decode() + "=" + "".join(f"%{byte:02x}" for byte in value[:3000]) for name, value in parameters
    )
    check(await here.client.get(f"/graphql?{escaped}", headers={"accept": accept}))
