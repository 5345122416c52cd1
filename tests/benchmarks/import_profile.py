"""Where the time of an import goes: by the part of the program, from the profiler, on the embedded engines.

What a library's C functions take is told by their own name, the rest by the package that it is in. The profiler itself makes short
Python functions look dearer than they are: read the shares, and measure a change without it.
"""

from __future__ import annotations

import cProfile
import pstats
import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from app.compose import open_embedded
from app.importing import import_documents
from app.intake import read
from tests.benchmarks.import_floor import as_commands_do

DOCUMENTS = 1_000
LEAST = 0.02
"""Of all: what takes less is told together."""

_PYTHONS = re.compile(
    r"<built-in method (builtins|__new__)|<method '\w+' of '(\w+|_asyncio\.\w+|_contextvars\.\w+)' objects>"
)
_OURS = ("storage", "graph", "app", "schemas")
_IN_PARTS = ("graphql",)


async def measure(paths: Sequence[str], folder: Path) -> dict[str, float]:
    """The share of each part of the program, largest first."""
    as_commands_do()
    documents = list(islice(read(list(paths)), DOCUMENTS))
    profile = cProfile.Profile()
    async with open_embedded(folder, inline=True) as stores:
        profile.enable()
        await import_documents(documents, stores)
        profile.disable()
    return shares(pstats.Stats(profile))


def shares(stats: pstats.Stats) -> dict[str, float]:
    """By part of the program. What is Python's own in C counts for those who call it."""
    parts: defaultdict[str, float] = defaultdict(float)
    for (path, _, name), (_, _, own, _, callers) in stats.stats.items():  # type: ignore[attr-defined]  # not in its types
        if path != "~" or not _PYTHONS.match(name):
            parts[_part(path, name)] += own
            continue
        for (caller_path, _, caller), (_, _, theirs, _) in callers.items():
            parts[_part(caller_path, caller)] += theirs
    total = sum(parts.values())
    large = {part: own / total for part, own in parts.items() if own / total >= LEAST}
    told = dict(sorted(large.items(), key=lambda pair: -pair[1]))
    return told | {"everything else": 1 - sum(told.values())}


def _part(path: str, name: str) -> str:
    if path == "~":
        return name.strip("<>").removeprefix("built-in method ").removeprefix("method ")
    if path.startswith("<"):
        return path.strip("<>").split()[0]  # made while it ran: of dataclasses `string`, of the plan its own
    names = Path(path).with_suffix("").parts
    if "site-packages" in names:
        # A package, and of one that we are built on its part.
        names = names[names.index("site-packages") + 1 :]
        return ".".join(names[: 2 if names[0] in _IN_PARTS else 1])
    for package in _OURS:
        if package in names:
            return ".".join(names[names.index(package) :])
    return "Python's library"
