"""Each request of the relay to Kafka goes wrong on the wire in each way: nothing is lost, and the order holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count

import pytest

from storage import relay
from storage.edits import Base
from storage.errors import Unavailable
from storage.kafka import Kafka, KafkaEvents
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.conformance import insisting
from tests.conformance.events import once
from tests.services import kafka
from tests.services.kafka import MockKafka, Wire
from tests.services.line import Fault

FEWEST_CALLS = 4
ENTITIES = ("Q1", "Q2", "Q3")


@pytest.fixture(scope="module")
def broker() -> Iterator[MockKafka]:
    """A broker of this module."""
    with kafka.running() as one:
        yield one


@pytest.fixture
async def line(broker: MockKafka) -> AsyncIterator[Wire]:
    """The only way there, open."""
    async with kafka.wire() as one:
        one.server = broker.port
        broker.advertise(one.port)
        await one.mend()
        yield one


@asynccontextmanager
async def telling(stores: Stores, line: Wire, broker: MockKafka) -> AsyncIterator[Stores]:
    """The stores with a stream of their own behind the line, whose client does not wait long and is not connected."""
    there = Kafka(
        f"127.0.0.1:{line.port}",
        broker.topic(),
        request_seconds=0.3,
        publish_seconds=1.0,
        read_seconds=5.0,
        close_seconds=0.3,
    )
    events = KafkaEvents(there)
    try:
        yield replace(stores, events=events)
    finally:
        await events.close()


async def one_revision_more(stores: Stores, number: int) -> None:
    """Of each entity."""
    for entity in ENTITIES:
        await make(
            stores,
            edit(an_item(entity).with_label("en", f"{number}"), Base.HEAD if number > 1 else Base.NOTHING),
        )


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
async def test_whichever_request_goes_wrong_every_event_is_told_in_order(
    fault: Fault, stores: Stores, line: Wire, broker: MockKafka
) -> None:
    """E3, I9: what is not acknowledged is told again; the next round has what the first one could not.

    The first request that it takes to connect and to publish, then the second, until there was none of that number. On
    a machine with much to do there may be more of them, since nobody waits long.
    """
    revision = 0
    for number in count(1):
        async with telling(stores, line, broker) as there:
            first = revision + 1
            for revision in (first, first + 1):
                await one_revision_more(there, revision)
            line.fail(fault, number=number)
            with suppress(Unavailable):
                await relay.publish(there)
            has_gone_wrong = bool(line.befallen)
            line.calm()
            while await insisting(partial(relay.publish, there)):
                pass
            events = once(await insisting(partial(there.events.read, None, 1000)))

        told = [(one.entity_id, one.revision_id) for one in events]
        for entity in ENTITIES:
            assert [one for one in told if one[0] == entity] == [(entity, first), (entity, revision)]
        assert await stores.metadata.unpublished(1) == []
        if not has_gone_wrong:
            assert number > FEWEST_CALLS
            return
