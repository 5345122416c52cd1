"""The feed on Kafka when it is away, drops what is old, or has something in its topic that is no event (E5)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka import AIOKafkaProducer

from storage.events import PositionGone
from storage.feed import Feed
from storage.following import Following
from storage.kafka import Kafka, KafkaEvents
from tests.builders import an_event
from tests.feed.listening import PATIENCE, everything, listening, until
from tests.services.kafka import MockKafka, Wire, running, wire


@pytest.fixture
def broker() -> Iterator[MockKafka]:
    """A broker of the test's own."""
    with running() as one:
        yield one


@pytest.fixture
async def line(broker: MockKafka) -> AsyncIterator[Wire]:
    """The only way to that broker, open."""
    async with wire() as one:
        one.server = broker.port
        broker.advertise(one.port)
        await one.mend()
        yield one


@pytest.fixture
async def events(line: Wire) -> AsyncIterator[KafkaEvents]:
    """A stream whose client does not wait long."""
    there = Kafka(f"127.0.0.1:{line.port}", request_seconds=1.0, read_seconds=2.0, close_seconds=0.5)
    stream = KafkaEvents(there)
    yield stream
    async with asyncio.timeout(PATIENCE):
        await stream.close()


@pytest.fixture
async def feed(events: KafkaEvents) -> AsyncIterator[Feed]:
    opened = Feed(events, poll_seconds=0.02)
    yield opened
    await opened.close()


async def test_who_follows_while_kafka_is_away_hears_all_when_it_is_back(
    line: Wire, broker: MockKafka, events: KafkaEvents, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    """E5: nothing is missed, nothing comes twice, and the log says it once."""
    caplog.set_level(logging.INFO, logger="storage.feed")
    async with listening(feed) as one:
        await events.publish([an_event("Q1", number) for number in range(1, 4)])
        await one.until(3)
        await line.cut()
        await until(lambda: any("the feed can't read" in message for message in caplog.messages))
        await line.mend()
        await events.publish([an_event("Q1", number) for number in range(4, 7)])
        await one.until(6)
    assert [change.event.revision_id for change in one.heard] == [1, 2, 3, 4, 5, 6]
    said = [message for message in caplog.messages if message.startswith("the feed")]
    assert len(said) == 2
    assert said[1] == "the feed goes on"


async def test_who_comes_for_what_was_dropped_is_told_so(
    broker: MockKafka, events: KafkaEvents, feed: Feed
) -> None:
    """E5: never is anything passed over unsaid."""
    begin = await feed.position()
    await events.publish([an_event("Q1", number) for number in range(1, 6)])
    async with listening(feed, begin) as one:
        await one.until(5)
    [lane] = {lane for lane, number in one.heard[-1].places.items() if number}
    broker.forget("wikibase.entity_change", lane, 3)
    for position in (begin, one.heard[0].position):
        with pytest.raises(PositionGone) as gone:
            await anext(Following(feed, position, everything))
        assert gone.value.position == position
    async with listening(feed, one.heard[2].position) as rest:
        await rest.until(2)


async def test_what_is_no_event_is_passed_over_and_logged(
    broker: MockKafka, events: KafkaEvents, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    """E5: somebody else wrote into the topic; who follows is not stopped by that for ever."""
    begin = await feed.position()
    async with listening(feed) as one:
        await events.publish([an_event("Q1", 1)])
        await one.until(1)
        [lane] = {lane for lane, number in one.heard[-1].places.items() if number}
        async with AIOKafkaProducer(bootstrap_servers=broker.brokers) as producer:
            await producer.send_and_wait("wikibase.entity_change", b"not json", key=b"Q1", partition=lane)
        await events.publish([an_event("Q1", 2)])
        await one.until(2)
        async with listening(feed, begin) as late:
            await late.until(2)
    assert [change.event.revision_id for change in one.heard] == [1, 2]
    assert any("passed over in the stream of events" in message for message in caplog.messages)
