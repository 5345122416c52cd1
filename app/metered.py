"""Wrappers around the ports that count what goes through them, for Prometheus, for the request's tally and for traces.

The only place where calls of stores are counted. Every call reaches the store as it is, and its answer comes back as it
is. Below these are the engines, above them the cache.
"""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from time import perf_counter
from typing import Any

from opentelemetry.trace import SpanKind

from app.metrics import Metrics
from app.tracing import Tracing
from storage.errors import Damaged, StorageError
from storage.keys import Key
from storage.model import Attempt, Event
from storage.ports import Claim, Claimed, NewObject, StoredObject
from storage.tally import current

log = logging.getLogger(__name__)

Note = Callable[..., None]
"""Given the answer of a verb and what it was asked with."""


class Port:
    """A port, each verb of it counted; what is no verb is passed on."""

    def __init__(
        self,
        name: str,
        port: object,
        metrics: Metrics,
        tracing: Tracing,
        notes: Mapping[str, Note] | None = None,
    ) -> None:
        self._name, self._port = name, port
        self._metrics, self._tracing = metrics, tracing
        self._notes = notes or {}

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._port, verb)
        if not inspect.iscoroutinefunction(method):
            return method
        counted = self._counted(verb, method)
        # Found at once the next time.
        setattr(self, verb, counted)
        return counted

    def _counted(self, verb: str, method: Callable[..., Any]) -> Callable[..., Any]:
        name, seconds, note = (
            f"{self._name}.{verb}",
            self._metrics.calls.labels(self._name, verb),
            self._notes.get(verb),
        )

        async def counted(*asked: Any, **named: Any) -> Any:
            tally = current()
            if tally is not None:
                tally.call_began()
            began = perf_counter()
            try:
                with self._tracing.step(name, _size(asked), SpanKind.CLIENT):
                    answer = await method(*asked, **named)
            except Exception as error:
                self._metrics.failures.labels(self._name, verb, code_of(error)).inc()
                raise
            finally:
                seconds.observe(perf_counter() - began)
                if tally is not None:
                    tally.call_ended()
            if note is not None:
                note(answer, *asked, **named)
            return answer

        return counted


def code_of(error: BaseException) -> str:
    """The word for an error: of ours its code, of others the name of its class."""
    return error.code if isinstance(error, StorageError) else type(error).__name__


def objects_notes(metrics: Metrics) -> Mapping[str, Note]:
    """What is counted of objects: how many, and how large, by bucket."""

    def got(answer: Mapping[Key, StoredObject | Damaged], keys: Collection[Key]) -> None:
        read: Counter[str] = Counter()
        for key, stored in answer.items():
            read[key.bucket.value] += len(stored.data) if isinstance(stored, StoredObject) else 0
        for bucket, count in Counter(key.bucket.value for key in keys).items():
            metrics.object_reads.labels(bucket).inc(count)
            metrics.object_read_bytes.labels(bucket).inc(read[bucket])
        if (tally := current()) is not None:
            tally.object_reads += len(keys)
            tally.object_read_bytes += read.total()

    def put(taken: Mapping[Key, Attempt | None], objects: Sequence[NewObject]) -> None:
        written = [one for one in objects if one.key not in taken]
        for one in written:
            metrics.object_writes.labels(one.key.bucket.value).inc()
            metrics.object_written_bytes.labels(one.key.bucket.value).inc(len(one.data))
        if (tally := current()) is not None:
            tally.object_writes += len(written)
            tally.object_written_bytes += sum(len(one.data) for one in written)

    return {"get": got, "put_absent": put}


def metadata_notes(metrics: Metrics) -> Mapping[str, Note]:
    """What is counted of the metadata: collisions of hashes."""

    def claimed(answer: Mapping[bytes, Claimed], claim: Claim, *_: object) -> None:
        for digest, one in answer.items():
            if one.met:
                metrics.collisions.inc(one.met)
                # By chance there is one among billions of statements: more than that is somebody's work (T3).
                log.warning(
                    "a statement of %s (SHA-256 %s) has the hash of %s other(s), and is kept at %s",
                    *(claim.entity, digest.hex(), one.met, one.hash),
                )

    return {"claim": claimed}


def events_notes(metrics: Metrics) -> Mapping[str, Note]:
    """What is counted of the stream: what it took."""

    def published(_: None, events: Sequence[Event]) -> None:
        metrics.events.inc(len(events))

    return {"publish": published}


def _size(asked: Sequence[Any]) -> dict[str, int]:
    """How much was asked for, where that is a number of things."""
    if asked and isinstance(asked[0], Collection) and not isinstance(asked[0], str | bytes):
        return {"wikibase.keys": len(asked[0])}
    return {}
