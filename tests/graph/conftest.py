"""The graph on both kinds of engines: the samples, served, and the test's own stores, served as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.importing import import_samples
from app.settings import Settings
from storage.ports import Stores
from tests.graph.over import served_over
from tests.places import BOTH, Places
from tests.plan.both import run_both
from tests.serving import Asking, served


@pytest.fixture(autouse=True)
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each query is answered by the plan and by the standard executor, which have to say the same.

    But for tests marked `asked_once`, since they count what is read, or for whom a second time is another thing.
    """
    if request.node.get_closest_marker("asked_once") is None:
        run_both(monkeypatch)


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest) -> str:
    """Each test of the graph runs on both."""
    told: str = request.param
    return told


async def samples(stores: Stores) -> None:
    """Fill a place with the samples."""
    assert await import_samples(stores) > 40


@pytest.fixture
def sampled(places: Places, tmp_path: Path) -> Settings:
    """A place of the test's own with the samples in it."""
    return places.copy(places.filled(samples), tmp_path / "data")


@pytest.fixture
async def ask(sampled: Settings) -> AsyncIterator[Asking]:
    """Ask the served samples, which the test may edit."""
    async with served(sampled) as asking:
        yield asking


@pytest.fixture
async def graph(stores: Stores) -> AsyncIterator[Asking]:
    """Ask the test's own stores, of which nothing is derived but what the test derives."""
    async with served_over(stores) as asking:
        yield asking
