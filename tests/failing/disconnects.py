"""Thousands of clients that disconnect at random moments from a served process, subscribers too, on real engines (I16).

`python -m tests.failing.disconnects [COUNT]` starts all that is needed and lets ten thousand go, in waves. After each
wave nothing of it may be left at the server; at the end, nothing at the database either. Edits whose clients heard of
them are there; of the others a retry with the same key tells what became of them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from app.places import mysql_place
from app.settings import Settings
from storage.kafka_reader import READERS
from tests.failing.clients import Clients, an_edit
from tests.failing.left import transactions_left
from tests.services import kafka, mariadb, seaweed
from tests.services.engines import Engines
from tests.serving import served_by_command

WAVE = 200
"""Clients at once."""
PATIENCE = 60.0
"""Seconds in which a wave must have left nothing."""
ASKED_AGAIN = 100
"""Of the edits that nobody heard of."""


async def run(address: str, count: int, seed: int) -> Clients:
    """Let so many clients go, and see after each wave that nothing of it is left. The clients tell of their edits."""
    clients = Clients(address, seed)
    async with httpx.AsyncClient(
        timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=0)
    ) as asking:
        # So that all is there that stays: readers of the stream, connections of pools, the publisher of events.
        for _ in range(5):
            where, *_ = await asyncio.gather(
                *(asking.post(address, json={"query": "{changesPosition}"}) for _ in range(5 * READERS))
            )
        clients.begin = where.json()["data"]["changesPosition"]
        await clients.wave(WAVE)
        before = await _at_rest(asking, address, None)
        for _ in range(0, count, WAVE):
            await clients.wave(WAVE)
            await _at_rest(asking, address, before)
    return clients


async def _at_rest(asking: httpx.AsyncClient, address: str, before: dict[str, Any] | None) -> dict[str, Any]:
    """What is under way when nothing more ends. Fails if that is more than was before, or if errors were logged."""
    left: dict[str, Any] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                left = (await asking.get(address.replace("/graphql", "/left"))).json()
                assert left["errors"] == [], left["errors"][:5]
                quiet = left["edits"] == left["connections"] == left["clients"] == left["followers"] == 0
                if quiet and (before is None or left["tasks"] <= before["tasks"]):
                    return left
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{left} is left, of {before} before") from None


@contextmanager
def a_server(place: Settings) -> Iterator[str]:
    """The address of the command, served on these engines, with samples."""
    told = {setting.name.upper(): str(getattr(place, setting.name)) for setting in fields(Settings)}
    with served_by_command(
        place.data, "--samples", module="tests.failing.watched", environment=told
    ) as address:
        yield address


async def assert_true(clients: Clients, address: str, place: Settings) -> None:
    """I4, I13, I16: what was acknowledged is there; what was not can be asked for again; nothing holds the database."""
    edits = clients.edits
    assert edits.acknowledged
    async with httpx.AsyncClient(timeout=60) as client:

        async def created(key: str) -> tuple[str, int]:
            made = (await client.post(address, json=an_edit(key))).json()["data"]["createEntity"]
            return made["entityId"], made["revisionId"]

        for key, (entity, revision) in list(edits.acknowledged.items()):
            assert await created(key) == (entity, revision)
            query = f'{{entity(id: "{entity}") {{... on Item {{label(languageCode: "en")}}}}}}'
            read = (await client.post(address, json={"query": query})).json()
            assert read == {"data": {"entity": {"label": key}}}
        unheard = [key for key in edits.asked if key not in edits.acknowledged]
        again = [await created(key) for key in unheard[:ASKED_AGAIN]]
        assert len({entity for entity, _ in again}) == len(again)
        assert {revision for _, revision in again} == {1}
    assert await transactions_left(mysql_place(place)) == 0


def main(count: int) -> None:
    """Let so many go from servers that are started for it, and print what was seen."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        server = stack.enter_context(mariadb.running(stack.enter_context(mariadb.installed())))
        objects = stack.enter_context(seaweed.running())
        os.environ.update(objects.environment)
        broker = stack.enter_context(kafka.running())
        place = Engines(stack, server.place, objects, broker, folder).empty(folder / "data")
        address = stack.enter_context(a_server(place))
        seed, begin = int.from_bytes(os.urandom(4)), time.monotonic()
        clients = asyncio.run(run(address, count, seed))
        asyncio.run(assert_true(clients, address, place))
        print(f"{count} clients in {time.monotonic() - begin:.0f} s, seed {seed}")  # noqa: T201
        print(f"{dict(clients.kinds)}; edits refused: {dict(clients.edits.refused)}")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
