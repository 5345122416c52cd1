"""No circle of redirects, whoever makes them at once (I11)."""

from __future__ import annotations

from collections import Counter

import pytest

from storage.ports import Stores
from tests.commit.making import findings
from tests.places import EMBEDDED, ENGINES
from tests.states.circles import last_ones, round_of
from tests.states.many import many

ROUNDS = {EMBEDDED: 150, ENGINES: 10}
AT_ONCE = 5


@pytest.mark.parametrize("size", [2, 3])
async def test_redirects_at_once_close_no_circle(stores: Stores, engine: str, size: int) -> None:
    """I11: somebody lands, and nobody who ends by himself leaves a reservation."""
    await many(range(ROUNDS[engine]), AT_ONCE, lambda number: round_of(stores, 1 + size * number, size))
    assert await findings(stores) == []


@pytest.mark.parametrize("size", [2, 3])
async def test_redirects_at_once_close_no_circle_where_one_dies(
    stores: Stores, engine: str, size: int
) -> None:
    """I2, I11: those whom its reservation hinders take it away and go on."""

    async def one(number: int) -> Counter[str]:
        met = await round_of(stores, 1 + size * number, size, crashes=True)
        await last_ones(stores, 1 + size * number, size)
        return met

    await many(range(ROUNDS[engine] // 5), AT_ONCE, one)
    assert await findings(stores) == []
