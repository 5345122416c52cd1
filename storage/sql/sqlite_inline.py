"""A SQLite file in the thread of the event loop, for commands that have nothing else to do meanwhile.

What a writer thread does, without the thread: two threads that both compute hand the interpreter to and fro, which
costs an import a quarter of its time. Units run as they come, in one open transaction, and the commit follows when
all that was ready to run has run. It stops the loop while it works: not for a server. A process must not have one
file open twice in this way, since one would wait for the other's commit and keep it from coming.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import RootTransaction
from sqlalchemy.exc import DBAPIError

from storage.errors import Unavailable
from storage.sql.sqlite import MAX_UNITS, T, Unit, Waiting, engine_of, run_read, run_unit, unknown_outcome


class InlineSqlite:
    """One SQLite file, behind the two verbs of a `Database`."""

    def __init__(self, path: Path, *, busy_seconds: float = 30.0) -> None:
        self._name = path.name
        self._closed = False
        self._write_engine = engine_of(path, "BEGIN IMMEDIATE", busy_seconds, 1)
        self._read_engine = engine_of(path, "BEGIN", busy_seconds, 1)
        self._connection: Connection | None = None
        self._transaction: RootTransaction | None = None
        self._waiting: list[Waiting] = []

    async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
        self._refuse_when_closed()
        # Let others run: who asks again and again for what a waiting commit will bring would never see it.
        await asyncio.sleep(0)
        return run_read(self._read_engine, self._name, unit)

    async def write(self, unit: Unit[T]) -> T:
        self._refuse_when_closed()
        loop = asyncio.get_running_loop()
        connection = self._begun(loop)
        waiting = Waiting(unit, loop.create_future())
        run_unit(connection, self._name, waiting)
        if waiting.error is not None:
            await asyncio.sleep(0)
            raise waiting.error
        self._waiting.append(waiting)
        if len(self._waiting) >= MAX_UNITS:
            self._commit()
        result: T = await waiting.future
        return result

    async def close(self) -> None:
        """Commit what was begun, then let go of the file."""
        self._closed = True
        self._commit()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Unavailable(f"{self._name} is closed")

    def _begun(self, loop: asyncio.AbstractEventLoop) -> Connection:
        if self._connection is None:
            try:
                self._connection = self._write_engine.connect()
                self._transaction = self._connection.begin()
            except DBAPIError as error:
                self._let_go()
                raise Unavailable(f"{self._name}: {error.orig}") from error
            # Twice round the loop: who is woken by another file's commit can join this one.
            loop.call_soon(loop.call_soon, self._commit)
        return self._connection

    def _commit(self) -> None:
        if self._transaction is None:
            return
        waitings, self._waiting = self._waiting, []
        error = None
        try:
            self._transaction.commit()
        except DBAPIError as failure:
            error = unknown_outcome(failure)
        self._let_go()
        for waiting in waitings:
            if waiting.future.cancelled():
                continue
            if error is not None:
                waiting.future.set_exception(error)
            else:
                waiting.future.set_result(waiting.result)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._transaction = None
