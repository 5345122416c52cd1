"""What many tests share: stores in a folder of their own, and a profile for random tests.

Knows the embedded engines only; the tests that need servers start them themselves.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.compose import open_embedded
from storage.ports import Stores

# The suites' modules are no test modules by name: say that their assertions are to be explained as well.
pytest.register_assert_rewrite(
    *(
        f"tests.conformance.{suite}"
        for suite in ("objects", "statements", "heads", "revisions", "outbox", "links", "events", "leases")
    )
)

# Examples write to disk, so their time says nothing, and a store serves all examples of a test.
# No example is remembered on disk: what fails once gets a test of its own.
settings.register_profile(
    "wikibase-graph",
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
    ],
)
settings.load_profile("wikibase-graph")


@pytest.fixture(scope="session")
def empty_stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of embedded stores with nothing in them, to be copied: making one takes longer."""
    folder = tmp_path_factory.mktemp("empty") / "data"

    async def make() -> None:
        async with open_embedded(folder):
            pass

    asyncio.run(make())
    return folder


@pytest.fixture
async def stores(empty_stores: Path, tmp_path: Path) -> AsyncIterator[Stores]:
    """The embedded stores, empty, in the folder `data` of the test's own."""
    shutil.copytree(empty_stores, tmp_path / "data")
    async with open_embedded(tmp_path / "data") as opened:
        yield opened
