"""What a request asks of the drivers: the SQL texts sent to the metadata store, the names asked of the object store.

Counted where the text leaves for the engine, below everything of ours, so that no layer can hide a read.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

_OF_THE_RELAY = ("outbox", "leases")


@dataclass
class Counts:
    """SQL texts of the metadata store, and names of objects that were read."""

    queries: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    def both(self) -> tuple[int, int]:
        """Queries and objects, as numbers."""
        return len(self.queries), len(self.objects)


@contextmanager
def counted() -> Iterator[Counts]:
    """Count what is sent to the embedded engines meanwhile, but for what the relay looks after."""
    counts = Counts()
    lock = threading.Lock()

    def sent(connection: Connection, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        if not text.startswith("SELECT") or any(f" {table}" in text for table in _OF_THE_RELAY):
            return
        name = Path(str(connection.engine.url.database)).name
        with lock:
            if name == "metadata.sqlite":
                counts.queries.append(text)
            elif name == "objects.sqlite":
                counts.objects.extend(parameters)

    event.listen(Engine, "before_cursor_execute", sent)
    try:
        yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", sent)
