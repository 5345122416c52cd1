"""Redis: a real server of one process, nothing on disk, that can be killed and started again at the same port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.services import required
from tests.services.ports import free_ports

PATIENCE = 60.0
"""Seconds until it must have started: usually a hundredth."""


class Redis:
    """A server, running when it is made."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, and wait until it listens."""
        quiet = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning")
        self._process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", f"{self.port}", *quiet],
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert self._process.poll() is None, "it ended"
                assert time.monotonic() < until, "it never listened"
                time.sleep(0.01)

    def kill(self) -> None:
        """End it, with all that it has counted."""
        self._process.kill()
        self._process.wait()


@contextmanager
def redis() -> Iterator[Redis]:
    """A running server."""
    required("Redis", shutil.which("redis-server") is not None)
    server = Redis()
    try:
        yield server
    finally:
        server.kill()
