"""Read the stream of events back from its Kafka topic: all partitions, from any place, without a consumer group.

A position is the offset of each partition beyond what was read, `0:17,1:4`. A partition that it does not name is read
from its beginning, and so is one whose place there is dropped by now or was never reached, as in a topic made anew.
Only events of one entity, which lie in one partition, have an order.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from storage.errors import Damaged, Unavailable
from storage.events import WrongPosition, event_from
from storage.kafka_client import FAILURES, Kafka, Words, end
from storage.model import Event
from storage.ports import Position, Published

WAIT_MS = 20
"""How long a broker holds back an answer without events. They are asked for only where there are some."""

_POSITION = re.compile("[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*")


class KafkaReader:
    """One reader at a time; it connects at the first call, and again after one that failed."""

    def __init__(self, kafka: Kafka, words: Words) -> None:
        self._kafka = kafka
        self._words = words
        self._consumer: AIOKafkaConsumer | None = None
        self._one_at_a_time = asyncio.Lock()

    async def read(self, after: Position | None, limit: int) -> Sequence[Published]:
        """As the port says."""
        places = offsets_in(after) if after is not None else {}
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._kafka.read_seconds):
                    return await self._read(await self._connected(), places, limit)
            except FAILURES as error:
                await self.close()
                raise Unavailable(f"Kafka does not give events: {self._words.on(error)}") from error

    async def is_whole(self) -> bool:
        """As the port says: whether every partition still begins at its beginning."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._kafka.read_seconds):
                    consumer = await self._connected()
                    return not any((await consumer.beginning_offsets(consumer.assignment())).values())
            except FAILURES as error:
                await self.close()
                raise Unavailable(
                    f"Kafka does not tell where its topic begins: {self._words.on(error)}"
                ) from error

    async def close(self) -> None:
        """Leave."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _leave(consumer, self._kafka.close_seconds)

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
                await consumer.start()
            except BaseException:
                await _leave(consumer, self._kafka.close_seconds)
                raise
            self._consumer = consumer
        return self._consumer

    async def _read(
        self, consumer: AIOKafkaConsumer, places: dict[int, int], limit: int
    ) -> Sequence[Published]:
        partitions = consumer.assignment()
        begins, ends = await asyncio.gather(
            consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        )
        for one in partitions:
            if not begins[one] <= places.get(one.partition, -1) <= ends[one]:
                places[one.partition] = begins[one]
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
                    places[message.partition] = message.offset + 1
                    found.append(Published(position_at(places), _event_in(message)))
                unread = [one for one in unread if await consumer.position(one) < ends[one]]
        finally:
            # What is not paused is read ahead in the background, for ever.
            consumer.pause(*partitions)
        return found


def position_at(offsets: Mapping[int, int]) -> Position:
    """Offsets by partition, in writing."""
    return Position(",".join(f"{partition}:{offset}" for partition, offset in sorted(offsets.items())))


def offsets_in(position: Position) -> dict[int, int]:
    """Offsets by partition. WrongPosition where these are none."""
    if not _POSITION.fullmatch(position):
        raise WrongPosition(position)
    return {int(partition): int(offset) for partition, offset in (p.split(":") for p in position.split(","))}


def _event_in(message: ConsumerRecord[bytes, bytes]) -> Event:
    try:
        return event_from(message.value)
    except (ValueError, TypeError, KeyError) as error:
        where = f"{message.topic}/{message.partition}/{message.offset}"
        raise Damaged(where, f"is no event: {error!r}") from error


async def _leave(consumer: AIOKafkaConsumer, seconds: float) -> None:
    try:
        await end(consumer.stop(), seconds)
    finally:
        # What stop() leaves behind when it breaks off at a request that is under way.
        await end(consumer._client.close(), seconds)
