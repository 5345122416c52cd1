"""A client of S3, what it must be told, and what its errors mean.

Knows the driver, and alone translates what it raises. Knows nothing of what is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, cast

import aioboto3
import aiohttp
from aiobotocore.session import get_session  # type: ignore[import-untyped]  # it has no types at all
from botocore.config import Config  # type: ignore[import-untyped]  # it has no types at all
from botocore.credentials import ReadOnlyCredentials  # type: ignore[import-untyped]  # no types either
from botocore.exceptions import (  # type: ignore[import-untyped]  # no types either
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
)
from botocore.handlers import add_expect_header  # type: ignore[import-untyped]  # no types either
from botocore.loaders import create_loader  # type: ignore[import-untyped]  # no types either
from botocore.utils import get_environ_proxies  # type: ignore[import-untyped]  # no types either

from storage.errors import Unavailable
from storage.keys import Bucket
from storage.s3_reader import Credentials, Reader, reading

IMMUTABLE = "public, max-age=31536000, immutable"
TRIES, LONGEST_WAITS = 3, 1.0 + 2.0
"""Of one call, by the driver, and the most seconds that it waits between them."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where objects of one kind lie: a bucket, and what their names begin with in it."""

    bucket: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class S3Place:
    """All that the adapter is told.

    ValueError if objects of the two kinds would lie among each other.
    """

    endpoint: str | None = None
    """None for AWS itself."""
    region: str | None = None
    revisions: Folder = Folder(Bucket.REVISIONS.value)
    statements: Folder = Folder(Bucket.STATEMENTS.value)
    path_style: bool = False
    """The bucket in the path and not in the host name: what servers of one's own need."""
    concurrency: int = 64
    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    """Above 10: a server may let those wait for seconds who lose a race for a new key."""
    cache_control: str = IMMUTABLE
    access_key: str | None = None
    """With the secret key, or neither: then credentials come from where AWS's own tools look for them."""
    secret_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        one, other = self.revisions, self.statements
        if one.bucket == other.bucket and (
            one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
        ):
            raise ValueError("revisions and statements in one bucket need prefixes that tell them apart")

    def folder(self, bucket: Bucket) -> Folder:
        """Where the objects of a bucket of ours lie."""
        return self.revisions if bucket is Bucket.REVISIONS else self.statements


class S3Refusal(Unavailable):
    """The server answered with an error: its HTTP status, and the word that it has for it."""

    def __init__(self, verb: str, status: int, word: str) -> None:
        self.status, self.word = status, word
        super().__init__(f"the object store refused {verb}: {word}")


class S3Client:
    """Calls by their names in the driver, as many at once as the place allows. Safe for many tasks."""

    def __init__(self, client: Any, place: S3Place, reader: Reader | None = None) -> None:
        self._client, self._reader = client, reader
        self._seconds = TRIES * (place.connect_seconds + place.read_seconds) + LONGEST_WAITS

    @property
    def region(self) -> str | None:
        """Where it sends its calls."""
        region: str | None = self._client.meta.region_name
        return region

    async def read(self, bucket: str, name: str) -> Mapping[str, Any]:
        """As `get_object`: the object's `Body` and `Metadata`, by the short way where it leads there."""
        if self._reader is not None and (found := await self._reader.read(bucket, name)) is not None:
            return {"Body": found.data, "Metadata": found.metadata}
        return await self.call("get_object", Bucket=bucket, Key=name)

    async def call(self, verb: str, **parameters: Any) -> Mapping[str, Any]:
        """The answer, its body read. S3Refusal if it is an error; Unavailable if there is none.

        Reads and writes alike are tried three times by the driver, so a write may have been made by a try whose
        answer was lost when a later one is refused.
        """
        try:
            # The driver's own limits begin when a request has been sent: not one that nobody takes in.
            async with asyncio.timeout(self._seconds):
                answer = await getattr(self._client, verb)(**parameters)
                if "Body" in answer:
                    async with answer["Body"] as body:
                        answer["Body"] = await body.read()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise S3Refusal(verb, status, error.response["Error"]["Code"]) from error
        except ParamValidationError:
            raise  # the call is wrong, not the server
        except (BotoCoreError, aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the object store did not answer {verb}: {type(error).__name__}") from error
        found: Mapping[str, Any] = answer
        return found


@asynccontextmanager
async def connected(place: S3Place) -> AsyncIterator[S3Client]:
    """A client for a place. It connects with its first call, and again by itself after a loss."""
    config = Config(
        max_pool_connections=place.concurrency,
        connect_timeout=place.connect_seconds,
        read_timeout=place.read_seconds,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        s3={"addressing_style": "path" if place.path_style else "auto"},
        # Objects carry a checksum of their own; on the way they are signed or encrypted. Not every server knows S3's.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    core = get_session()
    core.register_component("data_loader", _descriptions())
    session = aioboto3.Session(region_name=place.region, botocore_session=core)
    keys = {"aws_access_key_id": place.access_key, "aws_secret_access_key": place.secret_key}
    async with session.client("s3", endpoint_url=place.endpoint, config=config, **keys) as client:
        # "Expect: 100-continue" is waited for without an end, and costs each small object a way there and back.
        client.meta.events.unregister("before-call.s3", add_expect_header)
        if _needs_the_driver(core, client):
            yield S3Client(client, place)
            return

        async def address(bucket: str, name: str) -> str:
            told: str = await client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": name})
            return told

        async with reading(
            region=_REGIONS.get(client.meta.region_name, client.meta.region_name),
            at_once=place.concurrency,
            connect_seconds=place.connect_seconds,
            read_seconds=place.read_seconds,
            credentials=partial(_credentials, core, place),
            address=address,
        ) as reader:
            yield S3Client(client, place, reader)


_REGIONS = {None: "us-east-1", "aws-global": "us-east-1"}
"""What the driver takes for these when it signs."""


def _needs_the_driver(core: Any, client: Any) -> bool:
    """Whether the way there has something to it that the driver alone knows: a proxy, certificates of one's own."""
    url: str = client.meta.endpoint_url
    own_certificates = url.startswith("https:") and core.get_config_variable("ca_bundle")
    return bool(own_certificates or get_environ_proxies(url))


async def _credentials(core: Any, place: S3Place) -> Credentials:
    """Those of the place, else those that the driver finds; NoCredentialsError if there are none."""
    if place.access_key and place.secret_key:
        return cast(Credentials, ReadOnlyCredentials(place.access_key, place.secret_key, None))
    found = await core.get_credentials()
    if found is None:
        raise NoCredentialsError
    return cast(Credentials, await found.get_frozen_credentials())


@cache
def _descriptions() -> Any:
    """The driver's own files about S3, parsed once in a process: that takes longer than all else of a connection."""
    return create_loader()
