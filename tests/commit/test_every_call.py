"""Each call of an edit fails in turn, before and after it reached the store, and two calls together.

The calls are counted by playing the scene once, so that a new one is covered without being named here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

import pytest

from storage.ids import EntityId
from storage.ports import Stores
from tests.commit import laws
from tests.commit.making import findings
from tests.commit.scenes import SCENES, Scene
from tests.faults import Faults, When

FEWEST_CALLS = 4


@dataclass(frozen=True, slots=True)
class Case:
    """Which calls fail, and how."""

    failing: tuple[tuple[int, When], ...]

    def set(self, faults: Faults) -> None:
        """Have them fail."""
        for number, when in self.failing:
            faults.fail(when, number=number)


async def calls_of(scene: Scene, stores: Stores, *, wholly: bool) -> int:
    """How many calls the scene's act makes; wholly, with what follows from it."""
    entity = EntityId("Q999")
    faults = Faults()
    await laws.begin(scene, entity, stores)
    outcome = await scene.act(faults.wrap(stores), entity)
    if wholly:
        await laws.follow(outcome, faults.wrap(stores))
    assert len(faults.calls) >= FEWEST_CALLS
    return len(faults.calls)


async def play(scene: Scene, stores: Stores, cases: Iterable[Case], number: Callable[[int], str]) -> int:
    """Each case on an entity of its own; answers how many there were."""
    count = 0
    for count, case in enumerate(cases, 1):
        entity = EntityId(number(count))
        await laws.begin(scene, entity, stores)
        faults = Faults()
        case.set(faults)
        await laws.play(scene, entity, stores, faults.wrap(stores), trouble=case)
    return count


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_whichever_call_fails_the_answer_is_true_and_a_retry_ends_well(
    scene: Scene, stores: Stores
) -> None:
    """I4, I13, W1: a typed refusal means that nothing landed, an outcome that it did, and nothing is left behind."""
    calls = await calls_of(scene, stores, wholly=True)
    cases = [Case(((number, when),)) for number in range(1, calls + 1) for when in When]
    assert await play(scene, stores, cases, lambda number: f"Q{1000 + number}") == 2 * calls
    assert await findings(stores) == []


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_whichever_two_calls_fail_the_answer_is_true_and_a_retry_ends_well(
    scene: Scene, stores: Stores
) -> None:
    """The same for two calls; one more than the edit has, since a commit whose answer is lost asks again."""
    calls = await calls_of(scene, stores, wholly=False) + 1
    cases = [
        Case(((one, when), (other, how)))
        for one in range(1, calls + 1)
        for other in range(one + 1, calls + 1)
        for when, how in product(When, When)
    ]
    assert await play(scene, stores, cases, lambda number: f"Q{1000 + number}") == 2 * calls * (calls - 1)
    assert await findings(stores) == []
