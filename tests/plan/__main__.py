"""Generated queries over real entities, by the plan and by the standard executor: `python -m tests.plan --queries 5000`.

One after another on one cache, without faults and with. Ends with 1 at the first that is not answered the same.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from app.compose import open_embedded
from app.importing import import_documents, import_samples
from app.intake import read
from app.settings import Settings
from tests import real
from tests.plan.agreeing import Disagreement
from tests.plan.many import compared, served_state


async def fill(folder: Path) -> None:
    """Import the samples and the real entities."""
    async with open_embedded(folder, inline=True) as stores:
        await import_samples(stores)
        paths = sorted(str(one) for one in real.FOLDER.rglob("*.json*"))
        report = await import_documents(read(paths), stores)
        sys.stdout.write(f"{report.counts()}\n")


async def main() -> int:
    """Compare so many; answers how it ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=int, default=5_000)
    parser.add_argument("--number", type=int, default=1, help="of the first of them")
    parser.add_argument("--data", type=Path, help="a folder that was filled before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        data = options.data or Path(made)
        if options.data is None:
            await fill(data)
        async with served_state(Settings(data=data)) as state:
            try:
                told = await compared(state, options.queries, options.number)
            except Disagreement as error:
                sys.stdout.write(f"not the same: {error}\n")
                return 1
    sys.stdout.write(f"{told}\n")
    return 0


sys.exit(asyncio.run(main()))
