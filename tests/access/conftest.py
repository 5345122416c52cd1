"""An issuer's keys, and what is served to those who bear its tokens."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.compose import open_embedded
from storage import relay, times
from storage.edits import Base
from storage.erasure import erase_revisions
from storage.ids import EntityId
from storage.ports import Stores
from tests.access import requests
from tests.access.issuing import Pair, edwards, settings_for
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.lives import ask_to_delete, bring
from tests.places import Fill
from tests.serving import Asking, served


@pytest.fixture(scope="session")
def pair() -> Pair:
    """The issuer's keys."""
    return edwards()


@pytest.fixture(scope="session")
def one_item(empty_stores: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stores that hold Q1 and nothing else, to be copied."""

    async def fill(stores: Stores) -> None:
        await make(stores, edit(an_item("Q1"), Base.NOTHING))

    return _filled(empty_stores, tmp_path_factory.mktemp("one") / "data", fill)


@pytest.fixture(scope="session")
def some_items(empty_stores: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stores that hold what the requests are made over, to be copied."""

    async def fill(stores: Stores) -> None:
        for entity, state in requests.STATES.items():
            await bring(stores, entity, state)
        for entity in requests.ASKED_FOR:
            await ask_to_delete(stores, entity)
        await relay.settle(stores, clock=times.now)
        first = EntityId(requests.ERASED)
        await erase_revisions(stores, first, [1], reason="a demand", by="Ann", clock=times.now)

    return _filled(empty_stores, tmp_path_factory.mktemp("some") / "data", fill)


@pytest.fixture
async def here(pair: Pair, some_items: Path, tmp_path: Path) -> AsyncIterator[Asking]:
    """A server with credentials, where everybody may read."""
    shutil.copytree(some_items, tmp_path / "data")
    async with served(settings_for(tmp_path, pair)) as asking:
        yield asking


def _filled(empty: Path, folder: Path, fill: Fill) -> Path:
    shutil.copytree(empty, folder)

    async def filled() -> None:
        async with open_embedded(folder) as stores:
            await fill(stores)
            await relay.settle(stores, clock=times.now)  # or the server would, while a test counts

    asyncio.run(filled())
    return folder
