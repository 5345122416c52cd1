"""Idempotency keys: the first outcome is every retry's, another request is refused (I13, W4)."""

from __future__ import annotations

import asyncio

import pytest

from storage import times
from storage.commit import commit
from storage.edits import Base
from storage.errors import HeadMoved, Invalid, KeyReused
from storage.ids import EntityType
from storage.numbering import Numbers, new_entity_id
from storage.ports import Stores
from tests.builders import EntityBuilder, a_key, an_item
from tests.commit.making import eager, edit, findings, head_of, history, make, read
from tests.faults import Faults, When


def version(text: str, entity: str = "Q42") -> EntityBuilder:
    """One state of an item."""
    return an_item(entity).with_label("en", text)


async def test_a_retry_gets_the_first_outcome_though_the_head_has_moved_on(stores: Stores) -> None:
    """I13: its base is stale by its own doing and by others'."""
    await make(stores, edit(version("one"), Base.NOTHING))
    asked = edit(version("two"), 1, a_key())
    first = await make(stores, asked)
    await make(stores, edit(version("three"), 2))
    again = await make(stores, asked)
    assert (again.revision, again.unchanged, again.owed) == (first.revision, False, None)
    assert await history(stores, "Q42") == [1, 2, 3]


async def test_a_retried_creation_gets_its_entity_again(stores: Stores) -> None:
    """I13: not EntityExists, since it is the one that it made."""
    asked = edit(version("one"), Base.NOTHING, a_key())
    await make(stores, asked)
    again = await make(stores, asked)
    assert (again.entity, again.revision, again.created) == ("Q42", 1, True)


@pytest.mark.parametrize("shared", [True, False])
async def test_a_key_that_comes_back_with_another_request_is_refused(stores: Stores, shared: bool) -> None:
    """I13: nothing is stored of it, whether the key is the client's or derived from the edit."""
    await make(stores, edit(version("one"), Base.NOTHING, a_key(shared=shared)))
    with pytest.raises(KeyReused):
        await make(stores, edit(version("two"), 1, a_key(request=2, shared=shared)))
    assert await history(stores, "Q42") == [1]


async def test_a_key_that_comes_back_with_another_entity_is_refused(stores: Stores) -> None:
    """I13: the same request on another entity is another request."""
    await make(stores, edit(version("one"), Base.NOTHING, a_key()))
    with pytest.raises(KeyReused):
        await make(stores, edit(version("one", "Q43"), Base.NOTHING, a_key()))
    assert await head_of(stores, "Q43") is None


async def test_a_key_that_comes_back_with_another_request_creates_nothing(stores: Stores) -> None:
    """I12, I13: the draw of a new id refuses already."""
    numbers = Numbers()
    await new_entity_id(EntityType.ITEM, a_key(), numbers, stores, times.now)
    with pytest.raises(KeyReused):
        await new_entity_id(EntityType.ITEM, a_key(request=2), numbers, stores, times.now)


async def test_a_new_id_is_never_one_that_an_import_brought(stores: Stores) -> None:
    """I12: a leased number whose id is used already is passed over."""
    await make(stores, edit(version("imported", "Q300000000"), Base.NOTHING))
    assert await new_entity_id(EntityType.ITEM, None, Numbers(), stores, times.now) == "Q300000001"


async def test_an_invalid_creation_does_not_spend_its_key(stores: Stores) -> None:
    """W10, I13: nothing at all was stored, so that the corrected request may come under the same key."""
    wrong = version("one").with_field("nonsense", 1)
    with pytest.raises(Invalid):
        await make(stores, edit(wrong, Base.NOTHING, a_key()))
    assert (await make(stores, edit(version("one"), Base.NOTHING, a_key(request=2)))).revision == 1


async def test_a_refused_edit_may_be_tried_again_under_its_key(stores: Stores) -> None:
    """I13: a conflict is no outcome; only what landed is remembered."""
    await make(stores, edit(version("one"), Base.NOTHING), edit(version("two"), 1))
    with pytest.raises(HeadMoved):
        await make(stores, edit(version("three"), 1, a_key()))
    assert (await make(stores, edit(version("three"), 2, a_key()))).revision == 3


async def test_that_nothing_changed_is_remembered_under_the_key(stores: Stores) -> None:
    """W4, I13: a retry is told the same though by now it would change something."""
    asked = edit(version("one"), Base.HEAD, a_key())
    await make(stores, edit(version("one"), Base.NOTHING))
    assert (await make(stores, asked)).unchanged
    await make(stores, edit(version("two"), 1))
    again = await make(stores, asked)
    assert (again.revision, again.unchanged) == (1, True)
    assert await history(stores, "Q42") == [1, 2]


async def test_twins_of_which_one_changed_nothing_and_one_did_are_told_one_outcome(stores: Stores) -> None:
    """I13: one twin finds the head as it wants it and is slow to note that; then another's edit comes between
    and the other twin lands. What was noted first is the outcome of both."""
    await make(stores, edit(version("one"), Base.NOTHING))
    asked = edit(version("one"), Base.HEAD, a_key())
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb="metadata.record_unchanged")
    slow = asyncio.create_task(make(faults.wrap(stores), asked))
    await pause.reached.wait()
    await make(stores, edit(version("another's"), 1))
    quick = await make(stores, asked)
    pause.go.set()
    late = await slow
    assert (late.revision, late.unchanged) == (quick.revision, quick.unchanged)


async def test_a_twin_that_lands_between_two_reads_is_not_taken_for_a_conflict(stores: Stores) -> None:
    """I13: head and key are read one after the other, and the twin may land in between, on either side."""
    await make(stores, edit(version("one"), Base.NOTHING))
    asked = edit(version("two"), 1, a_key())
    faults = Faults()

    async def land(_: object) -> None:
        await make(stores, asked)

    faults.do(land, When.AFTER, verb="metadata.heads")
    faults.do(land, When.AFTER, verb="metadata.landed")
    outcome = await commit(asked, faults.wrap(stores), clock=times.now, pauses=eager)
    assert (outcome.revision, await history(stores, "Q42")) == (2, [1, 2])


async def test_a_twin_that_lands_just_before_the_swap_is_found_by_it(stores: Stores) -> None:
    """I13: the transaction itself looks for the key, since a rebased edit would take its twin for a base."""
    await make(stores, edit(version("one"), Base.NOTHING))
    asked = edit(version("two"), Base.HEAD, a_key(shared=False))
    faults = Faults()

    async def land(_: object) -> None:
        await make(stores, asked)

    faults.do(land, When.BEFORE, verb="metadata.commit")
    await make(faults.wrap(stores), asked)
    assert faults.verbs()[-1] == "metadata.commit"  # which answered; nothing had to be asked again
    assert (await read(stores, "Q42"))["labels"]["en"]["value"] == "two"
    assert len(await history(stores, "Q42")) == 2
    assert await findings(stores) == []
