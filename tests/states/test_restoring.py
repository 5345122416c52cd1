"""Bringing a hard-deleted entity back, where others are at the same (W7)."""

from __future__ import annotations

import asyncio

import pytest

from storage import relay, retention, times
from storage.changes import Restore
from storage.edits import Base
from storage.errors import EntityGone, HeadMoved, RetentionEnded
from storage.ids import EntityId
from storage.port_deletions import AuditPage
from storage.ports import Stores
from tests.commit.making import BaseOf, history, make, read
from tests.faults import Faults, When
from tests.states.moves import asked, begin, hard_delete, says

Q1 = EntityId("Q1")


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores with a hard-deleted item."""
    await begin(stores, Q1)
    await make(stores, asked(Q1, hard_delete()))
    return stores


@pytest.mark.parametrize(("base", "landed"), [(Base.HEAD, True), (3, False)])
async def test_a_restoration_beside_another_and_a_deletion_is_told_of_the_new_head(
    begun: Stores, base: BaseOf, landed: bool
) -> None:
    """W3, W7: that the entity is deleted again is no reason to refuse a restoration."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.commit")
    slow = asyncio.create_task(make(faults.wrap(begun), asked(Q1, Restore("an error"), base)))
    await pause.reached.wait()
    await make(begun, asked(Q1, Restore("an error")), asked(Q1, hard_delete()))
    pause.go.set()
    if landed:
        await slow
        assert await read(begun, Q1) == says(Q1, "two").json()
    else:
        with pytest.raises(HeadMoved):
            await slow
        with pytest.raises(EntityGone):
            await read(begun, Q1)


async def test_of_what_is_released_the_restoration_is_refused_by_name(begun: Stores) -> None:
    """W7: that the snapshots are gone is no damage."""
    await relay.settle(begun, clock=times.now)
    (audit,) = await begun.metadata.audits(AuditPage(1, Q1))
    assert await retention.release(audit, begun, times.now) == 3
    with pytest.raises(RetentionEnded):
        await make(begun, asked(Q1, Restore("an error")))
    assert len(await history(begun, Q1)) == 3
