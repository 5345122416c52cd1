"""Objects in one SQLite file against a folder of files, both durable (docs/adr/0001)."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.keys import Bucket, Key
from storage.local_objects import LocalObjects, create_objects
from storage.model import Attempt
from storage.ports import NewObject
from storage.sql.sqlite import SqliteDatabase

COUNT, AT_ONCE = 5_000, 32
SIZES = (180, 220, 260, 300, 300, 340, 480, 700, 1_400, 5_000)
"""Deciles of the sizes of real statements, in bytes."""


@dataclass(frozen=True)
class Result:
    """Seconds for all objects, and what they take on the disk."""

    write: float
    read: float
    mebibytes: float


def _objects() -> list[NewObject]:
    random.seed(1)
    return [
        NewObject(
            Key(Bucket.STATEMENTS, f"{random.getrandbits(64)}.json"),
            os.urandom(random.choice(SIZES)),
            Attempt(os.urandom(16)),
        )
        for _ in range(COUNT)
    ]


@contextmanager
def _seconds() -> Iterator[Callable[[], float]]:
    start = time.perf_counter()
    end: list[float] = []
    yield lambda: end[0]
    end.append(time.perf_counter() - start)


async def in_sqlite(folder: Path) -> Result:
    """Each object by a call of its own, 32 at once."""
    folder.mkdir(parents=True)
    database = SqliteDatabase(folder / "objects.sqlite")
    await database.write(create_objects)
    store, objects, room = LocalObjects(database), _objects(), asyncio.Semaphore(AT_ONCE)

    async def put(new: NewObject) -> None:
        async with room:
            await store.put_absent([new])

    async def get(new: NewObject) -> None:
        async with room:
            await store.get([new.key])

    with _seconds() as write:
        await asyncio.gather(*(put(new) for new in objects))
    with _seconds() as read:
        await asyncio.gather(*(get(new) for new in objects))
    await database.close()
    return Result(write(), read(), _mebibytes(folder))


async def in_folder(folder: Path) -> Result:
    """A file each: written aside, synced, linked to its name if that is free, the folder synced."""
    folder.mkdir(parents=True)
    objects, room = _objects(), asyncio.Semaphore(AT_ONCE)

    def write_file(new: NewObject) -> None:
        parent = folder / new.key.name[:2]
        parent.mkdir(exist_ok=True)
        aside = parent / f".{new.attempt.hex()}"
        with aside.open("wb") as file:
            file.write(new.data)
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, parent / new.key.name)
        aside.unlink()
        descriptor = os.open(parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    async def put(new: NewObject) -> None:
        async with room:
            await asyncio.to_thread(write_file, new)

    async def get(new: NewObject) -> None:
        async with room:
            await asyncio.to_thread((folder / new.key.name[:2] / new.key.name).read_bytes)

    with _seconds() as write:
        await asyncio.gather(*(put(new) for new in objects))
    with _seconds() as read:
        await asyncio.gather(*(get(new) for new in objects))
    return Result(write(), read(), _mebibytes(folder))


def _mebibytes(folder: Path) -> float:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*")) / 2**20
