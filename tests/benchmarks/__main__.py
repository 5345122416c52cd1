"""`make bench`: two tables of ratios, JSON beside them in `benchmarks-out/`. Arguments choose: `storage`, `graph`."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app import samples
from tests.benchmarks import edits, graph, import_floor, objects
from tests.benchmarks.spread import spread

REAL = Path(__file__).parents[3] / "shared" / "data" / "wikidata"
ROUNDS = 3


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
    paths = [str(REAL)] if REAL.is_dir() else [str(path) for path in samples.paths()]
    if "storage" in wanted:
        found = await _storage(paths, folder)
        _keep("storage", found)
        _show({name: {"": figures} for name, figures in found.items()})
    if "graph" in wanted:
        table = await graph.measure(paths, folder / "graph")
        _keep("graph", table)
        _show(table)


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
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(sys.argv[1:] or ["storage", "graph"], Path(folder)))


main()
