"""The stream of events in a Kafka topic.

The key of a message is its entity, so an entity's events lie in one partition. They are sent in batches that land
whole or not at all; of each partition one after the other, the next when all replicas have the one before. So an event
is in the stream only when those before it of its entity are there, or are known to be impossible to send, whatever
fails in between and whoever else publishes the same. What is sent twice has one id, by which consumers drop it.

Nothing is connected before there is something to tell, and whatever fails is connected anew at the next call: a
server starts without Kafka, and goes on when it comes back. The number of partitions must not change while anything
is unread, since then an entity's events move to another one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.partitioner import DefaultPartitioner

from storage.errors import Unavailable
from storage.events import SCHEMA_VERSION, event_json
from storage.kafka_client import FAILURES, Kafka, Words, begin, end
from storage.kafka_reader import KafkaReaders
from storage.model import Event
from storage.ports import Position, Published

__all__ = ["Kafka", "KafkaEvents"]

log = logging.getLogger(__name__)

BATCH_BYTES = 65536
"""Of one partition sent at once: some 150 events, far below what brokers take."""
REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError)
"""A message that gets such an answer alone will always get it."""

_partition_of = DefaultPartitioner()


class KafkaEvents:
    """The port `Events`. Must be closed."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._words = Words()
        self._producer: AIOKafkaProducer | None = None
        self._one_at_a_time = asyncio.Lock()
        self._readers = KafkaReaders(kafka, self._words)

    async def publish(self, events: Sequence[Event]) -> None:
        if not events:
            return
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._kafka.publish_seconds):
                    await self._publish(events)
            except FAILURES as error:
                await self._drop()
                raise Unavailable(f"Kafka does not take events: {self._words.on(error)}") from error

    async def read(self, after: Position | None, limit: int) -> Sequence[Published]:
        return await self._readers.read(after, limit)

    async def end(self) -> Position:
        return await self._readers.end()

    async def stream(self) -> str:
        return await self._readers.stream()

    async def is_whole(self) -> bool:
        return await self._readers.is_whole()

    async def reachable(self) -> None:
        # A connection of its own: those that publish and read may be in the middle of waiting for something.
        client = AIOKafkaClient(**self._kafka.client())
        try:
            await begin(client.bootstrap(), self._kafka.close_seconds)
        except FAILURES as error:
            raise Unavailable(f"Kafka does not answer: {self._words.on(error)}") from error
        finally:
            await end(client.close(), self._kafka.close_seconds)

    async def close(self) -> None:
        """Wait, but not long, for what is on its way, and leave."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._kafka.close_seconds), self._one_at_a_time:
                pass
        await asyncio.gather(self._drop(), self._readers.close())
        self._words.close()

    async def _publish(self, events: Sequence[Event]) -> None:
        queues: dict[int, deque[Event]] = defaultdict(deque)
        partitions = sorted(await (await self._connected()).partitions_for(self._kafka.topic))
        for event in events:
            queues[_partition_of(event.entity_id.encode(), partitions, partitions)].append(event)
        endings = await asyncio.gather(
            *(self._send(partition, queue) for partition, queue in queues.items()), return_exceptions=True
        )
        for ending in endings:
            if isinstance(ending, BaseException) and not isinstance(ending, REFUSED):
                raise ending
        if any(queues.values()):
            await self._send_one_by_one(queues)

    async def _send(self, partition: int, queue: deque[Event]) -> None:
        """Send what is in the queue, and take out of it what is acknowledged."""
        while queue:
            producer = await self._connected()
            batch = producer.create_batch()
            count = sum(1 for _ in takewhile(partial(_add, batch), queue))
            await (await producer.send_batch(batch, self._kafka.topic, partition=partition))
            for _ in range(count):
                queue.popleft()

    async def _send_one_by_one(self, queues: Mapping[int, deque[Event]]) -> None:
        """What a refused batch has left over: the event that it was refused for goes to the dead letters."""
        # The refused batch is a gap in its producer's sequence: a broker may refuse all that follows.
        await self._drop()
        for partition, queue in queues.items():
            while queue:
                try:
                    await self._send(partition, deque([queue[0]]))
                except REFUSED as error:
                    await self._drop()
                    await self._bury(queue[0], error)
                queue.popleft()

    async def _bury(self, event: Event, reason: Exception) -> None:
        """Leave a note of an event that can't be sent. The event itself can be made again from its revision."""
        topic = self._kafka.dead_letters or f"{self._kafka.topic}.dead-letters"
        note = {"event_id": event.id, "topic": self._kafka.topic, "reason": repr(reason)}
        try:
            producer = await self._connected()
            await producer.send_and_wait(topic, orjson.dumps(note), key=event.entity_id.encode())
        except FAILURES as error:
            raise KafkaError(
                f"{event.id} was refused ({reason!r}), its dead letter too ({error!r})"
            ) from error
        log.error("the event %s was refused and is now a dead letter in %s: %r", event.id, topic, reason)

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._kafka.client(), acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES
            )
            try:
                await begin(producer.start(), self._kafka.close_seconds)
            except BaseException:
                await _abandon(producer, self._kafka.close_seconds)
                raise
            self._producer = producer
        return self._producer

    async def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _abandon(producer, self._kafka.close_seconds)


def _add(batch: Any, event: Event) -> bool:
    """Whether there was room for it; for the first one there always is."""
    headers = [("event_id", event.id.encode()), ("schema_version", SCHEMA_VERSION.encode())]
    key, value = event.entity_id.encode(), event_json(event).encode()
    return batch.append(timestamp=None, key=key, value=value, headers=headers) is not None


async def _abandon(producer: AIOKafkaProducer, seconds: float) -> None:
    """Close a producer when what is under way has ended, and leave what is not."""
    # Not by its stop(): that waits for batches which an idempotent producer tries again for ever.
    producer._closed = True
    try:
        await end(producer._sender.close(), seconds)
    finally:
        await end(producer.client.close(), seconds)
