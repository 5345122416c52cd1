"""The three endings of a commit whose answer is lost: it landed, it did not, nobody knows."""

from __future__ import annotations

import pytest

from storage import times
from storage.commit import commit
from storage.edits import Base
from storage.errors import EntityGone, HeadMoved, OutcomeUnknown, Unavailable
from storage.model import Flags
from storage.ports import Stores, Swap
from tests.builders import EntityBuilder, a_key, a_swap, an_item
from tests.commit.making import eager, edit, findings, head_of, history, make, read
from tests.faults import Call, Faults, When

COMMIT = "metadata.commit"


def version(text: str) -> EntityBuilder:
    """One state of the item."""
    return an_item().with_label("en", text).with_statement("P1", string=text)


async def unknown_and_not_done(call: Call) -> None:
    """The commit never arrived, but nobody can tell."""
    raise OutcomeUnknown("lost on the way there")


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores with a first revision of the item."""
    await make(stores, edit(version("one"), Base.NOTHING))
    return stores


async def test_a_commit_whose_answer_is_lost_has_landed(begun: Stores) -> None:
    """I4: asked again, the store tells so by the attempt; no second revision is made."""
    faults = Faults()
    faults.fail(When.AFTER, verb=COMMIT)
    outcome = await make(faults.wrap(begun), edit(version("two"), 1))
    assert (outcome.revision, await history(begun, "Q42")) == (2, [1, 2])
    assert faults.verbs().count(COMMIT) == 1


async def test_a_commit_that_got_lost_is_sent_again(begun: Stores) -> None:
    """I4: the store knows nothing of it, so that the same swap goes out once more."""
    faults = Faults()
    faults.do(unknown_and_not_done, When.BEFORE, verb=COMMIT)
    outcome = await make(faults.wrap(begun), edit(version("two"), 1))
    assert (outcome.revision, await history(begun, "Q42")) == (2, [1, 2])
    assert faults.verbs().count(COMMIT) == 2


async def test_a_store_that_never_answers_again_leaves_the_outcome_unknown(begun: Stores) -> None:
    """W1: neither yes nor no is said; under its key the landed edit is found later."""
    faults = Faults()
    faults.silence(When.AFTER, verb=COMMIT)
    asked = edit(version("two"), 1, a_key())
    with pytest.raises(OutcomeUnknown):
        await make(faults.wrap(begun), asked)
    assert (await make(begun, asked)).revision == 2
    assert await history(begun, "Q42") == [1, 2]


async def test_an_unknown_outcome_that_did_not_land_lands_under_its_key_later(begun: Stores) -> None:
    """I13: the retry makes the one revision, beyond the snapshot that the first try left."""
    faults = Faults()
    faults.do(unknown_and_not_done, When.BEFORE, verb=COMMIT)
    faults.silence(When.BEFORE, verb="metadata.attempt_of")
    asked = edit(version("two"), 1, a_key())
    with pytest.raises(OutcomeUnknown):
        await make(faults.wrap(begun), asked)
    assert await history(begun, "Q42") == [1]
    assert (await make(begun, asked)).revision == 3
    assert await findings(begun) == []


async def test_a_commit_that_is_refused_service_did_not_land(begun: Stores) -> None:
    """W1: that is no unknown outcome, and nothing of it is seen."""
    faults = Faults()
    faults.fail(When.BEFORE, verb=COMMIT)
    with pytest.raises(Unavailable):
        await make(faults.wrap(begun), edit(version("two"), 1))
    assert await history(begun, "Q42") == [1]


async def test_a_lost_answer_is_understood_though_others_have_gone_on(begun: Stores) -> None:
    """I3, I4: the head is past our revision, yet it is ours, not a conflict."""
    faults = Faults()

    async def lose_while_another_edits(call: Call) -> None:
        await make(begun, edit(version("three"), 2))
        raise OutcomeUnknown("lost on the way back")

    faults.do(lose_while_another_edits, When.AFTER, verb=COMMIT)
    assert (await make(faults.wrap(begun), edit(version("two"), 1))).revision == 2
    assert await history(begun, "Q42") == [1, 2, 3]


async def test_a_commit_lost_on_its_way_while_another_lands_is_a_conflict(begun: Stores) -> None:
    """I3: the swap that is sent again finds the head moved, and the caller learns where it is."""
    faults = Faults()

    async def lose_while_another_edits(call: Call) -> None:
        await make(begun, edit(version("another"), 1))
        raise OutcomeUnknown("lost on the way there")

    faults.do(lose_while_another_edits, When.BEFORE, verb=COMMIT)
    with pytest.raises(HeadMoved) as refused:
        await make(faults.wrap(begun), edit(version("two"), 1))
    assert refused.value.found == await head_of(begun, "Q42") == 3  # beyond the snapshot of the lost try
    assert await findings(begun) == []


async def land_late(stores: Stores, faults: Faults, *, then: str = "") -> None:
    """Have the first commit get stuck, seem lost, and land just before the second is tried.

    `then` is what another edit makes of the entity in the same moment: "edited" or "deleted".
    """
    stuck: list[Swap] = []

    async def get_stuck(call: Call) -> None:
        stuck.extend(call.arguments)
        raise OutcomeUnknown("stuck")

    async def arrive(call: Call) -> None:
        (swap,) = stuck
        await stores.metadata.commit(swap)
        if then == "edited":
            await make(stores, edit(version("three"), swap.snapshot.revision))
        if then == "deleted":
            revision = swap.snapshot.revision
            await stores.metadata.commit(
                a_swap(revision=revision + 1, expected=revision, flags=Flags(is_deleted=True))
            )

    faults.do(get_stuck, When.BEFORE, verb=COMMIT)
    faults.do(arrive, When.AFTER, verb="metadata.attempt_of")


async def test_a_commit_that_lands_late_lands_once(begun: Stores) -> None:
    """I3, I4: of the two that were sent one finds the head, and whichever it was, it is ours."""
    faults = Faults()
    await land_late(begun, faults)
    assert (await make(faults.wrap(begun), edit(version("two"), 1))).revision == 2
    assert await history(begun, "Q42") == [1, 2]
    assert await findings(begun) == []


@pytest.mark.parametrize("keyed", [False, True])
async def test_a_commit_that_lands_late_and_is_edited_is_no_conflict(begun: Stores, keyed: bool) -> None:
    """I4: the second swap finds another's head, or its own key, and must not call that a refusal."""
    faults = Faults()
    await land_late(begun, faults, then="edited")
    asked = edit(version("two"), 1, a_key() if keyed else None)
    assert (await make(faults.wrap(begun), asked)).revision == 2
    assert await history(begun, "Q42") == [1, 2, 3]


async def test_a_commit_that_lands_late_and_is_deleted_was_no_refusal(begun: Stores) -> None:
    """I4: that the entity is gone by now does not mean that this edit did not land."""
    faults = Faults()
    await land_late(begun, faults, then="deleted")
    assert (await make(faults.wrap(begun), edit(version("two"), 1))).revision == 2


async def test_when_a_late_answer_cannot_be_told_apart_the_outcome_is_unknown(begun: Stores) -> None:
    """W1: after a lost answer a moved head proves nothing; who moved it can't be asked, so nobody knows."""
    faults = Faults()
    await land_late(begun, faults)
    faults.silence(When.BEFORE, number=7)
    with pytest.raises(OutcomeUnknown):
        await make(faults.wrap(begun), edit(version("two"), 1))
    assert faults.verbs() == [
        "metadata.heads",
        "metadata.claim",
        "objects.put_absent",
        COMMIT,
        "metadata.attempt_of",
        COMMIT,
        "metadata.attempt_of",
    ]


async def test_a_lost_answer_of_a_rebased_edit_does_not_make_it_twice(begun: Stores) -> None:
    """I13: an edit that takes any head must not take the one that it made itself."""
    faults = Faults()
    faults.fail(When.AFTER, verb=COMMIT)
    faults.fail(When.BEFORE, verb="metadata.attempt_of")
    outcome = await commit(edit(version("two"), Base.HEAD), faults.wrap(begun), clock=times.now, pauses=eager)
    assert (outcome.revision, await history(begun, "Q42")) == (2, [1, 2])
    assert (await read(begun, "Q42"))["labels"]["en"]["value"] == "two"


async def test_a_hard_deleted_head_takes_no_swap(begun: Stores) -> None:
    """I14: the swap itself refuses, whatever was read before it."""
    await begun.metadata.commit(a_swap(revision=2, expected=1, flags=Flags(is_deleted=True)))
    with pytest.raises(EntityGone):
        await begun.metadata.commit(a_swap(revision=3, expected=2))
    assert await head_of(begun, "Q42") == 2
