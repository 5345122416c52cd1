"""Who follows a feed in tests: takes what it is told, and is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import aclosing, asynccontextmanager

from storage.feed import Feed
from storage.following import Change, Following
from storage.model import Event

PATIENCE = 60.0
"""Seconds in which what must happen must have happened, on a machine that is busy."""


def everything(_: Event) -> bool:
    """Want all."""
    return True


def of(*entities: str) -> Callable[[Event], bool]:
    """Want the events of these entities."""
    return lambda event: event.entity_id in entities


class Listener:
    """One follower in a task of its own, which takes all at once. `heard` is what it was told so far."""

    def __init__(self, feed: Feed, after: str | None, wanted: Callable[[Event], bool]) -> None:
        self.following = Following(feed, after, wanted)
        self.heard: list[Change] = []
        self._more = asyncio.Event()
        self.task = asyncio.create_task(self._listen())

    @property
    def ids(self) -> list[str]:
        """The ids of the events."""
        return [change.event.id for change in self.heard]

    async def until(self, count: int) -> list[str]:
        """Wait until it has heard so many; their ids."""
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < count and not self.task.done():
                self._more.clear()
                await self._more.wait()
        if self.task.done():
            self.task.result()
        return self.ids

    async def _listen(self) -> None:
        try:
            async with aclosing(self.following) as changes:
                async for change in changes:
                    self.heard.append(change)
                    self._more.set()
        finally:
            self._more.set()


@asynccontextmanager
async def listening(
    feed: Feed, after: str | None = None, wanted: Callable[[Event], bool] = everything
) -> AsyncIterator[Listener]:
    """A follower that has joined when this is entered, and left when it ends."""
    before = feed.followers
    one = Listener(feed, after, wanted)
    try:
        await until(lambda: feed.followers > before or one.task.done())
        if one.task.done():
            one.task.result()
        yield one
    finally:
        one.task.cancel()
        await asyncio.wait({one.task})


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come to be so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def by_entity(events: Iterable[Event]) -> dict[str, list[int]]:
    """The revisions of each entity, in the order in which they were told."""
    found: dict[str, list[int]] = {}
    for event in events:
        found.setdefault(event.entity_id, []).append(event.revision_id)
    return found


def each_once(changes: Collection[Change]) -> bool:
    """Whether none was told twice."""
    return len({change.event.id for change in changes}) == len(changes)
