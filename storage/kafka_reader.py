"""Read the stream of events back from its Kafka topic: all partitions, from any place, without a consumer group.

The lanes of a position are the partitions, its numbers their offsets beyond what was read. A partition that it does not
name is read from its beginning. Only events of one entity, which lie in one partition, have an order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from storage.errors import Unavailable
from storage.events import NotAnEvent, PositionGone, event_from
from storage.kafka_client import FAILURES, Kafka, Words, begin, end
from storage.model import Event
from storage.ports import Position, Published
from storage.positions import Places, places_in, position_at

WAIT_MS = 20
"""How long a broker holds back an answer without events. They are asked for only where there are some."""

READERS = 4
"""At once, in one process. Who comes later waits for one to be free."""


class KafkaReaders:
    """What the port says of reading, by as many readers as are needed at once."""

    def __init__(self, kafka: Kafka, words: Words) -> None:
        self._kafka = kafka
        self._words = words
        self._room = asyncio.Semaphore(READERS)
        self._all: list[KafkaReader] = []
        self._idle: list[KafkaReader] = []

    async def read(self, after: Position | None, limit: int) -> Sequence[Published]:
        """As the port says."""
        places = places_in(after) if after is not None else None
        async with self._one() as reader:
            return await reader.read(places, limit)

    async def end(self) -> Position:
        """As the port says."""
        async with self._one() as reader:
            return position_at(await reader.ends())

    async def stream(self) -> str:
        """As the port says: a digest of the topic's name. A topic made anew under an old name is not told apart."""
        return sha256(self._kafka.topic.encode()).hexdigest()[:16]

    async def is_whole(self) -> bool:
        """As the port says: whether every partition still begins at its beginning."""
        async with self._one() as reader:
            return not any((await reader.begins()).values())

    async def close(self) -> None:
        """Leave, and break off what is under way."""
        await asyncio.gather(*(one.close() for one in self._all))

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[KafkaReader]:
        async with self._room:
            if not self._idle:
                self._idle.append(KafkaReader(self._kafka, self._words))
                self._all.append(self._idle[-1])
            reader = self._idle.pop()
            try:
                yield reader
            finally:
                self._idle.append(reader)


class KafkaReader:
    """One reader at a time; it connects at the first call, and again after one that failed."""

    def __init__(self, kafka: Kafka, words: Words) -> None:
        self._kafka = kafka
        self._words = words
        self._consumer: AIOKafkaConsumer | None = None
        self._one_at_a_time = asyncio.Lock()

    async def read(self, places: dict[int, int] | None, limit: int) -> Sequence[Published]:
        """Up to `limit` events beyond these places, from the first ones if None. PositionGone, NotAnEvent."""
        async with self._connection("give events") as consumer:
            return await self._read(consumer, places, limit)

    async def begins(self) -> dict[int, int]:
        """Where each partition begins by now."""
        async with self._connection("tell where its topic begins") as consumer:
            return _by_number(await consumer.beginning_offsets(consumer.assignment()))

    async def ends(self) -> dict[int, int]:
        """Where each partition ends."""
        async with self._connection("tell where its topic ends") as consumer:
            return _by_number(await consumer.end_offsets(consumer.assignment()))

    async def close(self) -> None:
        """Leave."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _leave(consumer, self._kafka.close_seconds)

    @asynccontextmanager
    async def _connection(self, what: str) -> AsyncIterator[AIOKafkaConsumer]:
        """Nobody else's meanwhile. What fails is Unavailable, and connected anew at the next call."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._kafka.read_seconds):
                    yield await self._connected()
            except FAILURES as error:
                await self.close()
                raise Unavailable(f"Kafka does not {what}: {self._words.on(error)}") from error

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                self._kafka.topic,
                **self._kafka.client(),
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=WAIT_MS,
            )
            try:
                await begin(consumer.start(), self._kafka.close_seconds)
            except BaseException:
                await _leave(consumer, self._kafka.close_seconds)
                raise
            self._consumer = consumer
        return self._consumer

    async def _read(
        self, consumer: AIOKafkaConsumer, after: dict[int, int] | None, limit: int
    ) -> Sequence[Published]:
        partitions = consumer.assignment()
        begins, ends = await asyncio.gather(
            consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        )
        places = _by_number(begins)
        if after is not None:
            places = dict.fromkeys(places, 0) | after
            if len(places) > len(partitions) or not all(
                begins[one] <= places[one.partition] <= ends[one] for one in partitions
            ):
                raise PositionGone(position_at(after))
        unread = [one for one in partitions if places[one.partition] < ends[one]]
        for one in unread:
            if await consumer.position(one) != places[one.partition]:
                consumer.seek(one, places[one.partition])
        consumer.resume(*unread)
        found: list[Published] = []
        try:
            while unread and len(found) < limit:
                pages = await consumer.getmany(
                    *unread, timeout_ms=WAIT_MS * 10, max_records=limit - len(found)
                )
                for message in (message for page in pages.values() for message in page):
                    try:
                        event = _event_in(message, places)
                    except NotAnEvent:
                        if not found:
                            raise
                        return found
                    lane, number = message.partition, message.offset + 1
                    places[lane] = number
                    found.append(Published(position_at(places), event, lane, number))
                unread = [one for one in unread if await consumer.position(one) < ends[one]]
        finally:
            # What is not paused is read ahead in the background, for ever.
            consumer.pause(*partitions)
        return found


def _by_number(offsets: Mapping[TopicPartition, int]) -> dict[int, int]:
    return {one.partition: offset for one, offset in offsets.items()}


def _event_in(message: ConsumerRecord[bytes, bytes], places: Places) -> Event:
    try:
        return event_from(message.value)
    except (ValueError, TypeError, KeyError) as error:
        where = f"{message.topic}/{message.partition}/{message.offset}"
        beyond = position_at({**places, message.partition: message.offset + 1})
        raise NotAnEvent(where, f"is no event: {error!r}", beyond) from error


async def _leave(consumer: AIOKafkaConsumer, seconds: float) -> None:
    try:
        await end(consumer.stop(), seconds)
    finally:
        # What stop() leaves behind when it breaks off at a request that is under way.
        await end(consumer._client.close(), seconds)
