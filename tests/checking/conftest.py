"""The checker on both kinds of engines, over a sound store that each test may damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from tests.checking.damage import sound
from tests.places import BOTH, Places


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest) -> str:
    """Each test of the checker runs on both."""
    told: str = request.param
    return told


@pytest.fixture
def own_place(places: Places, tmp_path: Path) -> Settings:
    """A place with little of everything in it."""
    return places.copy(places.filled(sound), tmp_path / "data")
