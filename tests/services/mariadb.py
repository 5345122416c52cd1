"""MariaDB: a real server of one process, in a folder that goes away with it, with a database for each test.

Or the server that TEST_MYSQL_URL names (`mysql://user:password@host:port`), of a user who may make databases.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url
from sqlalchemy.engine import URL

from storage.sql.mysql import MysqlDatabase, MysqlPlace, open_mysql
from storage.sql.tables import metadata
from tests.services import required
from tests.services.ports import free_ports

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds until it must have started: usually a tenth."""

USER = "wikibase"
SBIN = f"{os.environ['PATH']}{os.pathsep}/usr/sbin{os.pathsep}/usr/local/sbin"

OPTIONS = (
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--max-connections=500",
    # The operating system has what was committed, so it survives that the process is killed, which is all we do.
    "--innodb-flush-log-at-trx-commit=2",
    # What the program must not rely on is set against it.
    "--transaction-isolation=SERIALIZABLE",
    "--sql-mode=",
    "--default-time-zone=+05:00",
    "--character-set-server=latin1",
)


class MariaDB:
    """A server that can be killed, stopped for a while, and started again on what it has stored."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        self._folder, self._options = folder, options
        self._process: subprocess.Popen[bytes] | None = None
        (self.port,) = free_ports(1)
        self.password = secrets.token_hex(8)
        self.socket = f"{folder}/socket"
        init = folder / "init.sql"
        init.write_text(
            f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{self.password}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%';\n"
        )
        init.chmod(0o644)

    @property
    def place(self) -> MysqlPlace:
        """Where it is, without a database."""
        return MysqlPlace(USER, self.password, "", port=self.port)

    def start(self) -> None:
        """Start it and wait until it answers."""
        log = self._folder / "log"
        self._process = subprocess.Popen(
            [
                *(*_as_nobody(), _program("mariadbd"), *OPTIONS, *self._options),
                *(
                    f"--datadir={self._folder}/data",
                    f"--tmpdir={self._folder}",
                    f"--init-file={self._folder}/init.sql",
                ),
                *(f"--port={self.port}", f"--socket={self.socket}"),
                *(f"--log-error={log}", f"--pid-file={self._folder}/pid"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"MariaDB does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a loss of power would. No harm if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        """Make of it one that takes connections and never answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)  # until it has stopped

    def go_on(self) -> None:
        """End its hanging."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                return connection.recv(1) != b""  # it speaks first, once it is ready
        except OSError:
            return False


def _program(name: str) -> str:
    found = shutil.which(name, path=SBIN)
    required(f"{name} (package mariadb-server-core)", found is not None)
    assert found is not None
    return found


def _as_nobody() -> list[str]:
    """It refuses to run as root. And it ends with whoever started it."""
    words = ["setpriv", "--pdeathsig", "KILL"]
    if os.geteuid() == 0:
        words += ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    return words


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that the server may use, whoever it runs as."""
    with tempfile.TemporaryDirectory(prefix="mariadb-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "nobody", "nogroup")
        yield Path(name)


@contextmanager
def installed() -> Iterator[Path]:
    """The data folder of a new server, to be copied: making one takes longer."""
    program = _program("mariadb-install-db")
    with _folder() as folder:
        subprocess.run(
            [
                *(*_as_nobody(), program, "--no-defaults", f"--datadir={folder}/data", f"--tmpdir={folder}"),
                *("--skip-test-db", "--auth-root-authentication-method=normal", "--innodb-log-file-size=16M"),
            ],
            check=True,
            capture_output=True,
        )
        yield folder / "data"


@contextmanager
def running(data: Path, *options: str) -> Iterator[MariaDB]:
    """A server on a copy of a data folder, for as long as this is open; more options go before the usual ones."""
    with _folder() as folder:
        subprocess.run(["cp", "--archive", str(data), str(folder)], check=True)
        server = MariaDB(folder, options)
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def a_database(place: MysqlPlace) -> Iterator[MysqlPlace]:
    """A new database on a server, without tables."""
    name = f"wikibase_{secrets.token_hex(8)}"
    engine = create_engine(
        URL.create("mysql+pymysql", place.user, place.password, place.host, place.port), poolclass=NullPool
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield replace(place, database=name)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")


INSTALLED = pytest.StashKey[Path]()
SERVER = pytest.StashKey[MysqlPlace]()
SHARED = pytest.StashKey[MysqlPlace]()


@pytest.fixture(scope="session")
def new_data(pytestconfig: pytest.Config) -> Path:
    """The data folder of a new server, made once in a process, whichever modules have imported this."""
    return _kept(pytestconfig, INSTALLED, installed)


@pytest.fixture(scope="session")
def mysql_server(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> MysqlPlace:
    """One server for the tests of a process, without a database."""
    if url := os.environ.get("TEST_MYSQL_URL"):
        told = make_url(url)
        return MysqlPlace(told.username or "", told.password or "", "", told.host or "", told.port or 3306)
    data = request.getfixturevalue("new_data")
    return _kept(pytestconfig, SERVER, lambda: _place_of(data))


@pytest.fixture(scope="session")
def shared_place(mysql_server: MysqlPlace, pytestconfig: pytest.Config) -> MysqlPlace:
    """One database for the tests of a process that empty it first: 3 ms, where a new one takes 300."""
    return _kept(pytestconfig, SHARED, lambda: a_database(mysql_server))


@pytest.fixture
def new_place(mysql_server: MysqlPlace) -> Iterator[MysqlPlace]:
    """A database of the test's own, without tables."""
    with a_database(mysql_server) as place:
        yield place


@pytest.fixture
async def mysql(shared_place: MysqlPlace) -> AsyncIterator[MysqlDatabase]:
    """A database with empty tables."""
    async with open_mysql(shared_place) as database:
        await database.write(empty)
        yield database


def empty(connection: Connection) -> None:
    """Remove all rows."""
    for table in metadata.sorted_tables:
        connection.execute(table.delete())


@contextmanager
def _place_of(data: Path) -> Iterator[MysqlPlace]:
    with running(data) as server:
        yield server.place


def _kept(
    config: pytest.Config, key: pytest.StashKey[T], open_: Callable[[], AbstractContextManager[T]]
) -> T:
    """What is opened once, and closed when the tests end."""
    if key not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[key] = stack.enter_context(open_())
    return config.stash[key]
