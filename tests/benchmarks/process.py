"""A server in a process of its own, and what it takes: processor time and memory, as the operating system counts them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from app.settings import Settings

SERVE = "app.commands"
"""The module of the command, whose `serve` is what users run."""


@dataclass(frozen=True)
class Process:
    """A process that serves on a port of this machine."""

    pid: int
    port: int

    def processor(self) -> float:
        """Seconds of processor time that it has taken, all its threads together, to the nanosecond."""
        # How Linux names the clock of another process, see clock_getcpuclockid(3).
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory(self) -> float:
        """Megabytes that it has in memory now."""
        return self._status("VmRSS")

    def peak(self) -> float:
        """The most that it ever had."""
        return self._status("VmHWM")

    def _status(self, name: str) -> float:
        told = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{self.pid}/status").read_text(), re.MULTILINE)
        assert told is not None, name
        return int(told[1]) * 1024 / 1e6


@contextmanager
def serving(
    settings: Settings,
    *,
    module: str = SERVE,
    also: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """The command's server for as long as this is open: `module` may be one that adds something to it.

    `also` is set in its environment.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **_told(settings), "PORT": "0", **(also or {})}
    with subprocess.Popen(
        [sys.executable, "-m", module, "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if match := re.search(r"http://\S+/graphql", line):
                    port = urlsplit(match[0]).port
                    assert port is not None
                    yield Process(process.pid, port)
                    break
            else:
                raise RuntimeError(f"{module} ended without telling its address")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _told(settings: Settings) -> dict[str, str]:
    """The environment that these settings are read from."""
    default = Settings()
    given = {one.name: getattr(settings, one.name) for one in fields(Settings)}
    return {
        name.upper(): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
        if value != getattr(default, name)
    }
