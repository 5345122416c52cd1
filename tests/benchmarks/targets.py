"""What was set out to be reached, each as a ratio inside one run, and whether it is.

Knows how each is asked; how a round goes is in `over_http`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.settings import Settings
from storage.keys import statement_key
from tests.benchmarks import requests
from tests.benchmarks.client import request, steadily, together
from tests.benchmarks.filled import PAST
from tests.benchmarks.fleet import BYTES, HAND, OURS, STANDARD, Served, Work, asked, fleet
from tests.benchmarks.over_http import MARK, SECONDS, Series, Took, reads, works_of
from tests.benchmarks.spread import spread
from tests.builders import an_item

STEADY_SECONDS, STEADY_SHARE = 5.0, 0.5
"""How long requests come at a steady rate, and which share that is of the most that are answered."""
EDITS = 10
"""In a round, of each."""
BOUND_FROM = 32
"""Statements of one query whose objects are not at hand, from which on they are held against bare reads."""
HASHES = "query ($id: EntityId!, $properties: [PropertyId!]) { entity(id: $id) { statementHashes(properties: $properties) } }"


@dataclass(frozen=True)
class Target:
    """A ratio that must not be above its bound, or below it."""

    name: str
    bound: float
    ratios: Sequence[float]
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        """By the median."""
        found = statistics.median(self.ratios)
        return found >= self.bound if self.at_least else found <= self.bound

    def told(self) -> dict[str, Any]:
        """For the table."""
        word = "at least" if self.at_least else "at most"
        return {
            "target": f"{word} {self.bound:g}",
            **spread(self.ratios),
            "met": self.is_met,
            "note": self.note,
        }


async def measure(place: Settings, known: Sequence[str], folder: Path, rounds: int) -> list[Target]:
    """All of them on what is at a place, but memory."""
    found: list[Target] = []
    with fleet(place, (OURS, STANDARD, HAND, BYTES), folder) as running:
        ours = running[OURS]
        works = await works_of(ours, known)
        took = await reads(running, works, rounds)
        found += _against_others(works, took)
        found.append(await _against_one_field(ours, works[0], rounds))
        found.append(await _large_against_small(ours, rounds, "warm"))
        found += [await _steady(running, work, took[work.name][OURS], rounds) for work in works]
        found.append(await _old_against_young(ours, rounds))
    with fleet(place, (OURS, HAND), folder, cache_bytes=0) as running:
        found.append(await _large_against_small(running[OURS], rounds, "nothing cached"))
        if place.s3_endpoint:
            found += [await _against_bare_reads(running, count, rounds) for count in (1, 50, 200)]
    return found


def _against_others(works: Sequence[Work], took: Mapping[str, Mapping[str, Took]]) -> list[Target]:
    _, whole, many = (took[work.name] for work in works[:3])
    return [
        Target(
            "all of Q42 typed, warm: requests a second, against the standard executor",
            10,
            _each(whole[OURS].per_second, whole[STANDARD].per_second),
            at_least=True,
        ),
        Target(
            "the same against the route by hand: processor",
            3,
            _each(whole[OURS].processor, whole[HAND].processor),
        ),
        Target(
            "labels of linked items, fifty items, warm: requests a second, against the standard executor",
            5,
            _each(many[OURS].per_second, many[STANDARD].per_second),
            at_least=True,
        ),
    ]


async def _against_one_field(ours: Served, two: Work, rounds: int) -> Target:
    least = Work("one field", "", requests.ONE_FIELD, {})
    took: dict[str, list[float]] = {two.name: [], least.name: []}
    for _ in range(rounds):
        for work in (two, least):
            took[work.name].append(await _rate(ours, work.sent(OURS)))
    return Target(
        "P31 and P569 of Q42, warm: requests a second, against `{ __typename }`",
        0.3,
        _each(took[two.name], took[least.name]),
        at_least=True,
    )


async def _rate(one: Served, sent: bytes) -> float:
    answered, seconds = await together(one.connections, sent, SECONDS)
    return answered / seconds


async def _large_against_small(ours: Served, rounds: int, when: str) -> Target:
    def sent(statements: int) -> bytes:
        item = requests.sized(OURS, statements, "")["id"]
        return asked(requests.TWO, {"id": item, "properties": ["P31"]})

    many, few = max(requests.STATEMENTS), requests.FEW
    ratios = await _in_turns((ours, sent(many)), (ours, sent(few)), rounds)
    name = f"P31 of an item with {many:,} statements, {when}: median time, against one with {few}"
    return Target(name, 1.5, ratios)


async def _steady(running: Mapping[str, Served], work: Work, took: Took, rounds: int) -> Target:
    """Beside it the same of a route that sends the same bytes, at the same rate: what the machine itself does."""
    rate = statistics.median(took.per_second) * STEADY_SHARE
    found: dict[str, list[float]] = {OURS: [], BYTES: []}
    for _ in range(rounds):
        for who, ratios in found.items():
            ratios.append(await _p99_to_p50(running[who], work.sent(who), rate))
    floor = statistics.median(found[BYTES])
    name = f"{work.name}, {STEADY_SHARE:.0%} of the most that is answered: p99 against p50"
    return Target(
        name, 5, found[OURS], note=f"{rate:.0f} a second; {floor:.1f} where the same bytes are sent"
    )


async def _p99_to_p50(one: Served, sent: bytes, rate: float) -> float:
    times = sorted(await steadily(one.connections, sent, rate, STEADY_SECONDS))
    return times[int(len(times) * 0.99)] / times[len(times) // 2]


async def _old_against_young(ours: Served, rounds: int) -> Target:
    """Edits of a label, and what each calls: the server tells."""
    by_age = {
        revisions: Series(ours, an_item(item).with_label("en", MARK).json(), base=revisions)
        for revisions, item in PAST.items()
    }
    ratios = []
    for number in range(rounds + 1):
        times: dict[int, list[float]] = {revisions: [] for revisions in by_age}
        for _ in range(EDITS):
            for revisions, series in by_age.items():
                times[revisions].append(await series.edit())
        if number:
            young, old = map(statistics.median, times.values())
            ratios.append(old / young)
    calls = {revisions: await series.calls() for revisions, series in by_age.items()}
    few, many = calls
    same = "the same calls" if calls[few] == calls[many] else f"other calls: {calls[many]}, not {calls[few]}"
    return Target(
        f"edit of a label of an item with {many:,} revisions: median time, against one with {few}",
        1.25,
        ratios,
        note=same,
    )


async def _against_bare_reads(running: Mapping[str, Served], count: int, rounds: int) -> Target:
    """Statements of one query against as many reads of their objects by the same client, as many at once."""
    some_of = ["P31"] if count == 1 else [f"P{3_001 + number}" for number in range(count // 50)]
    chosen = {"id": requests.sized(OURS, 1_000, "")["id"], "properties": some_of}
    answer = await running[OURS].connection.ask(asked(HASHES, chosen))
    hashes = orjson.loads(answer.body)["data"]["entity"]["statementHashes"]
    names = [statement_key(int(one)).name for one in hashes]
    ours, bare = asked(requests.VALUES, chosen), request("/objects", orjson.dumps(names))
    ratios = await _in_turns((running[OURS], ours), (running[HAND], bare), rounds)
    name = f"{len(names)} statement{'s' * (len(names) > 1)} from S3, nothing cached: median time, against bare reads by the same client"
    note = "" if len(names) >= BOUND_FROM else f"told only: the bound is for {BOUND_FROM} and more"
    return Target(name, 1.3, ratios, note=note)


async def _in_turns(one: tuple[Served, bytes], other: tuple[Served, bytes], rounds: int) -> list[float]:
    """The median time of a request against that of another, by rounds; one after the other, each by itself."""
    ratios: list[float] = []
    for number in range(rounds + 1):
        times: tuple[list[float], list[float]] = ([], [])
        end = time.perf_counter() + 2 * SECONDS
        while time.perf_counter() < end or len(times[1]) < 5:
            for (served, sent), own in zip((one, other), times, strict=True):
                own.append((await served.connection.ask(sent)).seconds)
        if number:  # the first warms up
            ratios.append(statistics.median(times[0]) / statistics.median(times[1]))
    return ratios


def _each(some: Sequence[float], others: Sequence[float]) -> list[float]:
    return [one / other for one, other in zip(some, others, strict=True)]
