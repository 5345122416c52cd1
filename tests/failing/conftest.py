"""The lanes of the tests that let calls go wrong on the wire."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from app.compose import open_embedded
from storage.sql.mysql import MysqlPlace
from tests.failing.lanes import Lane, open_lane
from tests.services.mariadb import a_database
from tests.services.seaweed import Seaweed

LANES = 6


@pytest.fixture(scope="module")
def databases(mysql_server: MysqlPlace) -> Iterator[Sequence[MysqlPlace]]:
    """One for each lane."""
    with ExitStack() as stack:
        yield [stack.enter_context(a_database(mysql_server)) for _ in range(LANES)]


@pytest.fixture
async def lanes(
    databases: Sequence[MysqlPlace], seaweed: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Sequence[Lane]]:
    """Lanes whose stores are empty."""
    for name, value in seaweed.environment.items():
        monkeypatch.setenv(name, value)
    async with AsyncExitStack() as stack:
        opened = []
        for number, database in enumerate(databases):
            embedded = await stack.enter_async_context(open_embedded(tmp_path / f"{number}"))
            place = seaweed.place(f"{os.urandom(8).hex()}/")
            opened.append(await stack.enter_async_context(open_lane(place, database, embedded.events)))
        yield opened
