"""Reads of small objects from S3 by three clients: the driver, the short way, and obstore where it is installed (ADR 31).

By each client, at each number of reads at once, in turns, so that what else the machine does befalls all alike.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from storage.keys import Bucket, Key
from storage.model import Attempt
from storage.ports import NewObject
from storage.s3 import S3Objects
from storage.s3_client import S3Place, connected
from tests.benchmarks.objects import SIZES

COUNT = 600
AT_ONCE = (1, 32, 128)

Get = Callable[[Key], Awaitable[object]]


@dataclass(frozen=True)
class Reads:
    """Of one round: processor milliseconds of this process for a read, and reads a second."""

    processor: float
    per_second: float


async def measure(place: S3Place, rounds: int) -> dict[str, dict[int, list[Reads]]]:
    """What each client took, by its name and by how many reads were under way at once."""
    place = replace(place, concurrency=max(AT_ONCE))
    random.seed(1)
    async with connected(place) as client, connected(place) as other:
        short, driver = S3Objects(client, place), S3Objects(other, place)
        other._reader = None
        keys = [Key(Bucket.STATEMENTS, f"{number}.json") for number in range(COUNT)]
        await short.put_absent(
            [NewObject(key, os.urandom(random.choice(SIZES)), Attempt(os.urandom(16))) for key in keys]
        )
        reader, folder = client._reader, place.statements
        assert reader is not None
        ways: dict[str, Get] = {
            "driver": lambda key: driver.get([key]),
            "short": lambda key: short.get([key]),
            "short, bare": lambda key: reader.read(folder.bucket, folder.prefix + key.name),
        }
        if (by_obstore := _obstore(place)) is not None:
            ways["obstore, bare"] = by_obstore
        found: dict[str, dict[int, list[Reads]]] = {name: {n: [] for n in AT_ONCE} for name in ways}
        for number in range(rounds + 1):
            for at_once in AT_ONCE:
                for name, get in ways.items():
                    reads = await _round(get, keys, at_once)
                    if number:  # the first connects
                        found[name][at_once].append(reads)
        return found


async def _round(get: Get, keys: list[Key], at_once: int) -> Reads:
    waiting = iter(keys)

    async def work() -> None:
        for key in waiting:
            assert await get(key)

    clock, processor = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return Reads(processor / len(keys) * 1000, len(keys) / clock)


def _obstore(place: S3Place) -> Get | None:
    try:
        from obstore.store import S3Store  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    store = S3Store(
        place.statements.bucket,
        prefix=place.statements.prefix,
        endpoint=place.endpoint,
        region="us-east-1",
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )

    async def get(key: Key) -> object:
        answer = await store.get_async(key.name)
        return await answer.bytes_async()

    return get
