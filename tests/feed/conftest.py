"""The feed on both kinds of engines."""

from __future__ import annotations

import pytest

from tests.places import BOTH


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest) -> str:
    """Each test of the feed runs on both."""
    told: str = request.param
    return told
