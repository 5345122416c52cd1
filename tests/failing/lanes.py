"""Lanes in which edits are played side by side, each on S3 and MySQL of its own behind lines that can go wrong.

Most of what is played waits for somebody's patience to end, so several lanes cost hardly more than one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from storage import times
from storage.ids import EntityId
from storage.ports import Events, Stores
from storage.s3 import open_s3
from storage.s3_client import S3Place
from storage.sql.metadata import SqlMetadata
from storage.sql.mysql import MysqlDatabase, MysqlPlace, open_mysql
from tests.services import speech
from tests.services.line import Line, line_to
from tests.services.mariadb import empty

PATIENCE = 0.5
"""Seconds that whoever waits behind a line waits for an answer. An early end is only one trouble more."""
RECOVERY = 30.0
"""Seconds in which the connections must be good again when nothing befalls them any more."""
WIDTH = 3
"""As many connections as one edit uses at a time."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The same stores twice: as they are, and behind the lines."""

    calm: Stores
    troubled: Stores
    lines: dict[str, Line]
    place: MysqlPlace

    async def settle(self) -> None:
        """Let nothing befall anybody, and have all connections there that an edit uses: then calls can be counted."""
        for line in self.lines.values():
            line.calm()
        async with asyncio.timeout(RECOVERY):
            while not await self._connected():
                pass
        for line in self.lines.values():
            line.calm()

    async def _connected(self) -> bool:
        """Whether all connections could be used at once: on a machine with much to do not in time, perhaps."""
        metadata = self.troubled.metadata
        endings = await asyncio.gather(
            *(metadata.register(EntityId("Q1"), times.now()) for _ in range(WIDTH)),
            *(metadata.registered([EntityId("Q1")]) for _ in range(WIDTH)),
            return_exceptions=True,
        )
        return not any(isinstance(ending, BaseException) for ending in endings)


@asynccontextmanager
async def open_lane(s3: S3Place, mysql: MysqlPlace, events: Events) -> AsyncIterator[Lane]:
    """A lane in an empty place on S3 and in a database that is emptied."""
    async with AsyncExitStack() as stack:
        near = await stack.enter_async_context(open_mysql(mysql))
        await near.write(empty)
        to_mysql = await stack.enter_async_context(line_to(speech.mysql, mysql.port))
        to_s3 = await stack.enter_async_context(line_to(speech.http, _port(s3)))
        far = MysqlDatabase(
            replace(
                mysql,
                host="127.0.0.1",
                port=to_mysql.port,
                connections=WIDTH,
                connect_seconds=PATIENCE,
                unit_seconds=PATIENCE,
            )
        )
        stack.push_async_callback(far.close)
        far_s3 = replace(
            s3,
            endpoint=f"http://127.0.0.1:{to_s3.port}",
            connect_seconds=PATIENCE,
            read_seconds=PATIENCE,
        )
        objects = await stack.enter_async_context(open_s3(s3))
        far_objects = await stack.enter_async_context(open_s3(far_s3))
        yield Lane(
            Stores(objects, SqlMetadata(near), events),
            Stores(far_objects, SqlMetadata(far), events),
            {"mysql": to_mysql, "s3": to_s3},
            mysql,
        )


def _port(place: S3Place) -> int:
    assert place.endpoint is not None
    return int(place.endpoint.rpartition(":")[2])
