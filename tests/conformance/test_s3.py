"""The object store on S3 keeps the contract of its port, on a real server. Races run over two clients of one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from storage.keys import Key
from storage.ports import Objects
from storage.s3 import open_s3
from storage.s3_client import S3Place, connected
from tests.conformance.objects import ObjectsSuite
from tests.services.seaweed import place, seaweed

__all__ = ["TestObjects", "place", "seaweed"]


class TestObjects(ObjectsSuite):
    """Objects in buckets with versions."""

    @pytest.fixture
    async def objects(self, place: S3Place) -> AsyncIterator[Objects]:
        self.place = place
        async with open_s3(place) as opened:
            yield opened

    @pytest.fixture
    async def peers(self, place: S3Place, objects: Objects) -> AsyncIterator[Sequence[Objects]]:
        async with open_s3(place) as second:
            yield [objects, second]

    async def corrupt(self, key: Key) -> None:
        folder = self.place.folder(key.bucket)
        where = {"Bucket": folder.bucket, "Key": folder.prefix + key.name}
        async with connected(self.place) as client:
            stored = await client.call("get_object", **where)
            changed = b"x" + stored["Body"][1:]
            await client.call("put_object", **where, Body=changed, Metadata=stored["Metadata"])
