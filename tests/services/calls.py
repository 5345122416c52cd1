"""Calls of an S3 client with something laid in between: the real server answers, unless what lies there does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from storage.s3 import S3Objects
from storage.s3_client import S3Client, S3Place, connected

Answer = Mapping[str, Any]
Onward = Callable[..., Awaitable[Answer]]
Between = Callable[[Onward, str, dict[str, Any]], Awaitable[Answer]]
"""Gets the real call, its verb and its parameters; calls on, with other parameters, or not at all."""


class Intercepted(S3Client):
    """A client whose every call goes by way of `between`."""

    def __init__(self, client: S3Client, between: Between) -> None:
        self._onward, self._between = client.call, between
        self._region, self._reader = client.region, None

    @property
    def region(self) -> str | None:
        return self._region

    async def call(self, verb: str, **parameters: Any) -> Answer:
        return await self._between(self._onward, verb, parameters)


@asynccontextmanager
async def intercepted(place: S3Place, between: Between) -> AsyncIterator[S3Objects]:
    """The objects at a place by such a client."""
    async with connected(place) as client:
        yield S3Objects(Intercepted(client, between), place)
