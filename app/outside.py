"""Open the engines outside: S3, MySQL, Kafka. Imported only where a setting names one, since their drivers are large."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

from app.places import kafka_place, mysql_place, s3_place
from app.settings import Settings
from storage.kafka import KafkaEvents
from storage.ports import Events, Metadata, Objects, Stores
from storage.probe import probe
from storage.s3 import open_s3
from storage.s3_buckets import prepare
from storage.sql.counted import Counted
from storage.sql.metadata import SqlMetadata
from storage.sql.migrate import migrate, refuse_older
from storage.sql.mysql import on_tables, open_mysql
from storage.sql.sqlite import T, Unit

QUEUE_SECONDS = 120.0
"""How long an edit of an import waits for a connection."""
UNIT_SECONDS = 60.0
"""How long what it writes may take: a unit of a thousand statements waits a thousand times for its turn in a process that is
busy with everything else of the import."""


async def with_engines(stack: AsyncExitStack, settings: Settings, stores: Stores, alone: bool) -> Stores:
    """The stores, with those engines in place of the embedded ones that the settings name."""
    if settings.s3_endpoint:
        stores = replace(stores, objects=await _open_objects(stack, settings))
    if settings.mysql_host:
        metadata = await _open_metadata(stack, settings, alone)
        # Without a key that all servers of the database share, what one erases another would not know again.
        stores = replace(stores, metadata=metadata, erasure_key=b"")
    if settings.kafka_brokers:
        stores = replace(stores, events=_open_events(stack, settings))
    return stores


async def on_mysql(settings: Settings, unit: Unit[T]) -> T:
    """Run a unit on the metadata's tables as they are."""
    return await asyncio.to_thread(on_tables, mysql_place(settings), unit)


async def _open_objects(stack: AsyncExitStack, settings: Settings) -> Objects:
    """The object store on S3: its buckets made where they are missing, and probed for what immutability rests on."""
    place = s3_place(settings)
    await prepare(place)
    objects = await stack.enter_async_context(open_s3(place))
    await probe(objects)
    return objects


async def _open_metadata(stack: AsyncExitStack, settings: Settings, alone: bool) -> Metadata:
    """The metadata store on MySQL, its tables at this program's version."""
    place = mysql_place(settings)
    if alone:
        # Nobody waits for one answer: what queues for a connection behind its own kind is not cut off.
        place = replace(place, connect_seconds=QUEUE_SECONDS, unit_seconds=UNIT_SECONDS)
    prepared: Unit[object] = migrate if settings.migrate == "auto" else refuse_older
    database = await stack.enter_async_context(open_mysql(place, prepare=prepared))
    return SqlMetadata(Counted(database), database.shard_of)


def _open_events(stack: AsyncExitStack, settings: Settings) -> Events:
    """The event stream on Kafka."""
    events = KafkaEvents(kafka_place(settings))
    stack.push_async_callback(events.close)
    return events
