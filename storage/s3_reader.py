"""Read objects from S3 with as little as it takes: one signed GET, one try, no retry (ADR 31).

What is not plainly there or comes as anything but whole is None: the driver is asked then, which knows of retries, of
other regions and of what a refusal means. So nothing depends on this but the time that a read takes.
Signed as in AWS's Signature Version 4, https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import aiohttp
from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]  # it has no types at all
from yarl import URL

_EMPTY = sha256(b"").hexdigest()
_META = "x-amz-meta-"
_NAME = "x"


class Credentials(Protocol):
    """What signs; taken anew for each request, since some expire."""

    @property
    def access_key(self) -> str: ...

    @property
    def secret_key(self) -> str: ...

    @property
    def token(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Read:
    """An object's bytes and the metadata beside them."""

    data: bytes
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Location:
    """Where the objects of a bucket are asked for: `scheme://host` and the path before their names."""

    origin: str
    host: str
    path: str

    @classmethod
    def of(cls, url: str) -> Location:
        """From the address of an object named `x`."""
        parts = urlsplit(url)
        return cls(f"{parts.scheme}://{parts.netloc}", parts.netloc, parts.path.removesuffix(_NAME))

    def path_of(self, name: str) -> str:
        """The path of an object of this bucket, percent-encoded."""
        return self.path + quote(name, safe="/~")


@dataclass(slots=True)
class Signer:
    """Signs requests without a body for one region. Keeps the key of the day."""

    region: str
    _of: tuple[str, str] = ("", "")
    _key: bytes = b""

    def headers(self, host: str, path: str, credentials: Credentials, now: datetime) -> dict[str, str]:
        """The headers of a GET of this path, which is percent-encoded, at this time."""
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        signed = {"host": host, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        request = f"GET\n{path}\n\n{lines}\n{names}\n{_EMPTY}"
        day = moment[:8]
        scope = f"{day}/{self.region}/s3/aws4_request"
        words = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key_of(day, credentials.secret_key), words.encode(), "sha256").hex()
        del signed["host"]  # which whoever sends it adds
        signed["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope},SignedHeaders={names},Signature={signature}"
        )
        return signed

    def _key_of(self, day: str, secret: str) -> bytes:
        if self._of != (day, secret):
            key = f"AWS4{secret}".encode()
            for word in (day, self.region, "s3", "aws4_request"):
                key = hmac.digest(key, word.encode(), "sha256")
            self._of, self._key = (day, secret), key
        return self._key


@dataclass(slots=True)
class Reader:
    """Reads by name from the buckets whose locations it is told. Safe for many tasks."""

    session: aiohttp.ClientSession
    signer: Signer
    credentials: Callable[[], Awaitable[Credentials]]
    location: Callable[[str], Awaitable[Location]]
    _locations: dict[str, Location] = field(default_factory=dict)

    async def read(self, bucket: str, name: str) -> Read | None:
        """The object, None if somebody else has to ask for it."""
        try:
            location = self._locations.get(bucket)
            if location is None:
                location = self._locations[bucket] = await self.location(bucket)
            path = location.path_of(name)
            credentials = await self.credentials()
            headers = self.signer.headers(location.host, path, credentials, datetime.now(UTC))
            async with self.session.get(
                URL(location.origin + path, encoded=True), headers=headers, allow_redirects=False
            ) as answer:
                if answer.status != 200 or "content-encoding" in answer.headers:
                    return None
                return Read(await answer.read(), _metadata(answer.headers))
        except (aiohttp.ClientError, BotoCoreError, TimeoutError, OSError):
            return None


def _metadata(headers: Any) -> dict[str, str]:
    start = len(_META)
    return {name[start:].lower(): value for name, value in headers.items() if name[:start].lower() == _META}


@asynccontextmanager
async def reading(
    *,
    region: str,
    at_once: int,
    connect_seconds: float,
    read_seconds: float,
    credentials: Callable[[], Awaitable[Credentials]],
    address: Callable[[str, str], Awaitable[str]],
) -> AsyncIterator[Reader]:
    """A reader, for as long as this is open. `address` gives the URL of an object: bucket and name in, query ignored."""

    async def location(bucket: str) -> Location:
        return Location.of(await address(bucket, _NAME))

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once),
        timeout=aiohttp.ClientTimeout(total=connect_seconds + read_seconds, sock_connect=connect_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
    )
    async with session:
        yield Reader(session, Signer(region), credentials, location)
