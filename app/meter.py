"""Whom core and ports tell what they do: it counts, and makes the steps of traces.

Where what happens becomes numbers. Knows no GraphQL and no HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import cast, get_args

from app.metered import Port, code_of, events_notes, metadata_notes, objects_notes
from app.metrics import Metrics
from app.tracing import Tracing
from storage.changes import Change
from storage.commit import Outcome
from storage.edits import Edit
from storage.errors import Invalid, OutcomeUnknown
from storage.ports import Events, Metadata, Objects, Stores


class AppMeter:
    """The core's `Meter`, of one application."""

    def __init__(self, metrics: Metrics, tracing: Tracing) -> None:
        self.metrics, self.tracing = metrics, tracing
        # From 0 on: what an alert looks for must be seen to rise when it happens for the first time.
        for code in ("internal_error", "damaged"):
            metrics.errors.labels(code)
        for change in get_args(Change):
            metrics.edits.labels(_snake(change.__name__), OutcomeUnknown.code)

    def on(self, stores: Stores) -> Stores:
        """The same stores, all that is done on them counted."""
        metrics, tracing = self.metrics, self.tracing
        objects = Port("objects", stores.objects, metrics, tracing, objects_notes(metrics))
        metadata = Port("metadata", stores.metadata, metrics, tracing, metadata_notes(metrics))
        events = Port("events", stores.events, metrics, tracing, events_notes(metrics))
        return replace(
            stores,
            objects=cast(Objects, objects),
            metadata=cast(Metadata, metadata),
            events=cast(Events, events),
            meter=self,
        )

    def batch(self, loader: str, size: int) -> AbstractContextManager[object]:
        """As the core says."""
        self.metrics.batches.labels(loader).observe(size)
        return self.tracing.step(f"load {loader}", {"wikibase.keys": size})

    @contextmanager
    def round(self, job: str, size: int) -> Iterator[None]:
        """As the core says. A trace of its own: whom it is for has had their answers."""
        with (
            self.metrics.rounds.labels(job).time(),
            self.tracing.root(f"relay {job}", {"wikibase.size": size}),
        ):
            yield
        self.metrics.relayed.labels(job).inc(size)

    def validation(self) -> AbstractContextManager[object]:
        """As the core says."""
        return self.metrics.validation.time()

    async def edit(self, edit: Edit, made: Awaitable[Outcome]) -> Outcome:
        """As the core says."""
        metrics, change = self.metrics, _snake(type(edit.change).__name__)
        with metrics.edits_underway.track_inprogress(), self.tracing.step(f"edit {change}"):
            try:
                outcome = await made
            except Exception as error:
                metrics.edits.labels(change, code_of(error)).inc()
                if isinstance(error, Invalid):
                    for fault in error.faults:
                        metrics.faults.labels(fault.code).inc()
                raise
        metrics.edits.labels(change, _ending(outcome)).inc()
        return outcome


def _ending(outcome: Outcome) -> str:
    if outcome.unchanged:
        return "unchanged"
    if outcome.owed is None:
        return "repeated"  # under an idempotency key that has landed before
    return "created" if outcome.created else "edited"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
