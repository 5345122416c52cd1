"""Each call of an edit fails in turn, before and after it reached the store, and two calls together.

The calls are counted by playing the scene once, so that a new one is covered without being named here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

import pytest

from storage import relay, times
from storage.commit import Outcome
from storage.content import equal
from storage.derive import derive
from storage.errors import EntityExists, HeadMoved, OutcomeUnknown, StorageError
from storage.ids import EntityId
from storage.ports import Stores
from tests.commit.making import findings, head_of, history, make, read
from tests.commit.scenes import SCENES, TARGET, Scene
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
    for edit in scene.before(entity):
        await make(stores, edit)
    outcome = await scene.act(faults.wrap(stores), entity)
    if wholly:
        await follow(outcome, faults.wrap(stores))
    assert len(faults.calls) >= FEWEST_CALLS
    return len(faults.calls)


async def follow(outcome: Outcome, stores: Stores) -> None:
    """What is done after the client has its answer."""
    if outcome.owed is not None:
        await derive(outcome.owed, stores)
    for job in (relay.DERIVING, relay.PUBLISHING):
        await relay.turn(job, stores, owner="the relay", clock=times.now)


async def play(scene: Scene, stores: Stores, cases: Iterable[Case], number: Callable[[int], str]) -> int:
    """Each case on an entity of its own; answers how many there were."""
    count = 0
    for count, case in enumerate(cases, 1):
        await play_one(scene, stores, case, EntityId(number(count)))
    return count


async def play_one(scene: Scene, stores: Stores, case: Case, entity: EntityId) -> None:
    """The act in trouble, the truth of its answer, and the act once more."""
    for edit in scene.before(entity):
        await make(stores, edit)
    before = await history(stores, entity)
    entities = set(await stores.metadata.entities(None, 10_000))
    faults = Faults()
    case.set(faults)
    first: Outcome | StorageError
    try:
        first = await scene.act(faults.wrap(stores), entity)
    except StorageError as error:
        first = error
    if isinstance(first, Outcome):
        await assert_landed(scene, stores, first)
        try:
            await follow(first, faults.wrap(stores))
        except StorageError:
            assert await head_of(stores, first.entity) == first.revision
    elif not isinstance(first, OutcomeUnknown):
        assert await history(stores, entity) == before, f"{first!r} was told, yet {case} landed"
        assert set(await stores.metadata.entities(None, 10_000)) == entities

    again: Outcome | StorageError
    try:
        again = await scene.act(stores, entity)
    except (HeadMoved, EntityExists) as error:
        # Without a key a second try of what landed is a stale edit like any other.
        assert not scene.keyed
        assert isinstance(first, (Outcome, OutcomeUnknown))
        again = error
    if isinstance(again, Outcome):
        await assert_landed(scene, stores, again)
        entity = again.entity
        if isinstance(first, Outcome):
            assert (again.entity, again.revision) == (first.entity, first.revision)
    assert len(await history(stores, entity)) == len(before) + 1


async def assert_landed(scene: Scene, stores: Stores, outcome: Outcome) -> None:
    """That what the outcome tells of is there."""
    assert await head_of(stores, outcome.entity) == outcome.revision
    if scene.says is not None:
        said = await read(stores, outcome.entity)
        assert equal(said, scene.says(outcome.entity).json())
    else:
        head = (await stores.metadata.heads([outcome.entity]))[outcome.entity].head
        assert head.redirects_to == TARGET


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
