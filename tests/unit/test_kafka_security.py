"""The stream behind TLS and a password, as its settings say (O1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.places import kafka_place
from app.settings import Settings
from storage.errors import Unavailable
from storage.kafka import KafkaEvents
from tests.builders import an_event
from tests.services.kafka import MockKafka, running
from tests.services.kafka_gate import Gate, gate
from tests.services.secrets import made_secrets, other_secrets

__all__ = ["made_secrets", "other_secrets"]

PATIENCE = 20.0


@pytest.fixture(scope="module")
def broker() -> Iterator[MockKafka]:
    """A broker that lets everybody in."""
    with running() as one:
        yield one


@pytest.fixture
async def guarded(broker: MockKafka, made_secrets: Path) -> AsyncIterator[Gate]:
    """A gate before it, which is where it tells clients to go."""
    async with gate(broker.port, "wikibase", "of the stream", made_secrets) as one:
        broker.advertise(one.port)
        yield one


@pytest.fixture
def right(guarded: Gate, broker: MockKafka, made_secrets: Path) -> Settings:
    """Settings that are let in."""
    return Settings(
        kafka_brokers=f"127.0.0.1:{guarded.port}",
        kafka_topic=broker.topic(),
        kafka_security="SASL_SSL",
        kafka_user="wikibase",
        kafka_password="of the stream",
        kafka_tls_ca=str(made_secrets / "ca.pem"),
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[KafkaEvents]:
    """The stream of these settings, not patient."""
    place = replace(kafka_place(settings), request_seconds=2.0, publish_seconds=3.0, close_seconds=1.0)
    events = KafkaEvents(place)
    try:
        async with asyncio.timeout(PATIENCE):
            yield events
    finally:
        await events.close()


async def test_events_are_told_and_read_with_the_right_password_and_certificate(
    right: Settings, guarded: Gate
) -> None:
    async with opened(right) as events:
        await events.publish([an_event("Q1")])
        read = await events.read(None, 10)

    assert [one.event.entity_id for one in read] == ["Q1"]
    assert guarded.let_in > 0
    assert guarded.turned_away == 0


async def test_a_wrong_password_is_refused_and_named(right: Settings, guarded: Gate) -> None:
    async with opened(replace(right, kafka_password="of another")) as events:
        with pytest.raises(Unavailable) as refused:
            await events.publish([an_event("Q1")])

    assert "SaslAuthenticationFailed" in str(refused.value)
    assert "of another" not in str(refused.value)
    assert guarded.let_in == 0
    assert guarded.turned_away > 0


async def test_a_broker_signed_by_another_authority_gets_no_word(
    right: Settings, guarded: Gate, other_secrets: Path
) -> None:
    async with opened(replace(right, kafka_tls_ca=str(other_secrets / "ca.pem"))) as events:
        with pytest.raises(Unavailable, match="certificate verify failed"):
            await events.publish([an_event("Q1")])

    assert guarded.let_in == guarded.turned_away == 0


async def test_who_does_not_log_in_is_turned_away(right: Settings, guarded: Gate) -> None:
    """Else the tests above would say nothing."""
    async with opened(replace(right, kafka_security="SSL", kafka_user="", kafka_password="")) as events:
        with pytest.raises(Unavailable):
            await events.publish([an_event("Q1")])

    assert guarded.let_in == 0
    assert guarded.turned_away > 0
