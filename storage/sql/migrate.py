"""Bring the metadata's tables to the version of this program.

Versions are Alembic's, applied in one place by whoever comes first. A store of a newer program is refused.
SQLite takes a version back whole if it does not commit. MySQL keeps each table and index as it is made: there the
steps of a version are such that it can be begun again, and a lock of the server's keeps other processes away.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from storage.errors import StorageError, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic keeps what it works on in module globals.
_ONE_AT_A_TIME = threading.Lock()


class NewerSchema(StorageError):
    """The tables were made by a newer program than this one."""

    code = "newer_schema"


class OlderSchema(StorageError):
    """The tables were made by an older program, or not yet, and nobody is to migrate them here."""

    code = "older_schema"


HEAD = "0005"
"""The version that this program's tables are at; a test holds it to the newest script."""


PATIENCE = 600
"""Seconds to wait for another process that migrates."""


def migrate(connection: Connection) -> str | None:
    """Apply what is missing, inside the transaction that `connection` is in, if the engine can.

    The version that there was before, None if there were no tables. NewerSchema if it is beyond us. Unavailable if
    another process does not come to an end with it.
    """
    if _version(connection) == HEAD:
        return HEAD
    with _alone(connection):
        return _upgrade(connection)


def version(connection: Connection) -> str | None:
    """What the tables are at, None if there are none. NewerSchema if it is beyond us. Changes nothing."""
    found = _version(connection)
    if found is not None and found != HEAD:
        _refuse_newer(found)
    return found


def refuse_older(connection: Connection) -> None:
    """For who must not migrate: OlderSchema if something is missing, NewerSchema if it is beyond us."""
    found = version(connection)
    if found == HEAD:
        return
    state = "has no tables yet" if found is None else f"is at schema {found}"
    raise OlderSchema(f"the metadata {state}, and this program needs {HEAD}: run `wikibase-graph migrate`")


def _upgrade(connection: Connection) -> str | None:
    found = version(connection)
    if found == HEAD:
        return found
    # Imported only where there is something to do: it takes longer than all else at the start of a process.
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")
    return found


def _refuse_newer(found: str) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found not in known:
        raise NewerSchema(
            f"the metadata is at schema {found}, which this program does not know: it was written by a newer one"
        )


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    if connection.dialect.name != "mysql":
        yield  # who writes to SQLite is alone
        return
    # The lock is the connection's: after a failure it goes with it. A server has many databases, hence its name.
    database = connection.scalar(text("SELECT DATABASE()"))
    lock = {"name": f"migrate {database}"[:64], "patience": PATIENCE}
    # Who waits must not keep the other from a table that it has read, and then must read what that one left.
    connection.commit()
    if connection.scalar(text("SELECT GET_LOCK(:name, :patience)"), lock) != 1:
        raise Unavailable(f"another process has been migrating the metadata for {PATIENCE} seconds")
    yield
    connection.commit()
    connection.execute(text("SELECT RELEASE_LOCK(:name)"), lock)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
