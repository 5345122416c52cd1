"""The metadata's tables: made and kept at this program's version by whoever comes first."""

from __future__ import annotations

import asyncio
import fcntl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event, inspect

from app.compose import open_embedded
from storage.sql.migrate import HEAD, NewerSchema, migrate
from storage.sql.sqlite import SqliteDatabase
from storage.sql.tables import metadata
from tests.builders import a_swap

ROOT = Path(__file__).parents[2]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """To a fresh file, in a transaction that begins when it says so."""
    engine = create_engine(f"sqlite:///{tmp_path / 'metadata.sqlite'}")

    @event.listens_for(engine, "connect")
    def _on_connect(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # of the driver

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.connect() as opened:
        yield opened
    engine.dispose()


def newer(connection: Connection) -> None:
    """What a later program leaves."""
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def test_migrated_tables_are_those_of_the_definitions(connection: Connection) -> None:
    """S5: else one of the two was changed alone."""
    with connection.begin():
        migrate(connection)

    with connection.begin():
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_migrated_keys_are_those_of_the_definitions(connection: Connection) -> None:
    """S5: their first column is the shard key; comparing tables does not look at primary keys."""
    with connection.begin():
        migrate(connection)
        found = inspect(connection)
        keys = {name: found.get_pk_constraint(name)["constrained_columns"] for name in metadata.tables}

    assert keys == {name: list(table.primary_key.columns.keys()) for name, table in metadata.tables.items()}


def test_no_table_has_what_a_shard_can_not_hold_alone() -> None:
    """S5: foreign keys, numbers given by the database, unique keys beside the primary one."""
    for table in metadata.tables.values():
        assert not table.foreign_keys, table.name
        assert all(column.autoincrement is not True for column in table.columns), table.name
        assert not [index for index in table.indexes if index.unique], table.name


def test_migrating_again_changes_nothing(connection: Connection) -> None:
    with connection.begin():
        migrate(connection)
        connection.exec_driver_sql("INSERT INTO id_ranges VALUES ('item', 7)")
    with connection.begin():
        before = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master ORDER BY name").all()

    with connection.begin():
        migrate(connection)

    with connection.begin():
        after = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master ORDER BY name").all()
        assert after == before
        assert connection.exec_driver_sql("SELECT * FROM id_ranges").all() == [("item", 7)]


def test_the_version_of_the_program_is_that_of_its_newest_script(connection: Connection) -> None:
    """Else each start of a process would look through the scripts."""
    with connection.begin():
        migrate(connection)

        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD


def test_tables_of_an_older_program_are_brought_to_this_version(connection: Connection) -> None:
    """And keep what is in them."""
    older = Config()
    older.set_main_option("script_location", str(ROOT / "storage" / "sql" / "migrations"))
    older.set_main_option("path_separator", "os")
    with connection.begin():
        older.attributes["connection"] = connection
        command.upgrade(older, "0001")
        connection.exec_driver_sql("INSERT INTO id_ranges VALUES ('item', 7)")

    with connection.begin():
        migrate(connection)

    with connection.begin():
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.exec_driver_sql("SELECT * FROM id_ranges").all() == [("item", 7)]


def test_a_migration_that_does_not_commit_leaves_nothing(connection: Connection) -> None:
    """A crash in the middle leaves the old version, whole."""
    transaction = connection.begin()
    migrate(connection)
    transaction.rollback()

    with connection.begin():
        assert inspect(connection).get_table_names() == []


def test_tables_of_a_newer_program_are_refused(connection: Connection) -> None:
    with connection.begin():
        migrate(connection)
        newer(connection)

    with pytest.raises(NewerSchema, match="9999"), connection.begin():
        migrate(connection)


async def test_a_folder_of_a_newer_program_is_not_opened(tmp_path: Path) -> None:
    """The error says why."""
    async with open_embedded(tmp_path):
        pass
    database = SqliteDatabase(tmp_path / "metadata.sqlite")
    await database.write(newer)
    await database.close()

    with pytest.raises(NewerSchema):
        async with open_embedded(tmp_path):
            pass


async def test_what_was_committed_is_there_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    """I4."""
    async with open_embedded(tmp_path) as stores:
        await stores.metadata.commit(a_swap("Q42"))

    async with open_embedded(tmp_path) as stores:
        assert list(await stores.metadata.entities(None, 10)) == ["Q42"]


async def test_one_process_at_a_time_makes_a_folder(tmp_path: Path) -> None:
    """O1: SQLite can't wait for a change of journal mode, so others wait for the folder's lock."""
    opened = asyncio.Event()

    async def open_folder() -> None:
        async with open_embedded(tmp_path):
            opened.set()

    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        opening = asyncio.create_task(open_folder())
        await asyncio.sleep(0.2)
        assert not opened.is_set()
        assert not (tmp_path / "metadata.sqlite").exists()

    await asyncio.wait_for(opening, 10)


_OPEN = """
import asyncio, sys
from pathlib import Path
from app.compose import open_embedded
from storage.ids import EntityType

async def main() -> None:
    async with open_embedded(Path(sys.argv[1])) as stores:
        print(list(await stores.metadata.lease_numbers(EntityType.ITEM, 3)))

print("ready", flush=True)
sys.stdin.readline()  # all begin together
asyncio.run(main())
"""


async def test_processes_that_open_a_fresh_folder_at_once_all_succeed(tmp_path: Path) -> None:
    """O1: a server and a command may start together."""
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _OPEN,
            str(tmp_path / "data"),
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )
        for _ in range(3)
    ]

    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"

    told = await asyncio.gather(*(process.communicate(b"\n") for process in processes))

    assert [error.decode() for _, error in told] == ["", "", ""]
    leased = [number for out, _ in told for number in out.decode().strip(" []\n").split(", ")]
    assert len(set(leased)) == 9
