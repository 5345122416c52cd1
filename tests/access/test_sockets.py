"""Who asks over a WebSocket: by the handshake's header or the first message, for as long as the token lasts (O3)."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.access.issuing import AUDIENCE, ISSUER, Pair, bearing, edwards, jwks, token
from tests.http.test_socket import PROTOCOL, hear, iter_until_closed, say, subscribe
from tests.serving import served_by_command

CREATE = 'mutation {createEntity(input: {entity: {type: "item"}}) {__typename ... on Refusal {code}}}'


@pytest.fixture(scope="module")
def folder(one_item: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's data and keys lie."""
    found = tmp_path_factory.mktemp("sockets")
    shutil.copytree(one_item, found / "data")
    return found


@pytest.fixture(scope="module")
def address(pair: Pair, folder: Path) -> Iterator[str]:
    """A server with credentials and without leeway, in a process of its own."""
    (folder / "keys.jwks").write_bytes(jwks(pair))
    told = {
        "AUTH_KEYS": str(folder / "keys.jwks"),
        "AUTH_ISSUER": ISSUER,
        "AUTH_AUDIENCE": AUDIENCE,
        "AUTH_LEEWAY_SECONDS": "0",
    }
    with served_by_command(folder / "data", environment=told) as http:
        yield http.replace("http://", "ws://")


def init(payload: Any = None) -> dict[str, Any]:
    return {"type": "connection_init", **({} if payload is None else {"payload": payload})}


def ending_of_create(socket: ClientConnection, payload: Any = None) -> Any:
    say(socket, init(payload), subscribe(CREATE))
    heard = [hear(socket) for _ in range(3)]
    assert [message["type"] for message in heard] == ["connection_ack", "next", "complete"]
    return heard[1]["payload"]["data"]["createEntity"]


def test_a_token_in_the_handshake_counts(address: str, pair: Pair) -> None:
    with connect(address, subprotocols=PROTOCOL, additional_headers=bearing(token(pair))) as socket:
        assert ending_of_create(socket) == {"__typename": "Edited"}


@pytest.mark.parametrize("name", ["authorization", "Authorization"])
def test_a_token_in_the_first_message_counts(address: str, pair: Pair, name: str) -> None:
    """Pages of a browser can send no header with a handshake."""
    with connect(address, subprotocols=PROTOCOL) as socket:
        assert ending_of_create(socket, {name: f"Bearer {token(pair)}"}) == {"__typename": "Edited"}


@pytest.mark.parametrize("payload", [None, {}, {"other": 1}])
def test_without_a_token_one_reads_and_does_not_edit(address: str, payload: Any) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, init(payload), subscribe('{entity(id: "Q1") {id}}', "read"))
        heard = [hear(socket) for _ in range(3)]
        assert heard[1]["payload"]["data"] == {"entity": {"id": "Q1"}}
        say(socket, subscribe(CREATE, "edit"))
        assert hear(socket)["payload"]["data"]["createEntity"] == {
            "__typename": "RequestRefused",
            "code": "forbidden",
        }


@pytest.mark.parametrize("said", ["x", "", 7, None, "Basic x", "Bearer x", "another's", "expired"])
def test_a_wrong_token_closes_as_forbidden(address: str, pair: Pair, said: Any) -> None:
    if said == "another's":
        said = f"Bearer {token(edwards())}"
    if said == "expired":
        said = f"Bearer {token(pair, exp=int(time.time()) - 1)}"
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, init({"authorization": said}))
        assert list(iter_until_closed(socket)) == []
        assert socket.close_code == 4403
        assert socket.close_reason is not None
        assert socket.close_reason.startswith("Forbidden: the ")


def test_a_wrong_token_in_the_handshake_closes_as_forbidden(address: str) -> None:
    with connect(address, subprotocols=PROTOCOL, additional_headers=bearing("x")) as socket:
        say(socket, init())
        assert list(iter_until_closed(socket)) == []
        assert socket.close_code == 4403


def test_two_tokens_are_one_too_many(address: str, pair: Pair) -> None:
    """Whose edit would it be?"""
    said = bearing(token(pair))
    with connect(address, subprotocols=PROTOCOL, additional_headers=said) as socket:
        say(socket, init(said))
        assert list(iter_until_closed(socket)) == []
        assert socket.close_code == 4400


def test_a_connection_ends_with_its_token(address: str, pair: Pair) -> None:
    with connect(address, subprotocols=PROTOCOL) as socket:
        say(socket, init({"authorization": f"Bearer {token(pair, exp=int(time.time()) + 2)}"}))
        assert hear(socket) == {"type": "connection_ack"}
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=30)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "Unauthorized: the token has expired")


def test_keys_that_can_not_be_had_close_as_try_again(address: str, pair: Pair, folder: Path) -> None:
    keys = folder / "keys.jwks"
    try:
        keys.rename(folder / "away")
        with connect(address, subprotocols=PROTOCOL) as socket:
            say(socket, init({"authorization": f"Bearer {token(pair)}"}))
            assert list(iter_until_closed(socket)) == []
            assert socket.close_code == 1013
    finally:
        (folder / "away").rename(keys)


def test_what_comes_before_the_first_message_is_unauthorized(address: str, pair: Pair) -> None:
    with connect(address, subprotocols=PROTOCOL, additional_headers=bearing(token(pair))) as socket:
        say(socket, json.dumps(subscribe("{__typename}")))
        assert list(iter_until_closed(socket)) == []
        assert socket.close_code == 4401
