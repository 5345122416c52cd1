"""Memory stays bounded on input of any size (M1)."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

import pytest
import zstandard

from app.intake import Document, read
from tests.intake.writing import an_entity

MEGABYTE = 2**20
SIZE = 60 * MEGABYTE
COUNT = 6000  # entities of 10 kB, to the same size
_ENTITY = json.dumps(an_entity(1, "x" * 9500)).encode()


class Generated(io.RawIOBase):
    """A stream of what an iterator gives."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


def _wrapper() -> Iterator[bytes]:
    yield b'{"success":1,"entities":{'
    for number in range(COUNT):
        yield b'"Q%d":%s,' % (number, _ENTITY)
    yield b'"Q1":null},"x":{}}'


def _array() -> Iterator[bytes]:
    yield b"["
    for _ in range(COUNT):
        yield _ENTITY + b","
    yield b"]"


def _line_of(begin: bytes, middle: bytes, end: bytes) -> Iterator[bytes]:
    yield begin
    for _ in range(SIZE // MEGABYTE):
        yield middle * (MEGABYTE // len(middle))
    yield end + b'\n{"id":"Q1","type":"item"}'


_INPUTS: dict[str, Callable[[], Iterator[bytes]]] = {
    "a wrapper on one line": _wrapper,
    "an array on one line": _array,
    "one large string": lambda: _line_of(b'{"id":"Q2","type":"item","x":"', b"abcdefg ", b'"}'),
    "one large map": lambda: _line_of(b'{"id":"Q2","type":"item","x":{"a":0', b',"a":[1,{}]', b"}}"),
    "many members": lambda: _line_of(
        b'{"id":"Q2","type":"item"', b',"member":[1,{}' + b",1" * 500 + b"]", b"}"
    ),
    "garbage without a line break": lambda: _line_of(b" ", b"abcdefg ", b""),
    "white space": lambda: _line_of(b"{", b"        ", b"}"),
    "line breaks": lambda: _line_of(b'{"a":[', b"\n       ", b"]}"),
    "open brackets": lambda: _line_of(b"[", b"[", b""),
}


@pytest.mark.parametrize(
    ("name", "documents"),
    [
        ("a wrapper on one line", COUNT),
        ("an array on one line", COUNT),
        ("one large string", 1),
        ("one large map", 1),
        ("many members", 1),
        ("garbage without a line break", 1),
        ("white space", 1),
        ("line breaks", 1),
        ("open brackets", 1),
    ],
)
def test_memory_is_bounded_by_the_largest_entity(name: str, documents: int) -> None:
    """M1: 60 MB of input, entities of up to 1 MB, and no more than a few MB held at any time."""
    stream = cast(BinaryIO, Generated(_INPUTS[name]()))
    tracemalloc.start()
    try:
        found = sum(isinstance(x, Document) for x in read(["-"], stdin=stream, max_entity_bytes=MEGABYTE))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == documents
    assert peak < 12 * MEGABYTE


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, zstandard.compress], ids=["gzip", "bzip2", "zstd"]
)
def test_memory_is_bounded_for_what_compresses_well(pack: Callable[[bytes], bytes]) -> None:
    """M1: a few kB that unpack to 100 MB are unpacked in steps."""
    packed = pack(b'{"id":"Q1","type":"item"}\n' + bytes(100 * MEGABYTE))
    tracemalloc.start()
    try:
        found = sum(
            isinstance(x, Document) for x in read(["-"], stdin=io.BytesIO(packed), max_entity_bytes=MEGABYTE)
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == 1
    assert peak < 30 * MEGABYTE
