"""The samples, served on the engines that a test names; the embedded ones if it names none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.importing import import_samples
from app.settings import Settings
from storage import relay, times
from storage.ports import Stores
from tests.places import Places
from tests.serving import Asking, served


async def samples(stores: Stores) -> None:
    """Fill a place with the samples, of which nothing is owed."""
    assert await import_samples(stores) > 40
    await relay.settle(stores, clock=times.now)


@pytest.fixture
def sampled(places: Places, tmp_path: Path) -> Settings:
    """A place of the test's own with the samples in it."""
    return places.copy(places.filled(samples), tmp_path / "data")


@pytest.fixture
async def ask(sampled: Settings) -> AsyncIterator[Asking]:
    """Ask the served samples, which the test may edit."""
    async with served(sampled) as asking:
        yield asking
