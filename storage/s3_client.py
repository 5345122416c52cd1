"""A client of S3, what it must be told, and what its errors mean.

Knows the driver, and alone translates what it raises. Knows nothing of what is stored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aioboto3
import aiohttp
from botocore.config import Config  # type: ignore[import-untyped]  # it has no types at all
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    ParamValidationError,
)

from storage.errors import Unavailable
from storage.keys import Bucket

IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Folder:
    """Where objects of one kind lie: a bucket, and what their names begin with in it."""

    bucket: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class S3Place:
    """All that the adapter is told. Credentials come from where AWS's own tools look for them.

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

    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def region(self) -> str | None:
        """Where it sends its calls."""
        region: str | None = self._client.meta.region_name
        return region

    async def call(self, verb: str, **parameters: Any) -> Mapping[str, Any]:
        """The answer, its body read. S3Refusal if it is an error; Unavailable if there is none.

        Reads and writes alike are tried three times by the driver, so a write may have been made by a try whose
        answer was lost when a later one is refused.
        """
        try:
            answer = await getattr(self._client, verb)(**parameters)
            if "Body" in answer:
                async with answer["Body"] as body:
                    answer["Body"] = await body.read()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise S3Refusal(verb, status, error.response["Error"]["Code"]) from error
        except ParamValidationError:
            raise  # the call is wrong, not the server
        except (BotoCoreError, aiohttp.ClientError) as error:
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
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path" if place.path_style else "auto"},
        # Objects carry a checksum of their own; on the way they are signed or encrypted. Not every server knows S3's.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = aioboto3.Session(region_name=place.region)
    async with session.client("s3", endpoint_url=place.endpoint, config=config) as client:
        yield S3Client(client)
