"""Each call of a change of state fails in turn, before and after it reached the store, and two calls together."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations, count, product

import pytest

from storage import relay, times
from storage.changes import Change, EndRedirect, Protect, Protection, Restore, SoftDelete
from storage.commit import Outcome, commit
from storage.derive import derive
from storage.edits import Edit
from storage.errors import OutcomeUnknown, StorageError
from storage.ids import EntityId
from storage.model import Flags
from storage.ports import Stores
from tests.builders import a_key
from tests.commit.making import eager, findings, head_of, history, make
from tests.faults import Faults, When
from tests.places import EMBEDDED, ENGINES
from tests.states.circles import Clock
from tests.states.moves import asked, begin, hard_delete, redirect_to

TARGET = "Q5"
FEWEST_CALLS = 6
Failing = tuple[tuple[int, When], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A change in trouble: what comes before it, what is asked for, and the state that it ends in."""

    name: str
    before: Change | None
    change: Change
    after: Flags

    def __str__(self) -> str:
        return self.name


LOCKED = Flags(is_locked=True)
SCENES = [
    Scene("lock", None, Protect(Protection.LOCKED), LOCKED),
    Scene("unlock", Protect(Protection.LOCKED), Protect(Protection.LOCKED, on=False), Flags()),
    Scene("soft delete", None, SoftDelete("a duplicate"), Flags(is_soft_deleted=True)),
    Scene("hard delete", None, hard_delete(), Flags(is_deleted=True)),
    Scene("restore", hard_delete(), Restore("an error"), Flags()),
    Scene("redirect", None, redirect_to(TARGET), Flags(is_redirect=True)),
    Scene("revert", redirect_to(TARGET), EndRedirect(1, "an error"), Flags()),
]
ON_ENGINES = [scene for scene in SCENES if scene.name in ("lock", "hard delete", "redirect")]
"""Those whose calls are of all kinds that there are."""


async def play(scene: Scene, stores: Stores, failing: Failing, entity: str, *, keyed: bool) -> int:
    """The change in trouble, the truth of its answer, and the change once more; answers how many calls there were."""
    await begin(stores, entity)
    if scene.before is not None:
        await make(stores, asked(entity, scene.before))
    before = await history(stores, entity)
    edit = replace(asked(entity, scene.change, before[-1]), key=a_key(int(entity[1:])) if keyed else None)
    faults = Faults()
    for number, when in failing:
        faults.fail(when, number=number)
    first = await _try(faults.wrap(stores), edit)
    landed = len(await history(stores, entity)) > len(before)
    if isinstance(first, Outcome):
        assert await head_of(stores, entity) == first.revision
        with suppress(StorageError):
            await _follow(first, faults.wrap(stores))
    else:
        assert not landed or isinstance(first, OutcomeUnknown), (failing, first)
    again = await _try(stores, edit)
    # Under its key it is the same once more; without one, a second try of what landed is a stale edit.
    assert isinstance(again, Outcome) == (keyed or not landed), (failing, first, again)
    assert len(await history(stores, entity)) == len(before) + 1
    head = (await stores.metadata.heads([EntityId(entity)]))[EntityId(entity)].head
    assert head.flags == scene.after
    return len(faults.calls)


async def _try(stores: Stores, edit: Edit) -> Outcome | StorageError:
    try:
        return await make(stores, edit)
    except StorageError as error:
        return error


async def _follow(outcome: Outcome, stores: Stores) -> None:
    if outcome.owed is not None:
        await derive(outcome.owed, stores)
    for job in (relay.DERIVING, relay.PUBLISHING):
        await relay.turn(job, stores, owner="the relay", clock=times.now)


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores with the target of the redirects, and with nothing owed."""
    await begin(stores, TARGET)
    await relay.settle(stores, clock=times.now)
    return stores


@pytest.mark.parametrize(
    ("engine", "scene", "keyed"),
    [
        *((EMBEDDED, scene, keyed) for scene in SCENES for keyed in (False, True)),
        *((ENGINES, scene, True) for scene in ON_ENGINES),
    ],
    ids=str,
    indirect=["engine"],
)
async def test_whichever_call_of_a_change_of_state_fails_the_answer_is_true(
    scene: Scene, begun: Stores, keyed: bool
) -> None:
    """I2, I4, I13, I14: a refusal means that nothing landed, an outcome that it did, and a retry ends well."""
    numbers = (f"Q{1000 + number}" for number in count())
    calls = await play(scene, begun, (), next(numbers), keyed=keyed)
    assert calls > FEWEST_CALLS
    for failing in product(range(1, calls + 1), When):
        await play(scene, begun, (failing,), next(numbers), keyed=keyed)
    await begin(begun, "Q6")
    await commit(asked(TARGET, redirect_to("Q6")), begun, clock=Clock(1), pauses=eager)
    assert await begun.metadata.reservations(EntityId(TARGET)) == [], "who was hindered took them away"
    assert await findings(begun) == []


@pytest.mark.parametrize(
    ("engine", "scene", "every"),
    [*((EMBEDDED, scene, 1) for scene in SCENES), (ENGINES, ON_ENGINES[-1], 11)],
    ids=str,
    indirect=["engine"],
)
async def test_whichever_two_calls_of_a_change_of_state_fail_the_answer_is_true(
    scene: Scene, begun: Stores, every: int
) -> None:
    """The same for two calls of the edit; one more than it has, since a commit whose answer is lost asks again.

    Of these cases one in `every` is taken.
    """
    numbers = (f"Q{1000 + number}" for number in count())
    faults = Faults()
    await begin(begun, "Q999")
    if scene.before is not None:
        await make(begun, asked("Q999", scene.before))
    await make(faults.wrap(begun), asked("Q999", scene.change))
    pairs = combinations(range(1, len(faults.calls) + 2), 2)
    cases = [((one, when), (other, how)) for one, other in pairs for when, how in product(When, When)]
    for case in cases[::every]:
        await play(scene, begun, case, next(numbers), keyed=False)
    assert await findings(begun) == []
