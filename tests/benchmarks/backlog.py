"""Polls of the outbox and commits, while 200,000 events wait: by the indexes of schema 0003, and without them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from storage.events import event_json
from storage.ids import EntityId, internal
from storage.sql.metadata import SqlMetadata
from storage.sql.migrate import migrate
from storage.sql.mysql import MysqlPlace, open_mysql
from storage.sql.outbox import _read
from storage.sql.portable import insert_rows
from storage.sql.sqlite import Database, SqliteDatabase
from storage.sql.tables import outbox
from tests.benchmarks.spread import spread
from tests.builders import a_swap, an_event
from tests.services.mariadb import a_database

ROWS, CHUNK, LIMIT = 200_000, 5_000, 500
POLLS, COMMITS = 15, 200

Poll = Callable[[], Awaitable[object]]


async def on_both(server: MysqlPlace, folder: Path) -> dict[str, dict[str, float]]:
    """On SQLite and on MySQL: milliseconds, and the ratio to those before."""
    folder.mkdir(parents=True)
    found = {}
    files = [SqliteDatabase(folder / name) for name in ("now", "before")]
    for file in files:
        await file.write(migrate)
    found["SQLite"] = await measure(files[0], files[1])
    for file in files:
        await file.close()
    with a_database(server) as one, a_database(server) as other:
        async with open_mysql(one) as now, open_mysql(other) as before:
            found["MySQL"] = await measure(now, before)
    return {
        f"{name}, {where}, {what}": spread([figure])
        for where, calls in found.items()
        for name, figures in calls.items()
        for what, figure in figures.items()
    }


async def measure(database: Database, before: Database) -> dict[str, dict[str, float]]:
    """Milliseconds now, and against a database without the indexes, asked in turn."""
    now, then = SqlMetadata(database), SqlMetadata(before)
    for one in (database, before):
        await _fill(one)
    await before.write(_drop_indexes)
    numbers = count(10_000_000)
    calls: dict[str, tuple[Poll, Poll, int]] = {
        "underived": (lambda: now.underived(LIMIT), lambda: before.read(_old_poll(outbox.c.derived)), POLLS),
        "unpublished": (
            lambda: now.unpublished(LIMIT),
            lambda: before.read(_old_poll(outbox.c.published)),
            POLLS,
        ),
        "a commit, derived": (
            lambda: _commit(now, next(numbers)),
            lambda: _commit(then, next(numbers)),
            COMMITS,
        ),
    }
    found: dict[str, dict[str, float]] = {}
    for name, (call, old_call, times) in calls.items():
        took = [(await _milliseconds(call), await _milliseconds(old_call)) for _ in range(times)]
        new, old = (statistics.median(one) for one in zip(*took, strict=True))
        found[name] = {"milliseconds": new, "before": old, "ratio": new / old}
    return found


async def _fill(database: Database) -> None:
    """As Kafka's absence leaves it: all derived, nothing published."""
    columns = tuple(outbox.c.keys())
    for start in range(0, ROWS, CHUNK):
        rows = _waiting()[start : start + CHUNK]
        await database.write(partial(insert_rows, table=outbox, columns=columns, rows=rows))


@cache
def _waiting() -> list[tuple[Any, ...]]:
    attempt, nothing = a_swap().attempt, b""
    events = [an_event(f"Q{number}", 1) for number in range(1, ROWS + 1)]
    return [
        (internal(one.entity_id), 1, attempt, nothing, nothing, False, None, event_json(one), True, False)
        for one in events
    ]


async def _commit(metadata: SqlMetadata, number: int) -> None:
    entity = EntityId(f"Q{number}")
    await metadata.commit(a_swap(entity))
    await metadata.mark([(entity, 1)], derived=True)


def _old_poll(flag: Any) -> Callable[[Connection], list[Any]]:
    query = (
        select(outbox)
        .where(flag.is_(False))
        .order_by(outbox.c.internal_id, outbox.c.revision_id)
        .limit(LIMIT)
    )
    return lambda c: [_read(row) for row in c.execute(query)]


def _drop_indexes(connection: Connection) -> None:
    for index in outbox.indexes:
        index.drop(connection)


async def _milliseconds(call: Poll) -> float:
    start = time.perf_counter()
    await call()
    return (time.perf_counter() - start) * 1e3
