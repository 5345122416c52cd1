"""The metadata's tables on MySQL, which keeps each as it is made: begun by many, cut off anywhere, newer than us."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine, event, inspect
from sqlalchemy.engine import URL

from schemas import load
from storage.sql.ddl import ddl, of_vitess
from storage.sql.migrate import HEAD, NewerSchema, migrate, version
from storage.sql.mysql import MysqlPlace, open_mysql
from storage.sql.tables import metadata
from tests.services.mariadb import a_database, mysql_server, new_data, new_place

__all__ = ["mysql_server", "new_data", "new_place"]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def connection(new_place: MysqlPlace) -> Iterator[Connection]:
    """To a database without tables."""
    with opened(new_place) as one:
        yield one


@contextmanager
def opened(place: MysqlPlace) -> Iterator[Connection]:
    """A connection to a database as it is."""
    url = URL.create("mysql+pymysql", place.user, place.password, place.host, place.port, place.database)
    with create_engine(url, poolclass=NullPool).connect() as one:
        yield one


def test_migrated_tables_are_those_of_the_definitions(connection: Connection) -> None:
    """S5: keys included."""
    migrate(connection)

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
    found = inspect(connection)
    assert {name: found.get_pk_constraint(name)["constrained_columns"] for name in metadata.tables} == {
        name: list(table.primary_key.columns.keys()) for name, table in metadata.tables.items()
    }


def test_text_is_compared_byte_by_byte(connection: Connection) -> None:
    """Whatever the server's own default is."""
    migrate(connection)

    collations = connection.exec_driver_sql(
        "SELECT DISTINCT collation_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND collation_name IS NOT NULL AND table_name <> 'alembic_version'"
    )
    assert collations.scalars().all() == ["utf8mb4_bin"]


def test_a_migration_that_is_cut_off_anywhere_is_ended_by_the_next(connection: Connection) -> None:
    """Each step stays as it was made, and the version is noted last."""
    steps = 0

    class CutOff(Exception):
        pass

    def cut(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal steps
        if statement.lstrip().startswith(("CREATE", "INSERT", "UPDATE")):
            steps -= 1
            if steps < 0:
                raise CutOff

    event.listen(connection, "before_cursor_execute", cut)
    for tried in count():
        steps = tried
        try:
            migrate(connection)
            break
        except CutOff:
            connection.rollback()
            connection.invalidate()  # the process is gone, and its lock with it

    assert tried > 12, "as many as the version with the most steps has"
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
    assert context.get_current_revision() == HEAD


def made(connection: Connection) -> dict[str, str]:
    """How the server itself tells each table, collations included; its indexes in the order of their names."""
    told = {}
    for name in inspect(connection).get_table_names():
        lines = (
            connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()[1].replace(",\n", "\n").split("\n")
        )
        indexes = [line for line in lines if line.startswith("  KEY ")]
        told[name] = "\n".join([line for line in lines if line not in indexes] + sorted(indexes))
    return told


def apply(connection: Connection, script: str) -> None:
    """Run a script's statements."""
    for statement in script.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement).close()


def test_written_out_tables_are_those_that_migrations_make(
    connection: Connection, mysql_server: MysqlPlace
) -> None:
    """S5: who lets others apply them has the same, the version noted."""
    migrate(connection)
    connection.commit()

    with a_database(mysql_server) as other, opened(other) as applied:
        apply(applied, ddl())
        assert made(applied) == made(connection)
        assert version(applied) == HEAD


def test_written_out_for_vitess_the_keyspaces_have_all_tables_between_them(
    connection: Connection, mysql_server: MysqlPlace
) -> None:
    """And can be applied again, since the service that does it is started again."""
    migrate(connection)
    connection.commit()

    with a_database(mysql_server) as other, opened(other) as applied:
        for name, text in (*of_vitess().items(), *of_vitess().items()):
            if name.endswith(".sql"):
                apply(applied, text)
        assert made(applied) == made(connection)


def test_what_is_in_no_shard_is_found_from_the_keyspace_that_all_log_in_to() -> None:
    rules = json.loads(of_vitess()["routing_rules.json"])["rules"]
    keyspaces = load("vschema.json")["keyspaces"]

    assert {rule["from_table"]: rule["to_tables"] for rule in rules} == {
        asked: [f"wikibase_unsharded.{table}"]
        for table in keyspaces["wikibase_unsharded"]["tables"]
        for asked in (table, f"wikibase.{table}")
    }
    for keyspace, vschema in keyspaces.items():
        assert json.loads(of_vitess()[f"{keyspace}.vschema.json"]) == vschema


async def test_tables_of_a_newer_program_are_refused_by_name(new_place: MysqlPlace) -> None:
    async with open_mysql(new_place) as database:
        await database.write(
            lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'").close()
        )

    with pytest.raises(NewerSchema, match="9999"):
        async with open_mysql(new_place):
            pass


async def test_what_is_in_the_tables_stays_when_they_are_opened_again(new_place: MysqlPlace) -> None:
    """I4."""
    async with open_mysql(new_place) as database:
        await database.write(lambda c: c.exec_driver_sql("INSERT INTO id_ranges VALUES ('item', 7)").close())

    async with open_mysql(new_place) as database:
        found = await database.read(lambda c: c.exec_driver_sql("SELECT next_number FROM id_ranges").scalar())
    assert found == 7


async def test_databases_may_be_opened_at_once_in_one_loop(new_place: MysqlPlace) -> None:
    """Migrating waits for others of its process and must not stop the loop meanwhile."""

    async def opened() -> int:
        async with open_mysql(new_place) as database:
            return await database.read(lambda c: len(inspect(c).get_table_names()))

    assert await asyncio.gather(*(opened() for _ in range(3))) == [len(metadata.tables) + 1] * 3


_OPEN = """
import asyncio, json, sys
from alembic import command  # slow, and not what is waited for here
from storage.sql.mysql import MysqlPlace, open_mysql

async def main() -> None:
    async with open_mysql(MysqlPlace(**json.loads(sys.argv[1]))):
        pass

print("ready", flush=True)
sys.stdin.readline()  # all begin together
asyncio.run(main())
"""


async def test_processes_that_open_a_new_database_at_once_all_succeed(new_place: MysqlPlace) -> None:
    """O1: servers are started together."""
    pipe = asyncio.subprocess.PIPE
    told = json.dumps(asdict(new_place))
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _OPEN, told), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"

    endings = await asyncio.gather(*(process.communicate(b"\n") for process in processes))

    assert [error.decode() for _, error in endings] == ["", "", ""]
