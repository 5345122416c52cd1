"""Attacks on the served process, over real sockets: each is refused in words, and who asks beside it is answered (O3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.http.test_socket import INIT, PROTOCOL, hear, say, subscribe
from tests.limits.documents import FAMILIES, chained
from tests.serving import served_by_command

PATIENCE = 60.0
"""Seconds; each takes milliseconds, on a machine that has nothing else to do."""
MANY = 20_000
BOUND = {"fragments in circles": 300}
"""As long as the square of its number."""
LIMITS = {
    "CLIENT_LIMITS": "on",
    "REQUESTS_PER_MINUTE": "0",
    "COST_PER_MINUTE": "0",
    "OPERATIONS_AT_ONCE": "0",
    "CONNECTIONS_AT_ONCE": "2",
    "SUBSCRIPTIONS_AT_ONCE": "1",
}
FOLLOW = "subscription {entityChanges {position}}"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("attacked") / "data"
    with served_by_command(data, "--samples", environment=LIMITS) as address:
        yield address


def post(address: str, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.post(address, json={"query": query}, timeout=PATIENCE).json()
    return answer


@contextmanager
def asked_meanwhile(address: str) -> Iterator[list[bool]]:
    """Somebody else asks again and again, and is answered each time."""
    answered: list[bool] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            answered.append(post(address, '{entity(id: "Q42") {id}}') == {"data": {"entity": {"id": "Q42"}}})

    other = threading.Thread(target=ask)
    other.start()
    try:
        yield answered
    finally:
        ended.set()
        other.join(PATIENCE)
        assert not other.is_alive()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_document_that_attacks_is_refused_in_few_words(address: str, family: str) -> None:
    document = FAMILIES[family](BOUND.get(family, MANY))
    with asked_meanwhile(address) as answered:
        reply = httpx.post(address, json={"query": document}, timeout=PATIENCE)
    assert {error["extensions"]["code"] for error in reply.json()["errors"]} == {"limit_exceeded"}
    assert len(reply.content) < 10_000
    assert answered
    assert all(answered)


def test_a_chain_of_fragments_that_stands_for_a_billion_fields_is_refused(address: str) -> None:
    """The measure tells that it was not counted one by one."""
    found = post(address, chained(30))["errors"]
    limits = {error["extensions"]["limit"]: error["extensions"]["measure"] for error in found}
    assert limits["MAX_FIELDS"] == 2**30
    assert limits["MAX_ALIASES"] == 2**30


def test_of_connections_there_are_as_many_as_allowed(address: str) -> None:
    ws = address.replace("http://", "ws://")
    with (
        connect(ws, subprotocols=PROTOCOL) as one,
        connect(ws, subprotocols=PROTOCOL) as other,
        pytest.raises(InvalidStatus) as refused,
        connect(ws, subprotocols=PROTOCOL),
    ):
        pass
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "1"
    del one, other
    with connect(ws, subprotocols=PROTOCOL) as again:
        say(again, INIT)
        assert hear(again) == {"type": "connection_ack"}


def test_of_subscriptions_there_are_as_many_as_allowed_over_all_connections(address: str) -> None:
    """And the refusal of one ends neither the other nor the connection."""
    ws = address.replace("http://", "ws://")
    with connect(ws, subprotocols=PROTOCOL) as one, connect(ws, subprotocols=PROTOCOL) as other:
        for socket in (one, other):
            say(socket, INIT)
            hear(socket)
        say(one, subscribe(FOLLOW))
        say(one, {"type": "ping"})
        assert hear(one)["type"] == "pong"
        refused: dict[str, Any] = {}
        # The first may not have begun yet: then this one is let in, and ends again.
        while refused.get("type") != "error":
            say(
                other, subscribe(FOLLOW, "2"), {"type": "complete", "id": "2"}, subscribe("{__typename}", "3")
            )
            heard = [hear(other)]
            while heard[-1].get("id") != "3" or heard[-1]["type"] != "complete":
                heard.append(hear(other))
            refused = next((one for one in heard if one["type"] == "error"), {})
    (error,) = refused["payload"]
    told = {name: error["extensions"][name] for name in ("code", "limit", "maximum", "retryable")}
    assert told == {
        "code": "too_many_at_once",
        "limit": "SUBSCRIPTIONS_AT_ONCE",
        "maximum": 1,
        "retryable": True,
    }
