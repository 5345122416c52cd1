"""Edits and the import on MySQL and S3, against the bare cost of the same calls."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import aiomysql  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import Connection, Engine, event

from app.compose import open_stores
from app.importing import import_documents
from app.intake import read
from app.settings import Settings
from storage.ids import EntityId, internal
from storage.keys import snapshot_key
from storage.model import Attempt
from storage.ports import NewObject, Stores
from tests.benchmarks import edits
from tests.benchmarks.edits import Result, result_of
from tests.benchmarks.servers import Servers

DOCUMENTS = 1_000
EDITS = 320
Sent = list[tuple[str, tuple[Any, ...]]]
"""Statements with what is bound to them."""


async def measure_edits(servers: Servers, folder: Path, at_once: int) -> tuple[Result, Result]:
    """Label edits through the write flow, and the bare calls of as many."""
    place = servers.engines.empty(folder)
    async with servers.engines.opened(place) as stores:
        with _sent() as sent:
            await edits.label(stores, EntityId("Q1"), 2)
        created, relabelled = _commits(sent)
        made = await edits.writers(stores, at_once, EDITS)
        bare = await _bare(stores, place, created, relabelled, at_once)
    return made, bare


async def _bare(stores: Stores, place: Settings, created: Sent, relabelled: Sent, at_once: int) -> Result:
    """One conditional put by the same client, and one transaction of the same statements by the bare driver."""
    pool = await aiomysql.create_pool(
        *(min(at_once, 16), min(at_once, 16)),
        host=place.mysql_host,
        port=place.mysql_port,
        user=place.mysql_user,
        password=place.mysql_password,
        db=place.mysql_database,
    )

    async def transaction(statements: Sent, number: int) -> None:
        async with pool.acquire() as connection, connection.cursor() as cursor:
            for text, bound in statements:
                await cursor.execute(text, _of(number, bound))
            await connection.commit()

    async def one(number: int) -> None:
        key = snapshot_key(EntityId(f"Q{number}"), 2)
        await stores.objects.put_absent([NewObject(key, b"x" * 1000, Attempt(os.urandom(16)))])
        await transaction(relabelled, number)

    numbers = range(5_000_000, 5_000_000 + EDITS)
    for number in numbers:
        await transaction(created, number)
    found = await result_of(
        [[partial_of(one, number) for number in numbers[n::at_once]] for n in range(at_once)]
    )
    pool.close()
    await pool.wait_closed()
    return found


def partial_of(call: Callable[[int], Awaitable[None]], number: int) -> Callable[[], Awaitable[None]]:
    """The call of a number."""
    return lambda: call(number)


def _of(number: int, bound: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same for another entity than Q1."""
    was, now = internal(EntityId("Q1")), internal(EntityId(f"Q{number}"))
    return tuple(now if one == was else one for one in bound)


@contextmanager
def _sent() -> Iterator[list[Sent]]:
    """The transactions that wrote, each with its statements."""
    found: list[Sent] = []
    under_way: dict[Connection, Sent] = {}

    def execute(
        connection: Connection, _cursor: object, text: str, bound: Any, _context: object, many: bool
    ) -> None:
        under_way.setdefault(connection, []).extend(
            (text, tuple(one)) for one in (bound if many else [bound])
        )

    def commit(connection: Connection) -> None:
        found.append(under_way.pop(connection, []))

    def rollback(connection: Connection) -> None:
        under_way.pop(connection, None)

    listeners = (("before_cursor_execute", execute), ("commit", commit), ("rollback", rollback))
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    try:
        yield found
    finally:
        for name, listener in listeners:
            event.remove(Engine, name, listener)


def _commits(sent: Sequence[Sent]) -> list[Sent]:
    return [one for one in sent if any("INTO outbox" in text for text, _ in one)]


@dataclass(frozen=True)
class Imported:
    """Of an import: documents a second, and what each second of it had of processors and of round trips."""

    per_second: float
    client: float
    mysql: float
    s3: float
    transactions: float
    requests: float


async def measure_import(servers: Servers, paths: Sequence[str], folder: Path) -> Imported:
    """The first documents of the paths, into empty engines."""
    documents = list(islice(read(list(paths)), DOCUMENTS))
    async with open_stores(servers.engines.empty(folder), alone=True) as stores:
        requests = 0

        def request(**_: Any) -> None:
            nonlocal requests
            requests += 1

        client = stores.objects._client._client  # type: ignore[attr-defined]  # the driver's, which tells of each request
        client.meta.events.register("before-send.s3", request)
        with _sent() as sent:
            before, clock, processor = _children(), time.perf_counter(), time.process_time()
            await import_documents(documents, stores)
            seconds, own, after = time.perf_counter() - clock, time.process_time() - processor, _children()
    used = {name: (after[name] - before.get(name, 0.0)) / seconds for name in after}
    return Imported(
        per_second=DOCUMENTS / seconds,
        client=own / seconds,
        mysql=used.get("mariadbd", 0.0),
        s3=used.get("weed", 0.0),
        transactions=len(sent) / DOCUMENTS,
        requests=requests / DOCUMENTS,
    )


def _children() -> dict[str, float]:
    """Seconds of processor time of the processes that this one has started, by name."""
    found: dict[str, float] = {}
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            name, _, rest = Path(f"/proc/{child}/stat").read_text().partition("(")[2].rpartition(")")
            user, system = rest.split()[11:13]
            found[name] = found.get(name, 0.0) + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return found
