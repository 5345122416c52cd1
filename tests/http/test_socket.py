"""The WebSocket at `/graphql`: graphql-transport-ws, on the same address as HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.serving import served_by_command

PROTOCOL = [Subprotocol("graphql-transport-ws")]
INIT = {"type": "connection_init"}


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
        ([{"type": "nonsense"}], 4400),
        ([INIT, INIT], 4429),
        ([subscribe("{__typename}")], 4401),
        ([INIT, {"type": "subscribe", "payload": {"query": "{__typename}"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": {"query": 7}}], 4400),
        ([INIT, subscribe('{entity(id: "Q42") {json}}'), subscribe("{__typename}")], 4409),
    ],
)
def test_a_breach_of_the_protocol_closes_with_its_code(address: str, messages: list[Any], code: int) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, *messages)
        list(iter_until_closed(socket))
        assert socket.close_code == code


def test_another_protocol_is_refused(address: str) -> None:
    with connect(address) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4406


def test_a_page_of_another_origin_can_not_open_it(address: str) -> None:
    """O3"""
    with pytest.raises(InvalidStatus) as refused:
        connect(address, subprotocols=PROTOCOL, origin=Origin("http://elsewhere.example"))
    assert refused.value.response.status_code == 403
