"""What was read of immutable objects, kept by their key while there is room; one read for all who miss it at once.

Knows keys, and that damage is not kept, since it may be repaired; knows no store and nothing of what it keeps.
Need not know of deletion either: whether something may be read is decided by its row before anyone asks here (I8).
But it is told of what is erased: that it neither keeps nor hands out any more, be it just being read.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from storage.errors import Damaged, Erased
from storage.keys import Key
from storage.tally import current

V = TypeVar("V")

OVERHEAD, FACTOR = 200, 8
"""Bytes of memory that a parsed object takes: for being there, and for each byte of its JSON.

Measured over 30,000 real statements and 1,195 snapshots: from 4 to 6.8 for each byte with all that an entry takes here. The
rest is what the allocators keep between objects of all sizes that come and go, see docs/benchmarks.md.
"""


@dataclass(frozen=True, slots=True)
class Weighed(Generic[V]):
    """A value and about how many bytes of memory it takes."""

    value: V
    weight: int


def weighed(value: V, data: bytes) -> Weighed[V]:
    """A value that was parsed from JSON, with its weight."""
    return Weighed(value, OVERHEAD + FACTOR * len(data))


Found = Mapping[Key, Weighed[V] | Damaged]
Read = Callable[[Collection[Key]], Awaitable[Found[V]]]
"""A read of many keys at once. It must answer every key that it is asked for."""


class Cache:
    """The values read last, of up to `bound` bytes together; with 0 none is kept, but misses still share a read.

    Danger: a value is handed to everyone who asks for it. Who changes it changes what all others read.
    """

    def __init__(self, bound: int, forgetting: Callable[[], None] | None = None) -> None:
        """`forgetting` is called when something is erased: by who keeps what is made of what was read here."""
        self.bound = bound
        self._forgetting = forgetting
        self._kept: OrderedDict[Key, Weighed[Any]] = OrderedDict()
        self._forgotten: set[Key] = set()
        self._flights: dict[Key, asyncio.Task[Found[Any]]] = {}
        self.hits = 0
        self.misses = 0
        self.waits = 0
        """Keys that somebody else was reading already."""
        self.evictions = 0
        self.bytes = 0

    @property
    def entries(self) -> int:
        """How many values are kept."""
        return len(self._kept)

    async def get(self, keys: Set[Key], read: Read[V]) -> Found[V]:
        """The values of all keys: those at hand, those that others are reading, and the rest by one `read`.

        What a read raises is raised to all who wait for it.
        """
        found: dict[Key, Weighed[V] | Damaged] = {}
        awaited: dict[Key, asyncio.Task[Found[V]]] = {}
        missed: list[Key] = []
        for key in keys:
            if key in self._forgotten:
                found[key] = Erased(str(key))
            elif (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                found[key] = kept
            elif (flight := self._flights.get(key)) is not None:
                awaited[key] = flight
            else:
                missed.append(key)
        self.hits += len(found)
        self.waits += len(awaited)
        self.misses += len(missed)
        if (tally := current()) is not None:
            tally.cache_hits += len(found)
            tally.cache_waits += len(awaited)
            tally.cache_misses += len(missed)
        if missed:
            flight = self._begin(missed, read)
            awaited |= dict.fromkeys(missed, flight)
        if awaited:
            # Not awaited themselves: who is cancelled here must not cancel what others wait for.
            await asyncio.wait(set(awaited.values()))
            found |= {
                key: flight.result()[key] if key not in self._forgotten else Erased(str(key))
                for key, flight in awaited.items()
            }
        return found

    def forget(self, keys: Collection[Key]) -> None:
        """From now on answer these with Erased, for as long as the process runs."""
        if self._forgotten.issuperset(keys):
            return
        self._forgotten.update(keys)
        for key in keys:
            if (kept := self._kept.pop(key, None)) is not None:
                self.bytes -= kept.weight
        if self._forgetting is not None:
            self._forgetting()

    def _begin(self, keys: Collection[Key], read: Read[V]) -> asyncio.Task[Found[V]]:
        async def fly() -> Found[V]:
            return await read(keys)

        flight = asyncio.create_task(fly())
        self._flights |= dict.fromkeys(keys, flight)
        # A callback and not the task's own end: a task that is cancelled before it began would never come to it.
        flight.add_done_callback(partial(self._land, keys))
        return flight

    def _land(self, keys: Collection[Key], flight: asyncio.Task[Found[Any]]) -> None:
        for key in keys:
            del self._flights[key]
        if flight.cancelled() or flight.exception() is not None:
            return  # asked for, so that nobody is told of an error "never retrieved" when all who waited are gone
        for key, one in flight.result().items():
            if isinstance(one, Weighed) and one.weight <= self.bound and key not in self._forgotten:
                self._kept[key] = one
                self.bytes += one.weight
        while self.bytes > self.bound:
            self.bytes -= self._kept.popitem(last=False)[1].weight
            self.evictions += 1
