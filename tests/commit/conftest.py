"""The write flow on both kinds of engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from storage.ports import Stores
from tests.places import BOTH, Places

THEIR_OWN_CHOICE = {
    # Failing calls of the engines, by the hundred, are met where they fail: in `tests/failing`.
    *("test_every_call", "test_endings", "test_cancelled"),
    "test_costs",
}
"""Modules whose tests have the embedded engines, unless they say themselves what they have."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that uses stores runs on both, but for those modules, and where a test says itself on which."""
    module = metafunc.module.__name__.rpartition(".")[2]
    told = any(mark.args[0] == "engine" for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and module not in THEIR_OWN_CHOICE and not told:
        metafunc.parametrize("engine", BOTH, indirect=True)


@pytest.fixture
async def servers(places: Places, own_place: Settings) -> AsyncIterator[tuple[Stores, Stores]]:
    """The same place opened twice, as by two processes."""
    async with places.opened(own_place) as one, places.opened(own_place) as other:
        yield one, other
