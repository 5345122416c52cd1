"""Where the stores of a test are: places of its own on the embedded engines, and the verbs of such places on any.

A place is what a process is told: `Settings`. Knows the embedded engines; those of `tests.services.engines` have
the same verbs.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Protocol

from app.compose import open_embedded, open_stores
from app.settings import Settings
from storage.keys import Key
from storage.ports import Stores

Fill = Callable[[Stores], Awaitable[object]]

EMBEDDED, ENGINES = "embedded", "engines"
BOTH = (EMBEDDED, ENGINES)
"""The engines that a test can be run on."""


class Places(Protocol):
    """Places of one kind of engines."""

    def empty(self, folder: Path) -> Settings:
        """A place with nothing in it, for one test. `folder` is not there yet."""

    def filled(self, fill: Fill) -> Settings:
        """A place that was filled once for all tests of the process: to be copied, or for tests that only read."""

    def copy(self, filled: Settings, folder: Path) -> Settings:
        """A place for one test that holds the same."""

    def opened(self, place: Settings) -> AbstractAsyncContextManager[Stores]:
        """The stores at a place, as often as wanted."""

    async def alter(self, place: Settings, key: Key, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of an object and nothing of what lies beside them, as only a fault of the store could."""


class Embedded:
    """Folders with three SQLite files, copied: making them takes longer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._filled: dict[Fill, Settings] = {}

    def empty(self, folder: Path) -> Settings:
        return self.copy(self.filled(nothing), folder)

    def filled(self, fill: Fill) -> Settings:
        if fill not in self._filled:
            place = Settings(data=self._folder / str(len(self._filled)), collect_hours=0)
            asyncio.run(do(fill, place))
            self._filled[fill] = place
        return self._filled[fill]

    def copy(self, filled: Settings, folder: Path) -> Settings:
        shutil.copytree(filled.data, folder)
        # No chores of the day while a test counts what is asked.
        return Settings(data=folder, collect_hours=0)

    def opened(self, place: Settings) -> AbstractAsyncContextManager[Stores]:
        return open_embedded(place.data)

    async def alter(self, place: Settings, key: Key, change: Callable[[bytes], bytes]) -> None:
        with closing(sqlite3.connect(place.data / "objects.sqlite")) as file, file:
            (before,) = file.execute("SELECT data FROM objects WHERE name = ?", (str(key),)).fetchone()
            file.execute("UPDATE objects SET data = ? WHERE name = ?", (change(before), str(key)))


async def do(fill: Fill, place: Settings) -> None:
    """Fill a place, by a process of which that is the only job."""
    async with open_stores(place, alone=True) as stores:
        await fill(stores)


async def nothing(_: Stores) -> None:
    """Fill a place with nothing."""
