"""SQLite files behind the two verbs that all SQL here runs on: read, and write in one transaction.

One thread and one connection write. What waits while a commit is on its way to the disk goes into the next
commit together, each unit under a savepoint of its own: an fsync is shared by all who wait for it. Readers have
connections of their own. Several processes may open one file. Knows no table.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from storage.errors import OutcomeUnknown, StorageError, Unavailable
from storage.sql.prepared import FETCHED_BY

T = TypeVar("T")
Unit = Callable[[Connection], T]

MAX_UNITS = 256
"""Units in one commit: enough to share the fsync, few enough that nobody waits long for a neighbour."""

READER_KIB, WRITER_KIB = 2 * 1024, 16 * 1024
"""Of the file's pages, what each connection of a server keeps for itself. The operating system has them anyway, for all
connections together: it costs a hundred megabytes to have them four times, and wins nothing that can be measured."""


class Database(Protocol):
    """Where SQL runs. Units are plain functions, written once for every engine."""

    async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
        """Run on one consistent state. Unavailable when the database does not answer.

        Without `snapshot` each statement may see what was committed until it was sent: enough for a unit that sends
        one, or several of which each is about other keys. It may be run twice. Such a one is `brief` if it looks up a
        few keys, so that an engine without a network may run it in the event loop's thread.
        """

    async def write(self, unit: Unit[T]) -> T:
        """Run in one transaction, which commits unless the unit raises.

        Others may write at the same time. Where one of them was quicker, the unit is taken back and run again from
        the start, so it must do nothing but by its connection. A unit that catches an IntegrityError may go on: only
        that statement is taken back.
        Unavailable: it did not take effect. OutcomeUnknown: the commit's answer is lost.
        """


@dataclass(slots=True)
class Waiting:
    """A unit, who waits for it, and what became of it."""

    unit: Unit[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class _NotHere(Exception):
    """A unit could not be run in the event loop's thread."""


class SqliteDatabase:
    """One SQLite file, made where there is none. Unavailable once it is closed."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0, readers: int = 4) -> None:
        self._path = path
        self._closed = False
        self._write_engine = engine_of(path, "BEGIN IMMEDIATE", busy_seconds, 1, kept_kib=WRITER_KIB)
        self._read_engine = engine_of(path, "BEGIN", busy_seconds, readers, kept_kib=READER_KIB)
        # Waits for nothing and begins no transaction: it has one statement after another.
        self._here_engine = engine_of(path, None, 0, 1, kept_kib=READER_KIB)
        self._here = threading.Lock()
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-read")
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write_forever, name="sqlite-write", daemon=True)
        self._writer.start()

    async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
        self._refuse_when_closed()
        if brief and not snapshot:
            try:
                return self._read_here(unit)
            except _NotHere:  # where it may take its time, and tells what is wrong
                pass
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, unit)

    async def write(self, unit: Unit[T]) -> T:
        self._refuse_when_closed()
        waiting = Waiting(unit, asyncio.get_running_loop().create_future())
        self._queue.put(waiting)
        result: T = await waiting.future
        return result

    async def close(self) -> None:
        """Finish what was begun, then let go of the file."""
        self._closed = True
        self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._writer.join)
        self._readers.shutdown()
        self._here_engine.dispose()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _refuse_when_closed(self) -> None:
        # Nobody takes from the queue any more: who waited would wait for ever.
        if self._closed:
            raise Unavailable(f"{self._path.name} is closed")

    def _read(self, unit: Unit[T]) -> T:
        return run_read(self._read_engine, self._path.name, unit)

    def _read_here(self, unit: Unit[T]) -> T:
        """Run a brief unit in this thread: the way to another and back takes three times as long as such a unit (ADR 32)."""
        if not self._here.acquire(blocking=False):
            raise _NotHere  # another event loop's thread is at it
        try:
            with self._here_engine.connect() as connection:
                return unit(connection)
        except DBAPIError as error:
            raise _NotHere from error
        finally:
            self._here.release()

    def _write_forever(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            closing = False
            while len(batch) < MAX_UNITS and not closing:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    closing = True
                else:
                    batch.append(more)
            self._write_together(batch)
            _answer(batch)
            if closing:
                return

    def _write_together(self, batch: list[Waiting]) -> None:
        try:
            with self._write_engine.connect() as connection:
                transaction = connection.begin()
                for waiting in batch:
                    run_unit(connection, self._path.name, waiting)
                try:
                    transaction.commit()
                except DBAPIError as error:
                    for waiting in batch:
                        waiting.error = waiting.error or unknown_outcome(error)
                    raise
        except BaseException as error:
            # Begin or the connection itself failed: nothing of the batch took effect.
            for waiting in batch:
                if waiting.error is None:
                    waiting.error = Unavailable(f"{self._path.name}: {error}")
                    waiting.error.__cause__ = error


def run_read(engine: Engine, name: str, unit: Unit[T]) -> T:
    """Run a unit on one consistent state."""
    try:
        with engine.connect() as connection, connection.begin():
            return unit(connection)
    except DBAPIError as error:
        raise Unavailable(f"{name}: {error.orig}") from error


def run_unit(connection: Connection, name: str, waiting: Waiting) -> None:
    """Run a unit under a savepoint of its own; its result or error is noted."""
    # Past the toolkit, whose bookkeeping costs ten times as much as the word itself.
    say = connection.connection.driver_connection.execute  # type: ignore[union-attr]  # open, so not None
    say("SAVEPOINT unit")
    try:
        waiting.result = waiting.unit(connection)
        say("RELEASE unit")
    except DBAPIError as error:
        waiting.error = Unavailable(f"{name}: {error.orig}")
        waiting.error.__cause__ = error
    except Exception as error:
        waiting.error = error
    if waiting.error is not None:
        say("ROLLBACK TO unit")
        say("RELEASE unit")


def _selected(driver: sqlite3.Connection, text: str, bound: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """By the driver alone."""
    rows: Sequence[Sequence[Any]] = driver.execute(text, bound).fetchall()
    return rows


def unknown_outcome(error: DBAPIError) -> StorageError:
    """What is said of a commit whose answer is lost."""
    unknown = OutcomeUnknown(f"the commit did not answer: {error.orig}")
    unknown.__cause__ = error
    return unknown


def _answer(batch: list[Waiting]) -> None:
    def resolve(waitings: list[Waiting]) -> None:
        for waiting in waitings:
            if waiting.future.cancelled():
                continue
            if waiting.error is not None:
                waiting.future.set_exception(waiting.error)
            else:
                waiting.future.set_result(waiting.result)

    by_loop: dict[asyncio.AbstractEventLoop, list[Waiting]] = {}
    for waiting in batch:
        by_loop.setdefault(waiting.future.get_loop(), []).append(waiting)
    for loop, waitings in by_loop.items():
        try:
            loop.call_soon_threadsafe(resolve, waitings)
        except RuntimeError:  # the loop is closed: nobody waits for the answer any more
            continue


def engine_of(
    path: Path, begin: str | None, busy_seconds: float, size: int, *, kept_kib: int = 64 * 1024
) -> Engine:
    """Connections to a file, each transaction begun by the word `begin`, each of which keeps so much of the file.

    With None there are no transactions but those of single statements.

    As much as by default is for one who writes all over an index, and has the process for itself.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        # What was read is not taken back: nothing is open that could be.
        pool_reset_on_return="rollback" if begin is not None else None,
        connect_args={"check_same_thread": False, "timeout": busy_seconds},
        execution_options={FETCHED_BY: _selected},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = (
            None  # we say BEGIN ourselves, else a swap could start on a stale snapshot
        )
        connection.execute("PRAGMA journal_mode=WAL")
        # FULL: an acknowledged commit survives loss of power, not only the end of the process.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size={-kept_kib}")

    if begin is not None:

        @event.listens_for(engine, "begin")
        def _on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine
