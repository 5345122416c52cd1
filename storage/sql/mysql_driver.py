"""The driver of event loops, which here reads a select's answer at once, and parses what a column is like once.

A server describes each column of each answer, always in the same bytes. To parse these for the 34 columns of a head takes
the driver four times as long as to parse the row itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import aiomysql  # type: ignore[import-untyped]  # it has no types at all
from pymysql.constants import COMMAND, CR  # type: ignore[import-untyped]  # no types either
from pymysql.err import OperationalError  # type: ignore[import-untyped]  # no types either
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket  # type: ignore[import-untyped]  # no types either

from storage.sql.mysql_answer import Answer, Columns

COLUMNS = 2_048
"""Of which the parsed description is kept: several times as many as all queries have together."""

TEXTS, LONGEST = 512, 8_000
"""So many texts of at most so many characters have their columns known, in 6 MB at most: all but those of many pages."""

_PIECE = 2**18
_known: dict[str, Columns] = {}


class Connection(aiomysql.Connection):  # type: ignore[misc]  # its base has no types
    """The driver's, with a quicker way for reads of few rows."""

    async def _read_packet(self, packet_type: type[MysqlPacket] = MysqlPacket) -> MysqlPacket:
        if packet_type is not FieldDescriptorPacket:
            return await super()._read_packet(packet_type)
        return parsed((await super()._read_packet()).get_all_data(), self._encoding)

    async def selected(self, text: str, bound: Sequence[Any]) -> list[tuple[Any, ...]]:
        """All rows of one select, `%s` for each value. Errors and rows as by the driver's cursor.

        Whoever stops waiting for it has to throw the connection away: it is closed.
        """
        asked = text % tuple([value if value.__class__ is int else self.escape(value) for value in bound])
        await self._execute_command(COMMAND.COM_QUERY, asked.encode(self.encoding, "surrogateescape"))
        answer = Answer(self.encoding, _known.get(text))
        try:
            while not answer.feed(await self._piece()):
                pass
        except OperationalError:
            raise
        except Exception as error:
            # What is left of it must not be read as the next answer.
            self.close()
            raise OperationalError(CR.CR_SERVER_LOST, f"An answer that can't be read ({error})") from error
        if answer.columns is not None and len(text) <= LONGEST:
            if len(_known) >= TEXTS:
                _known.clear()
            _known[text] = answer.columns
        return answer.rows()

    async def _piece(self) -> bytes:
        try:
            piece: bytes = await self._reader.read(_PIECE)
        except asyncio.CancelledError:
            self._close_on_cancel()
            raise
        except OSError as error:
            self.close()
            raise OperationalError(CR.CR_SERVER_LOST, f"Lost connection during query ({error})") from error
        if not piece:
            self.close()
            raise OperationalError(CR.CR_SERVER_LOST, "Lost connection during query")
        return piece


@lru_cache(COLUMNS)
def parsed(description: bytes, encoding: str) -> FieldDescriptorPacket:
    """What these bytes say of a column. Handed out again and again: whoever reads an answer only looks at it."""
    return FieldDescriptorPacket(description, encoding)


async def connect(**arguments: Any) -> Connection:
    """As the driver connects, with its arguments."""
    connection = Connection(**arguments)
    await connection._connect()
    return connection
