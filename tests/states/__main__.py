"""More of what the suite does a little of: `python -m tests.states --rounds 10000 --races 1000 --examples 1000`.

Rounds of redirects in a circle, of each size; races of writers against each way to end their writing; random lives. On
new stores for some of each, several at once: the embedded ones in `TMPDIR`, or with `--engines` on servers of its own.
Prints how often what was met; ends with 1 if anything came out as it must not.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import tests.conftest  # noqa: F401  # the profile for random tests
from storage.ports import Stores
from tests.benchmarks.servers import servers
from tests.commit.making import findings
from tests.places import Embedded, Places
from tests.states.circles import last_ones, round_of
from tests.states.locks import ENDS, End, fair_race
from tests.states.machine import live
from tests.states.many import many
from tests.states.test_life import EXAMPLES, STEPS

SIZES = (2, 3)
BATCH = 250
"""What is done in one place: in the end everything that is there is looked at."""

NewStores = Callable[[], AbstractAsyncContextManager[Stores]]
One = Callable[[Stores, int], Awaitable[Counter[str]]]


class Told:
    """What is printed, and whether anything was wrong."""

    def __init__(self) -> None:
        self.is_wrong = False
        self._began = time.monotonic()

    def done(self, name: str, times: int, met: Counter[str]) -> None:
        """So often, and this was met."""
        seconds = time.monotonic() - self._began
        self._began = time.monotonic()
        words = ", ".join(f"{word} {number:,}" for word, number in sorted(met.items()))
        self._write(f"{name}: {times:,} in {seconds:,.0f} s: {words}")

    def wrong(self, name: str, error: BaseException) -> None:
        """Something came out as it must not."""
        self.is_wrong = True
        self._write(f"{name}: WRONG\n{''.join(traceback.format_exception(error))}")

    def _write(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


async def often(name: str, times: int, at_once: int, new_stores: NewStores, told: Told, one: One) -> None:
    """Do one thing so often, and check all that is there after each batch. Goes on with the next after a wrong one."""
    if not times:
        return
    met: Counter[str] = Counter()
    done = 0
    for first in range(0, times, BATCH):
        size = min(BATCH, times - first)
        try:
            async with new_stores() as stores:
                met += await many(range(size), at_once, lambda number: one(stores, number))
                assert (found := await findings(stores)) == [], found
            done += size
        except* AssertionError as wrong:
            told.wrong(name, wrong)
    told.done(name, done, met)


async def circles(rounds: int, at_once: int, new_stores: NewStores, told: Told) -> None:
    """So many rounds of each size, and a fifth as many in which one dies."""
    for size in SIZES:

        async def one(stores: Stores, number: int, size: int = size) -> Counter[str]:
            return await round_of(stores, 1 + size * number, size)

        async def dying(stores: Stores, number: int, size: int = size) -> Counter[str]:
            met = await round_of(stores, 1 + size * number, size, crashes=True)
            await last_ones(stores, 1 + size * number, size)
            return met

        await often(f"circles of {size}", rounds, at_once, new_stores, told, one)
        await often(f"circles of {size}, one dies", rounds // 5, at_once, new_stores, told, dying)


async def races(number: int, ends: Sequence[str], at_once: int, new_stores: NewStores, told: Told) -> None:
    """So many races of each of these kinds."""
    for name in ends:
        end = ENDS[name]

        async def one(stores: Stores, number: int, end: End = end) -> Counter[str]:
            return await fair_race(stores, f"Q{1 + number}", end)

        await often(f"{name} against eight writers", number, at_once, new_stores, told, one)


async def lives(examples: int, steps: int, shrinks: bool, new_stores: NewStores, told: Told) -> None:
    """Random lives, ten in a place."""
    met: Counter[tuple[str, str, str]] = Counter()
    for _ in range(0, examples, EXAMPLES):
        try:
            async with new_stores() as stores:
                met += await live(stores, examples=EXAMPLES, steps=steps, shrinks=shrinks)
        except AssertionError as wrong:
            told.wrong("lives", wrong)
    if examples:
        words = Counter({f"\n    {' | '.join(what)}": number for what, number in met.items()})
        told.done("lives", examples, words)


@contextmanager
def places(engines: bool, folder: Path) -> Iterator[Places]:
    """Places of one kind of engines."""
    if not engines:
        yield Embedded(folder)
        return
    with servers(folder) as found:
        yield found.engines


async def play(asked: argparse.Namespace, found: Places, folder: Path, told: Told) -> None:
    """All that was asked for."""

    @asynccontextmanager
    async def new_stores() -> AsyncIterator[Stores]:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            # In a thread, since it may run a loop of its own.
            place = await asyncio.to_thread(found.empty, Path(own) / "data")
            async with found.opened(place) as stores:
                yield stores

    await circles(asked.rounds, asked.at_once, new_stores, told)
    await races(asked.races, asked.against or list(ENDS), asked.at_once, new_stores, told)
    await lives(asked.examples, asked.steps, asked.shrink, new_stores, told)


def main(words: Sequence[str] | None = None) -> None:
    """As the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.states", description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="rounds of redirects, for each size of circle")
    parser.add_argument("--races", type=int, default=0, help="races, for each way to end writing")
    parser.add_argument("--against", action="append", choices=ENDS, help="only races against this, or these")
    parser.add_argument("--examples", type=int, default=0, help="random lives")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of each life, at most")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest life that fails")
    parser.add_argument("--engines", action="store_true", help="on S3, MySQL and Kafka")
    parser.add_argument("--at-once", type=int, default=8, help="rounds or races at the same time")
    asked = parser.parse_args(words)
    told = Told()
    with tempfile.TemporaryDirectory() as folder, places(asked.engines, Path(folder) / "places") as found:
        asyncio.run(play(asked, found, Path(folder), told))
    sys.exit(told.is_wrong)


if __name__ == "__main__":
    main()
