"""The stream in Kafka when Kafka is away, slow or refuses, and what lies on the wire (E1, E3, E4)."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from logging.handlers import BufferingHandler
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.conn import AIOKafkaConnection

from storage import relay, times
from storage.check import check
from storage.edits import Base
from storage.errors import Damaged, Unavailable
from storage.events import NotAnEvent, PositionGone, event_json
from storage.kafka import Kafka, KafkaEvents
from storage.model import Event
from storage.ports import Position, Stores
from storage.positions import places_in, position_at
from tests.builders import an_event, an_item
from tests.commit.making import edit, make
from tests.conformance.events import once
from tests.services.kafka import (
    EVERYTHING,
    FETCH,
    METADATA,
    NOT_ENOUGH_REPLICAS,
    TOO_LARGE,
    MockKafka,
    Wire,
    kind_of,
    running,
    wire,
)
from tests.services.line import Call

PATIENCE = 20.0
"""Seconds in which a call must have ended that must not hang."""
ALL_REPLICAS = -1
STRICT = 1000


@pytest.fixture(scope="module")
def shared() -> Iterator[MockKafka]:
    """A broker that no test harms."""
    with running() as one:
        yield one


@pytest.fixture
def broker() -> Iterator[MockKafka]:
    """A broker of the test's own."""
    with running() as one:
        yield one


@pytest.fixture
async def line(broker: MockKafka) -> AsyncIterator[Wire]:
    """The only way to that broker, cut so far."""
    async with wire() as one:
        one.server = broker.port
        broker.advertise(one.port)
        yield one


@pytest.fixture
def impatient(line: Wire) -> Kafka:
    """Who does not wait long for it."""
    return Kafka(
        f"127.0.0.1:{line.port}",
        request_seconds=0.5,
        publish_seconds=1.0,
        read_seconds=1.0,
        close_seconds=0.5,
    )


@pytest.fixture
async def events(impatient: Kafka) -> AsyncIterator[KafkaEvents]:
    """The stream at the end of the line."""
    stream = KafkaEvents(impatient)
    yield stream
    async with asyncio.timeout(PATIENCE):
        await stream.close()


@pytest.fixture
async def near(shared: MockKafka) -> AsyncIterator[KafkaEvents]:
    """A stream of nobody else on the broker that no test harms."""
    stream = KafkaEvents(Kafka(shared.brokers, shared.topic()))
    yield stream
    await stream.close()


async def messages(broker: MockKafka, topic: str, count: int) -> Sequence[ConsumerRecord[bytes, bytes]]:
    """So many messages of a topic, as any consumer sees them."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker.brokers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def told(events: KafkaEvents) -> list[str]:
    """Entity and revision of all events, each once."""
    return [f"{event.entity_id}:{event.revision_id}" for event in once(await events.read(None, STRICT))]


def some(entity: str, *revisions: int) -> list[Event]:
    """Events of one entity."""
    return [an_event(entity, revision) for revision in revisions]


@pytest.fixture
def logged() -> Iterator[Sequence[logging.LogRecord]]:
    """What reaches the log of the program. (pytest's own sees what is kept from it, too.)"""
    handler = BufferingHandler(1000)
    logging.getLogger().addHandler(handler)
    yield handler.buffer
    logging.getLogger().removeHandler(handler)


def of_clients(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """The tasks of Kafka's clients that were not there before."""
    return {task for task in asyncio.all_tasks() - before if "aiokafka" in repr(task)}


async def test_every_replica_has_to_acknowledge_and_the_producer_has_an_id(
    line: Wire, events: KafkaEvents
) -> None:
    """E3: by itself the client asks for neither, as is seen on the wire."""
    await line.mend()

    await events.publish(some("Q1", 1))

    [(acks, producer)] = line.produced()
    assert acks == ALL_REPLICAS
    assert producer >= 0


async def test_without_being_told_the_client_asks_for_neither(line: Wire) -> None:
    """That the test above can tell the difference."""
    await line.mend()
    async with AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{line.port}") as producer:
        await producer.send_and_wait("events", b"x")

    assert line.produced() == [(1, -1)]


async def test_a_message_is_the_event_under_its_entity_with_id_and_version(shared: MockKafka) -> None:
    """E1, E4: what consumers of any language see."""
    topic = shared.topic()
    stream = KafkaEvents(Kafka(shared.brokers, topic))
    event = an_event("Q42", 7)
    await stream.publish([event])
    await stream.close()

    [message] = await messages(shared, topic, 1)

    assert message.key == b"Q42"
    assert message.value is not None
    assert message.value.decode() == event_json(event)
    assert dict(message.headers) == {"event_id": b"Q42:7:edit", "schema_version": b"1.0.0"}


async def test_an_entity_has_one_partition_and_all_partitions_are_used(
    near: KafkaEvents, shared: MockKafka
) -> None:
    """E1, E3: whichever process publishes, a later one too."""
    topic = shared.topic()
    for revision in (1, 2):
        stream = KafkaEvents(Kafka(shared.brokers, topic))
        await stream.publish([an_event(f"Q{number}", revision) for number in range(1, 31)])
        await stream.close()

    seen = await messages(shared, topic, 60)

    partitions = {message.key: message.partition for message in seen}
    assert all(partitions[message.key] == message.partition for message in seen)
    assert len(set(partitions.values())) == 4


async def test_many_events_of_one_entity_go_in_few_requests(line: Wire, events: KafkaEvents) -> None:
    """E4: batches, and in order."""
    await line.mend()

    await events.publish(some("Q1", *range(1, 501)))

    assert len(line.produced()) < 10
    assert [one.event.revision_id for one in await events.read(None, STRICT)] == list(range(1, 501))


async def test_events_wait_for_a_broker_that_is_not_there_yet(line: Wire, events: KafkaEvents) -> None:
    """E3: nothing is needed to begin; it is found when it comes."""
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable):
            await events.publish(some("Q1", 1))
        with pytest.raises(Unavailable):
            await events.read(None, 1)
        with pytest.raises(Unavailable):
            await events.is_whole()
    await line.mend()

    await events.publish(some("Q1", 1))

    assert await told(events) == ["Q1:1"]


async def test_a_broker_that_goes_is_noticed_and_found_again(line: Wire, events: KafkaEvents) -> None:
    """E3"""
    await line.mend()
    await events.publish(some("Q1", 1))
    assert await told(events) == ["Q1:1"]
    await line.cut()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable):
            await events.publish(some("Q1", 2))
        with pytest.raises(Unavailable):
            await events.read(None, 1)
    await line.mend()

    await events.publish(some("Q1", 2, 3))

    assert await told(events) == ["Q1:1", "Q1:2", "Q1:3"]


async def test_a_broker_that_never_answers_is_given_up(line: Wire, events: KafkaEvents) -> None:
    """E3: neither a new connection to it nor one that was good holds anybody."""
    line.held = EVERYTHING
    await line.mend()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable):
            await events.publish(some("Q1", 1))
        with pytest.raises(Unavailable):
            await events.read(None, 1)
        line.held = ()
        await events.publish(some("Q1", 1))
        await events.read(None, 1)
        line.held = EVERYTHING
        with pytest.raises(Unavailable):
            await events.publish(some("Q1", 2))
        with pytest.raises(Unavailable):
            await events.read(None, 1)
        line.held = ()
        await events.publish(some("Q1", 2))
    assert await told(events) == ["Q1:1", "Q1:2"]


async def test_a_broker_that_has_forgotten_everything_is_told_what_is_new(
    line: Wire, events: KafkaEvents
) -> None:
    """Another one in its place knows neither the producer nor the places of the reader."""
    await line.mend()
    await events.publish(some("Q1", 1, 2, 3))
    last = (await events.read(None, STRICT))[-1].position
    with running() as other:
        await line.cut()
        line.server = other.port
        other.advertise(line.port)
        await line.mend()
        async with asyncio.timeout(PATIENCE):
            try:
                await events.publish(some("Q1", 4))
            except Unavailable:
                await events.publish(some("Q1", 4))
            assert await told(events) == ["Q1:4"]
            with pytest.raises(PositionGone):
                await events.read(last, STRICT)
        await line.cut()


async def test_a_broker_that_moves_is_looked_for_where_the_settings_say(
    line: Wire, broker: MockKafka, impatient: Kafka
) -> None:
    """E3: what a client has learned of brokers may be out of date as a whole."""
    stream = KafkaEvents(replace(impatient, brokers=broker.brokers))
    await line.mend()
    await stream.publish(some("Q1", 1))
    assert await told(stream) == ["Q1:1"]
    await line.cut()
    async with wire() as other, asyncio.timeout(PATIENCE):
        other.server = broker.port
        await other.mend()
        broker.advertise(other.port)
        with pytest.raises(Unavailable):
            await stream.publish(some("Q1", 2))
        with pytest.raises(Unavailable):
            await stream.read(None, 1)

        await stream.publish(some("Q1", 2))

        assert await told(stream) == ["Q1:1", "Q1:2"]
        await stream.close()


async def test_a_passing_trouble_of_the_broker_is_waited_for(
    line: Wire, broker: MockKafka, events: KafkaEvents
) -> None:
    """E3: and what was sent again by the client is there once."""
    await line.mend()
    await events.publish(some("Q1", 1))
    broker.refuse(NOT_ENOUGH_REPLICAS, times=2)

    await events.publish(some("Q1", 2, 3))

    assert [one.event.revision_id for one in await events.read(None, STRICT)] == [1, 2, 3]


async def test_after_a_trouble_that_stays_nothing_later_is_in_the_stream(
    line: Wire, broker: MockKafka, events: KafkaEvents
) -> None:
    """E3: what is not acknowledged is followed by nothing of its entity."""
    await line.mend()
    await events.publish(some("Q1", 1))
    broker.refuse(NOT_ENOUGH_REPLICAS, times=1000)

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable):
            await events.publish(some("Q1", *range(2, 500)))

    assert await told(events) == ["Q1:1"]


async def test_a_batch_that_is_too_large_is_sent_event_by_event(
    line: Wire, broker: MockKafka, events: KafkaEvents
) -> None:
    """E4: none of its events is at fault. A broker that keeps count refuses what its producer sends later."""
    await line.mend()
    broker.refuse(TOO_LARGE, times=1)

    await events.publish(some("Q1", 1, 2, 3))

    assert await told(events) == ["Q1:1", "Q1:2", "Q1:3"]
    (_, refused), *later = line.produced()
    assert len(later) == 3
    assert refused not in {producer for _, producer in later}


async def test_an_event_that_can_not_be_sent_is_a_dead_letter_and_stops_nobody(
    line: Wire, broker: MockKafka, events: KafkaEvents, impatient: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    """E4: the batch is refused, then the first event of it alone."""
    await line.mend()
    broker.refuse(TOO_LARGE, times=2)

    await events.publish([*some("Q1", 1, 2), *some("Q1", 3)])

    assert await told(events) == ["Q1:2", "Q1:3"]
    [letter] = await messages(broker, f"{impatient.topic}.dead-letters", 1)
    assert letter.key == b"Q1"
    note = json.loads(letter.value or b"")
    assert (note["event_id"], note["topic"]) == ("Q1:1:creation", impatient.topic)
    assert "MessageSizeTooLargeError" in note["reason"]
    assert [record.levelno for record in caplog.records if "Q1:1:creation" in record.message] == [
        logging.ERROR
    ]


async def test_while_a_dead_letter_can_not_be_sent_nothing_goes_by(
    line: Wire, broker: MockKafka, events: KafkaEvents
) -> None:
    """E4: an event is never lost without a note of it."""
    await line.mend()
    broker.refuse(TOO_LARGE, times=3)

    with pytest.raises(Unavailable, match="Q1:1:creation was refused"):
        await events.publish(some("Q1", 1, 2))

    assert await told(events) == []


async def test_dead_letters_go_where_they_are_wanted(line: Wire, broker: MockKafka, impatient: Kafka) -> None:
    """E4"""
    await line.mend()
    stream = KafkaEvents(replace(impatient, dead_letters="elsewhere"))
    broker.refuse(TOO_LARGE, times=2)

    await stream.publish(some("Q1", 1))
    await stream.close()

    assert len(await messages(broker, "elsewhere", 1)) == 1


async def test_an_event_that_is_too_large_for_a_batch_is_sent_alone(near: KafkaEvents) -> None:
    """E4: between others, in order."""
    large = replace(an_event("Q1", 2), edit_summary="x" * 200_000)

    await near.publish([an_event("Q1", 1), large, an_event("Q1", 3)])

    assert [one.event for one in await near.read(None, 10)] == [an_event("Q1", 1), large, an_event("Q1", 3)]


async def test_who_is_cancelled_leaves_a_stream_that_goes_on_in_order(
    line: Wire, events: KafkaEvents
) -> None:
    """E3: a shutdown in the middle, the next process after it."""
    await line.mend()
    await events.publish(some("Q1", 1))
    line.held = EVERYTHING
    publishing = asyncio.create_task(events.publish(some("Q1", 2, 3)))
    await asyncio.sleep(0.05)
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)
    line.held = ()

    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await events.publish(some("Q1", 2, 3, 4))
                break
            except Unavailable:
                continue

    assert await told(events) == ["Q1:1", "Q1:2", "Q1:3", "Q1:4"]


@pytest.mark.parametrize("what", ["publish", "read"])
async def test_who_is_cancelled_while_connecting_leaves_no_connection(
    line: Wire, events: KafkaEvents, what: str
) -> None:
    """I16: in the middle of the first question to the broker, which has its own connection."""
    await line.mend()
    calling = asyncio.create_task(events.publish(some("Q1", 1)) if what == "publish" else _read(events))

    def cancel(call: Call) -> None:
        if int(call.name) == METADATA:
            calling.cancel()

    line.rule(cancel)
    with pytest.raises(asyncio.CancelledError):
        await calling
    gc.collect()
    assert [one for one in gc.get_objects() if isinstance(one, AIOKafkaConnection) and one.connected()] == []


async def _read(events: KafkaEvents) -> None:
    await events.read(None, 1)


@pytest.mark.parametrize("held", [False, True], ids=["cut", "held"])
async def test_closing_ends_though_the_broker_does_not_answer(
    line: Wire, impatient: Kafka, held: bool
) -> None:
    """E3: a shutdown does not hang, with something on its way or not, and leaves no task behind."""
    before = asyncio.all_tasks()
    stream = KafkaEvents(replace(impatient, publish_seconds=3600, read_seconds=3600))
    await line.mend()
    await stream.publish(some("Q1", 1))
    await stream.read(None, 1)
    if held:
        line.held = EVERYTHING
    else:
        await line.cut()
    publishing = asyncio.create_task(stream.publish(some("Q1", 2)))
    reading = asyncio.create_task(stream.read(None, 1))
    await asyncio.sleep(0.05)

    async with asyncio.timeout(PATIENCE):
        await stream.close()
        publishing.cancel()
        reading.cancel()
        await asyncio.gather(publishing, reading, return_exceptions=True)

    line.held = ()
    await line.cut()
    await asyncio.sleep(0)
    assert of_clients(before) == set()


async def test_closing_waits_for_what_is_on_its_way(near: KafkaEvents) -> None:
    publishing = asyncio.create_task(near.publish(some("Q1", 1)))
    await asyncio.sleep(0)

    await near.close()

    assert publishing.done()
    assert await told(near) == ["Q1:1"]


async def test_closing_breaks_off_a_read_that_tries_again(line: Wire, impatient: Kafka) -> None:
    """And leaves neither a task nor a connection behind."""
    before = asyncio.all_tasks()
    stream = KafkaEvents(replace(impatient, read_seconds=3600))
    await line.mend()
    await stream.publish(some("Q1", 1))
    line.held = {FETCH}
    reading = asyncio.create_task(stream.read(None, 1))
    async with asyncio.timeout(PATIENCE):
        while FETCH not in map(kind_of, line.requests):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await line.cut()
        await asyncio.sleep(0.03)  # less than a client waits before it tries again

        await stream.close()

    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert of_clients(before) == set()


async def test_a_stream_that_was_never_used_is_closed(impatient: Kafka) -> None:
    await KafkaEvents(impatient).close()


async def test_what_retention_has_dropped_is_not_passed_over_unsaid(shared: MockKafka) -> None:
    """E5: from the beginning is from what is there; from a place that is not there any more is an error."""
    topic = shared.topic()
    stream = KafkaEvents(Kafka(shared.brokers, topic))
    await stream.publish(some("Q1", 1, 2, 3, 4, 5))
    everything = await stream.read(None, STRICT)
    assert await stream.is_whole()
    [partition] = {message.partition for message in await messages(shared, topic, 5)}

    shared.forget(topic, partition, 3)

    assert not await stream.is_whole()
    assert [one.event.revision_id for one in await stream.read(None, STRICT)] == [4, 5]
    for place in (everything[0].position, Position(f"{(partition + 1) % 4}:0")):
        with pytest.raises(PositionGone):
            await stream.read(place, STRICT)
    assert [one.event.revision_id for one in await stream.read(everything[3].position, STRICT)] == [5]
    await stream.close()


async def test_a_partition_that_a_position_does_not_name_is_read_from_its_beginning(
    near: KafkaEvents,
) -> None:
    """E5: there may be more partitions than when it was noted."""
    await near.publish([an_event(f"Q{number}", 1) for number in range(1, 31)])

    everything = await near.read(None, STRICT)
    ends = places_in(everything[-1].position)

    known = await near.read(position_at({0: ends[0], 1: ends[1]}), STRICT)

    assert {one.event.id for one in known} == {one.event.id for one in everything if one.lane > 1}


async def test_a_reader_asks_for_nothing_while_nobody_reads(line: Wire, events: KafkaEvents) -> None:
    """Or each process would read all events in the background, for ever."""
    await line.mend()
    await events.publish([an_event(f"Q{number}", 1) for number in range(1, 31)])
    assert len(await events.read(None, STRICT)) == 30
    await asyncio.sleep(0.1)  # what it had asked for before
    asked = len(line.requests)

    await asyncio.sleep(0.2)

    assert len(line.requests) == asked


@pytest.mark.parametrize("value", [b"not json", b"{}", None])
async def test_what_is_no_event_is_damage_and_not_passed_over(shared: MockKafka, value: bytes | None) -> None:
    topic = shared.topic()
    async with AIOKafkaProducer(bootstrap_servers=shared.brokers) as producer:
        await producer.send_and_wait(topic, value, key=b"Q1", partition=2)
    stream = KafkaEvents(Kafka(shared.brokers, topic))

    with pytest.raises(Damaged, match=f"{topic}/2/0"):
        await stream.read(None, STRICT)
    await stream.publish(some("Q1", 1))
    with pytest.raises(NotAnEvent) as odd:
        await stream.read(None, STRICT)
    assert [one.event.id for one in await stream.read(Position(odd.value.beyond), STRICT)] == [
        "Q1:1:creation"
    ]
    await stream.close()


async def test_what_comes_before_something_that_is_no_event_is_told_first(shared: MockKafka) -> None:
    topic = shared.topic()
    stream = KafkaEvents(Kafka(shared.brokers, topic))
    await stream.publish(some("Q1", 1))
    [first] = await stream.read(None, STRICT)
    async with AIOKafkaProducer(bootstrap_servers=shared.brokers) as producer:
        await producer.send_and_wait(topic, b"not json", key=b"Q1", partition=first.lane)

    assert [one.event.id for one in await stream.read(None, STRICT)] == [first.event.id]
    with pytest.raises(NotAnEvent):
        await stream.read(first.position, STRICT)
    await stream.close()


async def test_more_may_read_at_once_than_there_are_readers(near: KafkaEvents) -> None:
    """E5: each of its own place."""
    await near.publish(some("Q1", *range(1, 21)))
    everything = await near.read(None, STRICT)

    pages = await asyncio.gather(*(near.read(one.position, STRICT) for one in everything))

    assert [len(page) for page in pages] == list(range(19, -1, -1))


async def test_why_the_broker_is_not_reached_is_told_and_not_logged(
    events: KafkaEvents, logged: Sequence[logging.LogRecord]
) -> None:
    """The client would log it ten times a second; the relay says it once."""
    for _ in range(3):
        with pytest.raises(Unavailable, match="Connect call failed"):
            await events.publish(some("Q1", 1))
        with pytest.raises(Unavailable, match="Connect call failed"):
            await events.read(None, 1)

    assert logged == []


def test_settings_do_not_show_a_password() -> None:
    assert "secret" not in repr(Kafka("x:1", sasl_plain_password="secret"))


async def backlog(stores: Stores, revisions: int) -> None:
    """Entities with so many revisions each, none of them told."""
    for number in range(revisions):
        for entity in ("Q1", "Q2", "Q3"):
            base: Any = Base.HEAD if number else Base.NOTHING
            await make(stores, edit(an_item(entity).with_label("en", f"{number}"), base))


async def test_a_backlog_drains_in_order_when_the_broker_comes(
    stores: Stores, line: Wire, events: KafkaEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E3, I9: edits go on while it is away, goes and comes, and every revision is told in order."""
    monkeypatch.setattr(relay, "BATCH", 4)
    monkeypatch.setattr(relay, "LONGEST_PAUSE", 0.05)
    stores = replace(stores, events=events)
    await backlog(stores, 2)
    relaying = asyncio.create_task(
        relay.run(stores, owner="it", wake=asyncio.Event(), clock=times.now, poll_seconds=0.01)
    )
    for pause in (0.2, 0.01, 0.03, 0.0):
        await asyncio.sleep(pause)
        await line.mend()
        await backlog_goes_on(stores)
        await line.cut()
    await line.mend()
    async with asyncio.timeout(PATIENCE):
        while await stores.metadata.unpublished(1):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)

    everything = once(await events.read(None, STRICT))
    for entity in ("Q1", "Q2", "Q3"):
        assert [one.revision_id for one in everything if one.entity_id == entity] == list(range(1, 7))
    await relay.settle(stores, clock=times.now)
    assert [str(finding) async for finding in check(stores)] == []


async def backlog_goes_on(stores: Stores) -> None:
    """One revision more of each."""
    for entity in ("Q1", "Q2", "Q3"):
        await make(
            stores, edit(an_item(entity).with_label("de", f"{asyncio.get_running_loop().time()}"), Base.HEAD)
        )


async def test_events_that_retention_has_dropped_are_not_reported_missing(
    stores: Stores, shared: MockKafka
) -> None:
    """I9: the checker can't know whether they were told."""
    topic = shared.topic()
    stores = replace(stores, events=KafkaEvents(Kafka(shared.brokers, topic)))
    await make(stores, edit(an_item("Q1"), Base.NOTHING), edit(an_item("Q1").with_label("en", "x"), 1))
    await relay.settle(stores, clock=times.now)
    [partition] = {message.partition for message in await messages(shared, topic, 2)}

    shared.forget(topic, partition, 1)

    assert [str(finding) async for finding in check(stores)] == []
    assert isinstance(stores.events, KafkaEvents)
    await stores.events.close()
