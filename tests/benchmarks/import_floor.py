"""The import against a floor: a loop that parses the same input and writes the same objects and rows.

The floor does none of the import's work (canonical bytes, hashes, validation, comparison): it takes finished rows
and puts them into equal tables with the bare driver, in as many commits as the import made, as durably.
"""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.compose import open_embedded
from app.importing import import_documents
from app.intake import Document, read

DOCUMENTS = 1_000
"""Of those that are there, the first."""
FILES = ("metadata.sqlite", "objects.sqlite", "events.sqlite")


@dataclass(frozen=True)
class Timing:
    """Seconds on the clock, seconds of processor time, commits."""

    clock: float
    processor: float
    commits: int


@dataclass
class _Stopwatch:
    clock: float = 0.0
    processor: float = 0.0


@contextmanager
def _timed() -> Iterator[_Stopwatch]:
    watch = _Stopwatch()
    clock, processor = time.perf_counter(), time.process_time()
    yield watch
    watch.clock, watch.processor = time.perf_counter() - clock, time.process_time() - processor


async def measure_import(paths: list[str], folder: Path) -> Timing:
    """Import into a fresh folder."""
    commits = 0

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal commits
        commits += statement == "BEGIN IMMEDIATE"

    async with open_embedded(folder, inline=True) as stores:
        event.listen(Engine, "before_cursor_execute", count)
        try:
            with _timed() as watch:
                await import_documents(islice(read(paths), DOCUMENTS), stores)
        finally:
            event.remove(Engine, "before_cursor_execute", count)
    return Timing(watch.clock, watch.processor, commits)


def measure_floor(paths: list[str], imported: Path, empty: Path, commits: int) -> Timing:
    """Parse the same input, then write what the import left, in as many commits."""
    work = [
        (empty / name, table, insert, rows)
        for name in FILES
        for table, insert, rows in _rows(imported / name)
    ]
    total = sum(len(rows) for _, _, _, rows in work)
    step = max(1, total // max(1, commits))
    made = 0
    with _timed() as watch:
        for document in islice(read(paths), DOCUMENTS):
            assert not isinstance(document, Document) or document.entity
        connections = {name: _connect(empty / name) for name in FILES}
        for path, _, insert, rows in work:
            connection = connections[path.name]
            for start in range(0, len(rows), step):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(insert, rows[start : start + step])
                connection.execute("COMMIT")
                made += 1
        for connection in connections.values():
            connection.close()
    return Timing(watch.clock, watch.processor, made)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-65536")
    return connection


def _rows(path: Path) -> list[tuple[str, str, list[tuple[Any, ...]]]]:
    with sqlite3.connect(path) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in ("alembic_version", "sqlite_sequence")
        ]
        found = []
        for name in names:
            rows = connection.execute(f"SELECT * FROM {name} ").fetchall()
            if rows:
                marks = ",".join("?" * len(rows[0]))
                found.append((name, f"INSERT OR REPLACE INTO {name} VALUES ({marks})", rows))
    connection.close()
    return found


def as_commands_do() -> None:
    """The settings of the interpreter that the commands run with."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 100)


async def measure(paths: list[str], folder: Path) -> tuple[Timing, Timing]:
    """The import and its floor, each into a folder below `folder`."""
    as_commands_do()
    async with open_embedded(folder / "floor"):
        pass
    imported = await measure_import(paths, folder / "import")
    floor = await asyncio.to_thread(
        measure_floor, paths, folder / "import", folder / "floor", imported.commits
    )
    return imported, floor
