"""Under which names the server is asked: a page whose name was led to this machine must not edit (O3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from app.settings import Settings
from tests.access.issuing import Pair, settings_for
from tests.http.test_socket import PROTOCOL
from tests.serving import Asking, served, served_by_command

QUERY = {"query": "{__typename}"}
OWN = [
    "localhost",
    "LOCALHOST:8000",
    "localhost.",
    "a.localhost:80",
    "127.0.0.1",
    "127.1.2.3:9",
    "[::1]:8000",
]
FOREIGN = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "192.0.2.1",
    "0.0.0.0",
    "[::ffff:192.0.2.1]",
    "[",
    "",
    "127.0.0.1, evil.example",
]


@pytest.fixture
async def open_here(empty_folder: Path) -> AsyncIterator[Asking]:
    """A server without credentials, which goes by one more name."""
    async with served(Settings(data=empty_folder, allowed_hosts="wiki.example, other.example")) as asking:
        yield asking


@pytest.mark.parametrize("host", [*OWN, "wiki.example", "Wiki.Example:8000", "other.example"])
async def test_a_server_answers_to_its_own_names(open_here: Asking, host: str) -> None:
    reply = await open_here.client.post("/graphql", json=QUERY, headers={"host": host})
    assert reply.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/graphql", "/", "/health"])
async def test_a_server_without_credentials_does_not_answer_to_another(
    open_here: Asking, host: str, path: str
) -> None:
    for reply in (
        await open_here.client.post(path, json=QUERY, headers={"host": host}),
        await open_here.client.get(path, headers={"host": host}),
    ):
        assert reply.status_code == 421
        assert reply.json()["errors"][0]["extensions"]["code"] == "host_not_allowed"


async def test_two_names_are_none(open_here: Asking) -> None:
    hosts = [("host", "localhost"), ("host", "evil.example")]
    reply = await open_here.client.post("/graphql", json=QUERY, headers=hosts)
    assert reply.status_code == 421


@pytest.mark.parametrize(("allowed", "status"), [("", 200), ("wiki.example", 421)])
async def test_with_credentials_names_are_looked_at_where_they_are_listed(
    tmp_path: Path, pair: Pair, allowed: str, status: int
) -> None:
    async with served(settings_for(tmp_path, pair, allowed_hosts=allowed)) as here:
        reply = await here.client.post("/graphql", json=QUERY, headers={"host": "evil.example"})
        assert reply.status_code == status


def test_the_command_answers_no_page_whose_name_was_led_here(tmp_path: Path) -> None:
    """Over a real socket, by HTTP and by WebSocket; the page's origin and the host are then the same."""
    with served_by_command(tmp_path / "data") as address:
        foreign = {"Host": "evil.example", "Origin": "http://evil.example"}
        assert httpx.post(address, json=QUERY, headers=foreign).status_code == 421
        with pytest.raises(InvalidStatus) as refused:
            connect(
                "ws://evil.example/graphql",
                address=("127.0.0.1", httpx.URL(address).port),
                subprotocols=PROTOCOL,
                origin=Origin("http://evil.example"),
            )
        assert refused.value.response.status_code == 403
        assert httpx.post(address, json=QUERY).status_code == 200
