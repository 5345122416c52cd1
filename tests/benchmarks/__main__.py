"""`make bench`: one table of ratios, JSON beside it in `benchmarks-out/`."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from app import samples
from tests.benchmarks import edits, import_floor, objects

REAL = Path(__file__).parents[3] / "shared" / "data" / "wikidata"
ROUNDS = 3


async def _measure(folder: Path) -> dict[str, Any]:
    paths = [str(REAL)] if REAL.is_dir() else [str(path) for path in samples.paths()]
    imports = [await import_floor.measure(paths, folder / f"import-{number}") for number in range(ROUNDS)]
    sqlite = [await objects.in_sqlite(folder / f"sqlite-{number}") for number in range(ROUNDS)]
    files = [await objects.in_folder(folder / f"folder-{number}") for number in range(ROUNDS)]
    one = [await edits.measure(folder / f"edits-1-{number}", 1) for number in range(ROUNDS)]
    many = [await edits.measure(folder / f"edits-32-{number}", 32) for number in range(ROUNDS)]
    bare = [edits.floor(folder / f"floor-{number}") for number in range(ROUNDS)]
    return {
        "import: seconds": _spread([done.clock for done, _ in imports]),
        "import: commits": _spread([done.commits for done, _ in imports]),
        "import / floor, clock": _spread([done.clock / floor.clock for done, floor in imports]),
        "import / floor, processor": _spread([done.processor / floor.processor for done, floor in imports]),
        "objects, folder / SQLite, writing 5,000": _spread(
            [other.write / here.write for other, here in zip(files, sqlite, strict=True)]
        ),
        "objects, folder / SQLite, reading 5,000": _spread(
            [other.read / here.read for other, here in zip(files, sqlite, strict=True)]
        ),
        "objects, folder / SQLite, size on disk": _spread(
            [other.mebibytes / here.mebibytes for other, here in zip(files, sqlite, strict=True)]
        ),
        "edits per second, one writer": _spread([result.per_second for result in one]),
        "edits per second, 32 writers": _spread([result.per_second for result in many]),
        "edit / floor (two durable commits), median": _spread(
            [result.median / floor.median for result, floor in zip(one, bare, strict=True)]
        ),
        "edit, 99th percentile / median, one writer": _spread([result.p99 / result.median for result in one]),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_measure(Path(folder)))
    out = Path("benchmarks-out")
    out.mkdir(exist_ok=True)
    (out / "storage.json").write_text(json.dumps(found, indent=2) + "\n")
    width = max(len(name) for name in found)
    for name, spread in found.items():
        figures = f"{spread['median']:10.2f}  ({spread['least']:.2f} to {spread['most']:.2f})"
        sys.stdout.write(f"{name:<{width}} {figures}\n")


main()
