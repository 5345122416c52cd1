"""Statements that nobody holds go after half a year, and never one that somebody wants (T7, I6, I15)."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from storage import relay, times
from storage.collect import LEAST_AGE, MARGIN, Report, collect
from storage.edits import Base
from storage.errors import HeadMoved, Invalid, Unavailable
from storage.ids import EntityId
from storage.ports import Stores
from tests.builders import an_item
from tests.collect.making import DAY, after, an_item_with, created, hash_of, is_stored, released
from tests.commit.making import edit, findings, make, read
from tests.faults import Faults, When

LATE = after(LEAST_AGE + 2 * MARGIN + 3 * DAY)
"""The clock of a collector who comes when everything of today is old enough."""


@pytest.fixture
async def orphaned(stores: Stores) -> Stores:
    """Q1 and Q2 shared a statement; Q2 was released and with it what it alone held."""
    await created(stores, "Q1", "shared", "mine")
    await created(stores, "Q2", "shared", "one", "two")
    assert (await released(stores, "Q2")).entities == 1
    return stores


async def test_what_nobody_holds_is_deleted_and_nothing_else(orphaned: Stores) -> None:
    """T7, I10."""
    report = await collect(orphaned, LATE)

    assert (report.collected, report.young, report.claimed, report.more) == (2, 0, 0, False)
    there = {text: await is_stored(orphaned, text) for text in ("shared", "mine", "one", "two")}
    assert there == {"shared": True, "mine": True, "one": False, "two": False}
    assert await read(orphaned, "Q1") == an_item_with("Q1", "shared", "mine").json()
    assert await findings(orphaned) == []


async def test_it_is_deleted_once(orphaned: Stores) -> None:
    await collect(orphaned, LATE)
    assert await collect(orphaned, LATE) == Report()


async def test_a_dry_run_says_what_would_go_and_leaves_it(orphaned: Stores) -> None:
    """T7: how many, and how large."""
    told = await collect(orphaned, LATE, dry_run=True)
    again = await collect(orphaned, LATE, dry_run=True)

    assert told == again == await collect(orphaned, LATE)
    assert told.collected == 2
    assert told.bytes > 100


@pytest.mark.parametrize(
    ("wait", "collected"), [(LEAST_AGE - DAY, 0), (LEAST_AGE + DAY, 0), (LEAST_AGE + 4 * DAY, 2)]
)
async def test_what_is_younger_than_half_a_year_stays(
    orphaned: Stores, wait: timedelta, collected: int
) -> None:
    """T7: they are orphans since two days from now, when the retention ended."""
    report = await collect(orphaned, after(wait))
    assert (report.collected, report.young) == (collected, 2 - collected)


async def test_clocks_that_are_wrong_by_an_hour_each_collect_nothing_too_early(stores: Stores) -> None:
    """I15: the one that noted the last holder's going was behind, that of the collector is ahead."""
    await created(stores, "Q1", "one")
    await released(stores, "Q1", later=2 * DAY - timedelta(hours=1))
    assert (await collect(stores, after(LEAST_AGE + 2 * DAY + timedelta(hours=1)))).collected == 0


@pytest.mark.parametrize(
    ("days", "limit", "pointers"),
    [(179, 1, ["/olderThanDays"]), (180, 0, ["/limit"]), (1, 10_001, ["/olderThanDays", "/limit"])],
)
async def test_no_younger_ones_and_no_more_at_once_can_be_asked_for(
    stores: Stores, days: int, limit: int, pointers: list[str]
) -> None:
    """T7."""
    with pytest.raises(Invalid) as refused:
        await collect(stores, LATE, older_than=timedelta(days=days), limit=limit)
    assert [fault.pointer for fault in refused.value.faults] == pointers


async def test_a_limit_leaves_the_rest_for_the_next_call(orphaned: Stores) -> None:
    """T7: batches."""
    first, second = [await collect(orphaned, LATE, limit=1) for _ in range(2)]
    assert [(first.collected, first.more), (second.collected, second.more)] == [(1, True), (1, False)]


async def test_a_statement_that_comes_back_before_it_is_collected_keeps_its_place(orphaned: Stores) -> None:
    """T2."""
    await created(orphaned, "Q3", "one")
    assert (await collect(orphaned, LATE)).collected == 1
    assert await is_stored(orphaned, "one")
    assert await read(orphaned, "Q3") == an_item_with("Q3", "one").json()


async def test_a_statement_that_comes_back_after_it_was_collected_lives_at_the_next_probe(
    orphaned: Stores,
) -> None:
    """T2, T3: the place stays taken, for whoever deletes late."""
    await collect(orphaned, LATE)
    await created(orphaned, "Q3", "one")
    await created(orphaned, "Q4", "one")

    assert (await orphaned.metadata.find([hash_of("one", 1)]))[hash_of("one", 1)].ref_count == 2
    assert not await is_stored(orphaned, "one")
    assert await read(orphaned, "Q4") == an_item_with("Q4", "one").json()
    assert await findings(orphaned) == []


async def test_what_a_dead_attempt_claimed_goes(stores: Stores) -> None:
    """T7: the head has left its base by another revision."""
    await created(stores, "Q1", "first")
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.commit")
    with pytest.raises(Unavailable):
        await make(faults.wrap(stores), edit(an_item_with("Q1", "first", "never"), 1))
    assert (await collect(stores, LATE)).claimed == 1, (
        "while the head is at its base the attempt may come back"
    )

    await make(stores, edit(an_item_with("Q1", "first", "second"), 1))
    await relay.settle(stores, clock=times.now)

    assert (await collect(stores, LATE)).collected == 1
    assert await stores.metadata.pending([hash_of("never")]) == {}
    assert not await is_stored(stores, "never")
    assert await findings(stores) == []


async def test_what_was_committed_and_not_derived_yet_stays(stores: Stores) -> None:
    """I6: its pending facts are all that speaks for it, be the head far beyond."""
    await make(stores, edit(an_item_with("Q1", "one"), Base.NOTHING), edit(an_item_with("Q1", "two"), 1))

    assert (await collect(stores, LATE)).claimed == 2

    assert await findings(stores) == []
    assert await read(stores, "Q1", 1) == an_item_with("Q1", "one").json()


PAUSES = ["metadata.claim", "objects.put_absent", "metadata.commit"]


@pytest.mark.parametrize("verb", PAUSES)
@pytest.mark.parametrize("when", When)
async def test_a_writer_who_was_paused_loses_nothing(orphaned: Stores, verb: str, when: When) -> None:
    """I6: wherever it was, and though the collector has gone by."""
    faults = Faults()
    pause = faults.pause(when, verb=verb)
    writing = asyncio.create_task(make(faults.wrap(orphaned), edit(an_item_with("Q3", "one"), Base.NOTHING)))
    await pause.reached.wait()
    await collect(orphaned, LATE)
    pause.go.set()
    await writing

    assert await read(orphaned, "Q3") == an_item_with("Q3", "one").json()
    assert await findings(orphaned) == []


@pytest.mark.parametrize(
    "verb",
    [
        "metadata.orphans",
        "metadata.pending",
        "metadata.fates",
        "metadata.condemn",
        "metadata.give_up",
        "objects.get",
        "objects.delete",
        "metadata.collected",
    ],
)
@pytest.mark.parametrize("when", When)
async def test_a_collector_who_was_paused_hits_nothing(orphaned: Stores, verb: str, when: When) -> None:
    """I6: it may even find the statement held when it goes on to delete it."""
    faults = Faults()
    pause = faults.pause(when, verb=verb)
    collecting = asyncio.create_task(collect(faults.wrap(orphaned), LATE))
    await pause.reached.wait()
    await created(orphaned, "Q3", "one")
    pause.go.set()
    await collecting

    assert await read(orphaned, "Q3") == an_item_with("Q3", "one").json()
    assert await findings(orphaned) == []


async def test_whichever_call_fails_the_next_collector_goes_on(stores: Stores) -> None:
    """T7: before it reached the store or after; and a writer who comes in between has its statement."""
    for text in ("a", "b"):
        await created(stores, "Q1" if text == "a" else "Q2", text)
    counting = Faults()
    await released(stores, "Q1")
    await collect(counting.wrap(stores), LATE)
    calls = len(counting.calls)
    assert calls >= 8

    for number in range(1, calls + 1):
        for when in When:
            entity, text = f"Q{1000 + number}{when is When.AFTER:d}", f"{number} {when}"
            await created(stores, entity, text)
            await released(stores, entity)
            faults = Faults()
            faults.fail(when, number=number)
            with pytest.raises(Unavailable):
                await collect(faults.wrap(stores), LATE)
            again = f"Q{2000 + number}{when is When.AFTER:d}"
            await created(stores, again, text)
            await collect(stores, LATE)
            assert await read(stores, again) == an_item_with(again, text).json()
    assert await collect(stores, LATE) == Report()
    assert await findings(stores) == []


async def test_two_collectors_and_many_writers_at_once(stores: Stores) -> None:
    """I6, I7: 300 writers share a few statements that are orphans again and again."""
    texts = [f"text {number}" for number in range(6)]
    chance = random.Random(7)
    done = False

    async def collect_forever() -> int:
        collected = 0
        while not done:
            collected += (await collect(stores, LATE)).collected
            await asyncio.sleep(0)
        return collected

    async def write(number: int) -> None:
        entity = f"Q{number}"
        mine = chance.sample(texts, 2)
        await make(stores, edit(an_item_with(entity, *mine), Base.NOTHING))
        if number % 3:
            await released(stores, entity)
        else:
            assert await read(stores, entity) == an_item_with(entity, *mine).json()

    collectors = [asyncio.create_task(collect_forever()) for _ in range(2)]
    for start in range(1, 301, 10):
        await asyncio.gather(*(write(number) for number in range(start, start + 10)))
    done = True
    assert sum(await asyncio.gather(*collectors)) > 0
    assert await findings(stores) == []


async def test_an_edit_that_lost_its_race_leaves_its_statements_to_the_collector(stores: Stores) -> None:
    await created(stores, "Q1", "first")
    await make(stores, edit(an_item_with("Q1", "second"), 1))
    with pytest.raises(HeadMoved):
        await make(stores, edit(an_item("Q1").with_statement("P1", string="late"), 1))
    await relay.settle(stores, clock=times.now)

    assert (await collect(stores, LATE)).collected == 0, "it was refused before it claimed"
    assert EntityId("Q1") in (await stores.metadata.facts([hash_of("second")]))[hash_of("second")]
