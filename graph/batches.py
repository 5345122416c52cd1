"""A loader for keys that come in lists: all lists of a tick are one read, and who waits, waits for a list and not for a key.

The loader of aiodataloader makes a future for each key, which takes longer than to read a statement that is at hand
(ADR 30). Knows nothing of what is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Generic, TypeVar

from storage.errors import Damaged

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

BATCH = 500
"""Keys of one read at most."""


class ListLoader(Generic[K, V]):
    """Remembers what it read, for as long as one request. What a read that fails was asked for is asked for again."""

    def __init__(self, find: Callable[[Collection[K]], Awaitable[Mapping[K, V | Damaged]]]) -> None:
        self._find = find
        self._known: dict[K, V | Damaged | None] = {}
        self._flights: dict[K, asyncio.Future[None]] = {}
        self._wanted: dict[K, None] = {}
        self._next: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.told: Callable[[int], AbstractContextManager[object]] = nullcontext
        """Is told of each batch how large it is."""

    async def load(self, key: K) -> V | None:
        """The value of one key, None if there is none. Raises what is wrong with this key."""
        value = (await self.load_many((key,)))[0]
        if isinstance(value, BaseException):
            raise value
        return value

    async def load_many(self, keys: Collection[K]) -> list[V | BaseException | None]:
        """The values of many keys, in their order. What is wrong with one stands in its place."""
        known = self._known
        missing = [key for key in keys if key not in known]
        failed: dict[K, BaseException] = {}
        if missing:
            flights = self._flights_of(missing)
            for flight in set(flights.values()):
                if not flight.done():
                    await asyncio.wait([flight])
            for key, flight in flights.items():
                if (error := flight.exception()) is not None:
                    failed[key] = error
        if failed:
            return [failed[key] if key in failed else known[key] for key in keys]
        return [known[key] for key in keys]

    def _flights_of(self, keys: Collection[K]) -> dict[K, asyncio.Future[None]]:
        """The read that each key is part of: one under way, or the next."""
        under_way = self._flights
        flights = {key: under_way[key] for key in keys if key in under_way}
        new = dict.fromkeys(key for key in keys if key not in flights) if flights else dict.fromkeys(keys)
        if new:
            if self._next is None:
                loop = asyncio.get_running_loop()
                self._next = loop.create_future()
                # Two rounds of the loop later, as aiodataloader does: who goes on in this round may ask as well.
                loop.call_soon(loop.call_soon, self._begin)
            self._wanted |= new
            began = dict.fromkeys(new, self._next)
            under_way |= began
            flights |= began
        return flights

    def _begin(self) -> None:
        flight, keys = self._next, list(self._wanted)
        assert flight is not None
        self._next, self._wanted = None, {}
        task = asyncio.ensure_future(self._read(keys, flight))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, keys: list[K], flight: asyncio.Future[None]) -> None:
        try:
            if len(keys) <= BATCH:
                await self._read_part(keys)
            else:
                rest = iter(keys)
                parts = [self._read_part(part) for part in iter(lambda: list(islice(rest, BATCH)), [])]
                await asyncio.gather(*parts)
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # looked at: nobody need wait for it any more
        else:
            flight.set_result(None)
        finally:
            for key in keys:
                del self._flights[key]
            if not flight.done():
                flight.cancel()

    async def _read_part(self, keys: list[K]) -> None:
        with self.told(len(keys)):
            found = await self._find(keys)
        for key in keys:
            self._known[key] = found.get(key)
