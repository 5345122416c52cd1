"""The end of a server, in order: not ready any more, no new connections, clients told, edits finished.

Whoever has something long under way waits for `closing` and ends it. Knows no server.
"""

from __future__ import annotations

import asyncio
from time import monotonic


class Draining:
    """How far the end has come, of one application."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline: float | None = None
        self.closing = asyncio.Event()
        """Set when connections are to end: a WebSocket closes with 1012, a stream of events just ends."""

    @property
    def is_begun(self) -> bool:
        """Whether no more requests should be sent here."""
        return self._deadline is not None

    def begin(self, notice: float = 0.0) -> None:
        """The end is near: what is under way has so many seconds, after as many of notice."""
        if self._deadline is None:
            self._deadline = monotonic() + notice + self._seconds

    def seconds_left(self) -> float:
        """For what is under way."""
        self.begin()
        assert self._deadline is not None
        return max(0.0, self._deadline - monotonic())
