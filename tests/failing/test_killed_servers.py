"""Servers that are killed and come back, idle and busy, as clients of the served GraphQL see it.

What was acknowledged is there, nothing else is; errors say what they are; nothing has to be started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from app.settings import Settings
from storage import relay, times
from storage.check import check
from tests.conformance.events import once
from tests.failing.writers import Reader, Writer, busy
from tests.services import kafka, mariadb, seaweed
from tests.services.engines import Engines
from tests.services.kafka import MockKafka, Wire
from tests.services.mariadb import MariaDB
from tests.services.seaweed import Seaweed
from tests.serving import Asking, served

PATIENCE = 60.0
"""Seconds in which all must be well again."""
WRITERS = 6
EDITS = 30
"""Acknowledged between two kills, so that each meets writers at work."""


@dataclass(frozen=True, slots=True)
class Mortals:
    """Servers that no other test uses."""

    mysql: MariaDB
    s3: Seaweed
    broker: MockKafka
    starter: Executor
    """A server ends with the thread that has started it."""

    async def start(self, server: MariaDB | Seaweed) -> None:
        """Start it anew, while others are at work."""
        await asyncio.get_running_loop().run_in_executor(self.starter, server.start)

    def named(self, name: str) -> MariaDB | Seaweed:
        """The one to be killed."""
        return self.mysql if name == "mysql" else self.s3


@pytest.fixture(scope="module")
def mortals(new_data: Path) -> Iterator[Mortals]:
    """Running ones."""
    with ThreadPoolExecutor(1) as starter, ExitStack() as stack:
        yield Mortals(
            stack.enter_context(mariadb.running(new_data)),
            stack.enter_context(seaweed.running()),
            stack.enter_context(kafka.running()),
            starter,
        )


@pytest.fixture
def engines(mortals: Mortals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engines]:
    """Their places, for who has their credentials."""
    monkeypatch.setattr(relay, "LONGEST_PAUSE", 0.2)
    for name, value in mortals.s3.environment.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        yield Engines(stack, mortals.mysql.place, mortals.s3, mortals.broker, tmp_path)


@pytest.fixture
def place(engines: Engines, tmp_path: Path) -> Settings:
    """An empty one."""
    return replace(engines.empty(tmp_path / "data"), references="off", poll_seconds=0.05)


@pytest.fixture
async def asking(place: Settings) -> AsyncIterator[Asking]:
    """A client of the server at that place, which is not started anew."""
    async with served(place) as client:
        yield client


async def edited(writers: Sequence[Writer], count: int) -> None:
    """Wait until so many more edits are acknowledged."""
    end = sum(len(writer.told) for writer in writers) + count
    async with asyncio.timeout(PATIENCE):
        while sum(len(writer.told) for writer in writers) < end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def assert_whole(engines: Engines, place: Settings, writers: Sequence[Writer]) -> None:
    """I4, I8, I9: what was acknowledged is there, whole, and was told in order; nothing else is."""
    for writer in writers:
        assert await writer.found() == writer.told
    async with engines.opened(place) as stores:
        async with asyncio.timeout(PATIENCE):
            while await stores.metadata.unpublished(1) or await stores.metadata.underived(1):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        events = once(await stores.events.read(None, 100_000))
        for writer in writers:
            told = [one.revision_id for one in events if one.entity_id == writer.entity]
            assert told == sorted(writer.told)
        await relay.settle(stores, clock=times.now)
        assert [str(finding) async for finding in check(stores)] == []


def assert_typed(writers: Sequence[Writer], readers: Sequence[Reader]) -> None:
    """Whoever was not served was told so in words to act on, and that to ask again may help."""
    refusals = [refusal for writer in writers for refusal in writer.refusals]
    assert {(one["__typename"], one["code"], one["retryable"]) for one in refusals} <= {
        ("RequestRefused", "unavailable", True),
        ("EditRefused", "too_contended", True),
        ("EditOutcomeUnknown", "outcome_unknown", True),
    }
    told = [error["extensions"] for reader in readers for error in reader.errors]
    assert {(one["code"], one["retryable"]) for one in told} <= {("unavailable", True)}


@pytest.mark.parametrize("name", ["mysql", "s3"])
async def test_a_server_that_is_killed_and_restarted_while_idle_costs_no_request(
    name: str, mortals: Mortals, engines: Engines, place: Settings, asking: Asking
) -> None:
    """I4: of many at once neither, which use as many connections as were open before."""
    writers = [Writer(asking, f"writer {number}") for number in range(WRITERS)]
    await asyncio.gather(*(writer.edit() for writer in writers))
    server = mortals.named(name)
    for _ in range(2):
        server.kill()
        server.start()

        await asyncio.gather(*(writer.edit() for writer in writers))

    assert [writer.refusals for writer in writers] == [[]] * WRITERS
    await assert_whole(engines, place, writers)


@pytest.mark.parametrize("name", ["mysql", "s3"])
async def test_a_server_that_is_killed_at_work_loses_nothing(
    name: str, mortals: Mortals, engines: Engines, place: Settings, asking: Asking
) -> None:
    """I4, I8, I9, I13, W1: kept away for a while each time, so that all writers meet it."""
    server = mortals.named(name)
    async with busy(asking, WRITERS) as (writers, readers):
        for _ in range(3):
            await edited(writers, EDITS)
            server.kill()
            await asyncio.sleep(0.5)
            await mortals.start(server)
        await edited(writers, EDITS)

    assert any(writer.refusals for writer in writers)
    assert any(reader.errors for reader in readers)
    assert_typed(writers, readers)
    await assert_whole(engines, place, writers)


async def test_while_objects_are_away_what_lies_in_rows_is_answered(
    mortals: Mortals, place: Settings, asking: Asking
) -> None:
    """R1: the rest is an error in the place of what is missing, and is there again by itself."""
    writer = Writer(asking, "writer")
    await writer.edit()
    async with served(place) as other:  # which has nothing in its cache
        query = f'{{entity(id: "{writer.entity}") {{id ... on Item {{label(languageCode: "en")}}}}}}'
        mortals.s3.kill()
        try:
            answer = await other(query)
        finally:
            mortals.s3.start()

        assert answer["data"]["entity"] == {"id": writer.entity, "label": None}
        [error] = answer["errors"]
        assert error["path"] == ["entity", "label"]
        assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("unavailable", True)
        # A server that has just come back may still refuse what it has.
        async with asyncio.timeout(PATIENCE):
            while "errors" in (answer := await other(query)):
                assert answer["errors"][0]["extensions"]["code"] == "unavailable"
                await asyncio.sleep(0.1)
        assert answer["data"]["entity"]["label"] == "writer 1"


@pytest.fixture
async def line(mortals: Mortals) -> AsyncIterator[Wire]:
    """The only way to the broker."""
    async with kafka.wire() as one:
        one.server = mortals.broker.port
        mortals.broker.advertise(one.port)
        yield one
        mortals.broker.advertise(mortals.broker.port)


async def test_edits_go_on_while_the_stream_is_away_and_are_told_when_it_is_back(
    line: Wire, engines: Engines, place: Settings
) -> None:
    """E3, I9: away from the start, cut in the middle, held without an answer, and back."""
    there = replace(place, kafka_brokers=f"127.0.0.1:{line.port}")
    async with served(there) as asking:
        async with busy(asking, WRITERS) as (writers, _):
            await edited(writers, EDITS)
            for _ in range(2):
                await line.mend()
                await edited(writers, EDITS)
                await line.cut()
                await edited(writers, EDITS)
            await line.mend()
            line.held = kafka.EVERYTHING
            await edited(writers, EDITS)
            line.held = ()
            await line.cut()  # what is held is waited for longer than a test may take
            await line.mend()
        await assert_whole(engines, there, writers)
    assert [writer.refusals for writer in writers] == [[]] * WRITERS
