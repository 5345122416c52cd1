"""Connections that stay open for the next who asks, and are taken up again in a few steps.

The toolkit's pool makes of each loan a dozen objects and two switches of greenlets, which takes longer than to read a
row. These are for connections in which no transaction is ever open: nothing has to be ended or looked at between two
loans. Knows no engine's language.
"""

from __future__ import annotations

import asyncio
import time

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Kept:
    """At most `count` connections of an engine, which pools none itself; none is lent any more after `seconds`."""

    def __init__(self, engine: AsyncEngine, count: int, seconds: float) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(count)
        self._seconds = seconds
        self._idle: list[AsyncConnection] = []
        """The last one is lent first, so that what is too many grows old."""
        self._until: dict[AsyncConnection, float] = {}
        """Until when each may be lent. Nothing is said of those that are no good any more."""
        self.lent = 0
        """How many are in use."""

    async def take(self) -> AsyncConnection:
        """One for a unit, as soon as there is one. What the engine raises."""
        await self._free.acquire()
        try:
            connection = await self._good()
        except BaseException:
            self._free.release()
            raise
        self.lent += 1
        return connection

    async def give_back(self, connection: AsyncConnection) -> None:
        """To be called once with each that was taken."""
        try:
            if connection.invalidated or connection not in self._until:
                self._until.pop(connection, None)
                await connection.close()
            else:
                self._idle.append(connection)
        finally:
            self.lent -= 1
            self._free.release()

    async def drop(self) -> None:
        """Close all that are idle, and the others when they come back: their server is not what it was."""
        self._until.clear()
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    async def _good(self) -> AsyncConnection:
        while self._idle:
            connection = self._idle.pop()
            if time.monotonic() < self._until[connection]:
                return connection
            del self._until[connection]
            await connection.close()
        connection = await self._engine.connect()
        self._until[connection] = time.monotonic() + self._seconds
        return connection
