"""The production engines together: S3, MySQL and Kafka, a server of each for the tests of a process.

A place is what a process is told of them: `Settings`. Each test has one of its own, which costs milliseconds: a prefix
in the buckets, a topic that nobody has used, and the one database that is emptied for it. Knows the embedded engines not.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL

from app.settings import Settings
from storage.kafka import Kafka, KafkaEvents
from storage.keys import Bucket, Key
from storage.ports import Stores
from storage.s3 import PAGE, open_s3
from storage.s3_client import S3Client, S3Place, connected
from storage.sql.metadata import SqlMetadata
from storage.sql.migrate import migrate
from storage.sql.mysql import MysqlPlace, open_mysql
from storage.sql.tables import metadata
from tests.places import Fill, do
from tests.services import kafka
from tests.services.kafka import MockKafka
from tests.services.mariadb import a_database, empty, mysql_server, new_data
from tests.services.seaweed import Seaweed, seaweed

__all__ = ["Engines", "engines", "mysql_server", "new_data", "seaweed"]

AT_ONCE = 32
"""Objects that are copied at the same time."""


class Engines:
    """Places on running servers. Who opens one needs `environment`, which has the credentials."""

    def __init__(
        self, stack: ExitStack, mysql: MysqlPlace, objects: Seaweed, events: MockKafka, folder: Path
    ) -> None:
        self._stack, self._mysql, self._objects, self._events = stack, mysql, objects, events
        self._folder = folder
        self._filled: dict[Fill, Settings] = {}
        self._shared = stack.enter_context(a_database(mysql))
        self._database = _engine(self._shared)
        stack.callback(self._database.dispose)
        with self._database.connect() as connection:
            migrate(connection)
            connection.commit()

    @property
    def environment(self) -> Mapping[str, str]:
        """What must be in the environment of who opens a place."""
        return self._objects.environment

    def empty(self, folder: Path) -> Settings:
        """A place with nothing in it, in the database that all tests share: the one before is of no use any more."""
        with self._database.begin() as connection:
            empty(connection)
        return self._place(self._shared, folder)

    def filled(self, fill: Fill) -> Settings:
        """A place that was filled once for all tests of the process: to be copied, or for tests that only read."""
        if fill not in self._filled:
            database = self._stack.enter_context(a_database(self._mysql))
            place = self._place(database, self._folder / database.database)
            asyncio.run(do(fill, place))
            self._filled[fill] = place
        return self._filled[fill]

    def copy(self, filled: Settings, folder: Path) -> Settings:
        """A place of the test's own that holds the same."""
        place = self.empty(folder)
        with self._database.begin() as connection:
            for table in metadata.tables:
                connection.exec_driver_sql(
                    f"INSERT INTO {table} SELECT * FROM {filled.mysql_database}.{table}"
                )
        asyncio.run(_copy(filled, place))
        return place

    @asynccontextmanager
    async def opened(self, place: Settings) -> AsyncIterator[Stores]:
        """The stores at a place, without what a process does before: the buckets are there and known to be sound."""
        events = KafkaEvents(Kafka(place.kafka_brokers, place.kafka_topic))
        try:
            async with open_s3(_s3(place)) as objects, open_mysql(_mysql(place)) as database:
                yield Stores(objects, SqlMetadata(database), events)
        finally:
            await events.close()

    async def alter(self, place: Settings, key: Key, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of an object and nothing of what lies beside them, as only a fault of the server could."""
        folder = _s3(place).folder(key.bucket)
        where = {"Bucket": folder.bucket, "Key": folder.prefix + key.name}
        async with connected(_s3(place)) as client:
            stored = await client.call("get_object", **where)
            await client.call("put_object", **where, Body=change(stored["Body"]), Metadata=stored["Metadata"])

    def _place(self, database: MysqlPlace, folder: Path) -> Settings:
        prefix = f"{os.urandom(8).hex()}/"
        return Settings(
            collect_hours=0,
            data=folder,
            s3_endpoint=f"http://127.0.0.1:{self._objects.port}",
            s3_prefix_revisions=prefix,
            s3_prefix_statements=prefix,
            mysql_host=database.host,
            mysql_port=database.port,
            mysql_user=database.user,
            mysql_password=database.password,
            mysql_database=database.database,
            kafka_brokers=self._events.brokers,
            kafka_topic=self._events.topic(),
        )


@pytest.fixture(scope="session")
def engines(
    mysql_server: MysqlPlace, seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engines]:
    """The servers of this process. What is missing skips the test, or fails it where servers are demanded."""
    with ExitStack() as stack:
        broker = stack.enter_context(kafka.running())
        yield Engines(stack, mysql_server, seaweed, broker, tmp_path_factory.mktemp("engines"))


async def _copy(one: Settings, other: Settings) -> None:
    async with connected(_s3(one)) as client, asyncio.TaskGroup() as tasks:
        tasks.create_task(_copy_events(one, other))
        for bucket in Bucket:
            tasks.create_task(_copy_objects(client, bucket, _s3(one), _s3(other)))


async def _copy_objects(client: S3Client, bucket: Bucket, one: S3Place, other: S3Place) -> None:
    source, target = one.folder(bucket), other.folder(bucket)
    room = asyncio.Semaphore(AT_ONCE)

    async def copied(name: str) -> None:
        async with room:
            await client.call(
                "copy_object",
                CopySource={"Bucket": source.bucket, "Key": source.prefix + name},
                Bucket=target.bucket,
                Key=target.prefix + name,
            )

    async with open_s3(one) as objects, asyncio.TaskGroup() as tasks:
        after = ""
        while names := await objects.names(bucket, after, PAGE):
            for name in names:
                tasks.create_task(copied(name))
            after = names[-1]


async def _copy_events(one: Settings, other: Settings) -> None:
    source, target = (KafkaEvents(Kafka(place.kafka_brokers, place.kafka_topic)) for place in (one, other))
    after = None
    try:
        while found := await source.read(after, PAGE):
            await target.publish([published.event for published in found])
            after = found[-1].position
    finally:
        await asyncio.gather(source.close(), target.close())


def _s3(place: Settings) -> S3Place:
    base = S3Place(endpoint=place.s3_endpoint, path_style=True)
    return replace(
        base,
        revisions=replace(base.revisions, bucket=place.s3_bucket_revisions, prefix=place.s3_prefix_revisions),
        statements=replace(
            base.statements, bucket=place.s3_bucket_statements, prefix=place.s3_prefix_statements
        ),
    )


def _mysql(place: Settings) -> MysqlPlace:
    return MysqlPlace(
        place.mysql_user, place.mysql_password, place.mysql_database, place.mysql_host, place.mysql_port
    )


def _engine(place: MysqlPlace) -> Engine:
    return create_engine(
        URL.create(
            "mysql+pymysql", place.user, place.password, place.host, place.port, place.database or None
        )
    )
