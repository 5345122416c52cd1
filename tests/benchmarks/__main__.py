"""`make bench`: tables of ratios, JSON beside them in `benchmarks-out/`.

Arguments choose: `storage`, `graph`, `reads` (of S3), `edits` and `import` (on MySQL and S3), `backlog`, `outage`,
which takes the seconds of Kafka's absence as `outage=600`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app import samples
from tests.benchmarks import backlog, edits, graph, import_floor, objects, outage, production, s3_reads
from tests.benchmarks.servers import Servers, servers
from tests.benchmarks.spread import spread

REAL = Path(__file__).parents[3] / "shared" / "data" / "wikidata"
ROUNDS = 3
HERE = ("storage", "graph")
ON_SERVERS = ("reads", "edits", "import", "backlog", "outage")
AWAY, PER_SECOND = 10.0, 15.0
"""Seconds of Kafka's absence, and edits a second meanwhile."""


async def _storage(paths: list[str], folder: Path) -> dict[str, Any]:
    imports = [await import_floor.measure(paths, folder / f"import-{number}") for number in range(ROUNDS)]
    sqlite = [await objects.in_sqlite(folder / f"sqlite-{number}") for number in range(ROUNDS)]
    files = [await objects.in_folder(folder / f"folder-{number}") for number in range(ROUNDS)]
    one = [await edits.measure(folder / f"edits-1-{number}", 1) for number in range(ROUNDS)]
    many = [await edits.measure(folder / f"edits-32-{number}", 32) for number in range(ROUNDS)]
    bare = [edits.floor(folder / f"floor-{number}") for number in range(ROUNDS)]
    return {
        "import: seconds": spread([done.clock for done, _ in imports]),
        "import: commits": spread([done.commits for done, _ in imports]),
        "import / floor, clock": spread([done.clock / floor.clock for done, floor in imports]),
        "import / floor, processor": spread([done.processor / floor.processor for done, floor in imports]),
        "objects, folder / SQLite, writing 5,000": spread(
            [other.write / here.write for other, here in zip(files, sqlite, strict=True)]
        ),
        "objects, folder / SQLite, reading 5,000": spread(
            [other.read / here.read for other, here in zip(files, sqlite, strict=True)]
        ),
        "objects, folder / SQLite, size on disk": spread(
            [other.mebibytes / here.mebibytes for other, here in zip(files, sqlite, strict=True)]
        ),
        "edits per second, one writer": spread([result.per_second for result in one]),
        "edits per second, 32 writers": spread([result.per_second for result in many]),
        "edit / floor (two durable commits), median": spread(
            [result.median / floor.median for result, floor in zip(one, bare, strict=True)]
        ),
        "edit, 99th percentile / median, one writer": spread([result.p99 / result.median for result in one]),
    }


async def _measure(wanted: list[str], folder: Path) -> None:
    paths = _real_ones()
    if "storage" in wanted:
        found = await _storage(paths, folder)
        _keep("storage", found)
        _show({name: {"": figures} for name, figures in found.items()})
    if "graph" in wanted:
        table = await graph.measure(paths, folder / "graph")
        _keep("graph", table)
        _show(table)


async def _measure_on_servers(wanted: list[str], running: Servers, folder: Path) -> None:
    paths = _real_ones()
    for word in wanted:
        part, _, seconds = word.partition("=")
        if part in ON_SERVERS:
            figures = await _on_servers(part, running, paths, folder / part, float(seconds or AWAY))
            _keep(part, figures)
            _show({name: {"": one} for name, one in figures.items()})


async def _on_servers(
    part: str, running: Servers, paths: list[str], folder: Path, away: float
) -> dict[str, dict[str, float]]:
    """Rows of figures."""
    match part:
        case "reads":
            return await _reads(running)
        case "edits":
            return await _edits(running, folder)
        case "import":
            rounds = [await production.measure_import(running, paths, folder / f"{n}") for n in range(ROUNDS)]
            return {name: spread([getattr(one, name) for one in rounds]) for name in asdict(rounds[0])}
        case "backlog":
            return await backlog.on_both(running.mysql, folder)
        case _:
            there = min(60.0, away / 2)
            figures = await outage.measure(running, folder, PER_SECOND, there, away)
            return {name: spread([one]) for name, one in figures.items()}


async def _reads(running: Servers) -> dict[str, dict[str, float]]:
    found = await s3_reads.measure(running.objects.place("reads/"), ROUNDS)
    figures: dict[str, dict[str, float]] = {}
    for at_once in s3_reads.AT_ONCE:
        drivers = found["driver"][at_once]
        for name, by in found.items():
            pairs = list(zip(by[at_once], drivers, strict=True))
            figures |= {
                f"{name}, {at_once} at once: processor milliseconds": spread([r.processor for r, _ in pairs]),
                f"{name} / driver, {at_once} at once: processor": spread(
                    [r.processor / d.processor for r, d in pairs]
                ),
                f"{name} / driver, {at_once} at once: reads a second": spread(
                    [r.per_second / d.per_second for r, d in pairs]
                ),
            }
    return figures


async def _edits(running: Servers, folder: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for at_once, writers in ((1, "one writer"), (32, "32 writers")):
        rounds = [
            await production.measure_edits(running, folder / f"{at_once}-{number}", at_once)
            for number in range(ROUNDS)
        ]
        found |= {
            f"edits per second, {writers}": spread([made.per_second for made, _ in rounds]),
            f"edit, median, milliseconds, {writers}": spread([made.median for made, _ in rounds]),
            f"edit, 99th percentile, milliseconds, {writers}": spread([made.p99 for made, _ in rounds]),
            f"edit / bare calls, median, {writers}": spread(
                [made.median / bare.median for made, bare in rounds]
            ),
            f"edit / bare calls, 99th percentile, {writers}": spread(
                [made.p99 / bare.p99 for made, bare in rounds]
            ),
            f"bare calls / edits, per second, {writers}": spread(
                [bare.per_second / made.per_second for made, bare in rounds]
            ),
        }
    return found


def _real_ones() -> list[str]:
    return [str(REAL)] if REAL.is_dir() else [str(path) for path in samples.paths()]


def _keep(part: str, found: Mapping[str, Any]) -> None:
    out = Path("benchmarks-out")
    out.mkdir(exist_ok=True)
    (out / f"{part}.json").write_text(json.dumps(found, indent=2) + "\n")


def _show(rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """A table: figures by row and column."""
    width = max(map(len, rows))
    columns = next(iter(rows.values()))
    sys.stdout.write("\n" + " " * width + "".join(f"{column:>30}" for column in columns) + "\n")
    for name, row in rows.items():
        sys.stdout.write(f"{name:<{width}}" + "".join(f"{_told(one):>30}" for one in row.values()) + "\n")


def _told(one: Mapping[str, float]) -> str:
    return f"{one['median']:.2f} ({one['least']:.2f} to {one['most']:.2f})"


def main() -> None:
    """Measure and write."""
    wanted = sys.argv[1:] or [*HERE, *ON_SERVERS]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_measure(wanted, folder))
        if any(word.startswith(ON_SERVERS) for word in wanted):
            with servers(folder / "servers") as running:
                asyncio.run(_measure_on_servers(wanted, running, folder))


main()
