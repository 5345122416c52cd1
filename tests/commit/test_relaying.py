"""The relay at work: what goes wrong with one job holds up no other, in order whatever happens (E3, I9)."""

from __future__ import annotations

import asyncio
import logging
from asyncio import sleep
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from storage import relay, times
from storage.edits import Base
from storage.errors import Damaged, Unavailable
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.conformance.events import once
from tests.faults import Call, Faults, When

PATIENCE = 120.0
"""Seconds after which what should have happened is taken as never to happen."""


@asynccontextmanager
async def relaying(
    stores: Stores, wake: asyncio.Event | None = None, poll_seconds: float = 0.001
) -> AsyncIterator[None]:
    """A relay that hardly pauses, for as long as this is open."""
    task = asyncio.create_task(
        relay.run(
            stores, owner="it", wake=wake or asyncio.Event(), clock=times.now, poll_seconds=poll_seconds
        )
    )
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await holds():
                return
            await sleep(0.001)


async def all_published(stores: Stores) -> None:
    """Wait until no event is owed any more."""

    async def is_so() -> bool:
        return not await stores.metadata.unpublished(1)

    await until(is_so)


async def all_derived(stores: Stores) -> None:
    """Wait until nothing is left over."""

    async def is_so() -> bool:
        return not await stores.metadata.underived(1)

    await until(is_so)


async def revisions(stores: Stores, entity: str, count: int) -> None:
    """So many revisions of an entity, none of them followed up."""
    for number in range(count):
        await make(
            stores, edit(an_item(entity).with_label("en", f"{number}"), Base.HEAD if number else Base.NOTHING)
        )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No grace for whoever committed, since nobody derives here, and no long pauses."""
    monkeypatch.setattr(relay, "GRACE", 0 * relay.GRACE)
    monkeypatch.setattr(relay, "LONGEST_PAUSE", 0.01)


async def test_a_stream_that_never_answers_does_not_hold_up_deriving(stores: Stores) -> None:
    """E3"""
    await revisions(stores, "Q1", 3)
    faults = Faults()
    stuck = faults.pause(When.BEFORE, verb="events.publish")

    async with relaying(faults.wrap(stores)):
        await stuck.reached.wait()
        await all_derived(stores)

    assert len(await stores.metadata.unpublished(10)) == 3


async def test_a_stream_that_is_away_does_not_hold_up_deriving(stores: Stores) -> None:
    """E3: for a command that ends, too."""
    await revisions(stores, "Q1", 3)
    faults = Faults()
    faults.fail(When.BEFORE, verb="events.publish", times=None)

    with pytest.raises(Unavailable):
        await relay.settle(faults.wrap(stores), clock=times.now)

    assert await stores.metadata.underived(1) == []


async def test_a_revision_that_can_not_be_derived_does_not_hold_up_events(stores: Stores) -> None:
    """E3"""
    await revisions(stores, "Q1", 3)
    faults = Faults()

    async def damaged(_: Call) -> None:
        raise Damaged("a key", "is damaged")

    faults.do(damaged, When.BEFORE, verb="metadata.underived", times=None)

    async with relaying(faults.wrap(stores)):
        await all_published(stores)

    assert len(await stores.events.read(None, 10)) == 3


async def test_it_says_once_that_the_stream_is_away_and_once_that_it_is_back(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "storage.relay")
    await revisions(stores, "Q1", 1)
    faults = Faults()
    faults.fail(When.BEFORE, verb="events.publish", times=20)

    def said() -> list[str]:
        return [message for message in caplog.messages if message.startswith(relay.PUBLISHING.name)]

    async def said_all() -> bool:
        return len(said()) > 1

    async with relaying(faults.wrap(stores)):
        await all_published(stores)
        await until(said_all)

    assert said() == [
        "publishing fails, and is tried again: events.publish was not reached",
        "publishing goes on",
    ]


class NoTime:
    """`asyncio`, but that who sleeps sleeps no longer than that others have their turn, unless it is for an hour."""

    def __init__(self) -> None:
        self.slept: list[tuple[object, float]] = []
        """By whom, and how long."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append((asyncio.current_task(), seconds))
        await sleep(0 if seconds < 3600 else seconds)

    def __getattr__(self, name: str) -> object:
        return getattr(asyncio, name)


async def test_tries_become_rarer_while_the_stream_is_away(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And edits, which wake the relay, make them no more. What other jobs and the drivers wait for does not count."""
    monkeypatch.setattr(relay, "LONGEST_PAUSE", 3600.0)
    no_time, publishing = NoTime(), set[object]()
    wake = asyncio.Event()
    wake.set()
    await revisions(stores, "Q1", 1)
    faults = Faults()

    async def away(call: Call) -> None:
        publishing.add(asyncio.current_task())
        raise Unavailable(f"{call} was not reached")

    faults.do(away, When.BEFORE, verb="events.publish", times=None)
    monkeypatch.setattr(relay, "asyncio", no_time)

    def slept() -> list[float]:
        return [seconds for who, seconds in no_time.slept if who in publishing]

    async def longest() -> bool:
        return 3600.0 in slept()

    async with relaying(faults.wrap(stores), wake):
        await until(longest)

    assert slept() == [min(0.001 * 2**number, 3600.0) for number in range(len(slept()))]


async def test_an_error_that_nobody_expected_does_not_end_the_relay(stores: Stores) -> None:
    """E3: or no event would leave this process any more, and nobody would know."""
    await revisions(stores, "Q1", 1)
    faults = Faults()

    async def surprise(_: Call) -> None:
        raise AssertionError

    faults.do(surprise, When.BEFORE, verb="events.publish")

    async with relaying(faults.wrap(stores)):
        await all_published(stores)


async def test_events_go_when_the_relay_is_woken(stores: Stores) -> None:
    """Long before it would have looked by itself."""
    wake, faults = asyncio.Event(), Faults()

    async def looked() -> bool:
        return "metadata.unpublished" in faults.verbs()

    async with relaying(faults.wrap(stores), wake, poll_seconds=3600):
        await until(looked)
        await revisions(stores, "Q1", 1)
        wake.set()
        await all_published(stores)


@pytest.mark.parametrize("when", When)
async def test_events_of_an_entity_stay_in_order_over_rounds_of_which_some_fail(
    stores: Stores, when: When, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I9, E3: the second of four rounds fails before or after it is in the stream, and so does its mark."""
    monkeypatch.setattr(relay, "BATCH", 3)
    for entity in ("Q1", "Q2"):
        await revisions(stores, entity, 5)
    faults = Faults()
    calls = 0

    async def second(call: Call) -> None:
        nonlocal calls
        calls += 1
        if calls in (2, 5):
            raise Damaged("the call", f"{call} number {calls} fails")

    for verb in ("events.publish", "metadata.mark"):
        faults.do(second, when, verb=verb, times=None)

    async with relaying(faults.wrap(stores)):
        await all_published(stores)

    told = once(await stores.events.read(None, 100))
    for entity in ("Q1", "Q2"):
        assert [one.revision_id for one in told if one.entity_id == entity] == [1, 2, 3, 4, 5]


async def test_of_two_relays_one_publishes(stores: Stores) -> None:
    """By lease: two would only repeat each other."""
    await revisions(stores, "Q1", 1)
    assert await relay.turn(relay.PUBLISHING, stores, owner="one", clock=times.now) is False
    await revisions(stores, "Q2", 1)

    assert await relay.turn(relay.PUBLISHING, stores, owner="two", clock=times.now) is None

    assert len(await stores.metadata.unpublished(10)) == 1
