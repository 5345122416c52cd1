"""Answers in fewer bytes for who takes them so (O3)."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import zstandard

from app.accepting import best_coding
from app.coding import CODINGS
from app.settings import Settings
from tests.serving import served

LONG, SHORT = "{__schema {types {name}}}", "{__typename}"
HUGE = "{__schema {types {" + " ".join(f"a{n}: name" for n in range(60)) + "}}}"


@pytest.fixture
async def client(empty_folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served(Settings(data=empty_folder)) as asking:
        yield asking.client


async def raw(client: httpx.AsyncClient, query: str, accept: str) -> tuple[httpx.Headers, bytes]:
    """The answer's headers and its bytes as they are sent."""
    takes = {"accept-encoding": accept}
    async with client.stream("POST", "/graphql", json={"query": query}, headers=takes) as reply:
        return reply.headers, b"".join([part async for part in reply.aiter_raw()])


@pytest.mark.parametrize("query", [LONG, HUGE])
async def test_a_long_answer_is_sent_as_it_is_taken(client: httpx.AsyncClient, query: str) -> None:
    plain, body = await raw(client, query, "identity")
    assert "content-encoding" not in plain
    assert (len(body) > 128 * 1024) == (query == HUGE)
    for coding, opened in (("gzip", gzip.decompress), ("zstd", zstandard.decompress)):
        headers, sent = await raw(client, query, coding)
        assert headers["content-encoding"] == coding
        assert int(headers["content-length"]) == len(sent) < len(body) / 2
        assert json.loads(opened(sent)) == json.loads(body)
        assert "Accept-Encoding" in headers["vary"]
    assert "Accept-Encoding" in plain["vary"]


async def test_a_short_answer_is_sent_as_it_is(client: httpx.AsyncClient) -> None:
    headers, body = await raw(client, SHORT, "gzip")
    assert "content-encoding" not in headers
    assert json.loads(body)


async def test_nothing_is_compressed_where_that_is_set(empty_folder: Path) -> None:
    async with served(Settings(data=empty_folder, compress_bytes=0)) as asking:
        headers, _ = await raw(asking.client, LONG, "gzip")
    assert "content-encoding" not in headers


async def test_a_tag_is_that_of_the_answer_in_any_coding(client: httpx.AsyncClient) -> None:
    tags = [
        (await client.get("/graphql", params={"query": LONG}, headers={"accept-encoding": coding})).headers[
            "etag"
        ]
        for coding in ("gzip", "zstd", "identity")
    ]
    assert len(set(tags)) == 1
    assert tags[0].startswith("W/")


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0, *", "zstd"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("x-gzip-like", None),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0.5, identity;q=0.1", "gzip"),
    ],
)
def test_the_coding_is_the_one_that_is_wanted_most(accept: str, best: str | None) -> None:
    assert best_coding([accept], CODINGS) == best
