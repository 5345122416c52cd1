"""A database whose units are judged by the statements that they send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any

from sqlalchemy import Connection, event

from storage.sql.sqlite import Database, T, Unit
from tests.sharding.routes import Route, route

SHARDS = 16
Shard = tuple[str, int]


class Unexpected(AssertionError):
    """What Vitess would refuse, or answer from all shards though nobody said so."""


class Watched:
    """A database whose units are judged by the statements that they have sent."""

    def __init__(self, database: Database, may_scatter: Collection[str]) -> None:
        self._database = database
        self._may_scatter = may_scatter
        self.asked: list[tuple[str, set[Shard]]] = []
        """The verb of each unit, and the shards that it went to."""

    async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
        return await self._watch(
            partial(self._database.read, snapshot=snapshot, brief=brief), unit, writes=False
        )

    async def write(self, unit: Unit[T]) -> T:
        return await self._watch(self._database.write, unit, writes=True)

    async def _watch(self, run: Callable[[Unit[T]], Awaitable[T]], unit: Unit[T], *, writes: bool) -> T:
        verb = _verb(unit)
        sent: list[tuple[str, Route]] = []

        def note(_connection: object, _cursor: object, statement: str, bound: Any, *rest: Any) -> None:
            rows = bound if rest[-1] else [bound]
            sent.extend((statement, one) for one in route(statement, rows))

        def watched(connection: Connection) -> T:
            sent.clear()  # it may be run again
            event.listen(connection, "before_cursor_execute", note)
            try:
                return unit(connection)
            finally:
                event.remove(connection, "before_cursor_execute", note)

        try:
            return await run(watched)
        finally:
            shards = {shard for _, one in sent for shard in _shards(one)}
            self.asked.append((verb, shards))
            for statement, one in sent:
                if one.ids is None and (writes or verb not in self._may_scatter):
                    raise Unexpected(f"{verb} asks all shards: {statement}")
            if writes and len(shards) > 1:
                raise Unexpected(f"{verb} writes to {len(shards)} shards in one transaction")


def _verb(unit: Unit[Any]) -> str:
    """`SqlMetadata.heads.<locals>.<lambda>`, or a unit with its arguments."""
    name: str = getattr(unit, "func", unit).__qualname__
    return name.removeprefix("SqlMetadata.").split(".")[0]


def _shards(one: Route) -> set[Shard]:
    ids = (
        one.ids if one.ids is not None else [bytes([number * 256 // SHARDS]) * 8 for number in range(SHARDS)]
    )
    return {(one.keyspace, identity[0] * SHARDS // 256) for identity in ids} or {(one.keyspace, 0)}
