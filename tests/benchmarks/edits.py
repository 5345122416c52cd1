"""Edits per second through the whole write flow, against the bare cost of what they write."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.compose import open_embedded
from storage import times
from storage.commit import commit
from storage.derive import derive
from storage.edits import Base, Edit, SetContent
from storage.ids import EntityId
from storage.model import EditInfo
from tests.builders import an_item

EDITS = 400


@dataclass(frozen=True)
class Result:
    """Edits per second, and milliseconds of one: median and 99 of 100."""

    per_second: float
    median: float
    p99: float


def _item(number: int, label: str) -> dict[str, Any]:
    return an_item(f"Q{number}").with_label("en", label).with_statement("P31", item="Q5").json()


async def measure(folder: Path, at_once: int) -> Result:
    """Label edits, each of an entity of its own within `at_once`, with all that is derived."""
    async with open_embedded(folder) as stores:
        took: list[float] = []

        async def writer(number: int) -> None:
            entity = EntityId(f"Q{number}")
            base: int | Base = Base.NOTHING
            for step in range(EDITS // at_once):
                start = time.perf_counter()
                edit = Edit(entity, base, SetContent(_item(number, f"label {step}")), EditInfo("entity-api"))
                outcome = await commit(edit, stores, clock=times.now)
                took.append(time.perf_counter() - start)
                base = outcome.revision
                assert outcome.owed is not None
                await derive(outcome.owed, stores)

        start = time.perf_counter()
        await asyncio.gather(*(writer(number + 1) for number in range(at_once)))
        elapsed = time.perf_counter() - start
    took.sort()
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
    elapsed = sum(took)
    took.sort()
    return Result(len(took) / elapsed, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3)
