"""What a server answers to one select, put together from bytes and read as rows. Knows no connection.

The format is MySQL's text result set (its client/server protocol): a packet with the number of columns, one that
describes each, an end, a packet for each row, an end. Instead of any of them there may be an error. The drivers read
each packet and each value by itself; here an answer, which nearly always comes in one piece, is cut up in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from pymysql.constants import FIELD_TYPE  # type: ignore[import-untyped]  # it has no types at all
from pymysql.converters import decoders, through  # type: ignore[import-untyped]  # no types either
from pymysql.err import InternalError  # type: ignore[import-untyped]  # no types either
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket  # type: ignore[import-untyped]  # no types either

_HEADER, _LONGEST = 4, 0xFFFFFF
_OK, _END, _ERROR, _NULL = 0x00, 0xFE, 0xFF, 0xFB
_LENGTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}
"""How many bytes of length follow this byte; a smaller one than these and NULL is the length itself."""
_END_LONGEST = 8
"""A longer packet that begins like an end is a row, whose first value is huge."""
_BINARY = 63
"""The character set of bytes."""

KEPT, KEPT_BYTES = 256, 16384
"""How many rows are kept beside their packets, and how long each packet is at most: 8 MB of them if all are so long."""

_Convert = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What comes before the first row: in the same bytes whenever one text is asked."""

    sent: bytes
    following: int
    """The number of the next packet."""
    converters: Sequence[_Convert | None]


class Answer:
    """Packets, as the bytes of them come.

    `known` are the columns of an earlier answer to the same text: to cut up 34 of them takes longer than all else.
    """

    def __init__(self, encoding: str, known: Columns | None = None) -> None:
        self._encoding = encoding
        self._known = known
        self._rest = b""
        self._begun = b""
        self._number = 1
        self._described: list[bytes] = []
        self._rows: list[bytes] = []
        self._error: bytes | None = None
        self.columns: Columns | None = None
        """To be known the next time; None if there are none."""

    def feed(self, data: bytes) -> bool:
        """Take what came. True once the answer is whole. InternalError: that is no answer to one select."""
        at, is_whole = 0, False
        if self._number == 1 and not self._rest and self._known and data.startswith(self._known.sent):
            self.columns = self._known
            at, self._number = len(self._known.sent), self._known.following
        data = self._rest + data
        size = len(data)
        while size - at >= _HEADER and not is_whole:
            length = int.from_bytes(data[at : at + 3], "little")
            end = at + _HEADER + length
            if end > size:
                break
            if data[at + 3] != self._number:
                raise InternalError(f"packet {data[at + 3]} came for packet {self._number}")
            self._number = (self._number + 1) % 256
            packet = self._begun + data[at + _HEADER : end]
            at = end
            if length == _LONGEST:  # it goes on in the next one
                self._begun = packet
                continue
            self._begun = b""
            is_whole = self._is_last(packet)
        self._rest = data[at:]
        if is_whole and self._rest:
            raise InternalError("more came than was asked for")
        return is_whole

    def _is_last(self, packet: bytes) -> bool:
        if not packet:
            raise InternalError("an empty packet")
        kind = packet[0]
        if kind == _ERROR:
            self._error = packet
            return True
        if kind == _END and len(packet) <= _END_LONGEST:
            if self.columns is not None:
                return True
            self.columns = self._of(packet)
            return False
        if self.columns is not None:
            self._rows.append(packet)
            return False
        self._described.append(packet)
        return kind == _OK and len(self._described) == 1

    def _of(self, end: bytes) -> Columns:
        packets = (*self._described, end)
        sent = b"".join(
            len(one).to_bytes(3, "little") + bytes([number % 256]) + one
            for number, one in enumerate(packets, 1)
        )
        converters = [
            _converter(FieldDescriptorPacket(one, self._encoding), self._encoding)
            for one in self._described[1:]
        ]
        return Columns(sent, self._number, converters)

    def rows(self) -> list[tuple[Any, ...]]:
        """Its rows, as the driver would give them. The driver's error if it is one; none if there is no result set."""
        if self._error is not None:
            MysqlPacket(self._error, self._encoding).raise_for_error()
        if self.columns is None:
            return []
        columns = self.columns
        return [(_kept_row if len(packet) <= KEPT_BYTES else _row)(packet, columns) for packet in self._rows]


def _row(packet: bytes, columns: Columns) -> tuple[Any, ...]:
    row: list[Any] = []
    at = 0
    for convert in columns.converters:
        length = packet[at]
        at += 1
        if length == _NULL:
            row.append(None)
            continue
        if length > _NULL:
            follow = _LENGTHS[length]
            length = int.from_bytes(packet[at : at + follow], "little")
            at += follow
        value = packet[at : at + length]
        at += length
        row.append(value if convert is None else convert(value))
    return tuple(row)


_kept_row = lru_cache(KEPT)(_row)
"""Most rows are asked for again and are the same: to cut one of 34 columns up takes ten times as long as to find it."""


def _converter(column: Any, encoding: str) -> _Convert | None:
    kind = column.type_code
    convert = decoders.get(kind)
    if convert is int:  # which reads digits as bytes as well
        return int
    if kind == FIELD_TYPE.DATETIME:
        return _time
    if convert is None or convert is through:
        return None if column.charsetnr == _BINARY else lambda value: value.decode(encoding)
    if kind == FIELD_TYPE.BIT:
        return convert  # type: ignore[no-any-return]  # it has no types
    return lambda value: convert(value.decode("ascii"))


def _time(value: bytes) -> datetime:
    """Four times as fast as the driver's, which reads also what no strict server takes."""
    return datetime.fromisoformat(value.decode("ascii"))
