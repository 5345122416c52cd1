"""A client that goes away: its task is cancelled at any call, and the stores are none the worse (I16 small)."""

from __future__ import annotations

import asyncio

import pytest

from storage import times
from storage.ids import EntityId
from storage.ports import Stores
from tests.commit.laws import assert_landed
from tests.commit.making import findings, history, make
from tests.commit.scenes import SCENES, Scene
from tests.commit.test_every_call import calls_of
from tests.faults import Call, Faults, When


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_an_edit_cancelled_at_any_call_leaves_the_stores_whole(scene: Scene, stores: Stores) -> None:
    """I2, I9, I16: at most one revision came of it, and the same edit can be made by the next client."""
    calls = await calls_of(scene, stores, wholly=False)
    for number in range(1, calls + 1):
        for when in When:
            await _play(scene, stores, EntityId(f"Q{1000 + 2 * number + (when is When.AFTER)}"), number, when)
    assert await findings(stores) == []


async def _play(scene: Scene, stores: Stores, entity: EntityId, number: int, when: When) -> None:
    for edit in scene.before(entity):
        await make(stores, edit)
    before = await history(stores, entity)
    faults = Faults()
    client = asyncio.create_task(scene.act(faults.wrap(stores), entity))

    async def go_away(call: Call) -> None:
        client.cancel()

    faults.do(go_away, when, number=number)
    with pytest.raises(asyncio.CancelledError):
        await client
    await _ended(stores)
    left = await history(stores, entity)
    assert left[: len(before)] == before
    if len(left) == len(before) or scene.keyed:
        again = await scene.act(stores, entity)
        await assert_landed(scene, stores, again)
        left = await history(stores, again.entity)
    assert len(left) == len(before) + 1


async def _ended(stores: Stores) -> None:
    """Wait for what the client had under way: writes are done in the order in which they were asked for."""
    await stores.metadata.register(EntityId("Q1"), times.now())


async def test_a_cancelled_write_under_way_is_done_or_not_done(stores: Stores) -> None:
    """I16: cancelled while the transaction runs, with others in the same commit, which go on."""
    scene = SCENES[0]
    clients = [asyncio.create_task(scene.act(stores, EntityId(f"Q{2000 + one}"))) for one in range(40)]
    for number, client in enumerate(clients):
        await asyncio.sleep(0.001)
        if number % 2:
            client.cancel()
    endings = await asyncio.gather(*clients, return_exceptions=True)
    await _ended(stores)
    for number, ending in enumerate(endings):
        if isinstance(ending, asyncio.CancelledError):
            assert number % 2
            assert len(await history(stores, f"Q{2000 + number}")) <= 1
        else:
            assert not isinstance(ending, BaseException)
            await assert_landed(scene, stores, ending)
    assert await findings(stores) == []
