"""People who ask the stores of a test, with and without a second person for hard deletions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.ports import Stores
from tests.graph.states.people import People, people_over


@pytest.fixture
async def people(stores: Stores, tmp_path: Path) -> AsyncIterator[People]:
    """People who ask the test's own stores, of which nothing is derived but by their edits."""
    async with people_over(stores, tmp_path) as found:
        yield found


@pytest.fixture
async def careful(stores: Stores, tmp_path: Path) -> AsyncIterator[People]:
    """The same where a second person has to approve a hard deletion."""
    async with people_over(stores, tmp_path, hard_delete_approval=True) as found:
        yield found
