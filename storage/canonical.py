"""Bytes and hashes: one way to write a JSON value, and what identifies it.

The canonical form is fixed for ever, since hashes of stored content rest on it (T1): UTF-8, keys sorted by
code point, no white space, no escaping beyond what JSON demands, floats in the shortest form that reads
back as the same double, integers of any size in full. Knows nothing of entities.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import rapidhash

HASH_ALGORITHM = "rapidhash-1"
"""Version 1 of rapidhash, which the pinned package implements; later versions give other numbers."""

StatementHasher = Callable[[bytes, int], int]
"""From canonical bytes and a probe (0, 1, 2, ...) to an unsigned 64-bit number."""


class NotCanonical(ValueError):
    """The value has no canonical form: not JSON, not finite, or a string with a lone surrogate."""


def canonical(value: Any) -> bytes:
    """The canonical bytes of a JSON value. NotCanonical if it has none."""
    try:
        quick = orjson.dumps(value, option=_STRICT)
    except (TypeError, RecursionError):  # a big integer, a lone surrogate, deep nesting, or no JSON at all
        return _reference(value)
    # The two writers differ in floats alone (and orjson writes null for those that are not finite).
    if b"null" in quick:
        return _reference(value)
    alike = quick.translate(_ONE_DIGIT)
    seen = (b"0." in alike or b"0e" in alike) and _FLOAT.search(alike) is not None
    return _reference(value) if seen else tight(quick)


def tight(written: bytes) -> bytes:
    """The same bytes in no more memory than they need: what orjson gives lies in four kilobytes, however little it is."""
    return bytes(memoryview(written))


def canonical_with(fields: dict[str, Any], name: str, written: bytes) -> bytes:
    """The canonical bytes of an object with one more field, whose value is in canonical bytes already."""
    before = canonical({key: value for key, value in fields.items() if key < name})[1:-1]
    after = canonical({key: value for key, value in fields.items() if key > name})[1:-1]
    return b"{" + b",".join(part for part in (before, canonical(name) + b":" + written, after) if part) + b"}"


_STRICT = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_ONE_DIGIT = bytes.maketrans(b"123456789E", b"000000000e")
_FLOAT = re.compile(rb"(?:[:\[,]|\A)-?0+[.e]")
"""Where a float may begin, with all digits made 0: also inside a string now and then, which costs time only."""


def _reference(value: Any) -> bytes:
    """What the canonical bytes are, by definition: the quicker way must give the same wherever it is taken."""
    # The standard library and no faster one: libraries differ in how they print floats
    # (2.777777777777778e-05 or 0.00002777777777777778) and in the integers they can hold.
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise NotCanonical(str(error)) from error


_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_TWENTY, _NEGATIVE = b"0" * 20, b"-" + b"0" * 19


def parse(data: bytes) -> Any:
    """The JSON value in `data`, every integer exact. ValueError if it is not JSON in UTF-8."""
    if not _may_hold_big_integer(data):
        return orjson.loads(data)
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if b"\\u" in data:
        canonical(value)  # orjson refuses lone surrogates, the standard library lets them in
    return value


def _may_hold_big_integer(data: bytes) -> bool:
    """Whether orjson would read an integer as a float: one below -2**63 or from 2**64 on.

    Sometimes true without need, for digits inside a string or a fraction and for a few negative numbers. By
    search for runs of zeros, since a regular expression takes longer than all of the parsing.
    """
    digits = data.translate(_AS_ZEROS)
    if _NEGATIVE in digits:
        return True
    start = digits.find(_TWENTY)
    while start >= 0:
        end = start + 20
        if digits[end : end + 1] == b"0" or data[start:end] > b"18446744073709551615":
            return True
        start = digits.find(_TWENTY, end)
    return False


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is beyond the range of a double")
    return number


def digest(data: bytes) -> bytes:
    """SHA-256 of `data`, 32 bytes: the proof of identity."""
    return hashlib.sha256(data).digest()


def digest_of_held(digests: Mapping[int, bytes]) -> bytes:
    """One digest over statements, by their hashes: whose content has it has the same statements under these hashes."""
    return digest(b"".join(one.to_bytes(8) + digests[one] for one in sorted(digests)))


def hash64(data: bytes, probe: int = 0) -> int:
    """rapidhash of `data`, unsigned 64 bits: the locator.

    Probe 0 is the algorithm with its own seed; probe n > 0 has seed n and is for getting past a collision.
    """
    seed = probe if probe else None
    return rapidhash.rapidhash(data, seed)
