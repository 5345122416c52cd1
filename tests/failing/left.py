"""What clients leave behind at a MySQL server, as the server itself sees it."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, text

from storage.sql.mysql import MysqlDatabase, MysqlPlace

SECONDS = 15.0
"""In which the last transaction must have ended: a little longer than a server waits for a row."""

_OPEN = text(
    "SELECT count(*) FROM information_schema.innodb_trx AS trx "
    "JOIN information_schema.processlist AS process ON process.id = trx.trx_mysql_thread_id "
    "WHERE process.db = database() AND process.id != connection_id()"
)


async def transactions_left(place: MysqlPlace) -> int:
    """How many transactions are open in a database when they have been given time to end."""
    database = MysqlDatabase(place)
    try:
        async with asyncio.timeout(SECONDS):
            while await database.read(_count):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    except TimeoutError:
        return await database.read(_count)
    finally:
        await database.close()
    return 0


def _count(connection: Connection) -> int:
    return int(connection.execute(_OPEN).scalar_one())
