"""Open the engines that the settings name, in order, and close them in reverse."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from app.settings import Settings
from storage.errors import StorageError
from storage.kafka import Kafka, KafkaEvents
from storage.local_events import LocalEvents, create_events
from storage.local_objects import LocalObjects, create_objects
from storage.ports import Metadata, Objects, Stores
from storage.probe import probe
from storage.s3 import open_s3
from storage.s3_buckets import prepare
from storage.s3_client import Folder, S3Place
from storage.sql.metadata import SqlMetadata
from storage.sql.migrate import migrate
from storage.sql.mysql import MysqlPlace, open_mysql
from storage.sql.sqlite import SqliteDatabase, Unit
from storage.sql.sqlite_inline import InlineSqlite


class NoFolder(StorageError):
    """The data folder can't be used."""

    code = "no_folder"


@asynccontextmanager
async def open_stores(settings: Settings, *, alone: bool = False) -> AsyncIterator[Stores]:
    """The stores of this process: the embedded ones, in the data folder, made where they are missing.

    `alone` says that the process does nothing but one job on them, and may stand still while they work.
    """
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_embedded(settings.data, inline=alone))
        if settings.s3_endpoint:
            stores = replace(stores, objects=await _open_s3(stack, settings))
        if settings.mysql_host:
            stores = replace(stores, metadata=await _open_mysql(stack, settings))
        if settings.kafka_brokers:
            events = KafkaEvents(Kafka(settings.kafka_brokers, settings.kafka_topic))
            stack.push_async_callback(events.close)
            stores = replace(stores, events=events)
        yield stores


async def _open_mysql(stack: AsyncExitStack, settings: Settings) -> Metadata:
    """The metadata store on MySQL, its tables brought to this program's version."""
    place = MysqlPlace(
        user=settings.mysql_user,
        password=settings.mysql_password,
        database=settings.mysql_database,
        host=settings.mysql_host,
        port=settings.mysql_port,
        connections=settings.mysql_connections,
    )
    database = await stack.enter_async_context(open_mysql(place))
    return SqlMetadata(database, database.shard_of)


async def _open_s3(stack: AsyncExitStack, settings: Settings) -> Objects:
    """The object store on S3: its buckets made where they are missing, and probed for what immutability rests on."""
    place = S3Place(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region or None,
        revisions=Folder(settings.s3_bucket_revisions, settings.s3_prefix_revisions),
        statements=Folder(settings.s3_bucket_statements, settings.s3_prefix_statements),
        path_style=settings.s3_path_style,
        concurrency=settings.s3_concurrency,
    )
    await prepare(place)
    objects = await stack.enter_async_context(open_s3(place))
    await probe(objects)
    return objects


@asynccontextmanager
async def open_embedded(folder: Path, *, inline: bool = False) -> AsyncIterator[Stores]:
    """Three SQLite files in a folder, worked on by threads or `inline`. Several processes may have it open."""
    kind = InlineSqlite if inline else SqliteDatabase
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        raise NoFolder(f"{folder}: {error.strerror}") from error
    async with AsyncExitStack() as stack:
        # One process at a time makes and migrates the files: SQLite can't wait for a change of journal mode.
        async with _Alone(folder):
            metadata = await _open(stack, kind(folder / "metadata.sqlite"), migrate)
            objects = LocalObjects(await _open(stack, kind(folder / "objects.sqlite"), create_objects))
            events = LocalEvents(await _open(stack, kind(folder / "events.sqlite"), create_events))
            await probe(objects)
        yield Stores(objects, SqlMetadata(metadata), events)


async def _open(
    stack: AsyncExitStack, database: SqliteDatabase | InlineSqlite, create: Unit[None]
) -> SqliteDatabase | InlineSqlite:
    stack.push_async_callback(database.close)
    await database.write(create)
    return database


class _Alone:
    """A lock between processes, held while the files are made."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".lock"

    async def __aenter__(self) -> None:
        self._file = self._path.open("w")
        # In a thread: the wait must not stop this loop, in which the holder may be running.
        await asyncio.to_thread(fcntl.flock, self._file, fcntl.LOCK_EX)

    async def __aexit__(self, *_: object) -> None:
        self._file.close()
