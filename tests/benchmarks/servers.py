"""The production engines for a benchmark: S3, MySQL and Kafka, a server of each on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import URL

from storage.sql.mysql import MysqlPlace
from tests.services import kafka, mariadb, seaweed
from tests.services.engines import Engines
from tests.services.kafka import MockKafka
from tests.services.seaweed import Seaweed


@dataclass(frozen=True)
class Servers:
    """All three, and the places on them."""

    pair: tuple[Engines, Engines]
    """Two databases, and so two places at once."""
    mysql: MysqlPlace
    objects: Seaweed
    broker: MockKafka
    other_broker: MockKafka

    @property
    def engines(self) -> Engines:
        """One of the two."""
        return self.pair[0]


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """The servers for as long as this is open. MySQL's commits are on the disk when they are answered."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        data = stack.enter_context(mariadb.installed())
        mysql = stack.enter_context(mariadb.running(data)).place
        _durable(mysql)
        objects = stack.enter_context(seaweed.running())
        broker = stack.enter_context(kafka.running())
        os.environ.update(objects.environment)
        one, other = (Engines(stack, mysql, objects, broker, folder / name) for name in ("one", "other"))
        yield Servers((one, other), mysql, objects, broker, stack.enter_context(kafka.running()))


def _durable(place: MysqlPlace) -> None:
    url = URL.create("mysql+pymysql", place.user, place.password, place.host, place.port)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
