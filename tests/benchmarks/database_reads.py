"""The two hottest reads of the metadata, of a head and of a revision's row: by the toolkit as it is, and by the bare driver.

`python -m tests.benchmarks.database_reads serve` is the server with both read past the toolkit, behind the same port: the
same text, on connections of the driver's own that are in no transaction and not looked after, the same rows made of what
comes. It exists to be measured: who takes several keys at once, or loses a connection, is not served by it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import namedtuple
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import aiomysql  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import Dialect, Select, bindparam
from sqlalchemy.dialects.mysql.aiomysql import MySQLDialect_aiomysql
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from app.settings import Settings
from storage.ids import EntityId, internal
from storage.ports import HeadRevision, Stores
from storage.sql import heads, revisions
from storage.sql.counted import Counted
from storage.sql.metadata import SqlMetadata
from storage.sql.mysql import MysqlDatabase
from storage.sql.sqlite import Database, SqliteDatabase
from storage.sql.tables import entity_head
from tests.benchmarks import requests
from tests.benchmarks.client import one_by_one, together
from tests.benchmarks.fleet import BARE, OURS, Served, Work, fleet
from tests.benchmarks.over_http import SECONDS, Took
from tests.benchmarks.spread import spread

CALLS = 1_000
Place = tuple[EntityId, int]
Run = Callable[[str, tuple[Any, ...]], Awaitable[Sequence[Sequence[Any]]]]
"""Gives a text with what is bound to the driver, and answers its rows."""

_HEAD = heads._HEADS.where(entity_head.c.internal_id == bindparam("entity"))


class Bare:
    """Rows as the toolkit would give them, of one statement for one key."""

    def __init__(self, query: Select[Any], names: Sequence[str], dialect: Dialect, run: Run) -> None:
        compiled = query.compile(dialect=dialect)
        self._text, self._run = str(compiled), run
        by_name = {one.key: one for one in compiled.binds.values()}
        order = [
            by_name[name].type.dialect_impl(dialect).bind_processor(dialect)
            for name in compiled.positiontup or ()
        ]
        assert list(compiled.positiontup or ()) == list(names)
        self._bind: list[Callable[[Any], Any]] = [one or _itself for one in order]
        columns = list(query.selected_columns)
        made = (one.type.dialect_impl(dialect).result_processor(dialect, None) for one in columns)
        self._made = [(place, one) for place, one in enumerate(made) if one is not None]
        row: Any = namedtuple("Row", [one.name for one in columns])  # type: ignore[misc]  # known when it runs
        self._row = row._make

    async def rows(self, *key: int) -> list[Any]:
        """The rows of a key."""
        bound = tuple(bind(value) for bind, value in zip(self._bind, key, strict=True))
        found = []
        for told in await self._run(self._text, bound):
            row = list(told)
            for place, make in self._made:
                row[place] = make(row[place])
            found.append(self._row(row))
        return found


def _itself(value: object) -> object:
    return value


class BareReads:
    """Both reads of a database."""

    def __init__(self, database: Database) -> None:
        dialect: Dialect
        if isinstance(database, MysqlDatabase):
            dialect, run = MySQLDialect_aiomysql(), _on_mysql(database)
        else:
            assert isinstance(database, SqliteDatabase)
            dialect, run = SQLiteDialect_pysqlite(), _on_sqlite(database)
        self._head = Bare(_HEAD, ["entity"], dialect, run)
        self._revision = Bare(revisions._revisions_at(1), ["entity0", "revision0"], dialect, run)

    async def heads(self, entity: EntityId) -> dict[EntityId, HeadRevision]:
        """As the port's verb, of one."""
        return {
            one.revision.entity: one for one in map(heads.head_of, await self._head.rows(internal(entity)))
        }

    async def revisions(self, place: Place) -> dict[Place, Any]:
        """As the port's verb, of one."""
        entity, number = place
        found = map(revisions.revision_of, await self._revision.rows(internal(entity), number))
        return {(one.entity, one.revision): one for one in found}


def _on_sqlite(database: SqliteDatabase) -> Run:
    own = threading.local()

    def work(text: str, bound: tuple[Any, ...]) -> list[Any]:
        if not hasattr(own, "connection"):
            own.connection = sqlite3.connect(database._path, isolation_level=None)
        return list(own.connection.execute(text, bound))

    async def run(text: str, bound: tuple[Any, ...]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(database._readers, work, text, bound)

    return run


def _on_mysql(database: MysqlDatabase) -> Run:
    place, pool = database._place, None

    async def run(text: str, bound: tuple[Any, ...]) -> Sequence[Any]:
        nonlocal pool
        if pool is None:
            pool = await aiomysql.create_pool(
                host=place.host,
                port=place.port,
                user=place.user,
                password=place.password,
                db=place.database,
                charset="utf8mb4",
                maxsize=place.connections,
                autocommit=True,
            )
        async with pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(text, bound)
            rows: Sequence[Any] = await cursor.fetchall()
            return rows

    return run


def _beneath(store: SqlMetadata) -> Database:
    database = store.database
    return database.database if isinstance(database, Counted) else database


def go_bare() -> None:
    """From now on this process reads so."""
    by_store: dict[int, BareReads] = {}
    toolkit_heads, toolkit_revisions = SqlMetadata.heads, SqlMetadata.revisions

    def bare(store: SqlMetadata) -> BareReads:
        if id(store) not in by_store:
            by_store[id(store)] = BareReads(_beneath(store))
        return by_store[id(store)]

    async def read_heads(
        self: SqlMetadata, entities: Collection[EntityId]
    ) -> Mapping[EntityId, HeadRevision]:
        if len(entities) != 1:
            return await toolkit_heads(self, entities)
        return await bare(self).heads(next(iter(entities)))

    async def read_revisions(self: SqlMetadata, places: Collection[Place]) -> Mapping[Place, Any]:
        if len(places) != 1:
            return await toolkit_revisions(self, places)
        return await bare(self).revisions(next(iter(places)))

    SqlMetadata.heads, SqlMetadata.revisions = read_heads, read_revisions  # type: ignore[method-assign]


async def measure(place: Settings, stores: Stores, folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Of each read by itself, and of the requests that are not much more than it."""
    return await _by_themselves(stores, rounds) | await _in_requests(place, folder, rounds)


async def _by_themselves(stores: Stores, rounds: int) -> dict[str, dict[str, float]]:
    metadata = stores.metadata
    assert isinstance(metadata, SqlMetadata)
    bare = BareReads(_beneath(metadata))
    entity = EntityId(requests.HUB)
    older = (entity, requests.REVISIONS // 2)
    assert await bare.heads(entity) == await metadata.heads([entity])
    assert await bare.revisions(older) == await metadata.revisions([older])
    pairs: dict[str, tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]] = {
        "a head": (partial(metadata.heads, [entity]), partial(bare.heads, entity)),
        "a revision's row": (partial(metadata.revisions, [older]), partial(bare.revisions, older)),
    }
    found: dict[str, dict[str, float]] = {}
    for name, (toolkit, driver) in pairs.items():
        some, others = [], []
        for _ in range(rounds):
            some.append(await _milliseconds(toolkit))
            others.append(await _milliseconds(driver))
        ratios = [one / other for one, other in zip(some, others, strict=True)]
        found[f"{name}, by the toolkit: processor milliseconds"] = spread(some)
        found[f"{name}, toolkit / bare driver: processor"] = spread(ratios)
    return found


async def _milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    start = time.process_time()
    for _ in range(CALLS):
        await call()
    return (time.process_time() - start) / CALLS * 1e3


async def _in_requests(place: Settings, folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    older = "query ($id: EntityId!, $n: Int!) { entity(id: $id, revisionId: $n) { revisionId propertyCounts { count } } }"
    head = "query ($id: EntityId!) { entity(id: $id) { revisionId propertyCounts { count } } }"
    works = [
        Work("P31 and P569 of Q42", "", requests.TWO, {"id": "Q42", "properties": ["P31", "P569"]}),
        Work("the row of a head alone", "", head, {"id": requests.HUB}),
        Work("the row of an older revision", "", older, {"id": requests.HUB, "n": requests.REVISIONS // 2}),
    ]
    found: dict[str, dict[str, float]] = {}
    with fleet(place, (OURS, BARE), folder) as running:
        for work in works:
            took = {who: Took() for who in running}
            for number in range(rounds + 1):
                for who, one in running.items():
                    await _round(one, work.sent(OURS), took[who] if number else Took())
            ours, bare = took[OURS], took[BARE]
            found[f"{work.name}: processor milliseconds of a request"] = spread(ours.processor)
            for name, some, others in (
                ("processor", ours.processor, bare.processor),
                ("median time", ours.medians, bare.medians),
            ):
                ratios = [one / other for one, other in zip(some, others, strict=True)]
                found[f"{work.name}, toolkit / bare driver: {name} of a request"] = spread(ratios)
    return found


async def _round(one: Served, sent: bytes, took: Took) -> None:
    took.times.append([seconds * 1e3 for seconds in await one_by_one(one.connection, sent, SECONDS)])
    before = one.process.processor()
    answered, _ = await together(one.connections, sent, SECONDS)
    took.processor.append((one.process.processor() - before) / answered * 1e3)


if __name__ == "__main__":
    go_bare()
    import_module("app.commands").main()
