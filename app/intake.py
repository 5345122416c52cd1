"""The reading half of an import (M1): from paths to entity documents, one at a time.

Takes single entities, `{"entities": ...}` wrappers, dump arrays and NDJSON, plain or compressed, told apart
by content. Each part of the input is given as a document, a redirect or a refusal with its place, in the
order of the input; nothing is passed over in silence. Does not judge what an entity says, and stores nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from app.intake_bytes import Broken, Found, find, open_file, unpacked
from app.intake_json import NoValue, Splitter
from app.intake_shapes import (
    Document,
    Intake,
    Place,
    Redirect,
    Refused,
    foreign,
    recognised,
    stands_alone,
)

__all__ = ["Document", "Intake", "Place", "Redirect", "Refused", "read", "total_bytes"]

MAX_ENTITY_BYTES = 64 * 2**20

# Enough to get past an XML declaration and a comment.
_HEAD = 1024


def read(
    paths: Sequence[str],
    *,
    stdin: BinaryIO | None = None,
    max_entity_bytes: int = MAX_ENTITY_BYTES,
    seen: Callable[[int], None] | None = None,
) -> Iterator[Intake]:
    """All that is in `paths`: files, folders (walked in natural order, hidden files left out), `-`.

    Never raises for what is in the input or for what cannot be read; each file gives at least one answer.
    Holds at most a few times `max_entity_bytes`, whatever the size of the input; a larger entity is
    refused and reading goes on after it. `seen` is told, by increments, of the bytes taken from disk.

    Codes of refusals: not_found, unreadable, empty, bad_compression; not_json, cut_off, entity_too_large;
    mediawiki_xml, api_error, missing_entity, no_entity, no_entity_id, no_entity_type, legacy_serialization.
    """
    for found in find(paths):
        if found.refusal is not None:
            yield _refused(found, found.refusal)
            continue
        if found.path == "-":
            given = stdin if stdin is not None else sys.stdin.buffer  # not ours to close
            yield from _read(found, given, max_entity_bytes, seen or _nobody)
            continue
        try:
            opened = open_file(found.path)
        except Broken as broken:
            yield _refused(found, broken)
            continue
        with opened:
            yield from _read(found, opened, max_entity_bytes, seen or _nobody)


def total_bytes(paths: Sequence[str]) -> int | None:
    """How many bytes `seen` will be told of, all in all; None if that cannot be known."""
    total = 0
    for found in find(paths):
        if found.refusal is None:
            if found.size is None:
                return None
            total += found.size
    return total


def _read(found: Found, stream: BinaryIO, limit: int, seen: Callable[[int], None]) -> Iterator[Intake]:
    taken = 0

    def count(size: int) -> None:
        nonlocal taken
        taken += size
        seen(size)

    splitter = Splitter(unpacked(stream, count), limit, stands_alone)
    head = splitter.head(_HEAD)
    if other := foreign(head):
        yield _refused(found, Broken(*other))
    else:
        silent = True
        for event in splitter.events():
            place = Place(found.path, event.position)
            if isinstance(event, NoValue):
                silent = False
                yield Refused(place, event.code, event.reason)
                continue
            for intake in recognised(place, event.value):
                silent = False
                yield intake
        if silent:
            what = ("no_entity", "JSON, but it holds no entity") if head else ("empty", "it is empty")
            yield _refused(found, Broken(*what))
    if found.size is not None and found.size > taken:
        seen(found.size - taken)  # a format refused at its first bytes is not read to the end


def _refused(found: Found, broken: Broken) -> Refused:
    return Refused(Place(found.path), broken.code, broken.reason)


def _nobody(size: int) -> None:
    """Nobody wants to know."""
