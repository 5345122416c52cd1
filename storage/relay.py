"""Do what committed revisions still owe: derive what was left over, publish events in order.

One relay at a time works, by lease; two would only repeat each other. Whatever process dies, the rows are still
there for the next.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from storage.commit import Owed
from storage.derive import draw, finish
from storage.errors import StorageError
from storage.ports import Stores
from storage.times import Clock

log = logging.getLogger(__name__)

BATCH = 500
LEASE_SECONDS = 15.0
GRACE = timedelta(seconds=2)
"""How long the process that committed is given to derive its own work before the relay does it too."""


async def run(
    stores: Stores, *, owner: str, wake: asyncio.Event, clock: Clock, poll_seconds: float = 1.0
) -> None:
    """Relay until cancelled; at once when `wake` is set, else by polling."""
    while True:
        try:
            more = await turn(stores, owner=owner, clock=clock, grace=GRACE)
        except StorageError as error:
            log.warning("the relay could not go on: %s", error)
            more = False
        if not more:
            try:
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the wake.
                async with asyncio.timeout(poll_seconds):
                    await wake.wait()
            except TimeoutError:
                continue
            wake.clear()


async def turn(stores: Stores, *, owner: str, clock: Clock, grace: timedelta = timedelta(0)) -> bool:
    """One round, if the lease is ours. Answers whether there is more to do at once."""
    if not await stores.metadata.hold_lease("relay", owner, LEASE_SECONDS, clock()):
        return False
    published = await publish(stores)
    derived = await derive_left_over(stores, clock, grace)
    return published == BATCH or derived == BATCH


async def publish(stores: Stores) -> int:
    """Publish up to a batch of events, each entity's in order; answers how many."""
    work = await stores.metadata.unpublished(BATCH)
    if work:
        await stores.events.publish([one.event for one in work])
        # After the acknowledgement, never before: a crash in between repeats events and loses none.
        await stores.metadata.mark([(one.entity, one.revision) for one in work], published=True)
    return len(work)


async def derive_left_over(stores: Stores, clock: Clock, grace: timedelta = timedelta(0)) -> int:
    """Derive up to a batch of what is older than `grace`; answers how many were."""
    work = await stores.metadata.underived(BATCH)
    now = clock()
    # A clock that jumped back must not hide work: what seems to lie in the future is due as well.
    due = [one for one in work if not timedelta(0) <= now - one.event.changed_at < grace]
    for one in due:
        await draw(Owed(one), stores)
    if due:
        await finish(due, stores)
    return len(due)


async def settle(stores: Stores, *, clock: Clock) -> None:
    """Do all that is owed, now. For commands that end, and for tests."""
    while await publish(stores) + await derive_left_over(stores, clock):
        pass
