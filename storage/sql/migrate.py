"""Bring the metadata's tables to the version of this program.

Versions are Alembic's, applied in one place by whoever comes first. A store of a newer program is refused.
"""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.errors import StorageError

# Alembic keeps what it works on in module globals.
_ONE_AT_A_TIME = threading.Lock()


class NewerSchema(StorageError):
    """The tables were made by a newer program than this one."""

    code = "newer_schema"


def migrate(connection: Connection) -> None:
    """Apply what is missing, inside the transaction that `connection` is in. NewerSchema if it is beyond us."""
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise NewerSchema(
            f"the metadata is at schema {found}, which this program does not know: it was written by a newer one"
        )
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
