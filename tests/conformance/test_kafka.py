"""The stream in a Kafka topic keeps the contract of the port, before a broker in a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from storage.kafka import Kafka, KafkaEvents
from storage.ports import Events
from tests.conformance.events import EventsSuite
from tests.services.kafka import MockKafka, running


@pytest.fixture(scope="module")
def broker() -> Iterator[MockKafka]:
    """One broker for these tests."""
    with running() as one:
        yield one


class TestEvents(EventsSuite):
    """A topic of its own for each test, of four partitions."""

    @pytest.fixture
    async def kafka(self, broker: MockKafka) -> Kafka:
        return Kafka(broker.brokers, broker.topic())

    @pytest.fixture
    async def events(self, kafka: Kafka) -> AsyncIterator[Events]:
        opened = KafkaEvents(kafka)
        yield opened
        await opened.close()

    @pytest.fixture
    async def peers(self, events: Events, kafka: Kafka) -> AsyncIterator[Sequence[Events]]:
        """As two processes would."""
        second = KafkaEvents(kafka)
        yield [events, second]
        await second.close()
