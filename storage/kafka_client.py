"""How to reach Kafka, and how to leave it: what the publisher and the reader of the stream share.

Knows aiokafka's ways; knows nothing of events.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError

FAILURES = (KafkaError, OSError, TimeoutError)
"""What aiokafka raises when Kafka is away, refuses, or is too slow."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """Where the stream is. The fields of security are those of aiokafka, by their names."""

    brokers: str
    """`host:port`, several with commas between."""
    topic: str = "wikibase.entity_change"
    dead_letters: str = ""
    """The topic of what can't be sent; by default that of the events with `.dead-letters`."""
    security_protocol: str = "PLAINTEXT"
    ssl_context: ssl.SSLContext | None = None
    sasl_mechanism: str = "PLAIN"
    sasl_plain_username: str | None = None
    sasl_plain_password: str | None = field(default=None, repr=False)
    request_seconds: float = 10.0
    """How long one request may take, or one connection."""
    publish_seconds: float = 30.0
    """How long one call to publish may take in all."""
    read_seconds: float = 30.0
    """The same of one call to read."""
    close_seconds: float = 5.0
    """How long to wait, at the end, for what is on its way."""

    def client(self) -> dict[str, Any]:
        """The arguments that every client of aiokafka takes."""
        return {
            "bootstrap_servers": self.brokers,
            "request_timeout_ms": round(self.request_seconds * 1000),
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_plain_username,
            "sasl_plain_password": self.sasl_plain_password,
        }


class Words(logging.Handler):
    """What aiokafka last said of a failure: why it can't connect it tells its log alone, ten times a second.

    While this listens nobody else does, unless the level of its log is set.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._log = logging.getLogger("aiokafka")
        self._log.addHandler(self)
        if self._log.level == logging.NOTSET:
            self._log.propagate = False
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()

    def close(self) -> None:
        """Listen no more."""
        self._log.removeHandler(self)
        self._log.propagate = not self._log.handlers
        super().close()

    def on(self, error: BaseException) -> str:
        """The error and what was said of it since the last one."""
        said, self.last = self.last, ""
        return f"{error!r} ({said})" if said else repr(error)


async def begin(starting: Coroutine[Any, Any, None], seconds: float) -> None:
    """Let a client start. Who is cancelled meanwhile waits so long for the start to end by itself.

    Cancelled in the middle of it, aiokafka 0.14 forgets a connection that it has just made.
    """
    task = asyncio.create_task(starting)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await _wind_up(task, seconds)
        raise


async def end(closing: Coroutine[Any, Any, None], seconds: float) -> None:
    """Let a client close, however that ends, and no longer than this."""
    # In a task of its own: closing may end in a cancellation that is not ours.
    await _wind_up(asyncio.create_task(closing), seconds)


async def _wind_up(task: asyncio.Task[None], seconds: float) -> None:
    """Wait so long for a task, then cancel it."""
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    await asyncio.wait({task}, timeout=seconds)
    if task.done() and not task.cancelled():
        task.exception()
