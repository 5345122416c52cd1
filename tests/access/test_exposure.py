"""Without credentials only this machine is answered, whatever stands in between (O3)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from app.settings import Settings
from tests.access.issuing import AUDIENCE, ISSUER, Pair, jwks, settings_for
from tests.http.test_socket import PROTOCOL
from tests.serving import Asking, served, served_by_command

QUERY = {"query": "{__typename}"}

FORWARDED = [
    {"X-Forwarded-For": "203.0.113.7"},
    {"x-forwarded-proto": "https"},
    {"X-FORWARDED-HOST": "wiki.example"},
    {"X-Forwarded-Anything": ""},
    {"Forwarded": "for=203.0.113.7"},
    {"X-Real-IP": "203.0.113.7"},
]


@pytest.fixture
async def open_here(one_item: Path, tmp_path: Path) -> AsyncIterator[Asking]:
    """A server without credentials."""
    shutil.copytree(one_item, tmp_path / "data")
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking


@pytest.mark.parametrize("headers", FORWARDED, ids=lambda headers: next(iter(headers)))
@pytest.mark.parametrize("path", ["/graphql", "/", "/health", "/nothing"])
async def test_what_a_proxy_forwards_is_refused_by_name(
    open_here: Asking, headers: dict[str, str], path: str
) -> None:
    for reply in (
        await open_here.client.post(path, json=QUERY, headers=headers),
        await open_here.client.get(path, headers=headers),
    ):
        assert reply.status_code == 403
        assert reply.json()["errors"][0]["extensions"]["code"] == "exposed_without_credentials"


async def test_what_comes_straight_is_answered(open_here: Asking) -> None:
    assert await open_here("{__typename}") == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("headers", FORWARDED, ids=lambda headers: next(iter(headers)))
async def test_with_credentials_a_server_may_stand_behind_a_proxy(
    here: Asking, headers: dict[str, str]
) -> None:
    reply = await here.client.post("/graphql", json=QUERY, headers=headers)
    assert reply.json() == {"data": {"__typename": "Query"}}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served_by_command(tmp_path_factory.mktemp("exposed") / "data") as http:
        yield http


@pytest.mark.parametrize("headers", FORWARDED, ids=lambda headers: next(iter(headers)))
def test_the_command_refuses_what_a_proxy_forwards(address: str, headers: dict[str, str]) -> None:
    """Over a real socket: nothing before us takes the header away."""
    assert httpx.post(address, json=QUERY, headers=headers).status_code == 403
    assert httpx.post(address, json=QUERY).status_code == 200


def test_a_websocket_through_a_proxy_is_refused(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(
            address.replace("http://", "ws://"),
            subprotocols=PROTOCOL,
            additional_headers={"Forwarded": "for=x"},
        )
    assert refused.value.response.status_code == 403


def first_lines(folder: Path, *options: str, **environment: str) -> tuple[int | None, str]:
    """How `serve` ends if it does not start, and what it says; else None and its first two lines."""
    command = [sys.executable, "-m", "app.commands", "serve", "--port", "0", "--data", str(folder / "data")]
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
    ) as server:
        assert server.stdout is not None
        said = [line for _, line in zip(range(2), server.stdout, strict=False)]
        if "wikibase-graph is at" not in said[0]:
            return server.wait(30), "".join([*said, *server.stdout])
        server.terminate()
        server.communicate(timeout=30)
        return None, "".join(said)


def test_a_server_without_credentials_says_that_it_is_for_this_machine(tmp_path: Path) -> None:
    code, said = first_lines(tmp_path)
    assert code is None
    assert "without credentials: for this machine only" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "wiki.example", "127.0.0.1.example"])
def test_a_server_without_credentials_does_not_start_elsewhere(tmp_path: Path, host: str) -> None:
    code, said = first_lines(tmp_path, "--host", host)
    assert (code, "loopback only" in said) == (1, True)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("anonymous", "words"), [("reader", "everybody may read"), ("none", "nothing is answered")]
)
def test_a_server_with_credentials_listens_anywhere_and_says_who_may(
    tmp_path: Path, pair: Pair, anonymous: str, words: str
) -> None:
    (tmp_path / "keys.jwks").write_bytes(jwks(pair))
    code, said = first_lines(
        tmp_path,
        "--host",
        "0.0.0.0",
        AUTH_KEYS=str(tmp_path / "keys.jwks"),
        AUTH_ISSUER=ISSUER,
        AUTH_AUDIENCE=AUDIENCE,
        AUTH_ANONYMOUS=anonymous,
    )
    assert code is None
    assert f"a token of {ISSUER} for {AUDIENCE}" in said
    assert words in said


@pytest.mark.parametrize("missing", ["AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_KEYS"])
def test_credentials_that_are_not_whole_do_not_start(tmp_path: Path, pair: Pair, missing: str) -> None:
    settings = settings_for(tmp_path, pair)
    given = {"AUTH_KEYS": settings.auth_keys, "AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE, missing: ""}
    code, said = first_lines(tmp_path, **given)
    assert code == 2
    assert missing in said
    assert "Traceback" not in said
