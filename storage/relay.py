"""Do what committed revisions still owe: derive what was left over, publish events in order.

Two jobs that know nothing of each other: a stream that is slow or away holds up its events and nothing else. One
process at a time does a job, by lease; two would only repeat each other. Whatever process dies, the rows are still
there for the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from storage.commit import Owed
from storage.derive import draw, finish
from storage.ending import is_cancelled
from storage.erasure import erase_left_over
from storage.errors import StorageError
from storage.housekeeping import Housekeeping, keep_house
from storage.ports import Stores
from storage.times import Clock

log = logging.getLogger(__name__)

BATCH = 500
LEASE_SECONDS = 15.0
LONGEST_PAUSE = 10.0
"""Between tries while a store is away."""
GRACE = timedelta(seconds=2)
"""How long the process that committed is given to derive its own work before the relay does it too."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something owed. A `round` does up to a batch of it and answers how much."""

    name: str
    round: Callable[[Stores, Clock], Awaitable[int]]


DERIVING = Job("deriving", lambda stores, clock: derive_left_over(stores, clock, GRACE))
ERASING = Job("erasing", erase_left_over)
PUBLISHING = Job("publishing", lambda stores, _: publish(stores))


async def run(
    stores: Stores,
    *,
    owner: str,
    wake: asyncio.Event,
    clock: Clock,
    poll_seconds: float = 1.0,
    housekeeping: Housekeeping | None = None,
) -> None:
    """Relay until cancelled: events at once when `wake` is set, else by polling. And keep house, if that is said how."""
    # A process that commits derives by itself before it wakes us: what is left over is found by polling alone.
    wakes = {DERIVING: asyncio.Event(), PUBLISHING: wake, ERASING: asyncio.Event()}
    async with asyncio.TaskGroup() as jobs:
        for job, its_wake in wakes.items():
            jobs.create_task(_keep_at(job, stores, owner, its_wake, clock, poll_seconds))
        if housekeeping is not None:
            jobs.create_task(keep_house(stores, housekeeping, owner=owner, clock=clock))


async def _keep_at(
    job: Job, stores: Stores, owner: str, wake: asyncio.Event, clock: Clock, poll_seconds: float
) -> None:
    pause = 0.0
    while not is_cancelled():
        try:
            more = await turn(job, stores, owner=owner, clock=clock)
        # Whatever it is: a job that ends here would be missed only when somebody asks where the events are.
        except Exception as error:
            if not pause:
                surprising = not isinstance(error, StorageError)
                log.warning("%s fails, and is tried again: %s", job.name, error, exc_info=surprising)
            pause = min(pause * 2 or poll_seconds, LONGEST_PAUSE)
            # Without regard to `wake`: edits go on, and each would have us try.
            await asyncio.sleep(pause)
            continue
        if pause and more is not None:
            log.info("%s goes on", job.name)
        pause = 0.0
        if not more:
            try:
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the wake.
                async with asyncio.timeout(poll_seconds):
                    await wake.wait()
            except TimeoutError:
                continue
            wake.clear()


async def turn(job: Job, stores: Stores, *, owner: str, clock: Clock) -> bool | None:
    """One round of a job. Answers whether there is more to do at once; None if another process has the lease."""
    if not await stores.metadata.hold_lease(job.name, owner, LEASE_SECONDS, clock()):
        return None
    return await job.round(stores, clock) == BATCH


async def publish(stores: Stores) -> int:
    """Publish up to a batch of events, each entity's in order; answers how many."""
    work = await stores.metadata.unpublished(BATCH)
    if work:
        with stores.meter.round("publishing", len(work)):
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
    if due:
        with stores.meter.round("deriving", len(due)):
            for one in due:
                await draw(Owed(one), stores)
            await finish(due, stores)
    return len(due)


async def settle(stores: Stores, *, clock: Clock) -> None:
    """Do all that is owed, now. For commands that end, and for tests."""
    while await derive_left_over(stores, clock):
        pass
    while await publish(stores):
        pass
