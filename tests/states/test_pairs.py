"""Every two ways on from a state, taken at once."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest

from storage.ports import Stores
from tests.commit.making import findings
from tests.places import EMBEDDED
from tests.states.pairs import FEW, PAIRS, STATES, WAYS, Ending, Pair, in_peace, interleaved, orders

AT_ONCE = 8


def test_the_pairs_are_those_that_were_meant() -> None:
    """Each state and each way is in some pair, and there are several hundred."""
    assert {pair.state for pair in PAIRS} == set(STATES)
    assert {pair.other.name for pair in PAIRS} == {way.name for way in WAYS}
    assert len(PAIRS) > 400


def test_few_pairs_have_each_way_first_and_second() -> None:
    """From each state, with a named base and without."""
    of_state = {state: [pair for pair in FEW if pair.state == state] for state in STATES}
    for state, pairs in of_state.items():
        ways = {pair.paused.name for pair in PAIRS if pair.state == state}
        assert {pair.paused.name for pair in pairs} == {pair.other.name for pair in pairs} == ways
    assert {pair.named for pair in FEW} == {True, False}
    assert set(FEW) <= set(PAIRS)


@pytest.mark.parametrize("state", STATES)
async def test_two_edits_at_once_end_as_if_one_came_after_the_other(
    stores: Stores, engine: str, state: str
) -> None:
    """I3, I11, I14, W5 to W8: the same answers, the same revisions, the same state."""
    numbers = count(1)
    known: dict[tuple[object, ...], Ending] = {}

    def names() -> list[str]:
        first = 3 * next(numbers)
        return [f"Q{first + one}" for one in range(3)]

    async def one(pair: Pair) -> str | None:
        ending = await interleaved(stores, pair, names())
        allowed = []
        for order, is_second in orders(pair, ending):
            key = (pair.named, *(way.name for way in order))
            if key not in known:
                known[key] = await in_peace(stores, pair, order, names())
            allowed.append(known[key].turned() if is_second else known[key])
        return None if ending in allowed else f"{pair} came to {ending}, not to {allowed}"

    pairs = [pair for pair in (PAIRS if engine == EMBEDDED else FEW) if pair.state == state]
    wrong = []
    for first in range(0, len(pairs), AT_ONCE):
        wrong += await asyncio.gather(*map(one, pairs[first : first + AT_ONCE]))
    assert [sentence for sentence in wrong if sentence] == []
    assert await findings(stores) == []
