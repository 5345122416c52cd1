"""Several processes on one listening socket, and who starts them again when they die.

Each worker is the command `serve` again, told by its arguments which socket to serve. They share nothing but the socket,
the stores and the folder in which their numbers are added up. The socket stays open while a worker is replaced, so
nobody who connects is refused. A worker whose supervisor is gone ends by itself: it sees a pipe close.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from prometheus_client.multiprocess import mark_process_dead

from app.exposing import shown
from app.metrics import FOLDER, text_of
from app.settings import Settings

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "app.commands", "serve")
LIVED = 10.0
"""Who dies sooner than after these seconds is not started again at once, but after a pause."""
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
LATE_SECONDS = 10.0
"""How much longer than they are given workers may take to end."""
_UNUSABLE = 2
"""How the command ends that can't use its settings or stores: it never will."""


class WorkersFailed(Exception):
    """A worker can't work at all."""


class Supervisor:
    """Keeps so many workers alive until it is told to end."""

    def __init__(
        self, listener: socket.socket, settings: Settings, numbers: Path, command: Sequence[str] = COMMAND
    ) -> None:
        self._listener, self._settings, self._numbers, self._command = listener, settings, numbers, command
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._told = asyncio.Event()
        self._guard, self._held = os.pipe()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT, and the workers have ended. WorkersFailed if one can't begin."""
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self._end)
        keeping = [asyncio.create_task(self._keep(number)) for number in range(self._settings.workers)]
        try:
            await asyncio.gather(*keeping)
        finally:
            self._told.set()
            self._pass_on(signal.SIGTERM)
            await self._await_the_end(keeping)
            for one in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(one)
            os.close(self._guard)
            os.close(self._held)

    def _end(self) -> None:
        # A second one is passed on as well: then they end at once.
        self._told.set()
        # Ours as well as theirs: else who connects now would wait for an answer that never comes.
        self._listener.close()
        self._pass_on(signal.SIGTERM)

    def _pass_on(self, one: signal.Signals) -> None:
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(one)

    async def _keep(self, number: int) -> None:
        deaths = 0
        while not self._told.is_set():
            began = monotonic()
            process = await self._start()
            self._running[number] = process
            if self._told.is_set():
                self._pass_on(signal.SIGTERM)  # that came while it was started
            ending = await process.wait()
            del self._running[number]
            # What it had open is open no more; what it counted stays counted.
            mark_process_dead(process.pid, str(self._numbers))  # type: ignore[no-untyped-call]  # it has no types
            if self._told.is_set():
                return
            if ending == _UNUSABLE:
                raise WorkersFailed(f"worker {number} can't use its settings or stores")
            deaths = deaths + 1 if monotonic() - began < LIVED else 0
            pause = PAUSES[min(deaths, len(PAUSES) - 1)]
            log.warning(
                "worker %s (process %s) ended with %s; another is started in %s s",
                *(number, process.pid, ending, pause),
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._told.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        listener, settings = self._listener.fileno(), self._settings
        environment = {
            **os.environ,
            "HOST": settings.host,
            "PORT": str(settings.port),
            "DATA": str(settings.data),
            "WORKERS": "1",
            # Told by the supervisor, for all of them.
            "METRICS_LISTEN": "",
            FOLDER: str(self._numbers),
        }
        return await asyncio.create_subprocess_exec(
            *self._command,
            *("--listener", str(listener), "--guard", str(self._guard)),
            pass_fds=(listener, self._guard),
            env=environment,
            # Ctrl+C reaches all processes of a terminal: once is enough.
            start_new_session=True,
        )

    async def _await_the_end(self, keeping: Sequence[asyncio.Task[None]]) -> None:
        patience = self._settings.drain_notice_seconds + self._settings.drain_seconds + LATE_SECONDS
        _, late = await asyncio.wait(keeping, timeout=patience)
        if late:
            log.error("%s worker(s) did not end in time and are killed", len(late))
            self._pass_on(signal.SIGKILL)
            await asyncio.wait(keeping)


@asynccontextmanager
async def _numbers() -> AsyncIterator[Path]:
    with TemporaryDirectory(prefix="wikibase-graph-") as folder:
        yield Path(folder)


async def supervise(listener: socket.socket, settings: Settings) -> None:
    """Serve by as many workers as the settings say."""
    async with _numbers() as numbers:

        async def text() -> bytes:
            return text_of(numbers)

        async with shown(settings.metrics_listen, text):
            await Supervisor(listener, settings, numbers).run()
