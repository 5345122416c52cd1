"""What each client may ask for in a minute: requests, and cost. Counted by the library `limits`, in sliding windows.

Knows names of clients and numbers; nothing of GraphQL or HTTP. Where the counts lie is the storage's business: this
process, or a server that several share.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.storage.base import SlidingWindowCounterSupport
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

log = logging.getLogger(__name__)

WINDOW = 60
AWAY_SECONDS = 5.0
"""For so long nobody is counted after the storage gave no answer; then it is asked again."""


class Spent(Exception):
    """A client's budget does not suffice; it will in `seconds`."""

    def __init__(self, policy: str, quota: int, wanted: int, seconds: int) -> None:
        self.policy, self.quota, self.wanted, self.seconds = policy, quota, wanted, seconds
        super().__init__(f"{quota} {policy} a minute are allowed")


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a budget; `seconds` until all of it is there again if nothing more is asked."""

    policy: str
    quota: int
    remaining: int
    seconds: int


class Budgets:
    """The budgets of all clients: by policy (`requests`, `cost`) how much a minute; 0 is no limit."""

    def __init__(self, storage: Storage, quotas: Mapping[str, int]) -> None:
        assert isinstance(storage, SlidingWindowCounterSupport), "a storage of sliding windows"
        self._windows: SlidingWindowCounterSupport = storage
        self._counter = SlidingWindowCounterRateLimiter(storage)
        self._items: dict[str, RateLimitItem] = {
            policy: RateLimitItemPerMinute(quota, namespace=f"wikibase-graph/{policy}")
            for policy, quota in quotas.items()
            if quota
        }

        self._away_until = 0.0

    async def spend(self, client: str, policy: str, amount: int) -> None:
        """Take from a client's budget. Spent, and nothing taken, if it does not suffice."""
        item = self._items.get(policy)
        if item is None or not amount or self._is_away:
            return
        try:
            if await self._counter.hit(item, client, cost=amount):
                return
            seconds = seconds_until(amount, item.amount, WINDOW, await self._window(item, client))
        except StorageError as error:
            # A count that can't be kept is no reason to answer nobody, nor to let each wait.
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("rates are not counted: %s", error.storage_error)
            return
        raise Spent(policy, item.amount, amount, max(1, ceil(seconds)))

    async def left(self, client: str) -> list[Left]:
        """What is left of each of a client's budgets."""
        found = []
        for policy, item in self._items.items():
            if self._is_away:
                break
            try:
                previous, left, current, until = await self._window(item, client)
            except StorageError:
                continue
            used = int(previous * left / WINDOW + current)
            seconds = until if current else left
            found.append(Left(policy, item.amount, max(0, item.amount - used), ceil(seconds)))
        return found

    @property
    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    async def _window(self, item: RateLimitItem, client: str) -> tuple[int, float, int, float]:
        return await self._windows.get_sliding_window(item.key_for(client), WINDOW)


def seconds_until(amount: int, quota: int, window: int, counts: tuple[int, float, int, float]) -> float:
    """For how long a budget will not suffice for this amount, if nothing else is taken from it. Seconds.

    `counts` are the previous count, the seconds for which it weighs, the current count, and its seconds: each count
    weighs in full in its own window, and in proportion to what is left of the next one in that.
    """
    previous, left, current, until = counts
    room = quota - amount
    if previous and current <= room:
        return max(0.0, left - (room - current) * window / previous)
    if current <= room:
        return 0.0
    return max(0.0, until - max(0, room) * window / current)
