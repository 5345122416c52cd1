"""Server-sent events at `/graphql/stream`: the protocol graphql-sse, one operation on each connection (E5)."""

from __future__ import annotations

import json
import socket as raw_socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.http.changes import CREATE, POSITION, settled
from tests.http.reading_events import Heard, read_events
from tests.http.test_socket import FOLLOW, FOLLOW_FROM, connections
from tests.serving import served_by_command

EVENTS = {"accept": "text/event-stream"}
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that often says that it is alive, and gives up soon on who takes nothing."""
    told = {"KEEP_ALIVE_SECONDS": "0.2", "STALL_SECONDS": "1"}
    told |= {f"MAX_{one}": "0" for one in ("ALIASES", "FIELDS", "ROOT_FIELDS", "TOKENS", "COST")}
    data = tmp_path_factory.mktemp("stream") / "data"
    with served_by_command(data, "--samples", environment=told) as http:
        yield f"{http}/stream"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=60) as opened:
        yield opened


@contextmanager
def following(
    client: httpx.Client, address: str, query: str, after: str | None = None, *, comments: bool = False
) -> Iterator[Iterator[Heard]]:
    """The events of a subscription, by GET, until one has heard enough."""
    headers = EVENTS | ({"last-event-id": after} if after is not None else {})
    with client.stream("GET", address, params={"query": query}, headers=headers) as reply:
        assert reply.status_code == 200
        yield read_events(reply.iter_lines(), comments=comments)


def ask(client: httpx.Client, address: str, query: str) -> Any:
    """What `/graphql` answers."""
    return client.post(address.removesuffix("/stream"), json={"query": query}).json()["data"]


def create(client: httpx.Client, address: str) -> str:
    """The id of a new entity."""
    found: str = ask(client, address, CREATE)["createEntity"]["entityId"]
    return found


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_is_answered_once_and_completed(client: httpx.Client, address: str, method: str) -> None:
    asked: dict[str, Any] = {
        "query": "query A($id: EntityId!) {entity(id: $id) {id}} query B {__typename}",
        "operationName": "A",
        "variables": {"id": "Q42"},
    }
    if method == "GET":
        reply = client.get(
            address, params=asked | {"variables": json.dumps(asked["variables"])}, headers=EVENTS
        )
    else:
        reply = client.post(address, json=asked, headers=EVENTS)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"
    answer, complete = read_events(reply.text.split("\n"))
    assert (answer.event, answer.json) == ("next", {"data": {"entity": {"id": "Q42"}}})
    assert (complete.event, complete.data) == ("complete", "")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "syntax_error"),
        ("{nothing}", "invalid_query"),
        ("query A {__typename} query B {__typename}", "no_operation"),
        ('subscription {entityChanges(from: "x") {entityId}}', "wrong_position"),
        ('subscription {entityChanges(from: "0123456789abcdef.0:1") {entityId}}', "position_gone"),
    ],
)
def test_what_can_not_be_executed_is_told_in_the_stream(
    client: httpx.Client, address: str, query: str, code: str
) -> None:
    """As the protocol demands: EventSource shows nothing of an answer that is an error."""
    for reply in (
        client.get(address, params={"query": query}, headers=EVENTS),
        client.post(address, json={"query": query}, headers=EVENTS),
    ):
        assert reply.status_code == 200
        answer, complete = read_events(reply.text.split("\n"))
        assert "data" not in answer.json
        assert answer.json["errors"][0]["extensions"]["code"] == code
        assert complete.event == "complete"


@pytest.mark.parametrize(
    ("method", "options", "status", "code"),
    [
        ("GET", {}, 400, "bad_parameter"),
        ("GET", {"params": {"query": "{__typename}", "variables": "{"}}, 400, "not_json"),
        ("GET", {"params": {"query": "{__typename}", "variables": "7"}}, 400, "bad_parameter"),
        ("GET", {"params": [("query", "{a}"), ("query", "{b}")]}, 400, "bad_parameter"),
        ("GET", {"params": {"query": CREATE}}, 405, "mutation"),
        ("GET", {"params": {"query": "{__typename}"}, "headers": {"accept": "text/html"}}, 406, "not_acceptable"),
        ("GET", {"params": {"query": "{__typename}"}, "headers": {"origin": "http://elsewhere.example"}}, 403, "another_origin"),
        ("POST", {"content": b"{", "headers": JSON}, 400, "not_json"),
        ("POST", {"content": b"7", "headers": JSON}, 400, "not_an_object"),
        ("POST", {"content": b"{}", "headers": JSON}, 400, "bad_parameter"),
        ("POST", {"content": b'{"query": "{__typename}"}', "headers": {"content-type": "text/plain"}}, 415, "unsupported_media_type"),
    ],
)  # fmt: skip
def test_a_request_that_is_none_is_refused_by_http(
    client: httpx.Client, address: str, method: str, options: dict[str, Any], status: int, code: str
) -> None:
    """O3: also what another origin's page could have a browser send."""
    reply = client.request(method, address, **{**options, "headers": EVENTS | options.get("headers", {})})
    assert reply.status_code == status
    assert reply.json()["errors"][0]["extensions"]["code"] == code
    assert reply.headers.get("allow") == ("POST" if status == 405 else None)


def test_a_mutation_is_made_by_post(client: httpx.Client, address: str) -> None:
    reply = client.post(address, json={"query": CREATE}, headers=EVENTS)
    answer, complete = read_events(reply.text.split("\n"))
    assert answer.json["data"]["createEntity"]["entityId"].startswith("Q")
    assert complete.event == "complete"


def test_changes_come_as_they_are_made_with_their_position_as_id(client: httpx.Client, address: str) -> None:
    """E5"""
    begin = settled(address.removesuffix("/stream"))
    with following(client, address, FOLLOW_FROM % begin) as events:
        for _ in range(3):
            made = create(client, address)
            heard = next(events)
            assert heard.event == "next"
            assert heard.json == {"data": {"entityChanges": {"entityId": made, "revisionId": 1}}}
            assert heard.id == ask(client, address, POSITION)["changesPosition"]


def test_who_comes_again_goes_on_after_the_last_id(client: httpx.Client, address: str) -> None:
    """E5: as browsers do by themselves, with the address that they asked at first."""
    begin = settled(address.removesuffix("/stream"))
    made = [create(client, address) for _ in range(5)]
    heard: list[Heard] = []
    while len(heard) < 5:
        with following(client, address, FOLLOW_FROM % begin, heard[-1].id if heard else None) as events:
            heard.append(next(events))
    assert [one.json["data"]["entityChanges"]["entityId"] for one in heard] == made


def test_an_empty_last_id_is_none(client: httpx.Client, address: str) -> None:
    begin = settled(address.removesuffix("/stream"))
    made = create(client, address)
    with following(client, address, FOLLOW_FROM % begin, "") as events:
        assert next(events).json["data"]["entityChanges"]["entityId"] == made


def test_who_hears_nothing_is_told_that_it_lives_and_how_far_it_has_come(
    client: httpx.Client, address: str
) -> None:
    """E5: so that the place is still there when it comes again, however little it wants."""
    query = 'subscription {entityChanges(ids: ["Q42"]) {entityId}}'
    with following(client, address, query, comments=True) as blocks:
        deadline = time.monotonic() + 60
        begin = end = ask(client, address, POSITION)["changesPosition"]
        create(client, address)
        while end == begin:
            assert time.monotonic() < deadline
            end = ask(client, address, POSITION)["changesPosition"]
        while (block := next(blocks)).id != end:
            assert block.event == ""
            assert time.monotonic() < deadline


def test_who_takes_nothing_is_cut_off(address: str) -> None:
    """I16: even what the operating system holds for it is let go of."""
    where = urlsplit(address)
    assert where.port
    before = connections(where.port)
    many = " ".join(f'a{number}: entity(id: "Q42") {{json}}' for number in range(500))
    body = json.dumps({"query": f"{{{many}}}"})
    request = (
        f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    silent = []
    for _ in range(3):
        one = raw_socket.socket()
        one.setsockopt(raw_socket.SOL_SOCKET, raw_socket.SO_RCVBUF, 4096)
        one.connect((where.hostname, where.port))
        one.sendall(request.encode())
        silent.append(one)
    deadline = time.monotonic() + 120
    while connections(where.port) < before + 3:
        assert time.monotonic() < deadline, "they did not come"
        time.sleep(0.02)
    while connections(where.port) > before:
        assert time.monotonic() < deadline, "they are still there"
        time.sleep(0.02)
    for one in silent:
        one.close()


def test_a_server_that_closes_ends_the_stream_without_completing_it(
    client: httpx.Client, tmp_path: Path
) -> None:
    """O2: so that the client asks again, and goes on where it was."""
    with ExitStack() as server:
        address = server.enter_context(served_by_command(tmp_path / "data")) + "/stream"
        with following(client, address, FOLLOW, comments=True) as events:
            next(events)
            server.close()
            assert [one.event for one in events if one.event] == []
