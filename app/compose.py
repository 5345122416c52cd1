"""Open the engines that the settings name, in order, and close them in reverse."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.settings import Settings
from storage.errors import StorageError
from storage.housekeeping import Housekeeping
from storage.local_events import LocalEvents, create_events
from storage.local_objects import LocalObjects, create_objects
from storage.ports import Stores
from storage.probe import probe
from storage.sql.counted import Counted
from storage.sql.metadata import SqlMetadata
from storage.sql.migrate import migrate, refuse_older
from storage.sql.sqlite import SqliteDatabase, T, Unit
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
        # Of the folder's metadata nobody asks whether they may be migrated where they are not what is used.
        may_migrate = settings.migrate == "auto" or bool(settings.mysql_host)
        embedded = open_embedded(settings.data, inline=alone, may_migrate=may_migrate)
        stores = await stack.enter_async_context(embedded)
        if settings.s3_endpoint or settings.mysql_host or settings.kafka_brokers:
            # Not imported before it is wanted: the drivers take more memory than all else of the embedded stores.
            from app.outside import with_engines

            stores = await with_engines(stack, settings, stores, alone)
        if settings.erasure_key:
            stores = replace(stores, erasure_key=settings.erasure_key.encode())
        yield stores


def housekeeping(settings: Settings) -> Housekeeping | None:
    """How often this process keeps house, None for never."""
    if not settings.collect_hours:
        return None
    return Housekeeping(timedelta(hours=settings.collect_hours), timedelta(days=settings.collect_after_days))


@asynccontextmanager
async def open_embedded(
    folder: Path, *, inline: bool = False, may_migrate: bool = True
) -> AsyncIterator[Stores]:
    """Three SQLite files in a folder, worked on by threads or `inline`. Several processes may have it open.

    NoFolder; NewerSchema; OlderSchema if it may not migrate and would have to.
    """
    kind = InlineSqlite if inline else SqliteDatabase
    async with AsyncExitStack() as stack:
        # One process at a time makes and migrates the files: SQLite can't wait for a change of journal mode.
        async with _alone(folder):
            tables: Unit[object] = migrate if may_migrate else refuse_older
            metadata = await _open(stack, kind(folder / "metadata.sqlite"), tables)
            objects = LocalObjects(await _open(stack, kind(folder / "objects.sqlite"), create_objects))
            events = LocalEvents(await _open(stack, kind(folder / "events.sqlite"), create_events))
            await probe(objects)
            key = await asyncio.to_thread(_erasure_key, folder / "erasure.key")
        yield Stores(objects, SqlMetadata(Counted(metadata)), events, erasure_key=key)


def _erasure_key(path: Path) -> bytes:
    """The folder's own key, made where there is none; for nobody but its owner to read."""
    if not path.exists():
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)  # whole or not at all
    return path.read_text().strip().encode()


async def _open(
    stack: AsyncExitStack, database: SqliteDatabase | InlineSqlite, create: Unit[object]
) -> SqliteDatabase | InlineSqlite:
    stack.push_async_callback(database.close)
    await database.write(create)
    return database


async def on_metadata(settings: Settings, unit: Unit[T]) -> T:
    """Run a unit on the metadata's tables as they are, before anybody has made or looked at them."""
    if settings.mysql_host:
        from app.outside import on_mysql

        return await on_mysql(settings, unit)
    async with AsyncExitStack() as stack, _alone(settings.data):
        database = SqliteDatabase(settings.data / "metadata.sqlite")
        stack.push_async_callback(database.close)
        return await database.write(unit)


@asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[None]:
    """The folder, made if it is missing, under a lock between processes while its files are made."""
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise NoFolder(f"{folder}: {error.strerror}") from error
    with lock:
        # In a thread: the wait must not stop this loop, in which the holder may be running.
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
