"""All that is measured beside each other, each served by a process of its own: ours, the peers and the floors.

A place is what a server is told of its engines. On the embedded ones each process has a copy of the data, so that what
one writes is in nobody's way; on servers they share it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path

import orjson

from app.settings import Settings
from storage.model import JsonObject
from tests.benchmarks.client import Connection, connected, request
from tests.benchmarks.peers import PASSED
from tests.benchmarks.process import Process, serving

OURS, STANDARD, ARIADNE, HAND, SCALAR, BYTES = (
    "ours",
    "standard",
    "Ariadne",
    "by hand",
    "JSON scalar",
    "bytes",
)
BARE = "bare driver"
"""Ours with the hottest rows read past the toolkit, see `database_reads`."""
ALL = (OURS, STANDARD, ARIADNE, HAND, SCALAR, BYTES)
AT_ONCE = 4
"""Connections to each, for rates: enough that the server never waits for the client."""
HOUR = 3600.0

_ROOT = Path(__file__).parents[2]
_PINS = _ROOT / "requirements" / "bench.txt"


@dataclass(frozen=True)
class Work:
    """What is asked, and the name of its twin by hand, which takes the same variables."""

    name: str
    twin: str
    query: str
    variables: JsonObject

    def sent(self, who: str) -> bytes:
        """The request, as one of those measured wants it."""
        if who == BYTES:
            return request(f"/bytes/{self.twin}", b"{}")
        if who == HAND:
            return request(f"/hand/{self.twin}", orjson.dumps(self.variables))
        if who == SCALAR:
            told = {"query": PASSED, "variables": {"name": self.twin, "asked": self.variables}}
            return request("/scalar", orjson.dumps(told))
        return asked(self.query, self.variables, who)

    def data(self, who: str, body: bytes) -> object:
        """What an answer says."""
        told = orjson.loads(body)
        if who == HAND:
            return told
        assert "errors" not in told, (self.name, who, told["errors"][:3])
        return told["data"]["passed"] if who == SCALAR else told["data"]


def asked(query: str, variables: JsonObject, who: str = OURS, **others: JsonObject) -> bytes:
    """A request by GraphQL."""
    path = "/ariadne" if who == ARIADNE else "/graphql"
    return request(path, orjson.dumps({"query": query, "variables": variables, **others}))


@dataclass(frozen=True)
class Served:
    """One of them."""

    who: str
    process: Process
    connections: list[Connection]

    @property
    def connection(self) -> Connection:
        """The one for requests that come one after another."""
        return self.connections[0]


@contextmanager
def fleet(
    place: Settings, whom: Sequence[str], folder: Path, *, cache_bytes: int | None = None
) -> Iterator[dict[str, Served]]:
    """These, running. `cache_bytes` is the setting, its default for None."""
    with ExitStack() as stack:
        running: dict[str, Served] = {}
        for who in whom:
            settings = replace(place, poll_seconds=HOUR, collect_hours=0)
            if cache_bytes is not None:
                settings = replace(settings, cache_bytes=cache_bytes)
            if not place.mysql_host:
                settings = replace(settings, data=folder / who)
                if not settings.data.exists():
                    shutil.copytree(place.data, settings.data)
            process = stack.enter_context(_process(who, settings))
            connections = stack.enter_context(connected(process.port, AT_ONCE))
            running[who] = Served(who, process, connections)
        yield running


def has_plan() -> bool:
    """Whether there is a compiled plan that can be switched off: without one, `ours` is the standard executor."""
    return any(one.name == "plan" for one in fields(Settings))


def _process(who: str, settings: Settings) -> AbstractContextManager[Process]:
    if who == OURS:
        return serving(settings)
    if who == STANDARD:
        return serving(settings, also={"PLAN": "false"})
    if who == BARE:
        return serving(settings, module="tests.benchmarks.database_reads")
    return serving(settings, module="tests.benchmarks.peers", also={"PYTHONPATH": f"{_peers()}:."})


def _peers() -> Path:
    """The folder with Ariadne, installed from its pins where it is not yet; never beside what we are installed with."""
    folder = _ROOT / "benchmarks-out" / "peers" / sha256(_PINS.read_bytes()).hexdigest()[:12]
    if not folder.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        made = folder.with_suffix(".new")
        shutil.rmtree(made, ignore_errors=True)
        subprocess.run([*pip, "--require-hashes", "--target", str(made), "-r", str(_PINS)], check=True)
        made.rename(folder)
    return folder
