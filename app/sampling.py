"""What is not told when it happens but looked at now and then: the cache's numbers, and what committed revisions owe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

from prometheus_client import Counter

from app.meter import AppMeter
from app.persisted import Documents
from storage import times
from storage.ending import pause
from storage.errors import StorageError
from storage.ports import Stores
from storage.times import Clock

EVERY_SECONDS = 5.0
"""How often a process looks by itself. Others may be asked for the sum of all."""
FRESH_SECONDS = 1.0
"""Who asks for numbers gets none that are older, but for those of other processes."""
PATIENCE_SECONDS = 2.0
BOUND = 20_000
"""So many revisions that owe something are looked at; more are told as these."""
_UNKNOWN = float("nan")


class Sampler:
    """Looks at the stores of one application."""

    def __init__(
        self,
        meter: AppMeter,
        stores: Stores,
        clock: Clock = times.now,
        documents: Documents | None = None,
    ) -> None:
        """`documents` are those of a process that executes some."""
        self._meter, self._stores, self._clock, self._documents = meter, stores, clock, documents
        self._told: dict[Counter, int] = {}
        self._looked: float | None = None
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look again and again meanwhile."""
        looking = asyncio.create_task(self._keep_looking())
        self._meter.metrics.processes.set(1)
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _keep_looking(self) -> None:
        while True:
            await self.look()
            await pause(EVERY_SECONDS)

    async def text(self) -> bytes:
        """All numbers, as new as they can be, as Prometheus reads them."""
        await self.look()
        return self._meter.metrics.text()

    async def look(self) -> None:
        """Bring the numbers up to date."""
        self._look_at_cache()
        self._look_at_documents()
        async with self._one_at_a_time:
            if self._looked is None or monotonic() - self._looked >= FRESH_SECONDS:
                await self._look_at_outbox()
                self._looked = monotonic()

    def _look_at_cache(self) -> None:
        cache, metrics = self._stores.cache, self._meter.metrics
        if cache is None:
            return
        self._rise(metrics.cache_hits, cache.hits)
        self._rise(metrics.cache_misses, cache.misses)
        self._rise(metrics.cache_waits, cache.waits)
        self._rise(metrics.cache_evictions, cache.evictions)
        metrics.cache_bytes.set(cache.bytes)

    def _look_at_documents(self) -> None:
        metrics = self._meter.metrics
        if self._documents is None:
            return
        prepared, plans = self._documents.prepared, self._documents.plans
        self._rise(metrics.prepared_hits, prepared.hits)
        self._rise(metrics.prepared_misses, prepared.misses)
        self._rise(metrics.prepared_evictions, prepared.evictions)
        metrics.prepared_bytes.set(prepared.bytes)
        if plans is not None:
            self._rise(metrics.fields.labels("plan"), plans.compiled)
            self._rise(metrics.fields.labels("executor"), plans.standard)
            metrics.plan_bytes.set(plans.bytes)
        if plans is not None and plans.parts is not None:
            self._rise(metrics.parts_made, plans.parts.misses)
            metrics.parts_bytes.set(plans.parts.bytes)

    def _rise(self, counter: Counter, now: int) -> None:
        """Let a counter follow a number that is kept elsewhere."""
        counter.inc(now - self._told.get(counter, 0))
        self._told[counter] = now

    async def _look_at_outbox(self) -> None:
        metrics = self._meter.metrics
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                backlog = await self._stores.metadata.backlog(BOUND)
        except (StorageError, TimeoutError):
            # An old number would say that all is well.
            for owed in ("deriving", "publishing"):
                metrics.owed.labels(owed).set(_UNKNOWN)
                metrics.owed_age.labels(owed).set(_UNKNOWN)
            return
        for owed, count, since in (
            ("deriving", backlog.underived, backlog.underived_since),
            ("publishing", backlog.unpublished, backlog.unpublished_since),
        ):
            age = 0.0 if since is None else max(0.0, (self._clock() - since).total_seconds())
            metrics.owed.labels(owed).set(count)
            metrics.owed_age.labels(owed).set(age)
