"""When the retention of a hard-deleted entity ends, what was kept of it goes, and nothing of anybody else (W7)."""

from __future__ import annotations

import asyncio

import pytest

from storage import relay, times
from storage.changes import Restore
from storage.edits import Base, Edit
from storage.errors import RetentionEnded, StorageError, Unavailable
from storage.ids import EntityId
from storage.keys import Bucket, snapshot_key
from storage.model import EditInfo
from storage.ports import Stores
from storage.retention import Released, end_retentions
from tests.collect.making import DAY, after, an_item_with, created, deleted, hard_deletion, hash_of, released
from tests.commit.making import edit, findings, history, make, read
from tests.faults import Faults, When

Q1, Q2 = EntityId("Q1"), EntityId("Q2")


async def restore(stores: Stores, entity: str) -> None:
    await make(stores, Edit(EntityId(entity), Base.HEAD, Restore("why"), EditInfo("Alice")))


@pytest.fixture
async def gone(stores: Stores) -> Stores:
    """Q1 is there; Q2, which had two revisions and shares a statement with it, is hard-deleted for a day."""
    await created(stores, "Q1", "shared", "mine")
    await created(stores, "Q2", "shared", "old")
    await make(stores, edit(an_item_with("Q2", "shared", "new"), 1))
    await deleted(stores, "Q2")
    return stores


async def test_before_its_end_everything_is_kept(gone: Stores) -> None:
    assert await end_retentions(gone, after(DAY / 2)) == Released()
    await restore(gone, "Q2")
    assert await read(gone, "Q2") == an_item_with("Q2", "shared", "new").json()


async def test_at_its_end_all_statements_of_all_revisions_are_let_go(gone: Stores) -> None:
    """W7, T4, I7."""
    assert await end_retentions(gone, after(2 * DAY)) == Released(1, 3)

    rows = await gone.metadata.find([hash_of(text) for text in ("shared", "mine", "old", "new")])
    counts = {text: rows[hash_of(text)].ref_count for text in ("shared", "mine", "old", "new")}
    assert counts == {"shared": 1, "mine": 1, "old": 0, "new": 0}
    assert rows[hash_of("old")].orphaned_at is not None
    assert rows[hash_of("shared")].orphaned_at is None
    assert await findings(gone) == []
    assert await read(gone, "Q1") == an_item_with("Q1", "shared", "mine").json()


async def test_its_snapshots_go_and_its_history_stays(gone: Stores) -> None:
    """W7."""
    await gone.objects.put_absent([])
    await end_retentions(gone, after(2 * DAY))

    assert [name for name in await gone.objects.names(Bucket.REVISIONS, "", 100) if name[:3] == "Q2/"] == []
    assert await gone.objects.get([snapshot_key(Q1, 1)])
    assert await history(gone, "Q2") == [1, 2, 3]


async def test_snapshots_of_abandoned_tries_go_too(gone: Stores) -> None:
    """I10: nobody could read them, but they are there."""
    await created(gone, "Q20", "a")
    await created(gone, "Q3", "b")
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.commit")
    with pytest.raises(Unavailable):
        await make(faults.wrap(gone), edit(an_item_with("Q3", "lost"), 1))

    await released(gone, "Q3")

    names = await gone.objects.names(Bucket.REVISIONS, "", 100)
    assert sorted(names) == ["Q1/1.json", "Q20/1.json"]


async def test_it_can_not_be_restored_any_more(gone: Stores) -> None:
    await end_retentions(gone, after(2 * DAY))
    with pytest.raises(RetentionEnded):
        await restore(gone, "Q2")


async def test_a_restored_entity_keeps_everything(gone: Stores) -> None:
    """W7: though its retention would be over."""
    await restore(gone, "Q2")
    assert await end_retentions(gone, after(2 * DAY)) == Released()
    assert await read(gone, "Q2") == an_item_with("Q2", "shared", "new").json()
    assert await findings(gone) == []


async def test_a_restoration_that_comes_between_wins_or_loses_wholly(gone: Stores) -> None:
    """W7: whoever changes the row first."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.end_retention")
    ending = asyncio.create_task(end_retentions(faults.wrap(gone), after(2 * DAY)))
    await pause.reached.wait()
    await restore(gone, "Q2")
    await relay.settle(gone, clock=times.now)
    pause.go.set()

    assert await ending == Released()
    assert await read(gone, "Q2") == an_item_with("Q2", "shared", "new").json()
    assert await findings(gone) == []


async def test_an_entity_that_is_deleted_again_is_released_by_the_second_deletion(gone: Stores) -> None:
    await restore(gone, "Q2")
    await deleted(gone, "Q2", retained=3 * DAY)
    assert await end_retentions(gone, after(2 * DAY)) == Released()
    assert (await end_retentions(gone, after(4 * DAY))).entities == 1
    assert await findings(gone) == []


async def test_an_entity_that_owes_something_waits(stores: Stores) -> None:
    """I7: what is noted as held after it was let go would be held for ever."""
    await make(stores, edit(an_item_with("Q1", "one"), Base.NOTHING))
    await make(stores, hard_deletion("Q1", times.now()))
    assert await end_retentions(stores, after(DAY)) == Released()

    await relay.settle(stores, clock=times.now)

    assert await end_retentions(stores, after(DAY)) == Released(1, 1)
    assert await findings(stores) == []


async def test_who_derives_late_and_twice_holds_nothing_for_it(stores: Stores) -> None:
    """I7: paused since before the deletion, while another did its work."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.hold")
    await make(stores, edit(an_item_with("Q1", "one"), Base.NOTHING))
    slow = asyncio.create_task(relay.settle(faults.wrap(stores), clock=times.now))
    await pause.reached.wait()
    await relay.settle(stores, clock=times.now)
    await released(stores, "Q1")
    pause.go.set()
    await slow

    assert (await stores.metadata.find([hash_of("one")]))[hash_of("one")].ref_count == 0
    assert await findings(stores) == []


async def test_whichever_call_fails_the_next_run_goes_on(stores: Stores) -> None:
    """W7: before it reached the store or after; exact in the end (I7)."""
    await created(stores, "Q1", "shared")
    counting = Faults()
    await created(stores, "Q2", "shared", "mine")
    await deleted(stores, "Q2")
    await end_retentions(counting.wrap(stores), after(2 * DAY))
    calls = len(counting.calls)
    assert calls >= 9

    for number in range(1, calls + 1):
        for when in When:
            entity = f"Q{1000 + number}{when is When.AFTER:d}"
            await created(stores, entity, "shared", entity)
            await deleted(stores, entity)
            faults = Faults()
            faults.fail(when, number=number)
            with pytest.raises(StorageError):
                await end_retentions(faults.wrap(stores), after(2 * DAY))
            assert await findings(stores) == [], "half released is nothing wrong"
            await end_retentions(stores, after(2 * DAY))
            rows = await stores.metadata.find([hash_of("shared"), hash_of(entity)])
            assert [rows[hash_of(text)].ref_count for text in ("shared", entity)] == [1, 0]
    assert await findings(stores) == []


async def test_many_are_released_in_batches(stores: Stores) -> None:
    for number in range(1, 6):
        await created(stores, f"Q{number}", f"text {number}")
        await deleted(stores, f"Q{number}")

    batches = [await end_retentions(stores, after(2 * DAY), limit=2) for _ in range(4)]

    assert [(one.entities, one.more) for one in batches] == [(2, True), (2, True), (1, False), (0, False)]
