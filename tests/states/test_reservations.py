"""What is reserved, by whom it is let go, and commits that arrive when nobody waits for them any more (I11)."""

from __future__ import annotations

import asyncio

import pytest

from storage.commit import commit
from storage.errors import OutcomeUnknown, Reserved, StorageError, TooContended
from storage.ids import EntityId
from storage.ports import Stores, Swap
from tests.commit.making import eager, findings, make
from tests.faults import Call, Faults, When
from tests.states.circles import Clock
from tests.states.moves import asked, begin, redirect_to, target_of

COMMIT, RESERVE, RELEASE = "metadata.commit", "metadata.reserve_target", "metadata.release_target"
A, B = EntityId("Q1"), EntityId("Q2")


@pytest.fixture
async def begun(stores: Stores) -> Stores:
    """Stores with two items."""
    await begin(stores, A, B)
    return stores


async def fall_silent(stores: Stores, when: When, verb: str) -> None:
    """A to B, broken off at a call, after which no store answers."""
    faults = Faults()
    faults.silence(when, verb=verb)
    with pytest.raises(StorageError):
        await commit(asked(A, redirect_to(B)), faults.wrap(stores), clock=Clock(0), pauses=eager)
    assert [one.source for one in await stores.metadata.reservations(B)] == [A]


@pytest.mark.parametrize(("when", "verb"), [(When.AFTER, RESERVE), (When.BEFORE, COMMIT)])
async def test_what_a_dead_holder_reserved_hinders_only_for_a_while(
    begun: Stores, when: When, verb: str
) -> None:
    """I2, I11: at first another redirect is told to come again, then it takes the reservation away and lands."""
    await fall_silent(begun, when, verb)
    with pytest.raises(TooContended):
        await commit(asked(B, redirect_to(A)), begun, clock=Clock(0), pauses=eager)
    await commit(asked(B, redirect_to(A)), begun, clock=Clock(1), pauses=eager)
    assert (await target_of(begun, A), await target_of(begun, B)) == (None, A)
    assert [await begun.metadata.reservations(one) for one in (A, B)] == [[], []]
    assert await findings(begun) == []


async def test_who_is_told_to_come_again_does_not_stumble_over_its_own_snapshots(begun: Stores) -> None:
    """I3: each try of one edit has a revision id past those that it has used up."""
    await fall_silent(begun, When.AFTER, RESERVE)
    faults = Faults()
    with pytest.raises(TooContended):
        await commit(asked(B, redirect_to(A)), faults.wrap(begun), clock=Clock(0), pauses=eager)
    tried = [call.arguments[0].snapshot.revision for call in faults.calls if str(call) == COMMIT]
    assert tried == list(range(3, 3 + 12))


async def test_who_wakes_after_it_lost_its_reservation_begins_anew(begun: Stores) -> None:
    """I11: its commit is refused, though the head is where it expects it, and it finds its target a redirect."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb=COMMIT)
    slow = asyncio.create_task(
        commit(asked(A, redirect_to(B), 2), faults.wrap(begun), clock=Clock(0), pauses=eager)
    )
    await pause.reached.wait()
    await commit(asked(B, redirect_to(A)), begun, clock=Clock(6), pauses=eager)
    pause.go.set()
    with pytest.raises(StorageError) as refused:
        await slow
    assert str(refused.value) == f"{A} can't redirect to {B}: redirect"
    assert faults.verbs().count(COMMIT) == 1
    assert (await target_of(begun, A), await target_of(begun, B)) == (None, A)


async def test_who_wakes_after_it_was_fenced_may_land_with_a_new_reservation(begun: Stores) -> None:
    """I11: where whoever took it away did not land, the second try does."""
    faults = Faults()
    pause = faults.pause(When.BEFORE, verb=COMMIT)
    slow = asyncio.create_task(
        commit(asked(A, redirect_to(B), 2), faults.wrap(begun), clock=Clock(0), pauses=eager)
    )
    await pause.reached.wait()
    (held,) = await begun.metadata.reservations(B)
    await begun.metadata.fence(A, held.attempt)
    await begun.metadata.release_target(B, A, held.attempt)
    pause.go.set()
    assert (await slow).revision > 2
    assert faults.verbs().count(COMMIT) == 2
    assert await target_of(begun, A) == B
    assert await begun.metadata.reservations(B) == []


async def lose(stores: Stores, *, then: StorageError | None = None) -> Swap:
    """A to B, of which the commit gets stuck on its way; the client is told that nobody knows.

    `then` is what a commit that is sent again is told.
    """
    faults, stuck = Faults(), list[Swap]()

    async def get_stuck(call: Call) -> None:
        stuck.extend(call.arguments)
        raise OutcomeUnknown("stuck")

    async def refuse(call: Call) -> None:
        raise then or OutcomeUnknown("stuck")

    faults.do(get_stuck, When.BEFORE, verb=COMMIT)
    faults.do(refuse, When.BEFORE, verb=COMMIT, times=None)
    with pytest.raises(OutcomeUnknown):
        await commit(asked(A, redirect_to(B), 2), faults.wrap(stores), clock=Clock(0), pauses=eager)
    return stuck[0]


async def test_a_redirect_of_which_nobody_knows_whether_it_landed_closes_no_circle_later(
    begun: Stores,
) -> None:
    """I11: its target stays reserved, so that whoever redirects back sees to it first that it never lands."""
    stuck = await lose(begun)
    await commit(asked(B, redirect_to(A)), begun, clock=Clock(1), pauses=eager)
    with pytest.raises(Reserved):
        await begun.metadata.commit(stuck)
    assert (await target_of(begun, A), await target_of(begun, B)) == (None, A)


async def test_what_hinders_the_second_try_of_a_commit_says_nothing_of_the_first(begun: Stores) -> None:
    """W1, I11: it may be on its way still, so that nobody knows."""
    stuck = await lose(begun, then=Reserved(A))
    await commit(asked(B, redirect_to(A)), begun, clock=Clock(1), pauses=eager)
    with pytest.raises(Reserved):
        await begun.metadata.commit(stuck)


async def test_a_redirect_that_is_cancelled_at_its_commit_closes_no_circle_later(begun: Stores) -> None:
    """I11, I16: who is cancelled does not know either."""
    faults, stuck = Faults(), list[Swap]()

    async def get_stuck(call: Call) -> None:
        stuck.extend(call.arguments)
        raise asyncio.CancelledError

    faults.do(get_stuck, When.BEFORE, verb=COMMIT)
    with pytest.raises(asyncio.CancelledError):
        await make(faults.wrap(begun), asked(A, redirect_to(B), 2))
    await commit(asked(B, redirect_to(A)), begun, clock=Clock(1e6), pauses=eager)
    with pytest.raises(Reserved):
        await begun.metadata.commit(stuck[0])
    assert (await target_of(begun, A), await target_of(begun, B)) == (None, A)
