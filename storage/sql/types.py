"""Column types that mean the same on SQLite, MySQL and MariaDB, and the packed forms of long lists."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

SIGN = 2**63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unsigned64(TypeDecorator[int]):
    """0 to 2**64-1. SQLite's integers stop at 2**63-1: there the value is shifted down, which keeps the order."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            mysql.BIGINT(unsigned=True) if dialect.name == "mysql" else BigInteger()
        )

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or dialect.name == "mysql" else value - SIGN

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Any] | None:
        """Instead of the toolkit's own, which makes three calls for each value."""
        return None if dialect.name == "mysql" else _shifted


def _shifted(value: int | None) -> int | None:
    return value if value is None else value + SIGN


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC to the microsecond: DATETIME(6), on SQLite microseconds since 1970."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name == "mysql" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if dialect.name == "mysql":
            return value.astimezone(UTC).replace(tzinfo=None)
        return (value - _EPOCH) // timedelta(microseconds=1)

    def result_processor(self, dialect: Dialect, _coltype: object) -> Callable[[Any], Any]:
        """As above."""
        return _in_utc if dialect.name == "mysql" else _of_microseconds


def _in_utc(value: datetime | None) -> datetime | None:
    return value if value is None else value.replace(tzinfo=UTC)


def _of_microseconds(value: int | None) -> datetime | None:
    return value if value is None else _EPOCH + timedelta(microseconds=value)


def name(length: int) -> TypeEngine[str]:
    """Short text compared byte by byte on every engine."""
    return String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql"
    )


def blob() -> TypeEngine[bytes]:
    """Bytes of any length."""
    return LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")


def fixed(length: int) -> TypeEngine[bytes]:
    """Bytes of one length, fit for a key."""
    return LargeBinary(length).with_variant(mysql.BINARY(length), "mysql")


def long_text() -> TypeEngine[str]:
    """JSON text, kept as written: MySQL's own JSON type would change the order of keys."""
    return Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql")


def pack_hashes(hashes: Sequence[int]) -> bytes:
    """Eight bytes each, big-endian: 10,000 hashes as JSON text would cost as much as the rest of a read."""
    return struct.pack(f">{len(hashes)}Q", *hashes)


def unpack_hashes(data: bytes) -> tuple[int, ...]:
    """The hashes again."""
    return struct.unpack(f">{len(data) // 8}Q", data)


# A regular statement id is `<subject>$<UUID>`, each half in upper or in lower case; seventeen bytes say it.
_LOWER_SUBJECT, _LOWER_UUID, _IRREGULAR = 1, 2, 0x80


def pack_ids(ids: Sequence[str | None], subjects: Sequence[str]) -> bytes:
    """Statement ids, parallel to `subjects` (the entity, form or sense that each statement belongs to).

    One flag byte each, then sixteen bytes each, then the irregular ones spelled out as a JSON list.
    """
    flags = bytearray()
    uuids = bytearray()
    irregular: list[str | None] = []
    for statement_id, subject in zip(ids, subjects, strict=True):
        flag, value = _regular(statement_id, subject)
        flags.append(flag)
        uuids += value
        if flag == _IRREGULAR:
            irregular.append(statement_id)
    return bytes(flags) + bytes(uuids) + (orjson.dumps(irregular) if irregular else b"")


def unpack_ids(data: bytes, subjects: Sequence[str]) -> list[str | None]:
    """The statement ids again."""
    count = len(subjects)
    irregular = iter(orjson.loads(data[17 * count :]) if len(data) > 17 * count else ())
    ids: list[str | None] = []
    # Cut out of one text: to make an object of each UUID takes longer than to read the row.
    digits = data[count : 17 * count].hex()
    for position, subject in enumerate(subjects):
        flag = data[position]
        if flag == _IRREGULAR:
            ids.append(next(irregular))
            continue
        at = 32 * position
        text = (
            f"{digits[at : at + 8]}-{digits[at + 8 : at + 12]}-{digits[at + 12 : at + 16]}"
            f"-{digits[at + 16 : at + 20]}-{digits[at + 20 : at + 32]}"
        )
        prefix = subject.lower() if flag & _LOWER_SUBJECT else subject
        ids.append(f"{prefix}${text if flag & _LOWER_UUID else text.upper()}")
    return ids


_DASHES = re.compile("[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\\Z")


def _regular(statement_id: str | None, subject: str) -> tuple[int, bytes]:
    nothing = (_IRREGULAR, bytes(16))
    if statement_id is None:
        return nothing
    prefix, _, rest = statement_id.partition("$")
    digits = rest.replace("-", "")
    lower = rest == rest.lower()
    if (
        prefix not in (subject, subject.lower())
        or _DASHES.match(rest) is None
        or not (lower or rest == rest.upper())
    ):
        return nothing
    flag = (_LOWER_SUBJECT if prefix != subject else 0) | (_LOWER_UUID if lower else 0)
    return flag, bytes.fromhex(digits)
