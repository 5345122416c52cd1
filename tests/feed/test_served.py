"""Subscriptions before served processes, on both kinds of engines: what one commits, the followers of another hear (E5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from app.settings import Settings
from tests.http.changes import CREATE
from tests.http.reading_events import read_events
from tests.http.test_socket import INIT, PROTOCOL, hear, say, subscribe
from tests.places import EMBEDDED
from tests.serving import served_by_command

FOLLOW = "subscription {entityChanges {entityId revisionId changeType entity {id revisionId} revision {revisionId}}}"
FOLLOW_FROM = 'subscription {entityChanges(from: "%s") {entityId revisionId changeType position}}'
HARD_DELETE = 'mutation {hardDeleteEntity(input: {id: "%s", reason: "a demand"}) {__typename}}'


@pytest.fixture
def two(own_place: Settings, engine: str, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of two servers of one place."""
    told = {setting.name.upper(): str(getattr(own_place, setting.name)) for setting in fields(Settings)}
    with ExitStack() as stack:
        # Of another folder, where nothing else is shared than the engines.
        second = own_place.data if engine == EMBEDDED else tmp_path / "second"
        addresses = [
            stack.enter_context(served_by_command(data, environment=told))
            for data in (own_place.data, second)
        ]
        yield addresses[0], addresses[1]


def ask(address: str, query: str) -> Any:
    """The data of an answer."""
    return httpx.post(address, json={"query": query}, timeout=60).json()["data"]


def made(address: str) -> str:
    """The id of a new entity."""
    found: str = ask(address, CREATE)["createEntity"]["entityId"]
    return found


@contextmanager
def following(address: str, query: str) -> Iterator[ClientConnection]:
    """A WebSocket with one subscription."""
    with connect(address.replace("http", "ws", 1), subprotocols=PROTOCOL) as socket:
        say(socket, INIT, subscribe(query))
        assert hear(socket) == {"type": "connection_ack"}
        yield socket


def next_change(socket: ClientConnection) -> Any:
    """The answer to the next change."""
    while (message := json.loads(socket.recv(timeout=60)))["type"] == "ping":
        say(socket, {"type": "pong"})
    assert message["type"] == "next", message
    return message["payload"]


def test_a_follower_of_one_server_hears_what_the_other_commits(two: tuple[str, str]) -> None:
    """E5, I9: by WebSocket and by server-sent events, with a position that each gives and each takes.

    Of several entities no order is promised.
    """
    here, there = two
    begin = ask(here, "{changesPosition}")["changesPosition"]
    with (
        following(there, FOLLOW_FROM % begin) as socket,
        httpx.stream("GET", f"{there}/stream", params={"query": FOLLOW_FROM % begin}, timeout=60) as stream,
    ):
        events = read_events(stream.iter_lines())
        entities = set()
        for address in (here, there, here):
            entities.add(entity := made(address))
            heard = next_change(socket)["data"]["entityChanges"]
            assert (heard["entityId"], heard["revisionId"], heard["changeType"]) == (entity, 1, "CREATION")
            again = next(events)
            assert again.json["data"]["entityChanges"] == heard
            assert again.id == heard["position"]
    with following(here, FOLLOW_FROM % begin) as socket:
        first = next_change(socket)["data"]["entityChanges"]
    with following(there, FOLLOW_FROM % first["position"]) as socket:
        rest = {next_change(socket)["data"]["entityChanges"]["entityId"] for _ in range(2)}
    assert rest == entities - {first["entityId"]}


def test_of_an_entity_that_is_gone_nothing_is_told_but_that(two: tuple[str, str]) -> None:
    """I10, Q7: what is read of it answers as readers do, from the change that deleted it on."""
    here, there = two
    begin = ask(here, "{changesPosition}")["changesPosition"]
    entity = made(here)
    assert ask(here, HARD_DELETE % entity) == {"hardDeleteEntity": {"__typename": "Deleted"}}
    query = FOLLOW.replace("entityChanges", f'entityChanges(from: "{begin}")')
    with following(there, query) as socket:
        answers = [next_change(socket) for _ in range(2)]
    kinds = [answer["data"]["entityChanges"]["changeType"] for answer in answers]
    assert kinds == ["CREATION", "HARD_DELETE"]
    for answer in answers:
        change = answer["data"]["entityChanges"]
        assert (change["entityId"], change["entity"], change["revision"]) == (entity, None, None)
        codes = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
        assert sorted(codes) == [(["entityChanges", name], "gone") for name in ("entity", "revision")]


def test_each_change_is_read_anew(two: tuple[str, str]) -> None:
    """E5: what was read for one change is not taken for the next."""
    here, there = two
    begin = ask(here, "{changesPosition}")["changesPosition"]
    entity = made(here)
    query = f"""subscription {{entityChanges(from: "{begin}", ids: ["{entity}"]) {{
        revisionId changeType entity {{revision {{isLocked}}}} revision {{parentRevisionId}}
    }}}}"""
    with following(there, query) as socket:
        assert next_change(socket)["data"]["entityChanges"]["entity"] == {"revision": {"isLocked": False}}
        ask(here, f'mutation {{lockEntity(input: {{id: "{entity}"}}) {{__typename}}}}')
        assert next_change(socket)["data"]["entityChanges"] == {
            "revisionId": 2,
            "changeType": "LOCK",
            "entity": {"revision": {"isLocked": True}},
            "revision": {"parentRevisionId": 1},
        }
        made(here)
        ask(here, f'mutation {{unlockEntity(input: {{id: "{entity}"}}) {{__typename}}}}')
        assert next_change(socket)["data"]["entityChanges"]["changeType"] == "UNLOCK"
