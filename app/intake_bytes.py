"""From paths to plain bytes: folders, standard input, decompression.

Compression is told by its first bytes, never by a file's name. Knows nothing of what the bytes say.
"""

from __future__ import annotations

import bz2
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import zstandard

CHUNK = 1 << 18
"""Bytes asked of the disk at once, and about what one step of decompression gives at most."""

# One step of zstd has no bound on what it gives; a block of 4 bytes can stand for 128 KiB, so the bound
# is on what it gets.
_ZSTD_STEP = 256


class Broken(Exception):
    """The bytes cannot be had, or not all of them; those already given are good."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Found:
    """A path to read, or one that cannot be read and why."""

    path: str
    size: int | None = None
    refusal: Broken | None = None


def find(paths: Sequence[str]) -> Iterator[Found]:
    """The files behind `paths`, in order; folders in natural order of names, their hidden files left out.

    `-` stands for standard input. `size` is in bytes, None where it is not known beforehand. Links to
    files are followed; links to folders only where they were named in `paths`, since they may go in circles.
    """
    for path in paths:
        if path == "-":
            yield Found(path)
            continue
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            yield Found(path, refusal=Broken("not_found", "there is no such file or folder"))
        except (OSError, ValueError) as error:
            yield Found(path, refusal=_unreadable(error))
        else:
            if not stat.S_ISDIR(status.st_mode):
                yield Found(path, status.st_size if stat.S_ISREG(status.st_mode) else None)
                continue
            inside = _walk(path)
            first = next(inside, Found(path, refusal=Broken("empty", "the folder holds no files")))
            yield first
            yield from inside


def _walk(folder: str) -> Iterator[Found]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: _natural(entry.name))
    except OSError as error:
        yield Found(folder, refusal=_unreadable(error))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path)
            elif entry.is_file():
                yield Found(entry.path, entry.stat().st_size)
            elif not entry.is_dir():
                # A pipe that nobody writes to would stop the import for ever.
                reason = "a dangling link" if entry.is_symlink() else "no regular file"
                yield Found(entry.path, refusal=Broken("unreadable", reason))
        except OSError as error:
            yield Found(entry.path, refusal=_unreadable(error))


def _natural(name: str) -> tuple[list[tuple[str, int]], str]:
    """Q2 before Q10; the name itself settles what is left, so that the order is total."""
    parts = re.findall(r"([^0-9]*)([0-9]*)", name)
    return [(text, int(digits[:4000] or 0)) for text, digits in parts], name


def _unreadable(error: Exception) -> Broken:
    return Broken("unreadable", getattr(error, "strerror", None) or str(error))


def open_file(path: str) -> BinaryIO:
    """The file, for reading. Broken if it cannot be opened."""
    try:
        return open(path, "rb", buffering=0)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from error


def unpacked(stream: BinaryIO, seen: Callable[[int], None]) -> Iterator[bytes]:
    """The bytes of `stream` in chunks, decompressed where they are gzip, bzip2 or zstd.

    `seen` is told how many bytes were taken from `stream`, each time. Broken, after all that could be had
    was given, when reading fails or the compressed data is damaged or ends too early.
    """
    raw = _raw(stream, seen)
    head = b""
    for piece in raw:
        head += piece
        if len(head) >= 4:
            break
    if not head:
        return
    if head.startswith(b"\x1f\x8b"):
        yield from _members(chain([head], raw), _Gzip)
    elif head.startswith(b"BZh"):
        yield from _members(chain([head], raw), _Bzip2)
    elif head.startswith(b"\x28\xb5\x2f\xfd") or re.match(rb"[\x50-\x5f]\x2a\x4d\x18", head):
        yield from _members(chain([head], raw), _Zstd)
    else:
        yield head
        yield from raw


def _raw(stream: BinaryIO, seen: Callable[[int], None]) -> Iterator[bytes]:
    # read1 gives what a pipe holds just now, where read would wait for a full chunk.
    read = getattr(stream, "read1", stream.read)
    while True:
        try:
            piece = read(CHUNK)
        except OSError as error:
            raise _unreadable(error) from error
        if not piece:
            return
        seen(len(piece))
        yield piece


class _Gzip:
    """One gzip member."""

    name = "gzip"
    errors: tuple[type[Exception], ...] = (zlib.error,)
    padding = b"\0"  # tapes and block devices pad with zeros, which gzip itself passes over

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    def steps(self, data: bytes) -> Iterator[bytes]:
        while data and not self._member.eof:
            yield self._member.decompress(data, CHUNK)
            data = self._member.unconsumed_tail

    def rest(self) -> bytes | None:
        return self._member.unused_data if self._member.eof else None


class _Bzip2:
    """One bzip2 stream; the dumps are made of many."""

    name = "bzip2"
    errors: tuple[type[Exception], ...] = (OSError, ValueError)
    padding = b""

    def __init__(self) -> None:
        self._member = bz2.BZ2Decompressor()

    def steps(self, data: bytes) -> Iterator[bytes]:
        yield self._member.decompress(data, CHUNK)
        while not self._member.eof and not self._member.needs_input:
            yield self._member.decompress(b"", CHUNK)

    def rest(self) -> bytes | None:
        return self._member.unused_data if self._member.eof else None


class _Zstd:
    """One zstd frame."""

    name = "zstd"
    errors: tuple[type[Exception], ...] = (zstandard.ZstdError,)
    padding = b""

    def __init__(self) -> None:
        self._member: Any = zstandard.ZstdDecompressor().decompressobj()
        self._rest: bytes | None = None

    def steps(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_STEP):
            yield self._member.decompress(data[start : start + _ZSTD_STEP])
            if self._member.eof:
                self._rest = self._member.unused_data + data[start + _ZSTD_STEP :]
                return

    def rest(self) -> bytes | None:
        return self._rest


def _members(raw: Iterator[bytes], kind: type[_Gzip] | type[_Bzip2] | type[_Zstd]) -> Iterator[bytes]:
    """What the members hold, one after another, gathered to chunks."""
    member: _Gzip | _Bzip2 | _Zstd | None = None
    first = True
    for piece in raw:
        gathered: list[bytes] = []
        size = 0
        data = piece
        while data:
            if member is None:
                data = data.lstrip(kind.padding) if kind.padding and not first else data
                if not data:
                    break
                member, first = kind(), False
            try:
                for out in member.steps(data):
                    gathered.append(out)
                    size += len(out)
                    if size >= CHUNK:
                        yield b"".join(gathered)
                        gathered, size = [], 0
            except kind.errors as error:
                yield b"".join(gathered)
                raise Broken("bad_compression", f"the {kind.name} data is damaged here: {error}") from error
            rest = member.rest()
            data = rest or b""
            member = None if rest is not None else member
        if size:
            yield b"".join(gathered)
    if member is not None:
        raise Broken("bad_compression", f"the {kind.name} data ends too early")
