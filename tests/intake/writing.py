"""Ways to write entities down, and ways to pack the bytes: what an import has to read.

Knows nothing of how they are read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import zstandard

from app.intake import Document, Intake, Refused, read

Entity = dict[str, Any]


def _dump(entities: Sequence[Entity], between: str = ",\n") -> bytes:
    return ("[\n" + between.join(json.dumps(entity) for entity in entities) + "\n]\n").encode()


def _lines(entities: Sequence[Entity], end: str = "\n") -> bytes:
    return "".join(json.dumps(entity, ensure_ascii=False) + end for entity in entities).encode()


def _wrapper(entities: Sequence[Entity], **dumping: Any) -> bytes:
    wrapped = {str(number): entity for number, entity in enumerate(entities)}
    return json.dumps({"success": 1, "entities": wrapped, "batch": {"entities": []}}, **dumping).encode()


FORMATS: dict[str, Callable[[Sequence[Entity]], bytes]] = {
    "dump": _dump,
    "dump with a comma before its end": lambda entities: _dump([*entities])[:-3] + b",\n]",
    "dump without commas": lambda entities: _dump(entities, "\n"),
    "dump with CRLF": lambda entities: _dump(entities).replace(b"\n", b"\r\n"),
    "array on one line": lambda entities: json.dumps(entities).encode(),
    "array indented": lambda entities: json.dumps(entities, indent=2).encode(),
    "array with indent 0": lambda entities: json.dumps(entities, indent=0).encode(),
    "array with tabs": lambda entities: b"\xef\xbb\xbf" + json.dumps(entities, indent="\t").encode(),
    "NDJSON": _lines,
    "NDJSON with blank lines and BOM": lambda entities: b"\xef\xbb\xbf\n" + _lines(entities, "\n\n \n"),
    "NDJSON with CRLF": lambda entities: _lines(entities, "\r\n"),
    "NDJSON without a last line break": lambda entities: _lines(entities).rstrip(),
    "NDJSON joined from files with BOM": lambda entities: b"".join(
        b"\xef\xbb\xbf" + _lines([entity]) for entity in entities
    ),
    "part of a dump": lambda entities: _lines(entities, ",\n"),
    "end to end": lambda entities: _lines(entities, ""),
    "end to end, indented": lambda entities: "".join(json.dumps(e, indent=4) for e in entities).encode(),
    "indented, then lines": lambda entities: (
        "".join(json.dumps(e, indent=4) + "\n" for e in entities[:1]).encode() + _lines(entities[1:])
    ),
    "wrapper": _wrapper,
    "wrapper indented": lambda entities: _wrapper(entities, indent=1),
    "wrapper with its entities last": lambda entities: _wrapper(entities, sort_keys=True),
    "wrapper around a list": lambda entities: json.dumps({"entities": entities}).encode(),
    "wrappers on lines": lambda entities: b"\n".join(_wrapper([entity]) for entity in entities),
    "wrappers in an array": lambda entities: b"[" + b",".join(_wrapper([e]) for e in entities) + b"]",
}


def _halves(pack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: pack(data[: len(data) // 2]) + pack(data[len(data) // 2 :])


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzip.compress,
    "gzip in members": _halves(gzip.compress),
    "gzip padded with zeros": lambda data: gzip.compress(data, mtime=0) + bytes(100),
    "bzip2": bz2.compress,
    "bzip2 in streams": _halves(bz2.compress),
    "zstd": zstandard.compress,
    "zstd in frames": _halves(zstandard.compress),
    "zstd after a skippable frame": lambda data: b"\x50\x2a\x4d\x18\2\0\0\0no" + zstandard.compress(data),
}


class Dribble(io.RawIOBase):
    """A stream that gives few bytes at a time: as many as `sizes` say, over and over."""

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self._data, self._sizes, self._at, self._turn = data, sizes, 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(self._sizes[self._turn % len(self._sizes)], len(buffer))
        self._turn += 1
        piece = self._data[self._at : self._at + size]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def an_entity(number: int, label: str = 'A {"label"} [with] \\ brackets,\n and more: é 😀') -> Entity:
    """A small item with what is hard on a splitter."""
    value = {"snaktype": "value", "property": "P1", "datavalue": {"value": {"x": [1, [], {}]}, "type": "y"}}
    statement = {"mainsnak": value, "type": "statement", "id": f"Q{number}$1", "rank": "normal"}
    labels = {"en": {"language": "en", "value": label}}
    return {"type": "item", "id": f"Q{number}", "labels": labels, "claims": {"P1": [statement, statement]}}


def taken(data: bytes, **options: Any) -> list[Intake]:
    """All that `data` gives on standard input."""
    return list(read(["-"], stdin=io.BytesIO(data), **options))


def entities(intakes: Sequence[Intake]) -> list[Entity]:
    return [intake.entity for intake in intakes if isinstance(intake, Document)]


def ids(intakes: Sequence[Intake]) -> list[str]:
    return [entity["id"] for entity in entities(intakes)]


def refusals(intakes: Sequence[Intake]) -> list[tuple[str, str]]:
    """Position and code of each refusal."""
    return [(intake.place.position, intake.code) for intake in intakes if isinstance(intake, Refused)]
