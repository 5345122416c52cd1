"""What must hold of an edit that trouble befalls, wherever the trouble comes from.

A scene is played by way of stores that are in trouble, and looked at by way of stores that are not: both are the same
stores. Knows no backend, and nothing of how the trouble is made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from storage import relay, times
from storage.commit import Outcome
from storage.content import equal
from storage.derive import derive
from storage.errors import EntityExists, HeadMoved, OutcomeUnknown, Redirected, StorageError
from storage.ids import EntityId
from storage.ports import Stores
from tests.commit.making import head_of, history, make, read
from tests.commit.scenes import TARGET, Scene


async def draw(outcome: Outcome, stores: Stores) -> None:
    """What the process that made an edit does after the client has its answer."""
    if outcome.owed is not None:
        await derive(outcome.owed, stores)


async def follow(outcome: Outcome, stores: Stores) -> None:
    """That, and a turn of each job of the relay."""
    await draw(outcome, stores)
    for job in (relay.DERIVING, relay.PUBLISHING):
        await relay.turn(job, stores, owner="the relay", clock=times.now)


async def play(
    scene: Scene,
    entity: EntityId,
    calm: Stores,
    troubled: Stores,
    *,
    then: Callable[[Outcome, Stores], Awaitable[None]] = follow,
    trouble: object = None,
) -> None:
    """The act in trouble, the truth of its answer, `then` in trouble, and the act once more in peace.

    `trouble` is named where a law is broken.
    """
    before = await history(calm, entity)
    entities = set(await calm.metadata.entities(None, 10_000))
    first: Outcome | StorageError
    try:
        first = await scene.act(troubled, entity)
    except StorageError as error:
        first = error
    if isinstance(first, Outcome):
        await assert_landed(scene, calm, first)
        try:
            await then(first, troubled)
        except StorageError:
            assert await head_of(calm, first.entity) == first.revision
    elif not isinstance(first, OutcomeUnknown):
        assert await history(calm, entity) == before, f"{first!r} was told, yet it landed: {trouble}"
        assert set(await calm.metadata.entities(None, 10_000)) == entities

    again: Outcome | StorageError
    try:
        again = await scene.act(calm, entity)
    except (HeadMoved, EntityExists, Redirected) as error:
        # Without a key a second try of what landed is a stale edit like any other, or meant for what it made.
        assert not scene.keyed
        assert isinstance(first, (Outcome, OutcomeUnknown)), trouble
        again = error
    if isinstance(again, Outcome):
        await assert_landed(scene, calm, again)
        entity = again.entity
        if isinstance(first, Outcome):
            assert (again.entity, again.revision) == (first.entity, first.revision), trouble
    assert len(await history(calm, entity)) == len(before) + 1, trouble


async def begin(scene: Scene, entity: EntityId, stores: Stores) -> None:
    """The edits that come before the act."""
    for edit in scene.before(entity):
        await make(stores, edit)


async def assert_landed(scene: Scene, stores: Stores, outcome: Outcome) -> None:
    """That what the outcome tells of is there."""
    assert await head_of(stores, outcome.entity) == outcome.revision
    if scene.says is not None:
        said = await read(stores, outcome.entity)
        assert equal(said, scene.says(outcome.entity).json())
    else:
        head = (await stores.metadata.heads([outcome.entity]))[outcome.entity].head
        assert head.redirects_to == TARGET
