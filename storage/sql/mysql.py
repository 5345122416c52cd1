"""MySQL, MariaDB or Vitess behind the two verbs that all SQL here runs on: read, and write in one transaction.

Reads see one snapshot (REPEATABLE READ), but for those that say that they need none: these are one question and its
answer on the wire, with nothing before and behind it. A read whose connection was cut is asked once more. Writes run at
READ COMMITTED, where each statement sees what others have committed until then: who lost a race for a row finds the
winner's row when it looks. Nor are the gaps between rows locked, of which most deadlocks are made.

Writers are not alone here: what a unit has read may change before it writes. So it writes first and looks after, or
lets a primary key decide. Who loses by the key (a duplicate), or is picked out of a circle of waiters (a deadlock),
has its unit run again from the start: all of it was taken back, and what it reads now tells what happened. Who waits
for a row until the server's patience ends does not: that row's holder hangs, and to queue again would not help.

A connection whose unit was cut off, by a timeout or by its task's end, is in the middle of an answer: the toolkit
throws it away, and the server rolls back. Knows the driver, and alone translates what it raises. Knows no table.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from storage.errors import OutcomeUnknown, Unavailable
from storage.sql.kept import Kept
from storage.sql.migrate import migrate
from storage.sql.mysql_driver import Connection as Connected
from storage.sql.mysql_driver import connect
from storage.sql.mysql_tls import connect_secured, connect_waiting, why
from storage.sql.prepared import FETCHED_BY
from storage.sql.shards import of_vitess
from storage.sql.sqlite import T, Unit
from storage.tls import trusting

RUNS = 8
"""How often a unit is run that others were quicker than, within about a second."""

ASKING, WRITING = "AUTOCOMMIT", "READ COMMITTED"
_DUPLICATE, _DEADLOCK = 1062, 1213

# Strict: no value is cut to fit. No backslashes switched off: the driver escapes by them.
_SESSION = "sql_mode='STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION', time_zone='+00:00'"


@dataclass(frozen=True, slots=True)
class MysqlPlace:
    """All that the adapter is told."""

    user: str
    password: str = field(repr=False)
    database: str
    host: str = "127.0.0.1"
    port: int = 3306
    unix_socket: str | None = None
    """Instead of host and port."""
    connections: int = 16
    """At most so many that ask, that read at one moment, and that write: readers never wait for who waits for a row."""
    connect_seconds: float = 5.0
    """How long a unit waits for a connection, be it that all are in use."""
    unit_seconds: float = 10.0
    """How long a unit may take; and the server's answer to its commit again."""
    recycle_seconds: int = 1800
    """Connections are not used any longer: below what servers and what lies between cut idle ones off after."""
    vitess_shards: int | None = None
    """Of Vitess: so many equal ranges of keyspace ids, of which each lies in one shard. No transaction leaves its
    range. The tables are made by Vitess's own tools, not by this program."""
    tls: bool = False
    """Whether a server without TLS is refused. Over a unix socket nothing leaves the machine, and none is asked for."""
    tls_ca: str = ""
    """The file with the certificates that the server's is signed by; empty for the system's."""


class MysqlDatabase:
    """A database of a server, by `open_mysql`. Unavailable once it is closed.

    `shard_of` is for who runs units on it: the shard of a key, None where all is in one place.
    """

    def __init__(self, place: MysqlPlace) -> None:
        self._place = place
        self._askers = Kept(_engine(place, ASKING), place.connections, place.recycle_seconds)
        # Vitess has no snapshot across shards, and in a transaction would refuse to read from several.
        is_whole = place.vitess_shards is None
        self._readers = _engine(place, "REPEATABLE READ") if is_whole else None
        self._writers = _engine(place, WRITING)
        self._closed = False
        self.shard_of = None if place.vitess_shards is None else of_vitess(place.vitess_shards)

    async def read(self, unit: Unit[T], *, snapshot: bool = True, brief: bool = False) -> T:
        read = self._read if snapshot and self._readers is not None else self._ask
        try:
            return await read(unit)
        except _Lost:
            # Its server was started anew, maybe: then so were all connections, of which none is kept now.
            return await read(unit)

    async def _read(self, unit: Unit[T]) -> T:
        assert self._readers is not None
        async with self._connection(self._readers) as connection:
            return await self._run(connection, unit, keep=False)

    async def _ask(self, unit: Unit[T]) -> T:
        async with self._connection() as connection:
            try:
                return await self._run(connection, unit, keep=False)
            except _Lost:
                await self._askers.drop()
                raise

    async def write(self, unit: Unit[T]) -> T:
        lost: _OthersWereQuicker | None = None
        for number in range(RUNS):
            if number:
                await asyncio.sleep(random.uniform(0, 0.005 * 2**number))
            try:
                async with self._connection(self._writers) as connection:
                    result = await self._run(connection, unit, keep=True)
                    await self._commit(connection)
                    return result
            except _OthersWereQuicker as error:
                lost = error
        raise Unavailable(str(lost)) from lost

    async def close(self) -> None:
        """Let go of all connections."""
        self._closed = True
        await self._askers.drop()
        if self._readers is not None:
            await self._readers.dispose()
        await self._writers.dispose()

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine | None = None) -> AsyncIterator[AsyncConnection]:
        """One of this engine; of those that ask, if there is none given."""
        if self._closed:
            raise Unavailable(f"{self._name} is closed")
        try:
            async with asyncio.timeout(self._place.connect_seconds):
                connection = await (self._askers.take() if engine is None else engine.connect())
        except DBAPIError as error:
            raise Unavailable(f"{self._name}: {why(error.orig)}") from error
        except (TimeoutError, NoConnectionFree) as error:
            raise Unavailable(f"{self._name} gave no connection in time") from error
        try:
            yield connection
        finally:
            await (self._askers.give_back(connection) if engine is None else connection.close())

    async def _run(self, connection: AsyncConnection, unit: Unit[T], *, keep: bool) -> T:
        def rolled_back_unless_kept(connection: Connection) -> T:
            try:
                result = unit(connection)
            except Exception:
                connection.rollback()
                raise
            if not keep and connection.in_transaction():
                connection.rollback()
            return result

        try:
            async with asyncio.timeout(self._place.unit_seconds):
                return await connection.run_sync(rolled_back_unless_kept)
        except TimeoutError as error:
            raise Unavailable(f"{self._name} did not answer in time") from error
        except DBAPIError as error:
            told = f"{self._name}: {error.orig}"
            if error.orig is not None and error.orig.args[:1] in ((_DUPLICATE,), (_DEADLOCK,)):
                raise _OthersWereQuicker(told) from error
            if error.connection_invalidated:
                raise _Lost(told) from error
            raise Unavailable(told) from error

    async def _commit(self, connection: AsyncConnection) -> None:
        try:
            async with asyncio.timeout(self._place.unit_seconds):
                await connection.commit()
        except (DBAPIError, TimeoutError) as error:
            raise OutcomeUnknown(f"{self._name}: the commit did not answer: {error}") from error

    @property
    def _name(self) -> str:
        return self._place.unix_socket or f"{self._place.host}:{self._place.port}"


class _Lost(Unavailable):
    """The connection was cut. A read can be asked again."""


class _OthersWereQuicker(Unavailable):
    """The unit was rolled back because of another's; run again, it may well succeed."""


@asynccontextmanager
async def open_mysql(place: MysqlPlace, *, prepare: Unit[object] = migrate) -> AsyncIterator[MysqlDatabase]:
    """The database, its tables made or brought to this version, unless `prepare` does something else.

    Unavailable, NewerSchema, and what else `prepare` raises.
    """
    if place.vitess_shards is None:
        await asyncio.to_thread(on_tables, place, prepare)
    database = MysqlDatabase(place)
    try:
        yield database
    finally:
        await database.close()


def on_tables(place: MysqlPlace, unit: Unit[T]) -> T:
    """Run a unit on a connection of its own, for as long as it takes, and commit."""
    # The toolkit for migrations is no friend of event loops; and it may take longer than any unit.
    engine = create_engine(_url(place, "pymysql"), connect_args=_arguments(place), poolclass=NullPool)
    if _has_tls(place):
        event.listen(engine, "do_connect", lambda _dialect, _record, _given, told: connect_waiting(**told))
    try:
        with engine.connect() as connection:
            result = unit(connection)
            connection.commit()
            return result
    except DBAPIError as error:
        raise Unavailable(f"{place.host}:{place.port}: {why(error.orig)}") from error


def _engine(place: MysqlPlace, isolation: str) -> AsyncEngine:
    arguments = _arguments(place)
    arguments["async_creator_fn"] = connect_secured if _has_tls(place) else connect
    # Its own patience would lose a cancellation that comes together with the connection (`storage/ending.py`); ours
    # is around it.
    arguments["connect_timeout"] = None
    kept: dict[str, Any] = {"poolclass": NullPool, "execution_options": {FETCHED_BY: _selected}}
    pooled: dict[str, Any] = {
        "pool_size": place.connections,
        "max_overflow": 0,
        "pool_timeout": place.connect_seconds,
        "pool_recycle": place.recycle_seconds,
        # Of a server that was started anew nobody sees more than that it was. A read is asked again instead.
        "pool_pre_ping": isolation == WRITING,
    }
    return create_async_engine(
        _url(place, "aiomysql"),
        connect_args=arguments,
        isolation_level=isolation,
        **(kept if isolation == ASKING else pooled),
        # Each unit ends its transaction itself; where there is none there is nothing to say.
        pool_reset_on_return=None,
        skip_autocommit_rollback=True,
    )


def _selected(driver: Connected, text: str, bound: Sequence[Any]) -> Sequence[Sequence[Any]]:
    """By the driver alone."""
    rows: Sequence[Sequence[Any]] = await_only(driver.selected(text, bound))
    return rows


def _url(place: MysqlPlace, driver: str) -> URL:
    return URL.create(
        f"mysql+{driver}", place.user, place.password, place.host, place.port, place.database or None
    )


def _arguments(place: MysqlPlace) -> dict[str, object]:
    # The server's patience ends before ours: it would keep waiting for a row, and hold others, for one who is gone.
    patience = max(1, int(place.unit_seconds / 2))
    session = f"SET {_SESSION}, innodb_lock_wait_timeout={patience}"
    if place.vitess_shards is not None:
        session += ", transaction_mode='single'"
    arguments: dict[str, object] = {
        "charset": "utf8mb4",
        "connect_timeout": place.connect_seconds,
        "init_command": session,
    }
    if place.unix_socket is not None:
        arguments["unix_socket"] = place.unix_socket
    if _has_tls(place):
        arguments["ssl"] = trusting(place.tls_ca)
    return arguments


def _has_tls(place: MysqlPlace) -> bool:
    return place.tls and place.unix_socket is None
