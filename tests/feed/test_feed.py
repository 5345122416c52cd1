"""The feed: each follower hears what it wants, from where it wants, once, in order, and at nobody's expense (E5)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from app.settings import Settings
from storage.events import PositionGone, WrongPosition
from storage.feed import PAGE, PAGE_BEHIND, Feed
from storage.following import Following, TooSlow
from storage.model import Event
from storage.ports import Events, Position, Published, Stores
from tests.builders import an_event
from tests.faults import Faults, When
from tests.feed.listening import PATIENCE, Listener, by_entity, each_once, everything, listening, of, until
from tests.places import Places


@asynccontextmanager
async def fed(stores: Stores, **options: Any) -> AsyncIterator[Feed]:
    """A feed of these stores, which looks often."""
    feed = Feed(stores.events, **({"poll_seconds": 0.01} | options))
    try:
        yield feed
    finally:
        async with asyncio.timeout(PATIENCE):
            await feed.close()


@pytest.fixture
async def feed(stores: Stores) -> AsyncIterator[Feed]:
    async with fed(stores) as opened:
        yield opened


def some(*entities: str, first: int = 1, count: int = 1) -> list[Event]:
    """So many revisions of each, in turn."""
    return [an_event(one, number) for number in range(first, first + count) for one in entities]


async def test_who_begins_now_hears_what_comes_and_not_what_was(stores: Stores, feed: Feed) -> None:
    await stores.events.publish(some("Q1", "Q2"))
    async with listening(feed) as one:
        await stores.events.publish(some("Q1", "Q3", first=2))
        assert sorted(await one.until(2)) == ["Q1:2:edit", "Q3:2:edit"]


async def test_an_event_is_told_as_it_was_published(stores: Stores, feed: Feed) -> None:
    """E1"""
    event = replace(an_event("P7", 3), editor="Zoë", edit_summary="x", bot=True)
    async with listening(feed) as one:
        await stores.events.publish([event])
        await one.until(1)
    assert one.heard[0].event == event


async def test_the_events_of_an_entity_come_in_order(stores: Stores, feed: Feed) -> None:
    """I9: also of more than a page."""
    entities = [f"Q{number}" for number in range(1, 8)]
    count = PAGE // 5
    async with listening(feed) as one:
        await stores.events.publish(some(*entities, count=count))
        await one.until(7 * count)
    told = by_entity(change.event for change in one.heard)
    assert told == {entity: list(range(1, count + 1)) for entity in entities}


async def test_who_resumes_at_any_position_misses_nothing_and_hears_nothing_twice(
    stores: Stores, feed: Feed
) -> None:
    """E5: from the beginning, from behind each event, and from the end; while others go on publishing."""
    begin = await feed.position()
    entities = [f"Q{number}" for number in range(1, 6)]
    await stores.events.publish(some(*entities, count=4))
    async with listening(feed, begin) as first:
        await first.until(20)
    positions = [begin, *(change.position for change in first.heard)]
    resumed = [Listener(feed, position, everything) for position in positions]
    await stores.events.publish(some(*entities, first=5, count=4))
    await until(lambda: feed.followers == len(positions))
    await stores.events.publish(some(*entities, first=9, count=2))
    for number, one in enumerate(resumed):
        before = {change.event.id for change in first.heard[:number]}
        await one.until(50 - number)
        assert before | set(one.ids) == {event.id for event in some(*entities, count=10)}
        assert each_once(one.heard)
        assert not before & set(one.ids)
        for revisions in by_entity(change.event for change in one.heard).values():
            assert revisions == sorted(revisions)
        one.task.cancel()
    await asyncio.wait({one.task for one in resumed})


@pytest.mark.parametrize("seed", range(3))
async def test_a_chain_of_short_visits_hears_all_once(stores: Stores, seed: int) -> None:
    """E5: whoever comes and goes at random while much is published, always from where it was."""
    choose = random.Random(seed)
    entities = [f"Q{number}" for number in range(1, 10)]
    heard: list[Event] = []
    async with fed(stores, room=20) as feed:
        position = await feed.position()

        async def publish() -> None:
            for number in range(1, 61):
                await stores.events.publish(some(*entities, first=number))
                await asyncio.sleep(choose.random() * 0.01)

        publishing = asyncio.create_task(publish())
        async with asyncio.timeout(PATIENCE):
            while len(heard) < 60 * len(entities):
                left = min(choose.randrange(1, 40), 60 * len(entities) - len(heard))
                async with aclosing(Following(feed, position, everything)) as changes:
                    try:
                        async for change in changes:
                            heard.append(change.event)
                            position, left = change.position, left - 1
                            if not left:
                                break
                    except TooSlow as slow:
                        position = slow.position
        await publishing
        assert feed.followers == 0
    assert by_entity(heard) == {entity: list(range(1, 61)) for entity in entities}


async def test_only_what_is_wanted_is_told(stores: Stores, feed: Feed) -> None:
    """E5: of what lies behind and of what comes."""
    begin = await feed.position()
    await stores.events.publish(some("Q1", "Q2", "Q3"))
    async with listening(feed, begin, of("Q1", "Q3")) as one:
        await stores.events.publish(some("Q1", "Q2", "Q3", first=2))
        await one.until(4)
    assert by_entity(change.event for change in one.heard) == {"Q1": [1, 2], "Q3": [1, 2]}


async def test_what_one_process_publishes_the_followers_of_all_hear(
    stores: Stores, places: Places, own_place: Settings
) -> None:
    """E5: nobody wakes the others; they look."""
    async with places.opened(own_place) as others, fed(stores) as here, fed(others) as there:
        async with listening(here) as one, listening(there) as two:
            await stores.events.publish(some("Q1", count=3))
            await others.events.publish(some("Q1", first=4, count=3))
            assert await one.until(6) == await two.until(6)
        assert one.heard[-1].position == two.heard[-1].position


async def test_a_position_of_one_process_is_one_of_all(
    stores: Stores, places: Places, own_place: Settings
) -> None:
    async with places.opened(own_place) as others, fed(stores) as here, fed(others) as there:
        position = await here.position()
        await stores.events.publish(some("Q1", count=3))
        async with listening(there, position) as one:
            await one.until(3)


async def test_who_does_not_keep_up_is_cut_off_and_the_others_hear_all(stores: Stores) -> None:
    """E5: with the position after which it can go on, from which nothing is missing."""
    async with fed(stores, room=10) as feed, listening(feed) as fast:
        async with aclosing(Following(feed, None, everything)) as slow:
            first = asyncio.ensure_future(anext(slow))
            await until(lambda: feed.followers == 2)
            for number in range(1, 41):
                await stores.events.publish(some("Q1", first=number))
                await fast.until(number)
            assert (await first).event.revision_id == 1
            assert feed.followers == 1
            with pytest.raises(TooSlow) as cut:
                await anext(slow)
        assert by_entity(change.event for change in fast.heard) == {"Q1": list(range(1, 41))}
        async with listening(feed, cut.value.position) as again:
            await again.until(39)
        assert by_entity(change.event for change in again.heard) == {"Q1": list(range(2, 41))}


async def test_a_follower_that_is_cut_off_keeps_nothing(stores: Stores) -> None:
    """What it had not taken would lie there until it asks, which may be never."""
    async with fed(stores, room=10) as feed, aclosing(Following(feed, None, everything)) as slow:
        first = asyncio.ensure_future(anext(slow))
        await until(lambda: feed.followers == 1)
        line = slow._line
        assert line is not None
        await stores.events.publish(some("Q1", count=30))
        await first
        await until(lambda: feed.followers == 0)
        assert not line._queue


async def test_who_comes_from_behind_may_be_slow(stores: Stores) -> None:
    """E5: it reads at its own pace, and holds a page; while it does, ten times its room goes by."""
    async with fed(stores, room=10) as feed, listening(feed, wanted=of()):
        begin = await feed.position()
        await stores.events.publish(some("Q1", count=100))
        heard = []
        async with asyncio.timeout(PATIENCE), aclosing(Following(feed, begin, everything)) as changes:
            async for change in changes:
                heard.append(change.event.revision_id)
                if len(heard) <= 100:
                    await stores.events.publish(some("Q1", first=100 + len(heard)))
                if len(heard) == 200:
                    break
        assert heard == list(range(1, 201))


async def test_a_line_that_runs_full_before_its_follower_has_reached_the_end_cuts_nobody_off(
    stores: Stores,
) -> None:
    """E5: it was not slow, it was behind."""
    watched = _Watched(stores.events)
    async with fed(replace(stores, events=cast(Events, watched)), room=3) as feed, listening(feed) as other:

        async def publish(count: int) -> None:
            for _ in range(count):
                seen = len(other.heard)
                await stores.events.publish(some("Q1", first=seen + 1))
                await other.until(seen + 1)

        begin = await feed.position()
        # Between its last look and its joining the feed reads on; then, while it reads that, more than there is room for.
        watched.then = [lambda: publish(4), lambda: publish(10)]
        async with listening(feed, begin) as one:
            await one.until(14)
            assert watched.then == []
            await publish(1)
            await one.until(15)
    assert by_entity(change.event for change in one.heard) == {"Q1": list(range(1, 16))}


class _Watched:
    """A stream where something happens after the first pages that a follower reads by itself."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.then: list[Callable[[], Awaitable[None]]] = []

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._events, verb)

    async def read(self, after: Position | None, limit: int) -> Sequence[Published]:
        page = await self._events.read(after, limit)
        if limit == PAGE_BEHIND and self.then:
            await self.then.pop(0)()
        return page


async def test_what_is_published_again_is_told_once(stores: Stores, feed: Feed) -> None:
    """E3, I9: the relay repeats what it had no answer for, and `replay` what is long known."""
    begin = await feed.position()
    async with listening(feed) as one:
        await stores.events.publish(some("Q1", "Q2", count=3))
        await one.until(6)
        await stores.events.publish(some("Q1", "Q2", count=3))
        async with listening(feed, begin) as late:
            await stores.events.publish(some("Q1", count=3))
            await stores.events.publish(some("Q1", "Q2", first=4))
            await one.until(8)
            await late.until(8)
    for heard in (one.heard, late.heard):
        assert by_entity(change.event for change in heard) == {"Q1": [1, 2, 3, 4], "Q2": [1, 2, 3, 4]}


async def test_two_changes_of_one_revision_are_both_told(stores: Stores, feed: Feed) -> None:
    """E1"""
    async with listening(feed) as one:
        await stores.events.publish([an_event("Q1", 2), an_event("Q1", 2, change_type="lock")])
        assert await one.until(2) == ["Q1:2:edit", "Q1:2:lock"]


@pytest.mark.parametrize(
    "position", ["", "x", "0:1", ".", "0123456789abcdef.", "0123456789abcdef.x", "xyz.0:1", "é.0:1"]
)
async def test_what_is_no_position_is_refused(feed: Feed, position: str) -> None:
    """E5: it comes from a client."""
    with pytest.raises(WrongPosition) as refused:
        await anext(Following(feed, position, everything))
    assert refused.value.position == position


async def test_a_position_of_another_stream_is_gone(feed: Feed) -> None:
    """E5: it is told, and nothing is passed over."""
    _, _, places = (await feed.position()).partition(".")
    with pytest.raises(PositionGone):
        await anext(Following(feed, f"0123456789abcdef.{places}", everything))


async def test_a_position_that_the_stream_never_reached_is_gone(feed: Feed) -> None:
    """E5: so it was made anew, or was taken back."""
    stream, _, _ = (await feed.position()).partition(".")
    with pytest.raises(PositionGone) as gone:
        await anext(Following(feed, f"{stream}.0:1000", everything))
    assert gone.value.position == f"{stream}.0:1000"


async def test_while_the_stream_is_away_nobody_hears_anything_and_then_all(stores: Stores) -> None:
    """E5: who follows is not told of it, and misses nothing."""
    faults = Faults()
    async with fed(faults.wrap(stores)) as feed, listening(feed) as one:
        faults.fail(When.BEFORE, verb="events.read", times=3)
        await stores.events.publish(some("Q1", count=3))
        await one.until(3)


async def test_who_leaves_leaves_nothing(stores: Stores, feed: Feed) -> None:
    """I16: not even somebody who reads."""

    def reading() -> int:
        return sum("Feed." in repr(task) for task in asyncio.all_tasks())

    for _ in range(20):
        async with listening(feed), listening(feed):
            assert reading() == 1
    assert feed.followers == 0
    await until(lambda: reading() == 0)


async def test_who_leaves_and_comes_again_hears_what_comes_then(stores: Stores, feed: Feed) -> None:
    """The feed begins anew with each first follower, where that one is."""
    for number in (1, 2, 3):
        async with listening(feed) as one:
            await stores.events.publish(some("Q1", first=number))
            await one.until(1)
    assert one.ids == ["Q1:3:edit"]


async def test_a_feed_that_was_woken_looks_at_once(stores: Stores) -> None:
    """E5: an edit of this process does not wait for the next look."""
    async with fed(stores, poll_seconds=3600) as feed, listening(feed) as one:
        await until(lambda: one.following.position is not None)
        for number in range(1, 6):
            await stores.events.publish(some("Q1", first=number))
            feed.wake()
            await one.until(number)


async def test_a_closed_feed_ends_for_its_followers(stores: Stores) -> None:
    feed = Feed(stores.events, poll_seconds=0.01)
    async with listening(feed) as one:
        await feed.close()
        await asyncio.wait_for(asyncio.shield(one.task), PATIENCE)
    assert [change async for change in Following(feed, None, everything)] == []


async def test_who_wants_little_is_told_how_far_it_has_come(stores: Stores, feed: Feed) -> None:
    """E5: so that it need not go through all that it did not want, or find it dropped."""
    async with listening(feed, wanted=of("Q1")) as one:
        await stores.events.publish(some("Q1", "Q2", "Q3", "Q4"))
        await one.until(1)
        end = await feed.position()
        await until(lambda: one.following.position == end)
        await stores.events.publish(some("Q1", first=2))
        await one.until(2)


async def test_what_is_under_way_is_not_yet_behind(stores: Stores, feed: Feed) -> None:
    """E5: who goes on from the position of a follower that died in the middle hears that event again."""
    async with listening(feed) as other, aclosing(Following(feed, None, everything)) as one:
        first = asyncio.ensure_future(anext(one))
        await until(lambda: feed.followers == 2)
        await stores.events.publish(some("Q1", count=2))
        await other.until(2)
        assert (await first).position == one.position
        assert one.position == other.heard[0].position
