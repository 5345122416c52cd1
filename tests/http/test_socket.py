"""The WebSocket at `/graphql`: graphql-transport-ws, on the same address as HTTP."""

from __future__ import annotations

import json
import socket as raw_socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.http.changes import CREATE, settled
from tests.serving import served_by_command

PROTOCOL = [Subprotocol("graphql-transport-ws")]
INIT = {"type": "connection_init"}
FOLLOW = "subscription {entityChanges {entityId revisionId}}"
FOLLOW_FROM = 'subscription {entityChanges(from: "%s") {entityId revisionId}}'
LARGE = '{entity(id: "Q42") {json}}'


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_by_command(tmp_path_factory.mktemp("socket") / "data", "--samples") as http:
        yield http.replace("http://", "ws://")


def say(socket: ClientConnection, *messages: Any) -> None:
    for message in messages:
        socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))


def hear(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=10))


def iter_until_closed(socket: ClientConnection) -> Iterator[Any]:
    try:
        while True:
            yield socket.recv(timeout=10)
    except ConnectionClosed:
        return


def connections(port: int) -> int:
    """How many the server holds, as this machine's kernel sees it."""
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(words[1].endswith(f":{port:04X}") and words[3] != "0A" and words[9] != "0" for words in lines)


def subscribe(query: str, name: str = "1") -> dict[str, Any]:
    return {"type": "subscribe", "id": name, "payload": {"query": query}}


def test_a_query_is_answered_once_and_completed(address: str) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, INIT, subscribe('{entity(id: "Q42") {id}}'))
        heard = [hear(socket) for _ in range(3)]
    assert heard == [
        {"type": "connection_ack"},
        {"id": "1", "type": "next", "payload": {"data": {"entity": {"id": "Q42"}}}},
        {"id": "1", "type": "complete"},
    ]


def test_a_query_that_can_not_run_is_an_error_and_the_socket_stays(address: str) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, INIT, subscribe("{nothing}"), {"type": "ping"})
        heard = [hear(socket) for _ in range(3)]
    assert {message["type"] for message in heard} == {"connection_ack", "error", "pong"}


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{"], 4400),
        (["null"], 4400),
        (["7"], 4400),
        ([b"\x00"], 4400),
        ([json.dumps(INIT).encode()], 4400),
        ([{"type": 7}], 4400),
        ([{}], 4400),
        ([INIT | {"payload": []}], 4400),
        ([INIT | {"payload": "text"}], 4400),
        ([{"type": "ping", "payload": 7}], 4400),
        ([{"type": "pong", "payload": [1]}], 4400),
        ([{"type": "connection_ack"}], 4400),
        ([INIT, {"type": "next", "id": "1", "payload": {}}], 4400),
        ([INIT, {"type": "complete"}], 4400),
        ([INIT, {"type": "complete", "id": 7}], 4400),
        ([INIT, {"type": "subscribe", "id": "", "payload": {"query": "{__typename}"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1"}], 4400),
        ([INIT, {"type": "start", "id": "1", "payload": {"query": "{__typename}"}}], 4400),
        ([{"type": "nonsense"}], 4400),
        ([INIT, INIT], 4429),
        ([subscribe("{__typename}")], 4401),
        ([INIT, {"type": "subscribe", "payload": {"query": "{__typename}"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": 7}}], 4400),
        ([INIT, subscribe("subscription {entityChanges {entityId}}"), subscribe("{__typename}")], 4409),
    ],
)
def test_a_breach_of_the_protocol_closes_with_its_code(address: str, messages: list[Any], code: int) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, *messages)
        list(iter_until_closed(socket))
        assert socket.close_code == code


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"], ["chat", "graphql-ws"]])
def test_another_protocol_is_refused(address: str, protocols: list[Subprotocol] | None) -> None:
    """Also the older one of the name graphql-ws."""
    with connect(address, subprotocols=protocols) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4406


def test_a_page_of_another_origin_can_not_open_it(address: str) -> None:
    """O3"""
    with pytest.raises(InvalidStatus) as refused:
        connect(address, subprotocols=PROTOCOL, origin=Origin("http://elsewhere.example"))
    assert refused.value.response.status_code == 403


def test_a_ping_is_answered_with_what_it_carries(address: str) -> None:
    """At any time, even before the first message."""
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(
            socket,
            {"type": "ping"},
            {"type": "ping", "payload": {"a": 1}},
            INIT,
            {"type": "ping", "payload": None},
        )
        heard = [hear(socket) for _ in range(4)]
    assert heard == [
        {"type": "pong"},
        {"type": "pong", "payload": {"a": 1}},
        {"type": "connection_ack"},
        {"type": "pong"},
    ]


def test_who_never_begins_is_sent_away(address: str) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)
        assert (socket.close_code, socket.close_reason) == (4408, "Connection initialisation timeout")


def test_the_reason_of_a_closing_fits_into_its_frame(address: str) -> None:
    """Whatever a client calls its operations."""
    name = "é" * 200
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, INIT, subscribe(FOLLOW, name), subscribe(FOLLOW, name))
        list(iter_until_closed(socket))
        assert socket.close_code == 4409
        assert socket.close_reason is not None
        assert socket.close_reason.startswith("Subscriber for éé")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "syntax_error"),
        ("{nothing}", "invalid_query"),
        ("query A {__typename} query B {__typename}", "no_operation"),
        ('subscription {entityChanges(from: "x") {entityId}}', "wrong_position"),
        ('subscription {entityChanges(from: "0123456789abcdef.0:1") {entityId}}', "position_gone"),
        ("subscription {a: entityChanges {entityId} b: entityChanges {entityId}}", "invalid_query"),
    ],
)
def test_what_can_not_begin_is_an_error_of_that_operation_alone(address: str, query: str, code: str) -> None:
    """E5: and its name is free again."""
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, INIT, subscribe(query))
        assert hear(socket) == {"type": "connection_ack"}
        refused = hear(socket)
        assert (refused["type"], refused["id"]) == ("error", "1")
        assert refused["payload"][0]["extensions"]["code"] == code
        say(socket, subscribe("{__typename}"))
        assert [hear(socket)["type"] for _ in range(2)] == ["next", "complete"]


def test_a_mutation_is_heard_of_by_a_subscription_on_the_same_socket(address: str) -> None:
    """E5"""
    begin = settled(address.replace("ws://", "http://"))
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, INIT)
        assert hear(socket) == {"type": "connection_ack"}
        say(socket, subscribe(FOLLOW_FROM % begin, "follow"), subscribe(CREATE, "edit"))
        heard: dict[str, list[Any]] = {"follow": [], "edit": []}
        while len(heard["follow"]) < 1 or len(heard["edit"]) < 2:
            message = hear(socket)
            heard[message["id"]].append(message)
    made = heard["edit"][0]["payload"]["data"]["createEntity"]
    assert heard["edit"][1] == {"id": "edit", "type": "complete"}
    assert heard["follow"] == [
        {
            "id": "follow",
            "type": "next",
            "payload": {"data": {"entityChanges": {"entityId": made["entityId"], "revisionId": 1}}},
        }
    ]


def test_what_a_client_ends_is_not_told_any_more_and_its_name_is_free(address: str) -> None:
    """Also if it is used again at once, and ended again; and what was never there may be ended."""
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, INIT)
        assert hear(socket) == {"type": "connection_ack"}
        for _ in range(50):
            say(socket, subscribe(FOLLOW), {"type": "complete", "id": "1"})
        say(socket, subscribe(FOLLOW), {"type": "complete", "id": "never"}, subscribe(CREATE, "edit"))
        heard = [hear(socket) for _ in range(3)]
        assert sorted(message["id"] for message in heard) == ["1", "edit", "edit"]
        # The one that goes on is known by its name still, although fifty others of that name have ended.
        say(socket, subscribe("{__typename}"))
        list(iter_until_closed(socket))
        assert socket.close_code == 4409


def test_a_name_is_free_when_the_client_hears_of_the_end(address: str) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, INIT)
        assert hear(socket) == {"type": "connection_ack"}
        for _ in range(100):
            say(socket, subscribe("{__typename}"))
            assert [hear(socket)["type"] for _ in range(2)] == ["next", "complete"]


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks often whether one is alive, and takes and gives little."""
    told = {
        "KEEP_ALIVE_SECONDS": "0.3",
        "STALL_SECONDS": "1",
        "SOCKET_OPERATIONS": "3",
        "MAX_BODY_BYTES": "20000",
    }
    data = tmp_path_factory.mktemp("hasty") / "data"
    with served_by_command(data, "--samples", environment=told) as http:
        yield http.replace("http://", "ws://")


def test_who_answers_no_ping_is_cut_off(hasty: str) -> None:
    """I16: a client that is gone without a word holds nothing."""
    with connect(hasty, subprotocols=PROTOCOL) as socket:
        say(socket, INIT, subscribe(FOLLOW))
        heard = list(iter_until_closed(socket))
        assert {json.loads(message)["type"] for message in heard} == {"connection_ack", "ping"}
        assert (socket.close_code, socket.close_reason) == (3008, "Timeout: no answer to a ping")


def test_who_answers_pings_stays(hasty: str) -> None:
    with connect(hasty, subprotocols=PROTOCOL) as socket:
        say(socket, INIT)
        assert hear(socket) == {"type": "connection_ack"}
        for _ in range(8):
            assert hear(socket) == {"type": "ping"}
            say(socket, {"type": "pong"})
        say(socket, subscribe("{__typename}"))
        assert hear(socket)["type"] == "next"


def test_a_message_that_is_too_large_closes(hasty: str) -> None:
    """O3"""
    with connect(hasty, subprotocols=PROTOCOL) as socket:
        say(socket, INIT, subscribe("#" + "x" * 30_000))
        list(iter_until_closed(socket))
        assert socket.close_code == 1009


def test_one_operation_too_many_is_refused_and_the_others_go_on(hasty: str) -> None:
    """O3"""
    with connect(hasty, subprotocols=PROTOCOL) as socket:
        say(socket, INIT, *(subscribe(FOLLOW, f"{number}") for number in range(4)))
        heard = (message for message in iter(lambda: hear(socket), None) if message["type"] != "ping")
        assert next(heard) == {"type": "connection_ack"}
        refused = next(heard)
        assert (refused["id"], refused["type"]) == ("3", "error")
        assert refused["payload"][0]["extensions"] == {
            "code": "too_many_operations",
            "retryable": True,
            "maximum": 3,
        }
        say(socket, {"type": "complete", "id": "0"}, subscribe("{__typename}", "3"))
        assert [(message["id"], message["type"]) for message in (next(heard), next(heard))] == [
            ("3", "next"),
            ("3", "complete"),
        ]


def test_who_takes_nothing_is_cut_off(hasty: str) -> None:
    """I16: even what the operating system holds for it is let go of."""
    where = urlsplit(hasty)
    assert where.port
    with raw_socket.socket() as silent:
        silent.setsockopt(raw_socket.SOL_SOCKET, raw_socket.SO_RCVBUF, 4096)
        silent.connect((where.hostname, where.port))
        with connect(hasty, sock=silent, subprotocols=PROTOCOL, ping_interval=None, max_queue=1) as socket:
            try:
                say(socket, INIT)
                for number in range(10_000):
                    say(socket, subscribe(LARGE, f"{number}"))
            except (ConnectionClosed, OSError):
                pass
            deadline = time.monotonic() + 60
            while connections(where.port):
                assert time.monotonic() < deadline, "it is still there"
                time.sleep(0.05)


def test_a_server_that_closes_says_so(tmp_path: Path) -> None:
    """O2: with the code after which clients come again, and at once."""
    with ExitStack() as server:
        http = server.enter_context(served_by_command(tmp_path / "data"))
        with connect(http.replace("http://", "ws://"), subprotocols=PROTOCOL) as socket:
            say(socket, INIT, subscribe(FOLLOW))
            assert hear(socket) == {"type": "connection_ack"}
            server.close()
            assert list(iter_until_closed(socket)) == []
            assert socket.close_code == 1012
