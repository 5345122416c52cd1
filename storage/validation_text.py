"""What a parsed value may hold that JSON in UTF-8 can't: lone surrogates, infinities, bottomless nesting.

Knows nothing of entities. Also home of the JSON pointer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import orjson

from storage.errors import Fault

MAX_DEPTH = 254
"""Deepest nesting accepted: all that the fast writer of JSON bears."""

_MAX_BITS = 4096  # well below the 4300 digits beyond which Python refuses to write an integer


@dataclass(frozen=True, slots=True)
class Unwritable:
    """What is wrong with a value as JSON. `fatal` if it can't even be examined further."""

    faults: tuple[Fault, ...] = ()
    fatal: bool = False


_FINE = Unwritable()


def step(pointer: str, key: str | int) -> str:
    """The JSON pointer one level deeper, RFC 6901; its text is `printable`."""
    if isinstance(key, int):
        return f"{pointer}/{key}"
    return f"{pointer}/{printable(key).replace('~', '~0').replace('/', '~1')}"


def printable(text: str) -> str:
    """The text, or where it has lone surrogates, one with U+FFFD in their place."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_faults(value: Any, pointer: str = "") -> Unwritable:
    """The faults of a value that has no JSON text: codes invalid_unicode, not_finite, and two fatal ones."""
    try:
        written = orjson.dumps(value)
    except TypeError:
        return _search(value, pointer)  # which tells what of it is a fault, if anything
    # orjson writes null for what is not finite; reading it back tells that from a true null.
    if b"null" in written and orjson.loads(written) != value:
        return _search(value, pointer)
    return _FINE


def _search(root: Any, start: str) -> Unwritable:
    found: list[Fault] = []
    # Not recursive, for nesting is what it must survive; pointers are put together only for faults.
    pending: list[tuple[Any, _Place | None, int]] = [(root, None, 0)]
    while pending:
        value, place, depth = pending.pop()
        if isinstance(value, str):
            if not _is_text(value):
                found.append(Fault(_pointer(start, place), "invalid_unicode", "has a lone surrogate"))
        elif isinstance(value, float):
            if not math.isfinite(value):
                found.append(Fault(_pointer(start, place), "not_finite", "is not a finite number"))
        elif isinstance(value, int):
            if value.bit_length() > _MAX_BITS:
                pointer = _pointer(start, place)
                return Unwritable((Fault(pointer, "number_too_large", "has too many digits"),), fatal=True)
        elif isinstance(value, (dict, list)):
            if depth >= MAX_DEPTH:
                fault = Fault(start, "nested_too_deeply", f"is nested deeper than {MAX_DEPTH} levels")
                return Unwritable((fault,), fatal=True)
            if isinstance(value, dict):
                for key in value:
                    if not _is_text(key):
                        pointer = _pointer(start, (place, key))
                        found.append(Fault(pointer, "invalid_unicode", "has a lone surrogate in its key"))
                children = list(value.items())
            else:
                children = list(enumerate(value))
            pending.extend((child, (place, key), depth + 1) for key, child in reversed(children))
    return Unwritable(tuple(found))


_Place = tuple[Any, str | int]
"""Where a value stands: the place of its parent (None for the root), and the key there."""


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pointer(start: str, place: _Place | None) -> str:
    keys: list[str | int] = []
    while place is not None:
        place, key = place
        keys.append(key)
    pointer = start
    for key in reversed(keys):
        pointer = step(pointer, key)
    return pointer
