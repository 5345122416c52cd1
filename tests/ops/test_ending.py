"""A server that is told to end does so in order, over real sockets and by real signals (O2)."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.ops.numbers import Numbers
from tests.ops.processes import PATIENCE, Server, running, until

CREATE = 'mutation {createEntity(input: {entity: {type: "item", labels: {en: {language: "en", value: "x"}}}}) {__typename ... on Edited {entityId}}}'
EDIT = 'mutation {editEntity(input: {id: "%s", baseRevisionId: 1, entity: {type: "item", labels: {en: {language: "en", value: "y"}}}}) {__typename}}'
PROTOCOL = [Subprotocol("graphql-transport-ws")]


@contextmanager
def nobody_else_writes(data: Path) -> Iterator[sqlite3.Connection]:
    """Somebody has the metadata's file to himself, until he commits."""
    with closing(sqlite3.connect(data / "metadata.sqlite", isolation_level=None)) as file:
        file.execute("BEGIN IMMEDIATE")
        yield file


def is_listening(server: Server) -> bool:
    with closing(socket.socket()) as one:
        return one.connect_ex(("127.0.0.1", server.port)) == 0


def created(server: Server) -> str:
    """The id of a new item."""
    made: str = ask(server, CREATE)["createEntity"]["entityId"]
    return made


def ask(server: Server, query: str) -> Any:
    return httpx.post(server.address, json={"query": query}, timeout=PATIENCE).json()["data"]


def underway(server: Server, what: str) -> float:
    """How many of them there are."""
    reply = httpx.get(f"http://127.0.0.1:{server.port}/metrics", timeout=PATIENCE)
    return Numbers(reply.text).of(f"{what}_underway")


def begun(server: Server, entity: str, pool: ThreadPoolExecutor) -> Future[Any]:
    """An edit that has come to its commit, where it has to wait."""
    query = EDIT % entity
    edit = pool.submit(lambda: ask(server, query)["editEntity"])
    until(lambda: underway(server, "edits") == 1, "the edit never came")
    return edit


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as one:
        yield one


def test_an_edit_under_way_is_finished_and_answered(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """I4"""
    with running(tmp_path / "data") as server:
        entity = created(server)
        with nobody_else_writes(tmp_path / "data") as file:
            edit = begun(server, entity, pool)
            server.process.send_signal(signal.SIGTERM)
            until(lambda: not is_listening(server), "it goes on letting clients in")
            assert not edit.done(), "else there would be nothing to finish"
            assert server.process.poll() is None
            file.execute("COMMIT")
        answer = edit.result(PATIENCE)
        server.process.wait(PATIENCE)
    assert answer == {"__typename": "Edited"}
    assert "Traceback" not in server.log()
    with running(tmp_path / "data") as again:
        assert ask(again, f'{{entity(id: "{entity}") {{revisionId}}}}') == {"entity": {"revisionId": 2}}


def test_a_second_signal_ends_it_at_once(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    with running(tmp_path / "data") as server:
        entity = created(server)
        with nobody_else_writes(tmp_path / "data"):
            edit = begun(server, entity, pool)
            server.process.send_signal(signal.SIGTERM)
            until(lambda: not is_listening(server), "it goes on letting clients in")

            assert server.end() == -signal.SIGTERM

            with pytest.raises(httpx.TransportError):
                edit.result(PATIENCE)


def test_while_notice_is_given_it_serves_but_says_that_it_is_not_ready(tmp_path: Path) -> None:
    """So that whoever spreads requests over servers sends no more before they would fail."""
    with running(tmp_path / "data", environment={"DRAIN_NOTICE_SECONDS": "3600"}) as server:
        ready = f"http://127.0.0.1:{server.port}/ready"
        assert httpx.get(ready).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        until(lambda: httpx.get(ready).status_code == 503, "it still says that it is ready")

        assert httpx.get(ready).json()["ending"] is True
        assert created(server)
        assert server.end() == -signal.SIGTERM


def test_after_the_notice_it_ends_by_itself(tmp_path: Path) -> None:
    with running(tmp_path / "data", environment={"DRAIN_NOTICE_SECONDS": "0.3"}) as server:
        server.end()


def test_sockets_are_told_that_the_server_goes_away(tmp_path: Path) -> None:
    """1012 and not 1006: a client that was told comes again without thinking that something broke."""
    with running(tmp_path / "data") as server:
        with connect(server.address.replace("http://", "ws://"), subprotocols=PROTOCOL) as one:
            one.send(json.dumps({"type": "connection_init"}))
            assert json.loads(one.recv(PATIENCE)) == {"type": "connection_ack"}
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionClosed) as closed:
                one.recv(PATIENCE)
        server.process.wait(PATIENCE)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "Service Restart")
    assert "Traceback" not in server.log()


def test_a_client_that_never_ends_its_request_keeps_it_no_longer_than_it_is_given(tmp_path: Path) -> None:
    head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    with (
        running(tmp_path / "data", environment={"DRAIN_SECONDS": "0.5"}) as server,
        socket.create_connection(("127.0.0.1", server.port)) as one,
    ):
        one.sendall(head.encode())
        until(lambda: underway(server, "requests") == 1, "the request never came")
        server.end()


def test_a_relay_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """At once and in order: what it was at is done again by the next."""
    command = [sys.executable, "-m", "app.commands", "relay", "--data", str(tmp_path / "data")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as relay:
        assert relay.stdout is not None
        assert relay.stdout.readline().startswith("relaying from ")
        relay.send_signal(signal.SIGTERM)
        _, said = relay.communicate(timeout=PATIENCE)
    assert (relay.returncode, "Traceback" in said) == (0, False)
