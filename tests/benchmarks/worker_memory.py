"""Memory of a worker over many queries of all kinds and over all entities: does it stay within what its cache may take?"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.settings import Settings
from tests.benchmarks import requests
from tests.benchmarks.client import Connection
from tests.benchmarks.fleet import OURS, asked, fleet
from tests.benchmarks.process import Process
from tests.benchmarks.targets import Target
from tests.graph import rebuilding

BESIDE = 200.0
"""Megabytes that a worker may have beside its cache."""
LOOKS = 20
"""How often its memory is looked at."""

TERMS = """query Terms($id: EntityId!) { entity(id: $id) {
  id revisionId modified propertyCounts { propertyId count }
  ... on LabelProvider { label(languageCode: "en") labels(languages: ["en", "de", "fr"]) { languageCode value } }
  ... on DescriptionProvider { description(languageCode: "en", fallback: true) }
} }"""
LINKED = """query Linked($id: EntityId!) { entity(id: $id) { statements(best: true) {
  id rank property { id label(languageCode: "en") }
  value { __typename ... on ItemValue { id label(languageCode: "en") } ... on TextValue { content } }
} } }"""
JSON = "query Json($id: EntityId!) { entity(id: $id) { json } }"
INLINE = """{ entity(id: "%s") { id statementHashes(properties: ["P31", "P%d"]) history(first: 5) { nodes { revisionId } } } }"""
"""Each of these is a document of its own."""
KINDS = ("terms", "linked", "two", "history", "backlinks", "whole", "json", "inline", "inline")


@dataclass(frozen=True)
class Memory:
    """Megabytes."""

    at_first: float
    looks: list[float]
    peak: float
    cache: float


def mixed(known: Sequence[str], seed: int = 1) -> Iterator[bytes]:
    """Requests without an end: of an entity by chance one kind by chance."""
    chance = random.Random(seed)
    while True:
        id, kind = chance.choice(known), chance.choice(KINDS)
        match kind:
            case "terms":
                yield asked(TERMS, {"id": id})
            case "linked":
                yield asked(LINKED, {"id": id})
            case "two":
                yield asked(requests.TWO, {"id": id, "properties": ["P31", "P569"]})
            case "history":
                yield asked(requests.HISTORY, {"id": id, "first": 50})
            case "backlinks":
                yield asked(requests.BACKLINKS, {"id": id, "first": 50})
            case "whole":
                yield asked(rebuilding.QUERY, {"id": id})
            case "json":
                yield asked(JSON, {"id": id})
            case _:
                yield asked(INLINE % (id, chance.randint(1, 10_000)), {})


async def measure(place: Settings, known: Sequence[str], folder: Path, queries: int) -> Memory:
    """A worker as it is served, after so many queries."""
    with fleet(place, (OURS,), folder) as running:
        ours = running[OURS]
        at_first = ours.process.memory()
        waiting = islice(mixed(known), queries)
        looks: list[float] = []
        await asyncio.gather(*(_lane(one, waiting, ours.process, looks, queries) for one in ours.connections))
        return Memory(at_first, looks, ours.process.peak(), Settings().cache_bytes / 1e6)


async def _lane(
    connection: Connection, waiting: Iterator[bytes], process: Process, looks: list[float], queries: int
) -> None:
    # Lanes share what is waiting, so each looks after its share of all.
    for number, sent in enumerate(waiting, 1):
        await connection.ask(sent)
        if number % max(1, queries // LOOKS // 4) == 0:
            looks.append(process.memory())


def target(found: Memory, queries: int) -> Target:
    """The most that the worker had, against what it may have."""
    allowed = found.cache + BESIDE
    note = f"{found.peak:.0f} of {allowed:.0f} MB at the most, {found.at_first:.0f} at first"
    return Target(
        f"memory of a worker after {queries:,} mixed queries, against its cache and {BESIDE:.0f} MB",
        1,
        [found.peak / allowed],
        note=note,
    )
