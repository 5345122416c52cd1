"""All that is counted, by its name in Prometheus. `docs/operations.md` lists them, and a test compares.

Made for one process: with `PROMETHEUS_MULTIPROC_DIR` set when the process began, as `serve --workers` does, the library
keeps the numbers in files of that folder, and whoever shows them adds up those of all processes. Numbers of a process
that ended still count; what was true of it (gauges) does not.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Buckets of what a client waits for."""
CALL_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Of one call of a store."""
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
COSTS = (1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 50_000)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
LOOKS, LOOK_SECONDS = 10, 0.003
"""How often the files of all processes are looked at until each of them is whole, and how long between two looks."""
_PREFIX = "wikibase_graph"


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        # When each was counted first would be twice the series, for nobody.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self.registry = CollectorRegistry()
        # What clients ask
        self.requests = self._counter("http_requests", "Requests by HTTP", "path", "status")
        self.underway = self._gauge("requests_underway", "Requests of /graphql that are being answered")
        self.operations = self._histogram(
            "operation_seconds", "Operations from the request to the answer", SECONDS, "type", "name"
        )
        self.cost = self._histogram("operation_cost", "What operations were reckoned to cost", COSTS, "type")
        self.errors = self._counter("errors", "Errors that clients were told", "code")
        self.websockets = self._gauge("websockets_open", "WebSocket connections")
        self.subscriptions = self._gauge("subscriptions_open", "Subscriptions that are followed")
        self.subscription_events = self._counter("subscription_events", "Answers to subscriptions")
        # How it is answered
        self.batches = self._histogram(
            "loader_batch_size", "Keys that a loader read at once", SIZES, "loader"
        )
        self.cache_hits = self._counter("cache_hits", "Objects that were at hand")
        self.cache_misses = self._counter("cache_misses", "Objects that had to be read")
        self.cache_waits = self._counter("cache_waits", "Objects that somebody else was reading already")
        self.cache_evictions = self._counter("cache_evictions", "Objects that had to make room")
        self.cache_bytes = self._gauge("cache_bytes", "Memory that objects at hand take, about")
        self.prepared_hits = self._counter("prepared_hits", "Operations that were prepared before")
        self.prepared_misses = self._counter(
            "prepared_misses", "Operations that had to be parsed and validated"
        )
        self.prepared_evictions = self._counter("prepared_evictions", "Operations that had to make room")
        self.prepared_bytes = self._gauge("prepared_bytes", "Memory that prepared operations take, about")
        self.fields = self._counter("fields", "Fields of answers by how they were executed", "by")
        self.plan_bytes = self._gauge("plan_bytes", "Memory that compiled functions take, about")
        self.parts_made = self._counter("parts_made", "Parts of answers that were not at hand")
        self.parts_bytes = self._gauge("parts_bytes", "Memory that parts of answers take, about")
        # Stores
        self.calls = self._histogram(
            "store_call_seconds", "Calls of the stores", CALL_SECONDS, "store", "verb"
        )
        self.failures = self._counter(
            "store_failures", "Calls of the stores that raised an error", "store", "verb", "code"
        )
        self.object_reads = self._counter("object_reads", "Objects that were asked for", "bucket")
        self.object_read_bytes = self._counter(
            "object_read_bytes", "Bytes of objects that were read", "bucket"
        )
        self.object_writes = self._counter("object_writes", "Objects that were written", "bucket")
        self.object_written_bytes = self._counter(
            "object_written_bytes", "Bytes of objects that were written", "bucket"
        )
        # Edits
        self.edits = self._counter(
            "edits", "Edits by what they change and how they ended", "change", "result"
        )
        self.faults = self._counter("edit_faults", "Faults that edits were refused for", "code")
        self.edits_underway = self._gauge("edits_underway", "Edits that are being made")
        self.validation = self._histogram(
            "validation_seconds", "Validation of what an edit says", CALL_SECONDS
        )
        self.collisions = self._counter("collisions", "Statements met under the hash of another")
        # What follows edits
        self.events = self._counter("events_published", "Events that the stream took")
        self.rounds = self._histogram(
            "relay_round_seconds", "Rounds of the relay that had something to do", SECONDS, "job"
        )
        self.relayed = self._counter("relayed", "Revisions and erasures that rounds of the relay did", "job")
        self.owed = self._gauge(
            "outbox_revisions", "Committed revisions that owe this", "owed", mode="mostrecent"
        )
        self.owed_age = self._gauge(
            "outbox_age_seconds", "Age of the oldest revision that owes this", "owed", mode="mostrecent"
        )
        # Processes
        self.processes = self._gauge("processes", "Processes that serve")

    def text(self) -> bytes:
        """All numbers of all processes, as Prometheus reads them."""
        return text_of(folder) if (folder := shared_folder()) else generate_latest(self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"{_PREFIX}_{name}", about, labels, registry=self.registry)

    def _gauge(self, name: str, about: str, *labels: str, mode: str = "livesum") -> Gauge:
        return Gauge(
            f"{_PREFIX}_{name}",
            about,
            labels,
            registry=self.registry,
            multiprocess_mode=mode,  # type: ignore[arg-type]  # one of the words of the library's
        )

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{_PREFIX}_{name}", about, labels, registry=self.registry, buckets=buckets)


def shared_folder() -> Path | None:
    """Where this process and others keep their numbers; None for one that is alone."""
    folder = os.environ.get(FOLDER)
    return Path(folder) if folder else None


def text_of(folder: Path) -> bytes:
    """The numbers of all processes that keep them in a folder, as Prometheus reads them."""
    for _ in range(LOOKS - 1):
        try:
            return generate_latest(_collected(folder))
        except (OSError, struct.error, ValueError):
            # Somebody begins or ends: a file is there and empty for a moment, or was just taken away.
            time.sleep(LOOK_SECONDS)
    return generate_latest(_collected(folder))


def _collected(folder: Path) -> CollectorRegistry:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]  # it has no types
    return registry
