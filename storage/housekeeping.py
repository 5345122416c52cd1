"""What is done once a day or so, by one process: end retentions, collect orphans.

The lease is the calendar: whoever gets it does the round, under a name used once, and until it has run out nobody
gets it again. After a failure the name is kept, so that the same process tries again. Knows ports.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from storage.collect import LEAST_AGE, collect
from storage.ending import pause
from storage.errors import StorageError
from storage.ports import Stores
from storage.retention import end_retentions
from storage.times import Clock

log = logging.getLogger(__name__)

LOOKS = 20
"""How often a process looks whether it is time, in each interval; but once in ten minutes at least."""


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """How often, and after how long nobody's statements are collected."""

    every: timedelta = timedelta(days=1)
    older_than: timedelta = LEAST_AGE


@dataclass(frozen=True, slots=True)
class Chore:
    """A name for its lease, and what is done: all of it, however much there is."""

    name: str
    do: Callable[[Stores, Clock, Housekeeping], Awaitable[None]]


async def _retain(stores: Stores, clock: Clock, _: Housekeeping) -> None:
    entities, more = 0, True
    while more:
        done = await end_retentions(stores, clock)
        entities, more = entities + done.entities, done.more
    if entities:
        log.info("retention: %s entities released", entities)


async def _collect(stores: Stores, clock: Clock, how: Housekeeping) -> None:
    collected, more = 0, True
    while more:
        report = await collect(stores, clock, older_than=how.older_than)
        collected, more = collected + report.collected, report.more
    if collected:
        log.info("collecting: %s statements deleted", collected)


RETAINING, COLLECTING = Chore("retaining", _retain), Chore("collecting", _collect)


async def keep_house(stores: Stores, how: Housekeeping, *, owner: str, clock: Clock) -> None:
    """Do each chore when it is time, until cancelled."""
    async with asyncio.TaskGroup() as chores:
        for chore in (RETAINING, COLLECTING):
            chores.create_task(_keep_at(chore, stores, how, owner, clock))


async def _keep_at(chore: Chore, stores: Stores, how: Housekeeping, owner: str, clock: Clock) -> None:
    number = 0
    while True:
        try:
            if await turn(chore, stores, how, owner=f"{owner}-{number}", clock=clock):
                number += 1
        # Whatever it is: a chore that ends here would be missed only when somebody asks where the space went.
        except Exception as error:
            surprising = not isinstance(error, StorageError)
            log.warning("%s fails, and is tried again: %s", chore.name, error, exc_info=surprising)
        await pause(min(600.0, how.every.total_seconds() / LOOKS) * random.uniform(0.5, 1.0))


async def turn(chore: Chore, stores: Stores, how: Housekeeping, *, owner: str, clock: Clock) -> bool:
    """Do a chore if it is time; whether it was. An owner who has had its turn must come under another name."""
    if not await stores.metadata.hold_lease(chore.name, owner, how.every.total_seconds(), clock()):
        return False
    await chore.do(stores, clock, how)
    return True
