"""The command `migrate` and the setting MIGRATE, on SQLite and on MySQL (O1, S5)."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.engine import URL

from storage.sql.migrate import HEAD
from storage.sql.mysql import MysqlPlace
from tests.deploy.commands import ROOT, of_mysql, run
from tests.services.mariadb import mysql_server, new_data, new_place

__all__ = ["mysql_server", "new_data", "new_place"]

OLDER = "0001"


@dataclass
class Store:
    """A metadata store of nothing yet: where commands find it, and where this test does."""

    environment: dict[str, str]
    engine: Engine

    def at(self) -> str | None:
        """The version that is noted in it."""
        with self.engine.connect() as connection:
            found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            return found

    def bring_to(self, version: str) -> None:
        """Migrate it that far, as the program of that version did."""
        config = Config()
        config.set_main_option("script_location", str(ROOT / "storage" / "sql" / "migrations"))
        config.set_main_option("path_separator", "os")
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, version)

    def pretend(self, version: str) -> None:
        """Note a version in it."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'").close()


@pytest.fixture(params=["sqlite", "mysql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store on each of the two."""
    environment = {"DATA": str(tmp_path / "data"), "LOG_LEVEL": "error"}
    url: str | URL = f"sqlite:///{tmp_path}/data/metadata.sqlite"
    if request.param == "mysql":
        place: MysqlPlace = request.getfixturevalue("new_place")
        environment |= of_mysql(place)
        url = URL.create("mysql+pymysql", place.user, place.password, place.host, place.port, place.database)
    (tmp_path / "data").mkdir()
    return Store(environment, create_engine(url, poolclass=NullPool))


def test_it_says_from_which_version_to_which(store: Store) -> None:
    store.bring_to(OLDER)

    ended = run("migrate", environment=store.environment)

    assert ended.stdout == f"the metadata went from schema {OLDER} to schema {HEAD}\n"
    assert (ended.code, ended.stderr) == (0, "")
    assert store.at() == HEAD


def test_of_nothing_it_makes_all_and_then_has_nothing_to_do(store: Store) -> None:
    first, second = (run("migrate", environment=store.environment) for _ in range(2))

    assert first.stdout == f"the metadata went from no schema to schema {HEAD}\n"
    assert second.stdout == f"the metadata is at schema {HEAD} already\n"


def test_a_check_only_tells(store: Store) -> None:
    store.bring_to(OLDER)

    behind = run("migrate", "--check", environment=store.environment)
    assert (behind.code, store.at()) == (1, OLDER)
    assert behind.stdout == f"the metadata is at schema {OLDER}, this program needs schema {HEAD}\n"

    run("migrate", environment=store.environment)
    right = run("migrate", "--check", environment=store.environment)
    assert (right.code, right.stdout) == (0, f"the metadata is at schema {HEAD}, as it should\n")


def test_a_check_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    ended = run("migrate", "--check", "--data", tmp_path / "data")

    assert (ended.code, ended.stdout) == (
        1,
        f"the metadata is at no schema, this program needs schema {HEAD}\n",
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [("migrate",), ("migrate", "--check"), ("relay", "--once")])
@pytest.mark.parametrize("migrating", ["auto", "never"])
def test_a_newer_version_is_always_refused_by_name(
    store: Store, words: tuple[str, ...], migrating: str
) -> None:
    run("migrate", environment=store.environment)
    store.pretend("9999")

    ended = run(*words, environment={**store.environment, "MIGRATE": migrating})

    assert ended.code == 2
    assert ended.stderr.startswith("wikibase-graph: the metadata is at schema 9999, which this program")
    assert len(ended.stderr.splitlines()) == 1
    assert store.at() == "9999"


@pytest.mark.parametrize("words", [("relay", "--once"), ("serve", "--port", "0"), ("fsck",)])
def test_who_may_not_migrate_refuses_an_older_version_by_name(store: Store, words: tuple[str, ...]) -> None:
    store.bring_to(OLDER)

    ended = run(*words, environment={**store.environment, "MIGRATE": "never"})

    assert ended.code == 2
    assert ended.stderr == (
        f"wikibase-graph: the metadata is at schema {OLDER}, and this program needs {HEAD}: "
        "run `wikibase-graph migrate`\n"
    )
    assert store.at() == OLDER


def test_who_may_not_migrate_refuses_a_store_without_tables(store: Store) -> None:
    ended = run("relay", "--once", environment={**store.environment, "MIGRATE": "never"})

    assert ended.code == 2
    assert "has no tables yet" in ended.stderr


@pytest.mark.parametrize("migrating", ["auto", "never"])
def test_a_store_of_this_version_is_opened(store: Store, migrating: str) -> None:
    run("migrate", environment=store.environment)

    ended = run("relay", "--once", environment={**store.environment, "MIGRATE": migrating})

    assert (ended.code, ended.stderr) == (0, "")


def test_an_older_version_is_migrated_at_start_by_default(store: Store) -> None:
    store.bring_to(OLDER)

    assert run("relay", "--once", environment=store.environment).code == 0
    assert store.at() == HEAD


async def test_of_several_at_once_one_migrates(store: Store) -> None:
    words = (sys.executable, "-m", "app.commands", "migrate")
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, env=store.environment, stdout=pipe, stderr=pipe
        )
        for _ in range(3)
    ]
    told = sorted([await process.communicate() for process in processes])

    assert told == sorted(
        [
            (f"the metadata is at schema {HEAD} already\n".encode(), b""),
            (f"the metadata is at schema {HEAD} already\n".encode(), b""),
            (f"the metadata went from no schema to schema {HEAD}\n".encode(), b""),
        ]
    )


def test_the_tables_are_printed_for_who_applies_them_by_hand(new_place: MysqlPlace) -> None:
    """And then nobody has to migrate."""
    printed = run("migrate", "--sql").stdout
    url = URL.create(
        "mysql+pymysql",
        new_place.user,
        new_place.password,
        new_place.host,
        new_place.port,
        new_place.database,
    )
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for statement in printed.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement).close()

    settings = {**of_mysql(new_place), "MIGRATE": "never"}
    assert run("migrate", "--check", environment=settings).code == 0


def test_on_vitess_its_own_tools_are_named_and_the_tables_printed(tmp_path: Path) -> None:
    settings = {"MYSQL_HOST": "vtgate", "VITESS_SHARDS": "2"}

    ended = run("migrate", environment=settings)
    assert ended.code == 0
    assert ended.stderr.startswith("Vitess's own tools apply the tables")
    sharded, unsharded = ended.stdout.split("-- keyspace wikibase_unsharded\n")
    assert "CREATE TABLE IF NOT EXISTS entity_head" in sharded
    assert "CREATE TABLE IF NOT EXISTS leases" in unsharded

    checked = run("migrate", "--check", environment=settings)
    assert checked.code == 1
    assert "no version to check" in checked.stderr


def test_options_that_exclude_each_other_are_refused() -> None:
    ended = run("migrate", "--check", "--sql")
    assert ended.code == 2
    assert "give one of" in ended.stderr


def test_a_command_that_migrates_does_not_touch_another_store(store: Store, tmp_path: Path) -> None:
    """The folder's metadata are not what is meant where MySQL is set."""
    run("migrate", environment=store.environment)

    found = tmp_path / "data" / "metadata.sqlite"
    assert found.exists() == ("MYSQL_HOST" not in store.environment)
    if found.exists():
        assert sqlite3.connect(found).execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
