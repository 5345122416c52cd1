"""Where counts of rates are kept by this process: in memory, for so many keys at most.

The library's own memory looks through all its keys at each count and has no bound; whoever comes from many addresses
would pay for neither. Here a count is one look-up, and the key that was longest not counted goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from limits.aio.storage.base import SlidingWindowCounterSupport, Storage


@dataclass(slots=True)
class _Counts:
    """How much was counted under a key in the window `number`, and in the one before."""

    number: int
    current: int = 0
    previous: int = 0


class Windows(Storage, SlidingWindowCounterSupport):
    """Counts of two windows for each key, up to `most` keys."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float], most: int) -> None:
        super().__init__()
        self._clock, self._most = clock, most
        self._counts: OrderedDict[str, _Counts] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong here."""
        return ValueError

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count `amount` under the key, unless the weighted sum of the last `expiry` seconds would be above `limit`."""
        previous, left, current, _ = await self.get_sliding_window(key, expiry)
        if int(previous * left / expiry + current) + amount > limit:
            return False
        counts = self._counts.setdefault(key, _Counts(self._number(expiry)))
        counts.current += amount
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """The previous count, for how long it still weighs, the current one, and for how long that will: in seconds."""
        number, into = divmod(self._clock(), expiry)
        counts = self._counts.get(key)
        if counts is not None and counts.number != number:
            counts.previous = counts.current if counts.number == number - 1 else 0
            counts.number, counts.current = int(number), 0
        if counts is None:
            return 0, 0.0, 0, 2 * expiry - into
        return counts.previous, expiry - into if counts.previous else 0.0, counts.current, 2 * expiry - into

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget what was counted under the key."""
        self._counts.pop(key, None)

    async def clear(self, key: str) -> None:
        """The same."""
        self._counts.pop(key, None)

    async def reset(self) -> int | None:
        """Forget all."""
        forgotten = len(self._counts)
        self._counts.clear()
        return forgotten

    async def check(self) -> bool:
        """Memory is there."""
        return True

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Fixed windows are not kept."""
        raise NotImplementedError

    async def get(self, key: str) -> int:
        """Fixed windows are not kept."""
        raise NotImplementedError

    async def get_expiry(self, key: str) -> float:
        """Fixed windows are not kept."""
        raise NotImplementedError

    def _number(self, expiry: int) -> int:
        return int(self._clock() // expiry)
