"""What an edit costs, counted at the drivers: the SQL that leaves for the metadata, the requests that leave for S3.

Knows both engines by what their drivers tell of themselves. Counts what is done one after the other: nobody else may
be at work on any engine of the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from storage.s3_reader import Read, Reader
from tests.faults import Call

READS, WRITES, PUTS, GETS, TAGS = "reads", "writes", "puts", "GET", "PUT tagging"
OBJECTS = {"objects.put_absent": PUTS, "objects.get": GETS, "objects.tag": TAGS}


@dataclass(slots=True)
class Costs:
    """How often what was done.

    `READS` are queries in transactions that only read, `WRITES` are transactions that wrote, `PUTS` are objects sent to
    S3 under the condition that there is none. Other requests to S3 go by method and what is asked for.
    """

    counts: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    """The statements of the transactions that wrote, without what was bound."""

    def called(self, calls: Iterable[Call]) -> None:
        """Calls of embedded objects: a key is what a request would be."""
        for call in calls:
            if str(call) in OBJECTS:
                self.counts[OBJECTS[str(call)]] += len(call.arguments[0])

    def request(self, request: Any, **_: Any) -> None:
        """A request that S3's driver is about to send."""
        method, asked = request.method, request.url.partition("?")[2]
        conditional = method == "PUT" and "If-None-Match" in request.headers
        self.counts[PUTS if conditional else f"{method} {asked}".strip()] += 1

    def ended(self, database: str, texts: list[str]) -> None:
        """A transaction."""
        if database.endswith("objects.sqlite"):
            return
        if all(text.startswith(("SELECT", "BEGIN")) for text in texts):
            self.counts[READS] += sum(text.startswith("SELECT") for text in texts)
        else:
            self.counts[WRITES] += 1
            self.texts += texts


@contextmanager
def counted(s3: Any = None) -> Iterator[Costs]:
    """Count for as long as this is open. `s3` is the driver's client, if there is one."""
    costs = Costs()
    under_way: dict[Connection, list[str]] = {}

    def execute(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if connection.in_transaction() or statement.startswith("BEGIN"):
            under_way.setdefault(connection, []).append(statement)
        else:
            costs.ended(connection.engine.url.database or "", [statement])

    def end(connection: Connection) -> None:
        if texts := under_way.pop(connection, None):
            costs.ended(connection.engine.url.database or "", texts)

    listeners = (("before_cursor_execute", execute), ("commit", end), ("rollback", end))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    if s3 is not None:
        s3.meta.events.register("before-send.s3", costs.request)
    with pytest.MonkeyPatch.context() as patch:
        read = Reader.read

        async def short(reader: Reader, bucket: str, name: str) -> Read | None:
            costs.counts[GETS] += 1
            return await read(reader, bucket, name)

        # What the short way does not find is asked of the driver, and counted again.
        patch.setattr(Reader, "read", short)
        try:
            yield costs
        finally:
            _end(listeners, s3, costs)


def _end(listeners: Iterable[tuple[str, Any]], s3: Any, costs: Costs) -> None:
    for name, listener in listeners:
        event.remove(Engine, name, listener)
    if s3 is not None:
        s3.meta.events.unregister("before-send.s3", costs.request)
