"""After a lock or a deletion no edit (I14)."""

from __future__ import annotations

import pytest

from storage.ports import Stores
from tests.commit.making import findings
from tests.places import EMBEDDED, ENGINES
from tests.states.locks import ENDS, fair_race
from tests.states.many import many

RACES = {EMBEDDED: 25, ENGINES: 2}
AT_ONCE = 5


@pytest.mark.parametrize("name", ENDS)
async def test_no_edit_lands_after_the_end_of_all_writing(stores: Stores, engine: str, name: str) -> None:
    """I14: every acknowledged edit has a lower number than the lock or the deletion, and the history has no other."""
    await many(range(RACES[engine]), AT_ONCE, lambda number: fair_race(stores, f"Q{1 + number}", ENDS[name]))
    assert await findings(stores) == []
