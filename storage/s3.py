"""Objects in S3, or in any server that speaks it and refuses to create an object twice.

The first writer of a key wins by `If-None-Match: *`; its attempt and a checksum lie beside the bytes, in metadata.
Knows nothing of how buckets are made.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode
from weakref import WeakValueDictionary

from storage.canonical import hash64
from storage.errors import Damaged, Unavailable
from storage.keys import Bucket, Key
from storage.model import Attempt
from storage.ports import NewObject, StoredObject
from storage.s3_client import S3Client, S3Place, S3Refusal, connected

T = TypeVar("T")
V = TypeVar("V")

ATTEMPT, CHECKSUM = "attempt", "rapidhash"
"""What is kept beside an object, besides the metadata that it is written with."""

TRIES = 6
"""How often a key is tried that others are creating or deleting at the same time."""

MISSING = ("NoSuchKey", "404", "MethodNotAllowed")
"""Words for "no such object". A HEAD's answer has none; the tags of a marker that says "deleted" get the last."""

PAGE = 1000
"""The most that a server names in one answer."""


@asynccontextmanager
async def open_s3(place: S3Place) -> AsyncIterator[S3Objects]:
    """The objects at a place whose buckets are there. Asks the server nothing by itself."""
    async with connected(place) as client:
        yield S3Objects(client, place)


class S3Objects:
    """The port `Objects`. Of all its verbs together, so many calls are under way at once as the place allows."""

    def __init__(self, client: S3Client, place: S3Place) -> None:
        self._client, self._place = client, place
        self._room = asyncio.Semaphore(place.concurrency)
        self._putting: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def get(self, keys: Collection[Key]) -> Mapping[Key, StoredObject | Damaged]:
        return await self._each(self._get, keys)

    async def put_absent(self, objects: Sequence[NewObject]) -> Mapping[Key, Attempt | None]:
        return await self._each(self._put, objects)

    async def tag(self, tags: Mapping[Key, Mapping[str, str]]) -> None:
        await self._each(self._tag, tags.items())

    async def tags(self, keys: Collection[Key]) -> Mapping[Key, Mapping[str, str]]:
        return await self._each(self._tags, keys)

    async def names(self, bucket: Bucket, after: str, limit: int) -> Sequence[str]:
        folder = self._place.folder(bucket)
        wanted = {"Bucket": folder.bucket, "Prefix": folder.prefix, "StartAfter": folder.prefix + after}
        names: list[str] = []
        while len(names) < limit:
            page = await self._call("list_objects_v2", **wanted, MaxKeys=min(limit - len(names), PAGE))
            names += [one["Key"].removeprefix(folder.prefix) for one in page.get("Contents", ())]
            if not page.get("IsTruncated"):
                break
            wanted["ContinuationToken"] = page["NextContinuationToken"]
        return names

    async def delete(self, keys: Collection[Key]) -> None:
        await self._each(self._delete, keys)

    async def expire(self, keys: Collection[Key]) -> None:
        # The rules of `schemas/lifecycle.json` take away what has this tag, every version of it.
        await self.tag({key: {"retention": "ended"} for key in keys})

    async def _each(
        self, call: Callable[[T], Awaitable[Mapping[Key, V]]], items: Collection[T]
    ) -> dict[Key, V]:
        """What a call answers for each item, together. If one fails, the others are ended and its error is raised."""
        if len(items) == 1:
            (item,) = items
            return dict(await call(item))
        found: dict[Key, V] = {}
        waiting = iter(items)

        async def work() -> None:
            for item in waiting:
                found.update(await call(item))

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(len(items), self._place.concurrency)):
                    tasks.create_task(work())
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors.exceptions[0].__cause__
        return found

    async def _get(self, key: Key) -> Mapping[Key, StoredObject | Damaged]:
        try:
            async with self._room:
                answer = await self._client.read(*self._at(key).values())
        except S3Refusal as refusal:
            if refusal.word in MISSING:
                return {}
            raise
        data, metadata = answer["Body"], dict(answer["Metadata"])
        attempt = _attempt(metadata.pop(ATTEMPT, None))
        # One that others wrote carries none: what it says is checked by those who read it.
        checksum = metadata.pop(CHECKSUM, None)
        if checksum is not None and checksum != _checksum(data):
            return {key: Damaged(str(key), "does not have the checksum it was written with")}
        return {key: StoredObject(data, attempt, metadata)}

    async def _put(self, new: NewObject) -> Mapping[Key, Attempt | None]:
        # One at a time in this process: a server may keep those waiting for seconds who race for a new key, and
        # answers at once when it is taken.
        async with self._putting.setdefault(new.key, asyncio.Lock()):
            for number in range(TRIES):
                try:
                    await self._write(new)
                    return {}
                except S3Refusal as refusal:
                    if refusal.status == 412:
                        answer = await self._asked("head_object", new.key)
                        if answer is not None:
                            # Perhaps our own: written by a try of the driver's whose answer was lost.
                            return {new.key: _attempt(answer["Metadata"].get(ATTEMPT))}
                    elif refusal.word != "ConditionalRequestConflict":
                        raise
                # Deleted in between, or two were so close that the server let neither win: ask again.
                await asyncio.sleep(random.uniform(0.5, 1.0) * 0.05 * 2**number)
        raise Unavailable(f"too many writers on {new.key}")

    async def _write(self, new: NewObject) -> None:
        tagging = {"Tagging": urlencode(new.tags)} if new.tags else {}
        await self._call(
            "put_object",
            **self._at(new.key),
            **tagging,
            Body=new.data,
            IfNoneMatch="*",
            ContentType="application/json",
            CacheControl=self._place.cache_control,
            Metadata={**new.metadata, ATTEMPT: new.attempt.hex(), CHECKSUM: _checksum(new.data)},
        )

    async def _tag(self, tags: tuple[Key, Mapping[str, str]]) -> Mapping[Key, None]:
        key, pairs = tags
        tag_set = [{"Key": name, "Value": value} for name, value in pairs.items()]
        await self._asked("put_object_tagging", key, Tagging={"TagSet": tag_set})
        return {}

    async def _tags(self, key: Key) -> Mapping[Key, Mapping[str, str]]:
        answer = await self._asked("get_object_tagging", key)
        return {} if answer is None else {key: {one["Key"]: one["Value"] for one in answer["TagSet"]}}

    async def _delete(self, key: Key) -> Mapping[Key, None]:
        folder, name = self._at(key).values()
        while True:
            page = await self._call("list_object_versions", Bucket=folder, Prefix=name)
            versions = _versions(page, name)
            if versions:
                doomed = {"Objects": versions, "Quiet": True}
                answer = await self._call("delete_objects", Bucket=folder, Delete=doomed)
                if errors := answer.get("Errors"):
                    raise Unavailable(f"the object store refused to delete {key}: {errors[0].get('Code')}")
            if not versions or not page.get("IsTruncated"):
                return {}

    def _at(self, key: Key) -> dict[str, str]:
        folder = self._place.folder(key.bucket)
        return {"Bucket": folder.bucket, "Key": folder.prefix + key.name}

    async def _asked(self, verb: str, key: Key, **parameters: Any) -> Mapping[str, Any] | None:
        """The answer of a call about one object, None if there is none."""
        try:
            return await self._call(verb, **self._at(key), **parameters)
        except S3Refusal as refusal:
            if refusal.word in MISSING:
                return None
            raise

    async def _call(self, verb: str, **parameters: Any) -> Mapping[str, Any]:
        async with self._room:
            return await self._client.call(verb, **parameters)


def _checksum(data: bytes) -> str:
    """Against damage, not against malice: who can write the object can write the checksum."""
    return f"{hash64(data):016x}"


def _attempt(text: str | None) -> Attempt | None:
    try:
        return None if text is None else Attempt(bytes.fromhex(text))
    except ValueError:
        return None


def _versions(page: Mapping[str, Any], name: str) -> list[dict[str, str]]:
    """The versions of one object, and the marks of its deletion, in a page of all whose names begin with its."""
    found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    return [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found if one["Key"] == name]
