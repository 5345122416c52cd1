"""What a request asks of the drivers: the SQL texts sent to the metadata store, the names asked of the object store.

Counted where they leave for the engine, below everything of ours, so that no layer can hide a read: SQL as the toolkit
gives it to the driver, be that of SQLite or of MySQL; of S3 each HTTP request as it goes out, a second try as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from sqlalchemy import Connection, Engine, event

_OF_NO_REQUEST = ("outbox", "leases", "erasures")
"""Tables that the process looks at by itself."""


@dataclass
class Counts:
    """SQL texts of the metadata store, and names of objects that were read."""

    queries: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    def both(self) -> tuple[int, int]:
        """Queries and objects, as numbers."""
        return len(self.queries), len(self.objects)


def _is_of_no_request(text: str) -> bool:
    # By itself the process asks for the erasures of late, and for those that are due; a request for the newest.
    return any(f" {table}" in text for table in _OF_NO_REQUEST) and "BY erasures.created_at DESC" not in text


@contextmanager
def counted() -> Iterator[Counts]:
    """Count what is sent to the engines meanwhile, whichever they are, but for what the process does by itself."""
    counts = Counts()
    lock = threading.Lock()
    request = aiohttp.ClientSession._request

    def sent(connection: Connection, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        if not text.startswith("SELECT") or _is_of_no_request(text):
            return
        name = Path(str(connection.engine.url.database)).name
        with lock:
            if name == "metadata.sqlite" or connection.dialect.name == "mysql":
                counts.queries.append(text)
            elif name == "objects.sqlite":
                counts.objects.extend(parameters)

    async def asked(session: aiohttp.ClientSession, method: str, url: Any, **rest: Any) -> Any:
        counts.objects.append(f"{method} {urlsplit(str(url)).path}")
        return await request(session, method, url, **rest)

    event.listen(Engine, "before_cursor_execute", sent)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(aiohttp.ClientSession, "_request", asked)
            yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", sent)
