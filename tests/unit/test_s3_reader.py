"""The short way to read an object of S3: what it signs, when it is taken and when the driver is asked (ADR 31)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from aiohttp import web
from botocore.auth import S3SigV4Auth  # type: ignore[import-untyped]  # it has no types at all
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # no types either
from botocore.credentials import ReadOnlyCredentials  # type: ignore[import-untyped]  # no types either

from storage.keys import Bucket, Key
from storage.ports import NewObject
from storage.s3 import S3Objects, open_s3
from storage.s3_client import S3Place, connected
from storage.s3_reader import Location, Reader, Signer, reading
from tests.builders import an_attempt
from tests.graph.counting import counted
from tests.services.seaweed import place, seaweed

__all__ = ["place", "seaweed"]

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
KEY = Key(Bucket.STATEMENTS, "17.json")


@dataclass(frozen=True)
class Keys:
    """Credentials."""

    access_key: str = "AKIA"
    secret_key: str = "a/secret+key"
    token: str | None = None


@pytest.mark.parametrize("token", [None, "a//token=="])
@pytest.mark.parametrize("name", ["17.json", "Q42/17.json", "a b+c%20&d=~é.json", "//x/../y"])
def test_it_signs_as_the_driver_does(name: str, token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """S2: over the same credentials, region, time and name."""
    keys = Keys(token=token)
    path = Location.of("http://127.0.0.1:9000/bucket/x").path_of(name)
    found = Signer("eu-west-1").headers("127.0.0.1:9000", path, keys, AT)

    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: AT.replace(tzinfo=None))
    request = AWSRequest("GET", f"http://127.0.0.1:9000{path}")
    signer = S3SigV4Auth(ReadOnlyCredentials(keys.access_key, keys.secret_key, token), "s3", "eu-west-1")
    request.context["payload_signing_enabled"] = True
    signer.add_auth(request)
    assert found["authorization"] == request.headers["Authorization"].replace(", ", ",")


def test_the_key_of_the_day_changes_with_day_and_secret() -> None:
    signer, fresh = Signer("us-east-1"), Signer("us-east-1")
    for keys, at in ((Keys(), AT), (Keys(secret_key="other"), AT), (Keys(), AT.replace(day=4))):
        assert signer.headers("h", "/p", keys, at) == replace(fresh).headers("h", "/p", keys, at)


async def test_an_object_that_is_there_is_read_by_one_request(place: S3Place) -> None:
    """S2: the driver is not asked as well."""
    async with open_s3(place) as objects:
        await objects.put_absent([NewObject(KEY, b"{}", an_attempt(), metadata={"revision_id": "7"})])
        with counted() as counts:
            stored = (await objects.get([KEY]))[KEY]
    assert (stored.data, stored.attempt, stored.metadata) == (b"{}", an_attempt(), {"revision_id": "7"})  # type: ignore[union-attr]
    assert len(counts.objects) == 1


async def test_one_that_is_missing_is_asked_for_again_and_is_missing(place: S3Place) -> None:
    async with open_s3(place) as objects:
        with counted() as counts:
            assert await objects.get([KEY]) == {}
    assert len(counts.objects) == 2


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[Reader]:
    """A reader of a server that answers everything so."""
    app = web.Application()
    app.router.add_get("/{name:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]

    async def address(bucket: str, name: str) -> str:
        return f"http://127.0.0.1:{port}/{bucket}/{name}?X-Amz-Signature=0"

    async def keys() -> Keys:
        return Keys()

    async with reading(
        region="us-east-1",
        at_once=2,
        connect_seconds=1,
        read_seconds=1,
        credentials=keys,
        address=address,
    ) as reader:
        yield reader
    await runner.cleanup()


async def torn(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "10"})
    await answer.prepare(request)
    await answer.write(b"half")
    assert request.transport is not None
    request.transport.abort()
    return answer


async def moved(_: web.Request) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": "/elsewhere/x"})


async def busy(_: web.Request) -> web.StreamResponse:
    return web.Response(status=503, body=b"<Error/>")


async def packed(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("handler", [torn, moved, busy, packed])
async def test_what_does_not_come_whole_and_plain_is_left_to_the_driver(handler: Handler) -> None:
    """I5: half an object is none."""
    async with answering(handler) as reader:
        assert await reader.read("bucket", "17.json") is None


async def test_a_server_that_is_away_is_left_to_the_driver(place: S3Place) -> None:
    async with connected(replace(place, endpoint="http://127.0.0.1:9")) as client:
        assert client._reader is not None
        assert await client._reader.read("bucket", "17.json") is None


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_CA_BUNDLE", "/certificates.pem"), ("HTTPS_PROXY", "http://127.0.0.1:9")]
)
async def test_a_way_of_its_own_is_left_to_the_driver(
    place: S3Place, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for one in ("AWS_CA_BUNDLE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(one, raising=False)
    monkeypatch.setenv(name, value)
    async with connected(replace(place, endpoint="https://s3.example:9000")) as client:
        assert client._reader is None


async def test_reads_of_a_place_are_the_same_by_either_way(place: S3Place) -> None:
    """S2, S4"""
    async with connected(place) as client:
        objects = S3Objects(client, place)
        await objects.put_absent(
            [NewObject(KEY, b"[1]", an_attempt(), metadata={"revision_id": "1", "Odd": "a b"})]
        )
        short = await objects.get([KEY])
        client._reader = None
        assert await objects.get([KEY]) == short
