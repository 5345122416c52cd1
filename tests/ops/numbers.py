"""The numbers that a server shows, read as Prometheus reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

PREFIX = "wikibase_graph_"

Labels = tuple[tuple[str, str], ...]


class Numbers:
    """What was shown at one moment."""

    def __init__(self, text: str) -> None:
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self._samples: Mapping[tuple[str, Labels], float] = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def of(self, name: str, /, **labels: str) -> float:
        """A number, 0 where nothing was counted yet. Without the prefix that all have."""
        return self._samples.get((PREFIX + name, tuple(sorted(labels.items()))), 0.0)

    def sum(self, name: str, /, **labels: str) -> float:
        """Of all that have these labels, whatever others they have."""
        wanted = set(labels.items())
        return sum(
            value
            for (found, told), value in self._samples.items()
            if found == PREFIX + name and wanted <= set(told)
        )

    def labels(self, name: str, label: str) -> set[str]:
        """The values that a label of a number has."""
        return {dict(told)[label] for found, told in self._samples if found == PREFIX + name}


async def numbers(client: httpx.AsyncClient) -> Numbers:
    """What a server shows now."""
    reply = await client.get("/metrics")
    assert reply.status_code == 200, reply.text
    return Numbers(reply.text)


async def until(
    client: httpx.AsyncClient, is_so: Callable[[Numbers], bool], seconds: float = 60.0
) -> Numbers:
    """What a server shows when this is so of it, which must come to be."""
    found = await numbers(client)

    async def ask() -> Numbers:
        return await numbers(client)

    return await _until(ask, found, is_so, seconds)


async def _until(
    ask: Callable[[], Awaitable[Numbers]], found: Numbers, is_so: Callable[[Numbers], bool], seconds: float
) -> Numbers:
    async with asyncio.timeout(seconds):
        while not is_so(found):
            await asyncio.sleep(0.02)
            found = await ask()
    return found
