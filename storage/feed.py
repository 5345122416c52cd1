"""The feed of changes: one reader of the stream of events in this process, for all who follow it here (E5).

Whoever is at the end of the stream may join (see `following`). The feed reads on for all of them and puts what each
wants into a line of its own, of bounded length. Whose line is full when more comes is no burden any more: it is emptied
and ended. What lies behind is read for one follower alone, a page at a time and a few pages at once.

The feed reads while somebody follows, and only then. While the stream is away followers hear nothing, and go on after it.
Knows ports, no backend.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import suppress

from storage.errors import StorageError
from storage.events import NotAnEvent, PositionGone, WrongPosition
from storage.line import Line, Over, Told, Wanted
from storage.model import Event
from storage.once import Once
from storage.ports import Events, Published
from storage.positions import Places, farthest, places_in, position_at

log = logging.getLogger(__name__)

_STREAM = re.compile("[0-9a-f]{16}")

PAGE = 500
PAGE_BEHIND = 100
"""What a follower that comes from behind has in memory."""
BEHIND = 2
"""Pages of what lies behind that are read at once, for all followers: fewer than the engines read at once, so that the
feed itself never waits for them."""
REMEMBERED = 100_000
"""Entities of which the feed knows what it has told."""
LONGEST_PAUSE = 5.0
"""Between tries while the stream is away."""


class Feed:
    """The feed of one process. Must be closed."""

    def __init__(self, events: Events, *, poll_seconds: float = 0.2, room: int = 1000) -> None:
        self._events = events
        self._poll_seconds = poll_seconds
        self._room = room
        # So that nobody's line runs full by one page.
        self._page = min(PAGE, max(1, room // 2))
        self._lines: set[Line] = set()
        self._at: Places = {}
        self._once = Once(REMEMBERED)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._behind = asyncio.Semaphore(BEHIND)
        self.closed = False

    @property
    def followers(self) -> int:
        """How many have joined."""
        return len(self._lines)

    async def position(self) -> str:
        """The position beyond all that has been told by now. Unavailable."""
        return written(*await self.places_of(None))

    def wake(self) -> None:
        """Look at once: there is something new."""
        self._wake.set()

    async def close(self) -> None:
        """Tell nobody anything any more."""
        self.closed = True
        for line in self._lines:
            line.end(Over())
        self._lines.clear()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def page(self, after: Places) -> tuple[Sequence[Published], Places]:
        """A page of events for one follower, and how far it leads. PositionGone, Unavailable."""
        async with self._behind:
            return await self._read(after, PAGE_BEHIND)

    def join(self, places: Places, wanted: Wanted) -> Line:
        """The line of a follower that was at the end a moment ago. Must be left."""
        if not self._lines:
            # Nobody else is there: the feed begins where this one is. What it knew may lie beyond.
            self._at, self._once = dict(places), Once(REMEMBERED)
        line = Line(wanted, self._at, self._room)
        if self.closed:
            line.end(Over())
            return line
        self._lines.add(line)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())
        return line

    def leave(self, line: Line) -> None:
        """Nobody takes from this line any more."""
        self._lines.discard(line)
        line.end(Over())
        self._wake.set()

    def read_up_to(self, line: Line) -> Places | None:
        """How far the feed has read, if whoever takes from the line has dealt with all of that."""
        return self._at if line.dealt_with else None

    async def _go_on(self) -> None:
        pause = 0.0
        while self._lines:
            at = self._at
            self._wake.clear()
            try:
                page, beyond = await self._read(at, self._page)
            except PositionGone as gone:
                if self._at is at:
                    self._end_all(gone)
                continue
            # Whatever it is: followers would wait for ever for a reader that has ended.
            except Exception as error:
                if not pause:
                    surprising = not isinstance(error, StorageError)
                    log.warning("the feed can't read, and tries again: %s", error, exc_info=surprising)
                pause = min(pause * 2 or self._poll_seconds, LONGEST_PAUSE)
                await asyncio.sleep(pause)
                continue
            if pause:
                log.info("the feed goes on")
            pause = 0.0
            if self._at is not at:
                continue  # meanwhile all have left and others come, to whom this is not news
            for one in page:
                self._tell(one)
            self._at = farthest(self._at, beyond)
            if not page:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_seconds):
                        await self._wake.wait()

    def _tell(self, one: Published) -> None:
        self._at = {**self._at, one.lane: one.number}
        if not self._once.is_new(one.event):
            return
        told = Told(one.event, one.lane, one.number, self._at)
        for line in list(self._lines):
            line.offer(told)
            if line.ended:
                self._lines.discard(line)

    def _end_all(self, error: Exception) -> None:
        for line in self._lines:
            line.end(error)
        self._lines.clear()

    async def _read(self, after: Places, limit: int) -> tuple[Sequence[Published], Places]:
        """A page and the places beyond it. What is no event is passed over, and logged."""
        position = position_at(after)
        while True:
            try:
                page = await self._events.read(position, limit)
            except NotAnEvent as odd:
                log.error("passed over in the stream of events: %s", odd)
                position = position_at(places_in(odd.beyond))
                continue
            return page, places_in(page[-1].position if page else position)

    async def places_of(self, after: str | None) -> tuple[str, dict[int, int]]:
        """The stream's name, and where in it a position is. WrongPosition, PositionGone."""
        stream = await self._events.stream()
        if after is None:
            return stream, places_in(await self._events.end())
        of, _, position = after.partition(".")
        try:
            places = places_in(position)
        except WrongPosition:
            raise WrongPosition(after) from None
        if not _STREAM.fullmatch(of):
            raise WrongPosition(after)
        if of != stream:
            raise PositionGone(after)
        return stream, places


class Announcing:
    """The port `Events`: a stream of which a feed hears at once what was published here."""

    def __init__(self, events: Events, feed: Feed) -> None:
        self._events = events
        self._feed = feed
        self.read, self.end = events.read, events.end
        self.stream, self.is_whole, self.reachable = events.stream, events.is_whole, events.reachable

    async def publish(self, events: Sequence[Event]) -> None:
        await self._events.publish(events)
        if events:
            self._feed.wake()


def written(stream: str, places: Places) -> str:
    """A position as followers know it."""
    return f"{stream}.{position_at(places)}"
