"""What runs until it is cancelled ends, even if what it awaits loses the word (`storage/ending.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from app.memory import cache_of
from app.meter import AppMeter
from app.metrics import Metrics
from app.sampling import Sampler
from app.settings import Settings
from app.tracing import Tracing
from storage import erasure, housekeeping, relay, times
from storage.housekeeping import Housekeeping
from storage.ports import Stores
from tests.faults import Call, Faults, When

PATIENCE = 20.0
"""Seconds after which it is taken as never to end."""

Task = Callable[[Stores], Coroutine[Any, Any, None]]


def relaying(stores: Stores) -> Coroutine[Any, Any, None]:
    """Three jobs."""
    return relay.run(stores, owner="it", wake=asyncio.Event(), clock=times.now, poll_seconds=0.01)


def keeping_house(stores: Stores) -> Coroutine[Any, Any, None]:
    """Two chores, which look for their time again and again."""
    return housekeeping.keep_house(stores, Housekeeping(), owner="it", clock=times.now)


def watching(stores: Stores) -> Coroutine[Any, Any, None]:
    """For what others erase."""
    return erasure.watch(
        replace(stores, cache=cache_of(Settings(), None)), clock=times.now, poll_seconds=0.01
    )


def sampling(stores: Stores) -> Coroutine[Any, Any, None]:
    """Of the numbers that are looked at now and then."""
    return Sampler(AppMeter(Metrics(), Tracing()), stores)._keep_looking()


@pytest.mark.parametrize(
    ("task", "verb"),
    [
        (relaying, "metadata.hold_lease"),
        (keeping_house, "metadata.hold_lease"),
        (watching, "metadata.erasures_since"),
        (sampling, "metadata.backlog"),
    ],
    ids=["relay", "housekeeping", "watch", "sampler"],
)
async def test_it_ends_though_the_word_is_lost(stores: Stores, task: Task, verb: str) -> None:
    waits = asyncio.Event()

    async def lose(_: Call) -> None:
        waits.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(PATIENCE)

    faults = Faults()
    faults.do(lose, When.BEFORE, verb=verb, times=None)
    running = asyncio.create_task(task(faults.wrap(stores)))
    await waits.wait()
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=PATIENCE / 2)
    assert done
