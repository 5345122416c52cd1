"""What one request pulls: plain numbers, added up where it happens, read by whoever began the request.

A tally belongs to a context: tasks that are begun in it share it. Where there is none nothing is added up, so that who
works for nobody in particular (relay, chores) pays nothing. Knows neither requests nor stores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(slots=True)
class Tally:
    """Numbers of one request, all from 0."""

    database_queries: int = 0
    """Statements that the metadata's database was sent."""
    object_reads: int = 0
    """Names that the object store was asked for, below the cache."""
    object_read_bytes: int = 0
    object_writes: int = 0
    object_written_bytes: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    cache_waits: int = 0
    """Objects that somebody else was reading already."""
    store_calls: int = 0
    """Calls of the stores' verbs; one may be several queries, or none."""
    cost: int | None = None
    """What the operation was reckoned to cost before it was run, by whoever sets limits."""
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By part of the request: how long it took. `store` is the time in which at least one call was under way."""
    _under_way: int = 0
    _since: float = 0.0

    def call_began(self) -> None:
        """A call of a store's verb begins."""
        self.store_calls += 1
        if not self._under_way:
            self._since = perf_counter()
        self._under_way += 1

    def call_ended(self) -> None:
        """And ends."""
        self._under_way -= 1
        if not self._under_way:
            self.seconds["store"] += perf_counter() - self._since


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


def current() -> Tally | None:
    """The tally of this context, if there is one."""
    return _current.get()


def begin(tally: Tally | None) -> None:
    """From here on this context, and tasks that it begins, add to this tally; to none, if None."""
    _current.set(tally)


@contextmanager
def adding_to(tally: Tally) -> Iterator[None]:
    """The same for a while."""
    before = _current.set(tally)
    try:
        yield
    finally:
        _current.reset(before)


@contextmanager
def part(name: str) -> Iterator[None]:
    """Add the time that this takes to a part of the request."""
    tally = _current.get()
    if tally is None:
        yield
        return
    began = perf_counter()
    try:
        yield
    finally:
        tally.seconds[name] += perf_counter() - began
