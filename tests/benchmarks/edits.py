"""Edits per second through the whole write flow, against the bare cost of what they write."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.compose import open_embedded
from storage import times
from storage.changes import SetContent
from storage.commit import commit
from storage.derive import derive
from storage.edits import Base, Edit
from storage.ids import EntityId
from storage.model import EditInfo
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import BaseOf

EDITS = 400


@dataclass(frozen=True)
class Result:
    """Edits per second, and milliseconds of one: median and 99 of 100."""

    per_second: float
    median: float
    p99: float


def _item(entity: EntityId, label: str) -> dict[str, Any]:
    return an_item(entity).with_label("en", label).with_statement("P31", item="Q5").json()


async def measure(folder: Path, at_once: int) -> Result:
    """On the embedded engines."""
    async with open_embedded(folder) as stores:
        return await writers(stores, at_once, EDITS)


async def writers(stores: Stores, at_once: int, edits: int) -> Result:
    """So many label edits, each of an entity of its own within `at_once`, with all that is derived.

    Each writer's own derivations are awaited before its next edit: they are in the rate and not in the time of one.
    """
    start = time.perf_counter()
    made = await asyncio.gather(
        *(label(stores, EntityId(f"Q{number + 1000}"), edits // at_once) for number in range(at_once))
    )
    elapsed = time.perf_counter() - start
    took = sorted(one for some in made for one in some)
    return _result(took, elapsed)


async def label(stores: Stores, entity: EntityId, edits: int) -> list[float]:
    """So many edits of an entity's label, one after the other, the first of which makes it; seconds of each."""
    took: list[float] = []
    base: BaseOf = Base.NOTHING
    for step in range(edits):
        start = time.perf_counter()
        edit = Edit(entity, base, SetContent(_item(entity, f"label {step}")), EditInfo("entity-api"))
        outcome = await commit(edit, stores, clock=times.now)
        took.append(time.perf_counter() - start)
        base = outcome.revision
        assert outcome.owed is not None
        await derive(outcome.owed, stores)
    return took


async def result_of(lanes: Sequence[Sequence[Callable[[], Awaitable[None]]]]) -> Result:
    """Of calls, those of one lane one after the other and the lanes side by side."""
    took: list[float] = []

    async def one_by_one(calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
        for call in calls:
            start = time.perf_counter()
            await call()
            took.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*map(one_by_one, lanes))
    elapsed = time.perf_counter() - start
    return _result(sorted(took), elapsed)


def _result(took: Sequence[float], elapsed: float) -> Result:
    return Result(len(took) / elapsed, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3)


def floor(folder: Path) -> Result:
    """What an edit can't do without here: one durable commit of a small object, one of a small row."""
    folder.mkdir(parents=True)
    took = []
    connections = []
    for name in ("objects", "rows"):
        connection = sqlite3.connect(folder / name, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v BLOB)")
        connections.append(connection)
    for number in range(EDITS):
        start = time.perf_counter()
        for connection in connections:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES (?, ?)", (number, b"x" * 1000))
            connection.execute("COMMIT")
        took.append(time.perf_counter() - start)
    for connection in connections:
        connection.close()
    return _result(sorted(took), sum(took))
