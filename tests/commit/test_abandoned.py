"""What tries leave behind that died before their swap: a gap, never an obstacle, and nothing that can be seen."""

from __future__ import annotations

import asyncio

import pytest

from storage import reading
from storage.derive import derive
from storage.edits import Base
from storage.errors import HeadMoved, RevisionMissing, Unavailable
from storage.ids import EntityId
from storage.keys import snapshot_key, statement_key
from storage.model import StatementHash
from storage.ports import NewObject, Stores
from tests.builders import EntityBuilder, a_body, an_attempt, an_item
from tests.commit.making import edit, findings, history, make, read
from tests.faults import Call, Faults, When

Q42 = EntityId("Q42")


def version(text: str, entity: str = "Q42") -> EntityBuilder:
    """One state of an item, with a statement of its own."""
    return an_item(entity).with_label("en", text).with_statement("P1", string=text)


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores with a first revision of the item."""
    await make(stores, edit(version("one"), Base.NOTHING))
    return stores


async def die_before_the_swap(stores: Stores, content: EntityBuilder, base: int) -> None:
    """An edit that stores all its objects and then is no more."""
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.commit")
    with pytest.raises(Unavailable):
        await make(faults.wrap(stores), edit(content, base))


async def hash_of(stores: Stores, text: str) -> StatementHash:
    """Where the statement of a version lives."""
    return stores.hasher(a_body("P1", string=text).canonical, 0)


async def test_a_crashed_try_leaves_a_gap(begun: Stores) -> None:
    """I2, S6: the next edit lands beyond the snapshot that is there, which nobody can read."""
    await die_before_the_swap(begun, version("lost"), 1)
    assert (await make(begun, edit(version("two"), 1))).revision == 3
    assert await history(begun, "Q42") == [1, 3]
    with pytest.raises(RevisionMissing):
        await read(begun, "Q42", 2)
    assert await findings(begun) == []


async def test_a_crashed_creation_does_not_block_its_id(stores: Stores) -> None:
    """I2: the same creation, and any other of that id, can be made."""
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.commit")
    with pytest.raises(Unavailable):
        await make(faults.wrap(stores), edit(version("one"), Base.NOTHING))
    assert (await make(stores, edit(version("one"), Base.NOTHING))).revision == 2


async def test_the_snapshot_of_a_crashed_try_stays_what_it_is(begun: Stores) -> None:
    """I1: what was written under a key is never replaced, not even where nobody reads it."""
    await die_before_the_swap(begun, version("lost"), 1)
    key = snapshot_key(Q42, 2)
    before = (await begun.objects.get([key]))[key]
    await make(begun, edit(version("two"), 1))
    assert (await begun.objects.get([key]))[key] == before


async def test_twenty_crashes_on_one_head_do_not_block_it(begun: Stores) -> None:
    """I2: each try steps past what is there in the way that the crashed ones did, and must still get past them."""
    for number in range(20):
        await die_before_the_swap(begun, version(f"lost {number}"), 1)
    await make(begun, edit(version("two"), 1))
    assert await findings(begun) == []


async def test_twenty_snapshots_in_a_row_are_passed(begun: Stores) -> None:
    """I2, S6: twelve tries pass them, for the steps grow."""
    abandoned = [NewObject(snapshot_key(Q42, number), b"{}", an_attempt(number)) for number in range(2, 22)]
    await begun.objects.put_absent(abandoned)
    outcome = await make(begun, edit(version("two"), 1))
    assert outcome.revision > 21
    assert await history(begun, "Q42") == [1, outcome.revision]


async def test_a_put_that_was_repeated_on_the_way_is_our_own(begun: Stores) -> None:
    """W1: the key is taken, but by this very try, whose first answer was lost: so there is nothing to step past."""
    faults = Faults()

    async def arrive_twice(call: Call) -> None:
        await begun.objects.put_absent(*call.arguments)

    faults.do(arrive_twice, When.BEFORE, verb="objects.put_absent")
    assert (await make(faults.wrap(begun), edit(version("two"), 1))).revision == 2
    assert await findings(begun) == []


@pytest.mark.parametrize("quicker", [0, 1])
async def test_two_writers_at_one_revision_id_do_not_mix(begun: Stores, quicker: int) -> None:
    """I1, I5: both have seen the same head and stored their snapshots; whichever of them commits first, its row
    names the bytes of its own try."""
    names, pauses, tries = ("first", "second"), [], []
    for name in names:
        faults = Faults()
        pauses.append(faults.pause(When.BEFORE, verb="metadata.commit"))
        tries.append(asyncio.create_task(make(faults.wrap(begun), edit(version(name), 1))))
        await pauses[-1].reached.wait()
    pauses[quicker].go.set()
    assert (await tries[quicker]).revision > 1
    pauses[1 - quicker].go.set()
    with pytest.raises(HeadMoved):
        await tries[1 - quicker]
    assert await read(begun, "Q42") == version(names[quicker]).json()
    assert await findings(begun) == []


async def test_a_swap_on_an_old_head_does_not_land(begun: Stores) -> None:
    """I3: the head moved between the look and the swap, and the revision ids differ; only the compare tells."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.commit")
    slow = asyncio.create_task(make(faults.wrap(begun), edit(version("slow"), 1)))
    await pause.reached.wait()
    quick = await make(begun, edit(version("quick"), 1))
    pause.go.set()
    with pytest.raises(HeadMoved) as refused:
        await slow
    assert (refused.value.expected, refused.value.found) == (1, quick.revision)
    assert await history(begun, "Q42") == [1, quick.revision]


async def test_a_rebased_edit_goes_on_where_another_was_quicker(begun: Stores) -> None:
    """W3: it takes the new head for its base, and its dead try lets go of what it claimed."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.commit")
    slow = asyncio.create_task(make(faults.wrap(begun), edit(version("slow"), Base.HEAD)))
    await pause.reached.wait()
    quick = await make(begun, edit(version("quick"), 1))
    pause.go.set()
    outcome = await slow
    place = (Q42, outcome.revision)
    revision = (await begun.metadata.revisions([place]))[place]
    assert revision.parent == quick.revision
    one = await hash_of(begun, "slow")
    assert [fact.attempt for fact in (await begun.metadata.pending([one]))[one]] == [revision.attempt]


async def test_a_statement_whose_writer_died_before_its_object_is_stored_by_the_next(begun: Stores) -> None:
    """I6: its row is there, its object is not; a count of 0 must not pass for a stored one."""
    faults = Faults()
    faults.fail(When.BEFORE, verb="objects.put_absent")
    with pytest.raises(Unavailable):
        await make(faults.wrap(begun), edit(version("shared"), 1))
    one = await hash_of(begun, "shared")
    assert one in await begun.metadata.find([one])
    await make(begun, edit(version("shared", "Q43"), Base.NOTHING))
    assert await read(begun, "Q43") == version("shared", "Q43").json()
    assert await findings(begun) == []


async def test_a_claimed_statement_is_no_collectors_prey(begun: Stores) -> None:
    """I6: from the claim until the revision holds it, no moment shows it as unheld."""
    faults = Faults()
    wrapped = faults.wrap(begun)
    one = await hash_of(begun, "two")
    moments: list[bool] = []

    async def look(_: object) -> None:
        moments.append(one in await begun.metadata.unheld([one]))

    faults.do(look, When.AFTER, verb="metadata.claim")
    faults.do(look, When.BEFORE, verb="metadata.commit")
    faults.do(look, When.AFTER, verb="metadata.commit")
    await make(wrapped, edit(version("two"), 1))
    await findings(begun)
    await look(None)
    assert moments == [False, False, False, False]
    assert await begun.metadata.pending([one]) == {}


async def test_a_statement_is_seen_once_its_revision_is(begun: Stores) -> None:
    """I4, I8: not before the swap, though its object lies there; and not only after it is counted."""
    faults = Faults()
    one = await hash_of(begun, "two")
    moments: list[bool] = []

    async def look(_: object) -> None:
        moments.append(one in await reading.visible(begun, [one]))

    faults.do(look, When.AFTER, verb="objects.put_absent")
    faults.do(look, When.AFTER, verb="metadata.commit")
    await make(faults.wrap(begun), edit(version("two"), 1))
    assert moments == [False, True]
    assert statement_key(one) in await begun.objects.get([statement_key(one)])
    await make(begun, edit(version("three"), 2))
    await look(None)
    await findings(begun)
    await look(None)
    assert moments[2:] == [True, True]


async def test_a_statement_is_seen_that_is_counted_between_two_looks(begun: Stores) -> None:
    """I4: its claim becomes a reference while a reader has looked for the one, and not yet for the other."""
    outcome = await make(begun, edit(version("two"), 1))
    one = await hash_of(begun, "two")
    faults = Faults()

    async def count(_: object) -> None:
        assert outcome.owed is not None
        await derive(outcome.owed, begun)

    faults.do(count, When.AFTER, verb="metadata.find")
    assert one in await reading.visible(faults.wrap(begun), [one])


async def test_a_statement_of_an_abandoned_try_is_not_seen(begun: Stores) -> None:
    """I8: not while its entity stands still, nor when it went on without it."""
    await die_before_the_swap(begun, version("lost"), 1)
    one = await hash_of(begun, "lost")
    assert not await reading.visible(begun, [one])
    await make(begun, edit(version("two"), 1))
    assert not await reading.visible(begun, [one])
    await findings(begun)
    assert not await reading.visible(begun, [one])
