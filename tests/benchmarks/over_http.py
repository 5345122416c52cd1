"""Queries and edits as they are served, over HTTP on loopback, beside peers and floors in the same run.

In a round each is asked in turn, so that what else the machine does befalls all alike; ratios are of one round. A rate is
with `AT_ONCE` requests under way, the times are of one request at a time. Processor time is the server's, all its threads.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from app.settings import Settings
from tests.benchmarks import requests
from tests.benchmarks.client import Answer, one_by_one, request, together
from tests.benchmarks.fleet import ALL, ARIADNE, BYTES, HAND, OURS, STANDARD, Served, Work, asked, fleet
from tests.benchmarks.process import Process
from tests.benchmarks.spread import spread
from tests.graph import rebuilding

ROUNDS = 5
SECONDS = 0.4
"""For which each is asked in a round, and again one at a time."""
EDITORS = (OURS, STANDARD, ARIADNE, HAND)

Figures = dict[str, dict[str, dict[str, float]]]
"""By who was asked, by what was measured of it: median, least and most."""


@dataclass(slots=True)
class Took:
    """What one took, by rounds."""

    per_second: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """Milliseconds of the server's for one request."""
    times: list[list[float]] = field(default_factory=list)
    """Milliseconds of each request."""

    @property
    def medians(self) -> list[float]:
        """By rounds."""
        return [statistics.median(some) for some in self.times]

    def p99(self) -> float:
        """Of all rounds together."""
        every = sorted(one for some in self.times for one in some)
        return every[min(len(every) - 1, int(len(every) * 0.99))]


async def measure(
    place: Settings, known: Sequence[str], folder: Path, rounds: int = ROUNDS
) -> dict[str, Figures]:
    """All works on what is at a place, some ids of which are known: reads warm, reads with nothing kept, edits."""
    found: dict[str, Figures] = {}
    with fleet(place, ALL, folder) as running:
        works = await works_of(running[OURS], known)
        for name, took in (await reads(running, works, rounds)).items():
            found[name] = figures(took, running)
        for name, took in (await edits(running, rounds)).items():
            found[name] = figures(took, running)
    whom = (OURS, STANDARD, ARIADNE, HAND)
    with fleet(place, whom, folder, cache_bytes=0) as running:
        for name, took in (await reads(running, works[:3], rounds, rated=False)).items():
            found[f"{name}, nothing cached"] = figures(took, running)
    return found


async def works_of(ours: Served, known: Sequence[str]) -> list[Work]:
    """What is read. The first three read objects."""
    items = await _items(ours, known)
    page = {"id": requests.HUB, "first": 50}
    return [
        Work("P31 and P569 of Q42", "two", requests.TWO, {"id": "Q42", "properties": ["P31", "P569"]}),
        Work("all of Q42, typed", "whole", rebuilding.QUERY, {"id": "Q42"}),
        Work(
            f"{len(items)} items with linked labels",
            "many",
            requests.MANY,
            {"ids": items, "properties": ["P31"]},
        ),
        Work("50 revisions of a history", "history", requests.HISTORY, page),
        Work("50 backlinks", "backlinks", requests.BACKLINKS, page),
    ]


async def _items(ours: Served, known: Sequence[str]) -> list[str]:
    """Up to fifty of the known items whose P31 names one that is here and has a label."""
    ids = [one for one in known if one.startswith("Q")][:400]
    answer = await ours.connection.ask(asked(requests.MANY, {"ids": ids, "properties": ["P31"]}))
    return [
        one["id"]
        for one in orjson.loads(answer.body)["data"]["entities"]
        if any((told["value"] or {}).get("label") for told in one["statements"])
    ][:50]


async def reads(
    running: Mapping[str, Served], works: Sequence[Work], rounds: int, *, rated: bool = True
) -> dict[str, dict[str, Took]]:
    """Each work by each of these. Without `rated` one at a time only: what is read together is read once."""
    took: dict[str, dict[str, Took]] = {work.name: {who: Took() for who in running} for work in works}
    for work in works:
        await _agreed(work, running)
    for _ in range(rounds):
        for work in works:
            for who, one in running.items():
                await _round(one, work.sent(who), took[work.name][who], rated=rated)
    return took


async def _agreed(work: Work, running: Mapping[str, Served]) -> None:
    """All say the same. What they have to read to say so is at hand from then on, where it is kept."""
    answer = (await running[OURS].connection.ask(work.sent(OURS))).body
    data = work.data(OURS, answer)
    for who, one in running.items():
        if who == BYTES:
            await one.connection.ask(request(f"/record/{work.twin}", answer))
            continue
        for _ in range(3):
            told = work.data(who, (await one.connection.ask(work.sent(who))).body)
            assert told == data, f"{work.name}: {who} says something else"


async def _round(one: Served, sent: bytes, took: Took, *, rated: bool) -> None:
    before = one.process.processor()
    times = await one_by_one(one.connection, sent, SECONDS)
    processor, answered = one.process.processor() - before, len(times)
    took.times.append([seconds * 1e3 for seconds in times])
    if rated:
        before = one.process.processor()
        answered, seconds = await together(one.connections, sent, SECONDS)
        processor = one.process.processor() - before
        took.per_second.append(answered / seconds)
    took.processor.append(processor / answered * 1e3)


async def edits(running: Mapping[str, Served], rounds: int) -> dict[str, dict[str, Took]]:
    """Edits of one label, and of one statement of entities that have more and more of them."""
    whom = [who for who in EDITORS if who in running]
    series = {
        "edit of a label": {who: Series(running[who], requests.labelled(who, MARK)) for who in whom},
        **{
            f"edit of one of {count:,} statement{'s' * (count > 1)}": {
                who: Series(running[who], requests.sized(who, count, MARK)) for who in whom
            }
            for count in requests.STATEMENTS
        },
    }
    took = {name: {who: Took() for who in whom} for name in series}
    for number in range(rounds + 1):
        for name, by in series.items():
            for who, one in by.items():
                await one.round(took[name][who] if number else Took())  # the first warms up
    return took


CALLS = ("databaseQueries", "objectReads", "objectWrites", "storeCalls")
MARK = "the value that each edit sets"


class Series:
    """Edits of one entity, each on the one before, one at a time: what follows from one is over before the next."""

    def __init__(self, one: Served, entity: dict[str, object], base: int = 1) -> None:
        self._one, self._base, self._edits = one, base, 0
        told: dict[str, object] = {"id": entity["id"], "baseRevisionId": 0, "entity": entity}
        if one.who == HAND:
            self._path, text = "/hand/edit", orjson.dumps(told)
        else:
            self._path = "/ariadne" if one.who == ARIADNE else "/graphql"
            text = orjson.dumps({"query": requests.EDIT, "variables": {"input": told}})
        self._before, self._named, self._after = text.partition(b'"baseRevisionId":')
        self._repeats = max(2, 10 - len(text) // 100_000)

    async def round(self, took: Took) -> None:
        """Some edits."""
        process = self._one.process
        before = process.processor()
        times = [await self.edit() for _ in range(self._repeats)]
        took.times.append(times)
        took.processor.append((process.processor() - before) / len(times) * 1e3)

    async def edit(self) -> float:
        """One edit; the milliseconds until its answer."""
        return (await self._edit()).seconds * 1e3

    async def calls(self) -> dict[str, object]:
        """What one edit calls, as the server tells it."""
        told = orjson.loads((await self._edit("X-Cost: true")).body)["extensions"]["cost"]
        return {name: told[name] for name in CALLS}

    async def _edit(self, *headers: str) -> Answer:
        self._edits += 1
        after = self._after.removeprefix(b"0").replace(MARK.encode(), b"edit %d" % self._edits)
        body = self._before + self._named + b"%d" % self._base + after
        answer = await self._one.connection.ask(request(self._path, body, *headers))
        told = orjson.loads(answer.body)
        outcome = told.get("data", told)["editEntity"]
        assert (outcome["__typename"], outcome["unchanged"]) == ("Edited", False), outcome
        self._base = outcome["revisionId"]
        await quiet(self._one.process)
        return answer


async def quiet(process: Process) -> None:
    """Wait until a server has nothing to do: what follows from an edit is behind its answer."""
    still, last = 0, process.processor()
    while still < 2:
        await asyncio.sleep(0.01)
        now = process.processor()
        still = still + 1 if now - last < 0.001 else 0
        last = now


def figures(took: Mapping[str, Took], running: Mapping[str, Served]) -> Figures:
    """What is told of a work."""
    ours = took[OURS]
    found: Figures = {}
    for who, one in took.items():
        told = found[who] = {
            "processor milliseconds": spread(one.processor),
            "p50 milliseconds": spread(one.medians),
            "p99 milliseconds": spread([one.p99()]),
            "megabytes of memory": spread([running[who].process.memory()]),
            "processor, ours / this": _ratios(ours.processor, one.processor),
            "p50, ours / this": _ratios(ours.medians, one.medians),
        }
        if one.per_second:
            told["a second"] = spread(one.per_second)
            told["a second, ours / this"] = _ratios(ours.per_second, one.per_second)
    return found


def _ratios(some: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    return spread([one / other for one, other in zip(some, others, strict=True)])
