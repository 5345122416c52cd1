"""One thing many times, several at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable


async def many(
    numbers: Iterable[int], at_once: int, one: Callable[[int], Awaitable[Counter[str]]]
) -> Counter[str]:
    """Do it for each number, `at_once` at a time; answers what they met, all together. Ends with the first error."""
    met: Counter[str] = Counter()
    left = iter(numbers)

    async def work() -> None:
        for number in left:
            met.update(await one(number))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())
    return met
