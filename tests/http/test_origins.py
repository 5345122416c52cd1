"""What pages of other sites can make a browser do: read where they are let in, and change nothing unasked (O3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from app.main import application
from app.origins import may_ask
from app.settings import Settings, WrongSetting
from tests.http.test_socket import INIT, PROTOCOL, hear, say
from tests.serving import served, served_by_command

FRIEND, STRANGER = "https://wiki.example", "https://elsewhere.example"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,authorization",
}


@pytest.fixture
async def client(empty_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server that lets one other origin in."""
    async with served(Settings(data=empty_folder, cors_origins=f"{FRIEND}, http://localhost:3000")) as asking:
        yield asking.client


@pytest.fixture
async def closed(empty_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A server that lets none in, as by default."""
    async with served(Settings(data=empty_folder)) as asking:
        yield asking.client


async def test_a_page_that_is_let_in_may_ask_and_read(client: httpx.AsyncClient) -> None:
    asked = await client.options("/graphql", headers={"origin": FRIEND, **PREFLIGHT})
    reply = await client.post("/graphql", json={"query": "{__typename}"}, headers={"origin": FRIEND})
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == FRIEND
    assert reply.headers["access-control-allow-origin"] == FRIEND
    assert "etag" in reply.headers["access-control-expose-headers"].lower()


async def test_no_page_may_use_cookies(client: httpx.AsyncClient) -> None:
    asked = await client.options("/graphql", headers={"origin": FRIEND, **PREFLIGHT})
    assert "access-control-allow-credentials" not in asked.headers


@pytest.mark.parametrize("origin", [STRANGER, "null", f"{FRIEND}.evil.example", FRIEND.replace("s:", ":")])
async def test_another_page_is_told_nothing(client: httpx.AsyncClient, origin: str) -> None:
    asked = await client.options("/graphql", headers={"origin": origin, **PREFLIGHT})
    reply = await client.get("/graphql", params={"query": "{__typename}"}, headers={"origin": origin})
    assert asked.status_code == 400
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in reply.headers


async def test_by_default_no_other_page_is_let_in(closed: httpx.AsyncClient) -> None:
    asked = await closed.options("/graphql", headers={"origin": FRIEND, **PREFLIGHT})
    assert asked.status_code == 405
    assert not any(name.startswith("access-control-") for name in asked.headers)


async def test_a_cache_keeps_answers_for_each_origin_apart(client: httpx.AsyncClient) -> None:
    """Else who asks without an origin would leave behind an answer that the browser of the next may not read."""
    for headers in ({}, {"origin": FRIEND}, {"origin": STRANGER}):
        reply = await client.get("/graphql", params={"query": "{__typename}"}, headers=headers)
        assert "Origin" in reply.headers["vary"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
async def test_what_a_browser_sends_without_asking_first_changes_nothing(
    closed: httpx.AsyncClient, content_type: str | None
) -> None:
    """A form or a script of any page may send these anywhere."""
    query = 'mutation {createEntity(input: {entity: {type: "item"}}) {__typename}}'
    headers = {"origin": STRANGER} | ({"content-type": content_type} if content_type else {})
    sent = await closed.post("/graphql", content=f'{{"query": {query!r}}}', headers=headers)
    in_url = await closed.post("/graphql", params={"query": query}, headers=headers)
    read = await closed.get("/graphql", params={"query": query}, headers=headers)
    assert [sent.status_code, in_url.status_code, read.status_code] == [415, 415, 405]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cors_origins": "*"}, "every page on the web"),
        ({"cors_origins": "wiki.example"}, "'wiki.example' is not an origin"),
        ({"cors_origins": "https://wiki.example/"}, "is not an origin"),
        ({"cors_origins": "https://Wiki.example"}, "is not an origin"),
        ({"cors_origins": "null"}, "is not an origin"),
    ],
)
def test_a_setting_that_would_not_do_what_it_says_is_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(WrongSetting, match=words.replace("*", "\\*")):
        application(Settings(data=tmp_path, **changes))


@pytest.mark.parametrize(
    ("origin", "host", "let_in"),
    [
        (None, "wiki.example", True),
        (None, None, True),
        ("https://wiki.example", "wiki.example", True),
        ("http://wiki.example:8000", "wiki.example:8000", True),
        ("http://wiki.example:8000", "wiki.example", False),
        ("https://friend.example", "wiki.example", True),
        ("http://friend.example", "wiki.example", False),
        ("null", "wiki.example", False),
        ("null", "", False),
        ("", "", False),
        ("http://", "", False),
        ("http://[", "wiki.example", False),
        ("https://wiki.example@evil.example", "wiki.example", False),
    ],
)
def test_who_may_open_a_websocket(origin: str | None, host: str | None, let_in: bool) -> None:
    assert may_ask(origin, host, frozenset({"https://friend.example"})) is let_in


def test_a_page_that_is_let_in_may_open_a_websocket(tmp_path: Path) -> None:
    with served_by_command(tmp_path / "data", environment={"CORS_ORIGINS": FRIEND}) as http:
        address = http.replace("http://", "ws://")
        with connect(address, subprotocols=PROTOCOL, origin=Origin(FRIEND)) as socket:
            say(socket, INIT)
            assert hear(socket) == {"type": "connection_ack"}
        with pytest.raises(InvalidStatus):
            connect(address, subprotocols=PROTOCOL, origin=Origin(STRANGER))
