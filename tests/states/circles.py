"""Redirects that would close a circle if all of them landed, made at once (I11)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count

from storage.commit import commit
from storage.edits import Base
from storage.errors import Redirected, StorageError, TargetUnfit
from storage.ids import EntityId
from storage.ports import Stores
from tests.builders import NOW, an_item
from tests.commit.making import edit
from tests.faults import Faults, When
from tests.states.moves import asked, redirect_to


class Clock:
    """A clock that goes on at each look, by so many seconds."""

    def __init__(self, seconds: float = 0) -> None:
        self._now, self._step = NOW, timedelta(seconds=seconds)

    def __call__(self) -> datetime:
        self._now += self._step
        return self._now


async def uneven() -> AsyncIterator[int]:
    """Tries without end, with waits that differ and become longer than whatever is done between them.

    At first some turns of the loop, so that they are close together; then up to a second.
    """
    for number in count():
        if number < 4:
            for _ in range(random.randrange(2**number)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(random.uniform(0, min(0.001 * 2 ** (number - 4), 1)))
        yield number


async def round_of(stores: Stores, first: int, size: int, *, crashes: bool = False) -> Counter[str]:
    """One round on new items: each redirects to the next, all at once; answers how they ended.

    With `crashes` one of them dies while it holds its reservation, so that those whom it hinders have to wait until
    it counts as abandoned.
    """
    items = [EntityId(f"Q{first + number}") for number in range(size)]
    for one in items:
        await commit(edit(an_item(one), Base.NOTHING), stores, clock=Clock(), pauses=uneven)
    clock = Clock(1 if crashes else 0)
    dead = random.randrange(size) if crashes else None

    async def go(number: int) -> str:
        faults = Faults()
        if number == dead:
            faults.silence(When.AFTER, verb="metadata.reserve_target")
        try:
            wanted = asked(items[number], redirect_to(items[(number + 1) % size]), 1)
            await commit(wanted, faults.wrap(stores), clock=clock, pauses=uneven)
            return "landed"
        except TargetUnfit as refused:
            return refused.why
        except StorageError as error:
            return error.code

    endings = Counter(await asyncio.gather(*map(go, range(size))))
    targets = {one: head.head.redirects_to for one, head in (await stores.metadata.heads(items)).items()}
    assert not _is_circle(items, targets), f"a circle: {targets}"
    landed = sum(1 for target in targets.values() if target)
    assert endings["landed"] == landed, f"{endings} was told, but {targets} is there"
    if not crashes:
        assert landed, f"nobody landed: {endings}"
        left = [one for one in items if await stores.metadata.reservations(one)]
        assert left == [], f"{left} are reserved, though nobody died"
    return endings


async def last_ones(stores: Stores, first: int, size: int) -> None:
    """After a crash: whoever comes later lands if it may, and leaves nothing reserved that it met."""
    items = [EntityId(f"Q{first + number}") for number in range(size)]
    for number in range(size):
        wanted = asked(items[number], redirect_to(items[(number + 1) % size]))
        with suppress(Redirected, TargetUnfit):
            await commit(wanted, stores, clock=Clock(1), pauses=uneven)


def _is_circle(items: Sequence[EntityId], targets: dict[EntityId, EntityId | None]) -> bool:
    here: EntityId | None = items[0]
    for _ in items:
        here = targets[here] if here is not None else None
    return here is not None
