"""One follower of the changes: from where it wants, what it wants, once and in order (E5).

It begins at the end of the stream, or after a position that it was given. What lies behind it reads by itself, a page at
a time and as slowly as it likes. Once it has reached the end it joins the feed, and then has to keep up: who does not
is cut off, with the position after which it can go on. Where the two ways meet, places in the stream decide: what lies
behind its own it was told, so nothing is missed there and nothing comes twice.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from storage.errors import StorageError
from storage.events import PositionGone
from storage.feed import Feed, written
from storage.line import Full, Line, Over, Wanted
from storage.model import Event
from storage.once import Once
from storage.ports import Published
from storage.positions import Places, covers, farthest

REMEMBERED = 1_000
"""Entities of which a follower that came from behind knows what it was told: those it saw last."""


class TooSlow(StorageError):
    """A follower did not keep up, and was cut off. It may go on after `position`."""

    code = "too_slow"
    retryable = True

    def __init__(self, position: str) -> None:
        self.position = position
        super().__init__("changes came faster than they were taken: go on from the position")


@dataclass(frozen=True, slots=True)
class Change:
    """An event, and how far a follower has come that has dealt with it."""

    event: Event
    stream: str
    places: Places

    @property
    def position(self) -> str:
        """After which to go on."""
        return written(self.stream, self.places)


class Following:
    """The changes that one follower wants, in the order of the stream. Raises what ends it; must be closed.

    TooSlow; WrongPosition or PositionGone at the first change; PositionGone later if the stream lost what was not read;
    Unavailable before it has joined.
    """

    def __init__(self, feed: Feed, after: str | None, wanted: Wanted) -> None:
        self._feed = feed
        self._wanted = wanted
        self._line: Line | None = None
        self._stream = ""
        self._places: Places = {}
        # Once it has joined the feed drops repetitions, but for those of what this one read by itself.
        self._once: Once | None = None
        self._changes = self._follow(after)

    @property
    def position(self) -> str | None:
        """After which to go on when all that came out has been dealt with. None before it is known."""
        if not self._stream:
            return None
        read = self._feed.read_up_to(self._line) if self._line is not None else None
        return written(self._stream, farthest(self._places, read or {}))

    def __aiter__(self) -> Following:
        return self

    async def __anext__(self) -> Change:
        return await anext(self._changes)

    async def aclose(self) -> None:
        """Follow no more."""
        await self._changes.aclose()

    async def _follow(self, after: str | None) -> AsyncGenerator[Change, None]:
        stream, self._places = await self._feed.places_of(after)
        self._stream = stream
        is_behind = after is not None
        try:
            while not self._feed.closed:
                while is_behind:
                    page, beyond = await self._feed.page(self._places)
                    for change in self._unseen(page):
                        yield change
                    self._places = farthest(self._places, beyond)
                    is_behind = bool(page)
                line = self._line = self._feed.join(self._places, self._wanted)
                try:
                    # Since the last page the feed may have read on, without this line.
                    while not (line.ended or covers(self._places, line.since)):
                        page, beyond = await self._feed.page(self._places)
                        for change in self._unseen(page):
                            yield change
                        self._places = farthest(self._places, beyond if page else line.since)
                    # If the line ran full meanwhile, that was no lack of speed: it is still behind.
                    is_behind = line.ended
                    while not is_behind:
                        if (told := await self._next(line)) is None:
                            return
                        yield told
                finally:
                    self._line = None
                    self._feed.leave(line)
        except PositionGone:
            raise PositionGone(written(stream, self._places)) from None

    def _unseen(self, page: Sequence[Published]) -> Iterator[Change]:
        """What is wanted of a page that was read from where this follower is."""
        self._once = self._once or Once(REMEMBERED)
        for one in page:
            self._places = {**self._places, one.lane: one.number}
            if self._wanted(one.event) and self._once.is_new(one.event):
                yield Change(one.event, self._stream, self._places)

    async def _next(self, line: Line) -> Change | None:
        """The next change out of the line; None if the feed is closed."""
        while True:
            try:
                told = await line.next()
            except Full:
                raise TooSlow(written(self._stream, self._places)) from None
            except Over:
                return None
            if told.number <= self._places.get(told.lane, 0):
                continue  # this follower had read on by itself
            level = covers(told.places, self._places)
            self._places = told.places if level else farthest(self._places, told.places)
            if self._once is None or self._once.is_new(told.event):
                return Change(told.event, self._stream, self._places)
