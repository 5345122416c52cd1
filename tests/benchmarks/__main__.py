"""`make bench`: tables of ratios, JSON beside them in `benchmarks-out/`.

Arguments choose parts; without any all are measured. On the embedded engines: `storage`, `http`, `targets`, `database`, `profile`
(of requests and of the import), `memory`, which takes the number of queries as `memory=100000`. On MySQL and S3, which are started: `reads` (of
S3), `edits`, `import`, `http-servers`, `targets-servers`, `database-servers`, `backlog`, and `outage`, which takes the seconds of
Kafka's absence as `outage=600`.
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

import uvloop

from app import samples
from app.compose import open_stores
from app.settings import Settings
from tests.benchmarks import (
    backlog,
    database_reads,
    edits,
    filled,
    import_floor,
    import_profile,
    objects,
    outage,
    over_http,
    production,
    request_profile,
    s3_reads,
    targets,
    worker_memory,
)
from tests.benchmarks.fleet import has_plan
from tests.benchmarks.servers import Servers, servers
from tests.benchmarks.spread import spread
from tests.benchmarks.tables import show_figures, show_served, show_shares, show_targets

REAL = Path(__file__).parents[3] / "shared" / "data" / "wikidata"
ROUNDS = 3
HERE = ("storage", "http", "targets", "memory", "database", "profile")
FILLED = ("http", "targets", "database")
"""Of stores that are filled; also on servers, by the name with this at its end."""
SERVERS = "-servers"
ON_SERVERS = ("reads", "edits", "import", *(f"{part}{SERVERS}" for part in FILLED), "backlog", "outage")
QUERIES = 5_000
"""Of the worker whose memory is looked at."""
AWAY, PER_SECOND = 10.0, 15.0
"""Seconds of Kafka's absence, and edits a second meanwhile."""


async def _here(wanted: Mapping[str, float], folder: Path) -> None:
    """The parts on the embedded engines."""
    paths = _real_ones()
    if "storage" in wanted:
        figures = await _storage(paths, folder)
        _keep("storage", figures)
        show_figures(figures)
    place, known = Settings(data=folder / "filled"), list[str]()
    if not wanted.keys().isdisjoint((*FILLED, "memory", "profile")):
        async with open_stores(place, alone=True) as stores:
            known = await filled.fill(stores, paths)
    if "http" in wanted:
        served = await over_http.measure(place, known, folder / "http")
        _keep("http", served)
        show_served("the embedded engines", served)
    reached: list[targets.Target] = []
    if "targets" in wanted:
        reached += await targets.measure(place, known, folder / "targets", over_http.ROUNDS)
    if "memory" in wanted:
        queries = int(wanted["memory"] or QUERIES)
        memory = await worker_memory.measure(place, known, folder / "memory", queries)
        _keep("memory", {"queries": queries, **asdict(memory)})
        reached.append(worker_memory.target(memory, queries))
    if reached:
        _keep("targets", {one.name: one.told() for one in reached})
        show_targets("the embedded engines", reached)
    if "database" in wanted:
        async with open_stores(place) as stores:
            reads = await database_reads.measure(place, stores, folder / "database", over_http.ROUNDS)
        _keep("database", reads)
        show_figures(reads)
    if "profile" in wanted:
        profiles = await request_profile.measure(place, known[:50])
        profiles["import of a thousand documents"] = await import_profile.measure(paths, folder / "profile")
        _keep("profile", profiles)
        for name, shares in profiles.items():
            show_shares(name, shares)


async def _storage(paths: list[str], folder: Path) -> dict[str, Any]:
    imports = [await import_floor.measure(paths, folder / f"import-{number}") for number in range(ROUNDS)]
    sqlite = [await objects.in_sqlite(folder / f"sqlite-{number}") for number in range(ROUNDS)]
    files = [await objects.in_folder(folder / f"folder-{number}") for number in range(ROUNDS)]
    one = [await edits.measure(folder / f"edits-1-{number}", 1) for number in range(ROUNDS)]
    many = [await edits.measure(folder / f"edits-32-{number}", 32) for number in range(ROUNDS)]
    bare = [edits.floor(folder / f"floor-{number}") for number in range(ROUNDS)]
    return {
        "import of a thousand real documents: seconds": spread([done.clock for done, _ in imports]),
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


async def _on_servers(wanted: Mapping[str, float], running: Servers, folder: Path) -> None:
    """The parts on MySQL and S3."""
    paths = _real_ones()
    for part in ("reads", "edits", "import", "backlog", "outage"):
        if part in wanted:
            figures = await _figures(part, running, paths, folder / part, wanted[part] or AWAY)
            _keep(part, figures)
            show_figures(figures)
    if wanted.keys().isdisjoint(f"{part}{SERVERS}" for part in FILLED):
        return
    place = running.engines.empty(folder / "filled")
    async with open_stores(place, alone=True) as stores:
        known = await filled.fill(stores, paths)
    if "http-servers" in wanted:
        served = await over_http.measure(place, known, folder / "http")
        _keep("http-servers", served)
        show_served("MySQL and S3", served)
    if "targets-servers" in wanted:
        reached = await targets.measure(place, known, folder / "targets", over_http.ROUNDS)
        _keep("targets-servers", {one.name: one.told() for one in reached})
        show_targets("MySQL and S3", reached)
    if "database-servers" in wanted:
        async with open_stores(place) as stores:
            reads = await database_reads.measure(place, stores, folder / "database", over_http.ROUNDS)
        _keep("database-servers", reads)
        show_figures(reads)


async def _figures(
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


def main() -> None:
    """Measure and write."""
    told = (word.partition("=") for word in sys.argv[1:] or (*HERE, *ON_SERVERS))
    wanted = {part: float(number or 0) for part, _, number in told}
    if unknown := wanted.keys() - {*HERE, *ON_SERVERS}:
        raise SystemExit(f"there is no part {', '.join(sorted(unknown))}; see tests/benchmarks/__main__.py")
    if not has_plan():
        sys.stdout.write("There is no setting PLAN: `ours` is the standard executor itself.\n")
    with tempfile.TemporaryDirectory() as name, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        folder = Path(name)
        if not wanted.keys().isdisjoint(HERE):
            runner.run(_here(wanted, folder / "here"))
        if not wanted.keys().isdisjoint(ON_SERVERS):
            with servers(folder / "servers") as running:
                runner.run(_on_servers(wanted, running, folder / "on-servers"))


if __name__ == "__main__":
    main()
