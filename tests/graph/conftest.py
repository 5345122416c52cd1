"""A served application with the samples in it, one folder for all tests that only read."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.compose import open_embedded
from app.importing import import_samples
from app.settings import Settings
from storage.ports import Stores
from tests.graph.over import served_over
from tests.serving import Asking, served


@pytest.fixture(scope="session")
def sample_stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples imported, to be copied."""
    folder = tmp_path_factory.mktemp("samples") / "data"

    async def fill() -> None:
        async with open_embedded(folder) as stores:
            assert await import_samples(stores) > 40

    asyncio.run(fill())
    return folder


@pytest.fixture
async def ask(sample_stores: Path, tmp_path: Path) -> AsyncIterator[Asking]:
    """Ask the served samples: a copy of one's own, which may be edited."""
    shutil.copytree(sample_stores, tmp_path / "data")
    async with served(Settings(data=tmp_path / "data")) as asking:
        yield asking


@pytest.fixture
async def graph(stores: Stores) -> AsyncIterator[Asking]:
    """Ask the test's own stores, of which nothing is derived but what the test derives."""
    async with served_over(stores) as asking:
        yield asking
