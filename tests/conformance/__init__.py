"""What every adapter of a port must do, as plain classes of tests.

Each suite's abstract fixtures give an empty store. A module for a pair of engines makes subclasses whose names
begin with `Test` and fills them in. `peers` are independent clients of that one store, for races: one at least.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from storage.errors import Unavailable
from storage.ports import Metadata

T = TypeVar("T")


async def insisting(call: Callable[[], Awaitable[T]]) -> T:
    """Make an idempotent call, again when the store refuses it: callers have to, so a race may end in it."""
    for _ in range(20):
        try:
            return await call()
        except Unavailable:
            await asyncio.sleep(0.01)
    return await call()


class MetadataSuite:
    """What the suites of the metadata store's ports ask of their subclasses."""

    @pytest.fixture
    async def metadata(self) -> Metadata:
        """An empty store. Abstract: a subclass names the engine."""
        raise NotImplementedError

    @pytest.fixture
    async def peers(self, metadata: Metadata) -> Sequence[Metadata]:
        """Clients of the same store."""
        return [metadata]
