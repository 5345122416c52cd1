"""A follower's place in the queue: what the feed has read for it and it has not taken yet, bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from storage.model import Event
from storage.positions import Places

Wanted = Callable[[Event], bool]


@dataclass(frozen=True, slots=True)
class Told:
    """An event, where it lies, and how far the feed had read with it."""

    event: Event
    lane: int
    number: int
    places: Places


class Full(Exception):
    """More came than there is room for. Nothing of it is kept."""


class Over(Exception):
    """Nobody tells or takes anything any more."""


class Line:
    """Holds up to `size` events beyond the places `since`."""

    def __init__(self, wanted: Wanted, since: Places, size: int) -> None:
        self.since = since
        self._wanted = wanted
        self._size = size
        self._queue: deque[Told] = deque()
        self._ready = asyncio.Event()
        self._waiting = False
        self._end: Exception | None = None

    @property
    def dealt_with(self) -> bool:
        """Whether somebody waits for more, so that all before has been dealt with."""
        return self._waiting and not self._queue and self._end is None

    @property
    def ended(self) -> bool:
        """Whether nothing comes any more."""
        return self._end is not None

    def offer(self, told: Told) -> None:
        """Take an event, if it is wanted."""
        if self._end is not None or not self._wanted(told.event):
            return
        if len(self._queue) >= self._size:
            self.end(Full())
        else:
            self._queue.append(told)
            self._ready.set()

    def end(self, error: Exception) -> None:
        """Let go of all, and raise this for whoever asks for more."""
        self._end = error
        self._queue.clear()
        self._ready.set()

    async def next(self) -> Told:
        """The next event. Raises what it was ended with."""
        self._waiting = True
        try:
            while not self._queue:
                if self._end is not None:
                    raise self._end
                self._ready.clear()
                await self._ready.wait()
            return self._queue.popleft()
        finally:
            self._waiting = False
