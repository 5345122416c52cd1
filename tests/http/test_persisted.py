"""Documents that a request only names: trusted ones, and automatic persisted queries by Apollo's protocol (O3)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from app.asked import checked
from app.main import application
from app.persisted import Documents, documents_of, sha256
from app.settings import Settings, WrongSetting
from graph.documents import NotExecutable
from tests.http.test_socket import INIT, PROTOCOL, hear, say
from tests.serving import Asking, served, served_by_command

TYPENAME, OTHER = "{__typename}", "{__typename __typename}"
TWO = "query One {__typename} query Two($name: String!) {__type(name: $name) {name}}"
MAKE = 'mutation {createEntity(input: {entity: {type: "item"}}) {__typename}}'
NOT_FOUND = ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
NOT_SUPPORTED = ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
ANSWER = {"data": {"__typename": "Query"}}


def by_hash(text: str, *, query: str | None = None, told: str | None = None) -> dict[str, Any]:
    """A request by Apollo's protocol, with or without the text."""
    hashed = {"version": 1, "sha256Hash": told or sha256(text)}
    return {"extensions": {"persistedQuery": hashed}} | ({"query": query} if query else {})


def error_of(answer: dict[str, Any]) -> tuple[str, str]:
    """The message and code of the only error."""
    assert "data" not in answer
    (error,) = answer["errors"]
    return error["message"], error["extensions"]["code"]


async def post(here: Asking, **asked: Any) -> Any:
    return (await here.client.post("/graphql", json=asked)).json()


async def get(here: Asking, **asked: Any) -> Any:
    parameters = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()
    }
    return (await here.client.get("/graphql", params=parameters)).json()


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Asking]:
    """A server as by default."""
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """A folder of trusted documents in each form that is read."""
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps({"typename": TYPENAME, f"sha256:{sha256(TWO)}": TWO}))
    (folder / "b.json").write_text(
        json.dumps(
            {
                "format": "apollo-persisted-query-manifest",
                "version": 1,
                "operations": [
                    {"id": "from-apollo", "name": "X", "type": "query", "body": "query X {__typename}"}
                ],
            }
        )
    )
    (folder / "from-a-file.graphql").write_text(MAKE)
    (folder / "notes.txt").write_text("not a document")
    return folder


@pytest.fixture
async def knowing(empty_folder: Path, trusted: Path) -> AsyncIterator[Asking]:
    """A server that knows them, and takes others too."""
    async with served(Settings(data=empty_folder, persisted_operations=str(trusted))) as asking:
        yield asking


@pytest.fixture
async def strict(empty_folder: Path, trusted: Path) -> AsyncIterator[Asking]:
    """A server that executes nothing else."""
    settings = Settings(data=empty_folder, persisted_operations=str(trusted), persisted_only=True)
    async with served(settings) as asking:
        yield asking


@pytest.mark.parametrize("ask", [post, get])
async def test_a_document_is_sent_once_and_named_from_then_on(here: Asking, ask: Any) -> None:
    assert error_of(await ask(here, **by_hash(TYPENAME))) == NOT_FOUND
    assert await ask(here, **by_hash(TYPENAME, query=TYPENAME)) == ANSWER
    assert await ask(here, **by_hash(TYPENAME)) == ANSWER
    assert await ask(here, documentId=f"sha256:{sha256(TYPENAME)}") == ANSWER


async def test_a_document_that_is_not_known_is_a_200_by_the_older_type_and_a_400_by_the_newer(
    here: Asking,
) -> None:
    """Clients of the older type take a 4xx for a failure of the network, and would not send the text."""
    statuses = [
        (await here.client.post("/graphql", json=by_hash(TYPENAME), headers={"accept": accept})).status_code
        for accept in ("application/json", "application/graphql-response+json")
    ]
    assert statuses == [200, 400]


async def test_a_document_under_another_hash_is_refused_and_not_kept(here: Asking) -> None:
    """Else a client could put its own in the place of another's."""
    forged = by_hash(TYPENAME, query=OTHER, told=sha256(TYPENAME))
    assert error_of(await post(here, **forged))[1] == "persisted_query_mismatch"
    assert error_of(await post(here, **by_hash(TYPENAME))) == NOT_FOUND


async def test_a_document_that_can_not_run_is_not_kept(here: Asking) -> None:
    for text in ("{", "{nothing}", "fragment alone on Query {__typename}"):
        assert "data" not in await post(here, **by_hash(text, query=text))
        assert error_of(await post(here, **by_hash(text))) == NOT_FOUND


async def test_a_mutation_that_is_named_is_not_done_by_get(here: Asking) -> None:
    await post(here, **by_hash(MAKE, query=MAKE))
    reply = await here.client.get("/graphql", params={"documentId": f"sha256:{sha256(MAKE)}"})
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "persisted",
    [
        7,
        [],
        {},
        {"version": 2, "sha256Hash": sha256(TYPENAME)},
        {"version": 1},
        {"version": 1, "sha256Hash": 7},
        {"version": 1, "sha256Hash": "abc"},
        {"version": 1, "sha256Hash": sha256(TYPENAME).upper()},
        {"version": 1, "sha256Hash": sha256(TYPENAME) + "\n"},
    ],
)
async def test_what_names_no_document_is_a_400(here: Asking, persisted: Any) -> None:
    reply = await here.client.post("/graphql", json={"extensions": {"persistedQuery": persisted}})
    assert (reply.status_code, error_of(reply.json())[1]) == (400, "bad_parameter")


@pytest.mark.parametrize(
    "asked",
    [
        {"documentId": "x", "query": TYPENAME},
        {"documentId": "x", **by_hash(TYPENAME)},
        {"documentId": 7},
    ],
)
async def test_a_document_is_named_one_way(here: Asking, asked: dict[str, Any]) -> None:
    reply = await here.client.post("/graphql", json=asked)
    assert (reply.status_code, error_of(reply.json())[1]) == (400, "bad_parameter")


async def test_where_nothing_is_kept_clients_are_told_so(empty_folder: Path) -> None:
    async with served(Settings(data=empty_folder, persisted_automatic_bytes=0)) as here:
        assert await post(here, **by_hash(TYPENAME, query=TYPENAME)) == ANSWER
        assert error_of(await post(here, **by_hash(TYPENAME))) == NOT_SUPPORTED
        assert error_of(await post(here, documentId="nothing")) == NOT_FOUND


def test_what_is_kept_stays_below_its_bytes_and_what_is_named_stays_longest() -> None:
    """Three have room; of four the one goes that was named longest ago."""
    texts = [f"{{__typename}} # {number}{'x' * 1000}" for number in range(4)]
    documents = Documents(automatic_bytes=3 * 1300)
    for text in texts[:3]:
        documents.prepare(checked(by_hash(text, query=text)))
    documents.prepare(checked(by_hash(texts[0])))
    documents.prepare(checked(by_hash(texts[3], query=texts[3])))
    kept = []
    for text in texts:
        try:
            documents.prepare(checked(by_hash(text)))
            kept.append(text)
        except NotExecutable:
            pass
    assert kept == [texts[0], texts[2], texts[3]]
    huge = "{__typename} #" + "x" * 4000
    documents.prepare(checked(by_hash(huge, query=huge)))
    assert documents.prepare(checked(by_hash(texts[3]))).name is None


@pytest.mark.parametrize("ask", [post, get])
@pytest.mark.parametrize("name", ["typename", "from-apollo", f"sha256:{sha256(TYPENAME)}"])
async def test_a_trusted_document_is_executed_by_its_id_or_hash(knowing: Asking, ask: Any, name: str) -> None:
    assert await ask(knowing, documentId=name) == ANSWER


async def test_a_trusted_document_has_variables_and_several_operations(knowing: Asking) -> None:
    asked = {"documentId": f"sha256:{sha256(TWO)}", "operationName": "Two", "variables": {"name": "Item"}}
    assert await post(knowing, **asked) == {"data": {"__type": {"name": "Item"}}}
    assert error_of(await post(knowing, documentId=asked["documentId"]))[1] == "no_operation"


async def test_a_trusted_document_is_known_to_clients_of_automatic_ones(strict: Asking) -> None:
    assert await get(strict, **by_hash(TYPENAME)) == ANSWER


async def test_nothing_else_is_executed_where_only_trusted_documents_are(strict: Asking) -> None:
    assert await post(strict, documentId="typename") == ANSWER
    assert await post(strict, query=TYPENAME) == ANSWER
    for asked in ({"query": OTHER}, by_hash(OTHER, query=OTHER), {"query": "{"}):
        assert error_of(await post(strict, **asked))[1] == "not_trusted"
    assert error_of(await post(strict, **by_hash(OTHER))) == NOT_SUPPORTED
    assert error_of(await post(strict, documentId="nothing")) == NOT_FOUND


def test_a_websocket_names_documents_too(tmp_path: Path, trusted: Path) -> None:
    told = {"PERSISTED_OPERATIONS": str(trusted), "PERSISTED_ONLY": "true"}
    with (
        served_by_command(tmp_path / "data", environment=told) as http,
        connect(http.replace("http://", "ws://"), subprotocols=PROTOCOL) as socket,
    ):
        say(
            socket,
            INIT,
            {"type": "subscribe", "id": "1", "payload": {"documentId": "typename"}},
        )
        assert [hear(socket) for _ in range(3)][1]["payload"] == ANSWER
        say(socket, {"type": "subscribe", "id": "2", "payload": {"query": OTHER}})
        refused = hear(socket)
    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "not_trusted")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "a.json: "),
        ("[]", "not an object of ids and documents"),
        ('{"x": 7}', "not an object of ids and documents"),
        ('{"operations": [7]}', "not an object of ids and documents"),
        ('{"x": "{"}', "'x': Syntax Error"),
        ('{"x": "{nothing}"}', "'x': Cannot query field"),
        ('{"x": "query A {__typename} query B {nothing}"}', "'x': Cannot query field"),
        ('{"x": "fragment a on Query {__typename}"}', "'x': there is no operation"),
        ('{"x y": "{__typename}"}', "can not be the id"),
        (json.dumps({f"sha256:{sha256(OTHER)}": TYPENAME}), "can not be the id"),
        ('{"b": "{__typename}"}', "'b' names several documents"),
    ],
)
def test_what_can_not_be_trusted_is_told_at_start(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "a.json").write_text(content)
    (tmp_path / "b.graphql").write_text(OTHER)
    with pytest.raises(WrongSetting) as wrong:
        documents_of(Settings(persisted_operations=str(tmp_path)))
    assert words in str(wrong.value)


def test_only_trusted_documents_without_any_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="PERSISTED_OPERATIONS is not"):
        application(Settings(data=tmp_path, persisted_only=True))
    with pytest.raises(WrongSetting, match="No such file"):
        application(Settings(data=tmp_path, persisted_operations=str(tmp_path / "missing.json")))
