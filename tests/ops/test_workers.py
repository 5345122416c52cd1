"""Several processes on one socket: none is missed when it dies, and no acknowledged edit is lost (O2, I4)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from app.workers import Supervisor, WorkersFailed
from tests.ops.listeners import listeners
from tests.ops.load import CREATE, Account, load
from tests.ops.numbers import Numbers
from tests.ops.processes import PATIENCE, Server, running, until

WORKERS = 2


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Two workers that serve."""
    with running(tmp_path / "data", "--workers", f"{WORKERS}") as one:
        until(lambda: shown(one).of("processes") == WORKERS, "they never served")
        yield one


def shown(server: Server) -> Numbers:
    """The numbers of all workers, as one of them tells; none while the one asked is killed."""
    try:
        return Numbers(httpx.get(f"http://127.0.0.1:{server.port}/metrics", timeout=PATIENCE).text)
    except httpx.TransportError:
        return Numbers("")


def is_there(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def replaced(server: Server, process: int) -> bool:
    """Whether another is there for this one, and serves."""
    workers = server.workers()
    return process not in workers and len(workers) == WORKERS and shown(server).of("processes") == WORKERS


def label_of(address: str, entity: str, revision: int) -> str:
    query = (
        f'{{entity(id: "{entity}", revisionId: {revision}) {{... on Item {{label(languageCode: "en")}}}}}}'
    )
    label: str = httpx.post(address, json={"query": query}, timeout=PATIENCE).json()["data"]["entity"][
        "label"
    ]
    return label


def history_of(address: str, entity: str) -> list[int]:
    """The revisions of an entity, the oldest first. What an edit gave up is none of them, so there may be gaps."""
    query = f'{{entity(id: "{entity}") {{history(first: 500) {{nodes {{revisionId}}}}}}}}'
    nodes = httpx.post(address, json={"query": query}, timeout=PATIENCE).json()["data"]["entity"]["history"][
        "nodes"
    ]
    return [node["revisionId"] for node in reversed(nodes)]


def enough(account: Account, more: int) -> None:
    """Wait for so many edits more."""
    before = len(account.acknowledged)
    until(lambda: len(account.acknowledged) >= before + more, "the clients get nothing done")


def test_workers_killed_one_by_one_under_load_lose_no_acknowledged_edit(server: Server) -> None:
    """I4. Each is killed once, then one of those that came for them."""
    with load(server.address, clients=4) as account:
        for doomed in (*server.workers(), None):
            enough(account, 20)
            victim = doomed or server.workers()[-1]
            os.kill(victim, signal.SIGKILL)
            until(lambda one=victim: replaced(server, one), "nobody came for it")  # type: ignore[misc]
        enough(account, 20)

    assert account.surprises == []
    assert account.refused == [], "the socket stays open whoever dies"
    assert len(account.acknowledged) >= 80
    for (entity, revision), label in account.acknowledged.items():
        assert label_of(server.address, entity, revision) == label
    assert server.process.poll() is None


def test_who_follows_misses_nothing_when_workers_are_killed(server: Server) -> None:
    """E5: with the position of the last change each goes on at another worker, without a gap and without a repetition."""
    with listeners(server.address, 4) as following:
        httpx.post(server.address, json={"query": CREATE}, timeout=PATIENCE).raise_for_status()
        # Before its first change a client has no position to come again with.
        until(lambda: all(one.position for one in following), "they hear nothing")
        with load(server.address, clients=2) as account:
            for victim in server.workers():
                enough(account, 20)
                os.kill(victim, signal.SIGKILL)
                until(lambda one=victim: replaced(server, one), "nobody came for it")  # type: ignore[misc]
            enough(account, 20)
        for one in following:
            until(lambda one=one: all(one.heard(*edit) for edit in account.acknowledged), "some are missing")  # type: ignore[misc]

    assert [one.surprises for one in following] == [[]] * 4
    assert sum(one.begun for one in following) >= 8, "every connection was broken once"
    for one in following:
        for entity, revisions in one.revisions.items():
            assert revisions == history_of(server.address, entity)


def mine(server: Server) -> float:
    """How many queries of that name were answered."""
    return shown(server).of("operation_seconds_count", type="query", name="Mine")


def test_numbers_are_those_of_all_workers_also_of_the_dead(server: Server) -> None:
    """Each connection is taken by whichever worker is free: the sum alone is always right."""
    query = {"query": "query Mine {__typename}"}
    for _ in range(20):
        httpx.post(server.address, json=query, timeout=PATIENCE)
    # A worker counts when it has answered: who is answered may look a moment before.
    until(lambda: mine(server) == 20, "they were never counted")

    victim = server.workers()[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: replaced(server, victim), "nobody came for it")
    for _ in range(10):
        httpx.post(server.address, json=query, timeout=PATIENCE)

    until(lambda: mine(server) == 30, "they were never counted")
    assert shown(server).of("processes") == WORKERS


def test_all_end_when_the_supervisor_is_told_to(server: Server) -> None:
    workers = server.workers()

    assert server.end() == 0

    assert not [one for one in workers if is_there(one)]
    assert "are killed" not in server.log()
    assert "Traceback" not in server.log()


def test_workers_without_a_supervisor_end_by_themselves(server: Server) -> None:
    """Else nobody could start a server on that address again, nor knew why."""
    workers = server.workers()
    assert len(workers) == WORKERS

    server.process.kill()
    server.process.wait(PATIENCE)

    until(lambda: not any(is_there(one) for one in workers), "they stay")


def test_an_address_of_its_own_shows_the_numbers_of_all(tmp_path: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    told = {"METRICS_LISTEN": f"127.0.0.1:{port}", "METRICS": "off"}
    with running(tmp_path / "data", "--workers", f"{WORKERS}", environment=told) as server:

        def there() -> Numbers:
            return Numbers(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).text)

        until(lambda: there().of("processes") == WORKERS, "they never served")
        for _ in range(6):
            httpx.post(server.address, json={"query": "query Mine {__typename}"}, timeout=PATIENCE)

        # A worker counts when it has answered: who is answered may ask a moment before.
        until(
            lambda: there().of("operation_seconds_count", type="query", name="Mine") == 6,
            "they were never counted",
        )
        assert httpx.get(f"http://127.0.0.1:{server.port}/metrics").status_code == 404
        assert httpx.get(f"http://127.0.0.1:{port}/graphql").status_code == 404


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_that_is_taken_is_one_line(tmp_path: Path, workers: str) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        told = {"METRICS_LISTEN": f"127.0.0.1:{one.getsockname()[1]}", "WORKERS": workers}
        with running(tmp_path / "data", environment=told) as server:
            assert server.process.wait(PATIENCE) == 2
            assert "METRICS_LISTEN=" in server.log()
            assert "Traceback" not in server.log()


async def test_workers_that_can_not_begin_are_not_tried_for_ever(tmp_path: Path) -> None:
    """What is wrong with settings is so for all of them."""
    settings = Settings(data=tmp_path, workers=3)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        command = [sys.executable, "-c", "raise SystemExit(2)"]
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(WorkersFailed):
                await Supervisor(listener, settings, tmp_path, command).run()
