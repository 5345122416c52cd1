"""Edits at a steady rate while Kafka is there, away, and back: what its absence costs them, and what is told after it.

On MySQL and S3, by all that a server process does: edits, their consequences, the relay. Kafka goes away by its line's
being cut; what it has is kept.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select

from app.work import Work
from storage import times
from storage.changes import SetContent
from storage.edits import Base, Edit
from storage.errors import StorageError
from storage.ids import EntityId
from storage.model import EditInfo
from storage.ports import Position, Stores
from storage.references import References
from storage.sql.metadata import SqlMetadata
from storage.sql.tables import outbox
from tests.benchmarks.servers import Servers
from tests.builders import an_item
from tests.services.kafka import wire

ENTITIES = 300
POLL_SECONDS = 1.0
LONGEST_DRAIN = 300.0


@dataclass
class Phase:
    """How long edits took, in seconds from when they were due, and over how long they were made."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failed: int = 0

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds

    def at(self, share: float) -> float:
        """The quantile, in milliseconds."""
        return sorted(self.took)[int(len(self.took) * share)] * 1e3


class Editors:
    """Entities that are edited in turn, each edit on the one before it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._bases: dict[EntityId, int | Literal[Base.HEAD]] = {}
        self._next = self._edits = 0

    async def begin(self) -> None:
        """Make them."""
        for number in range(1, ENTITIES + 1):
            await self._edit(EntityId(f"Q{number}"))

    async def steadily(self, per_second: float, seconds: float) -> Phase:
        """So many edits a second, begun when they are due, whether or not those before have ended."""
        phase, start = Phase(), time.perf_counter()

        async def one(due: float, entity: EntityId) -> None:
            try:
                await self._edit(entity)
            except StorageError:
                self._bases[entity] = Base.HEAD  # whatever became of it
                phase.failed += 1
            else:
                phase.took.append(time.perf_counter() - due)

        async with asyncio.TaskGroup() as tasks:
            for number in range(int(per_second * seconds)):
                due = start + number / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                self._next = self._next % ENTITIES + 1
                tasks.create_task(one(due, EntityId(f"Q{self._next}")))
        phase.seconds = time.perf_counter() - start
        return phase

    async def _edit(self, entity: EntityId) -> None:
        base = self._bases.get(entity, Base.NOTHING)
        self._edits += 1
        said = an_item(entity).with_label("en", f"{self._edits}").with_statement("P31", item="Q5").json()
        outcome = await self._work.commit(Edit(entity, base, SetContent(said), EditInfo("entity-api")))
        self._bases[entity] = outcome.revision


Pair = tuple[Phase, Phase]
"""Of those whose Kafka goes away, and of their twins at the same time, whose Kafka stays."""


async def measure(
    servers: Servers, folder: Path, per_second: float, there: float, away: float
) -> dict[str, float]:
    """Kafka is there for `there` seconds, away for `away`, and back for as long as it takes and `there` seconds.

    Beside it the same edits are made in another database whose Kafka stays: what befalls the machine befalls both.
    """
    place, twins_place = (replace(one.empty(folder), poll_seconds=POLL_SECONDS) for one in servers.pair)
    async with wire() as line:
        line.server = servers.broker.port
        servers.broker.advertise(line.port)
        await line.mend()
        through = replace(place, kafka_brokers=f"127.0.0.1:{line.port}")
        async with (
            servers.engines.opened(through) as stores,
            servers.engines.opened(replace(twins_place, kafka_brokers=servers.other_broker.brokers)) as twins,
            _at_work(stores) as work,
            _at_work(twins) as twins_work,
        ):
            editors = (Editors(work), Editors(twins_work))
            await asyncio.gather(*(one.begin() for one in editors))
            before = await _both(editors, per_second, there)
            await line.cut()
            absent = await _both(editors, per_second, away)
            waiting = await _waiting(stores)
            await line.mend()
            returning = asyncio.create_task(_both(editors, per_second, there))
            drained = await _drained(stores, per_second)
            back = await returning
        servers.broker.advertise(servers.broker.port)
        async with servers.engines.opened(place) as stores:
            told = await _told(stores)
    figures = {
        "edits per second, there": before[0].per_second,
        "edits per second, away": absent[0].per_second,
        "edits per second, back": back[0].per_second,
        "edits that failed": before[0].failed + absent[0].failed + back[0].failed,
        "edits of the twin that failed": before[1].failed + absent[1].failed + back[1].failed,
    }
    for name, share in (("median", 0.5), ("99th percentile", 0.99)):
        for when, (phase, twin) in (("there", before), ("away", absent), ("back", back)):
            figures[f"edit, {name}, milliseconds, {when}"] = phase.at(share)
            figures[f"edit, {name}, {when} / twin at that time"] = phase.at(share) / twin.at(share)
        figures[f"edit, {name}, away / there"] = absent[0].at(share) / before[0].at(share)
    waited = {"events waiting at the end of the absence": waiting, "seconds until none waited": drained}
    return figures | waited | told


async def _both(editors: tuple[Editors, Editors], per_second: float, seconds: float) -> Pair:
    one, twin = await asyncio.gather(*(one.steadily(per_second, seconds) for one in editors))
    return one, twin


async def _drained(stores: Stores, per_second: float) -> float:
    """Seconds until no more wait than edits bring in a second."""
    start = time.perf_counter()
    while await _waiting(stores) > per_second:
        if time.perf_counter() - start > LONGEST_DRAIN:
            raise RuntimeError("the events do not drain")
        await asyncio.sleep(0.25)
    return time.perf_counter() - start


async def _waiting(stores: Stores) -> int:
    assert isinstance(stores.metadata, SqlMetadata)  # whose database can be asked what no port tells
    counting = select(func.count()).select_from(outbox).where(outbox.c.published == 0)
    return await stores.metadata.database.read(lambda c: c.scalar(counting) or 0)


async def _told(stores: Stores) -> dict[str, float]:
    """What Kafka was told, against what was committed."""
    last: dict[str, int] = {}
    told = repeated = disordered = 0
    after: Position | None = None
    seen: set[str] = set()
    while page := await stores.events.read(after, 1000):
        after = page[-1].position
        for event in (published.event for published in page):
            told += 1
            if event.id in seen:
                repeated += 1
                continue
            seen.add(event.id)
            disordered += event.from_revision_id != last.get(event.entity_id)
            last[event.entity_id] = event.revision_id
    ids = [EntityId(f"Q{number}") for number in range(1, ENTITIES + 1)]
    heads = await stores.metadata.heads(ids)
    lost = sum(heads[one].head.revision != last.get(one) for one in ids)
    return {
        "events": told,
        "events told twice": repeated,
        "events out of order": disordered,
        "entities whose last event is lost": lost,
    }


@asynccontextmanager
async def _at_work(stores: Stores) -> AsyncIterator[Work]:
    work = Work(stores, clock=times.now, references=References.OFF, poll_seconds=POLL_SECONDS)
    work.start()
    try:
        yield work
    finally:
        # What was committed last is told as well.
        for _ in range(100):
            if not await _waiting(stores):
                break
            await asyncio.sleep(0.1)
        await work.drain(5.0)
