"""Real entities, as Wikibase wrote them between 2014 and 2026, from the folder of shared data beside the project.

Reads entity JSON alone, as a list, as lines and inside wrappers; plain, gzip and bzip2. What is in another shape
(the storage format before 2014, the REST format, answers of APIs) is passed over. Knows nothing of validity.
"""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from storage.canonical import parse
from storage.model import JsonObject

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "wikidata"

needs_real = pytest.mark.skipif(not FOLDER.is_dir(), reason="the folder of real entities is not there")

_TYPES = ("item", "property", "lexeme")
_ENDINGS = (".json", ".json.gz", ".json.bz2", ".ndjson", ".ndjson.gz")


@cache
def entities() -> list[tuple[str, JsonObject]]:
    """All of them, each under "file id". An entity may come several times, from several times."""
    found = []
    for path in sorted(FOLDER.rglob("*")):
        if path.name.endswith(_ENDINGS):
            found += [
                (f"{path.relative_to(FOLDER)} {entity['id']}", entity) for entity in _entities(_values(path))
            ]
    return found


def _values(path: Path) -> Iterator[Any]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".bz2":
        data = bz2.decompress(data)
    try:
        yield parse(data)
    except ValueError:
        yield from _lines(data)


def _lines(data: bytes) -> Iterator[Any]:
    for line in data.splitlines():
        text = line.strip().rstrip(b",")
        if text.startswith(b"{"):
            try:
                yield parse(text)
            except ValueError:
                continue  # a line that its project broke on purpose


def _entities(values: Iterator[Any]) -> Iterator[JsonObject]:
    for value in values:
        if isinstance(value, list):
            yield from _entities(iter(value))
        elif isinstance(value, dict) and isinstance(value.get("entities"), dict):
            yield from _entities(iter(value["entities"].values()))
        elif _is_classic(value):
            yield value


def _is_classic(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") in _TYPES
        and isinstance(value.get("id"), str)
        and "statements" not in value
        and isinstance(value.get("claims", {}), dict | list)
    )
