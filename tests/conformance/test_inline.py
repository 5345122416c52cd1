"""The embedded engines keep the same contracts in the thread of the event loop, beside another opening in threads."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.compose import open_embedded
from storage.errors import Unavailable
from storage.ports import Stores
from storage.sql.sqlite_inline import InlineSqlite
from tests.conformance.test_embedded import (
    TestCollecting,
    TestErasing,
    TestEvents,
    TestHeads,
    TestLeases,
    TestLinks,
    TestObjects,
    TestOutbox,
    TestRevisions,
    TestStatements,
    second,
)

__all__ = [
    "TestCollecting",
    "TestErasing",
    "TestEvents",
    "TestHeads",
    "TestLeases",
    "TestLinks",
    "TestObjects",
    "TestOutbox",
    "TestRevisions",
    "TestStatements",
    "second",
]


@pytest.fixture
async def stores(empty_stores: Path, tmp_path: Path) -> AsyncIterator[Stores]:
    """The embedded stores, empty, worked on inline."""
    shutil.copytree(empty_stores, tmp_path / "data")
    async with open_embedded(tmp_path / "data", inline=True) as opened:
        yield opened


async def test_a_failing_unit_takes_back_only_itself(tmp_path: Path) -> None:
    database = InlineSqlite(tmp_path / "some.sqlite")
    await database.write(lambda c: c.exec_driver_sql("CREATE TABLE t (k INTEGER PRIMARY KEY)").close())
    await database.write(lambda c: c.exec_driver_sql("INSERT INTO t VALUES (1)").close())
    with pytest.raises(Unavailable):
        await database.write(lambda c: c.exec_driver_sql("INSERT INTO t VALUES (2), (1)").close())
    await database.write(lambda c: c.exec_driver_sql("INSERT INTO t VALUES (3)").close())
    assert await database.read(lambda c: c.exec_driver_sql("SELECT k FROM t").scalars().all()) == [1, 3]
    await database.close()


async def test_once_closed_it_answers_nobody(tmp_path: Path) -> None:
    database = InlineSqlite(tmp_path / "some.sqlite")
    await database.close()
    with pytest.raises(Unavailable):
        await database.read(lambda c: c.exec_driver_sql("SELECT 1").scalar())
