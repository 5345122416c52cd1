"""The command `serve` in a process of its own, whose log is kept and which is told when to end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 120.0


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], address: str, log: Path) -> None:
        self.process, self.address, self._log = process, address, log

    @property
    def port(self) -> int:
        """Where it listens."""
        return httpx.URL(self.address).port or 0

    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """The same, where it is JSON."""
        return [json.loads(line) for line in self.log().splitlines()]

    def workers(self) -> list[int]:
        """The processes that it has started, in order."""
        path = Path(f"/proc/{self.process.pid}/task")
        found: list[int] = []
        for task in path.iterdir():
            with suppress(FileNotFoundError):
                found += [int(one) for one in (task / "children").read_text().split()]
        return sorted(found)

    def end(self, one: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end, and wait; how it ended."""
        self.process.send_signal(one)
        return self.process.wait(PATIENCE)


@contextmanager
def running(
    data: Path, *options: str, environment: Mapping[str, str] | None = None, port: int = 0
) -> Iterator[Server]:
    """`wikibase-graph serve` on a free port, killed in the end if it was not told to end before."""
    command = [sys.executable, "-m", "app.commands", "serve", "--port", str(port), "--data", str(data)]
    log = data.with_suffix(".log")
    with (
        log.open("w") as told,
        subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
        ) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if match := re.search(r"http://\S+/graphql", line):
                    yield Server(process, match[0], log)
                    break
            else:
                raise AssertionError(f"the server ended without telling its address: {log.read_text()}")
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()


def until(is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until it is so, which must come to be."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
