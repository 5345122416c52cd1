"""Clients that follow changes over real sockets, and come again with their last position whenever the socket breaks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.ops.processes import PATIENCE, until

_FOLLOW = "subscription ($from: String) {entityChanges(from: $from) {entityId revisionId position}}"
_PROTOCOL = [Subprotocol("graphql-transport-ws")]


@dataclass
class Listener:
    """What one of them was told."""

    revisions: dict[str, list[int]] = field(default_factory=dict)
    """Of each entity, as they came."""
    position: str | None = None
    begun: int = 0
    """How often the server took its subscription."""
    surprises: list[str] = field(default_factory=list)

    def heard(self, entity: str, revision: int) -> bool:
        """Whether it was told of this one."""
        return revision in self.revisions.get(entity, ())


@contextmanager
def listeners(address: str, count: int) -> Iterator[Sequence[Listener]]:
    """So many, each of which was taken by the server when this is entered."""
    over = threading.Event()
    found = [Listener() for _ in range(count)]
    threads = [threading.Thread(target=_listen, args=(address, one, over)) for one in found]
    for thread in threads:
        thread.start()
    try:
        until(lambda: all(one.begun for one in found), "they were never taken")
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def _listen(address: str, one: Listener, over: threading.Event) -> None:
    while not over.is_set():
        try:
            _connected(address, one, over)
        except (ConnectionClosed, InvalidHandshake, OSError, EOFError):
            # Its worker died: the next connection is another's.
            continue
        except Exception as error:
            one.surprises.append(repr(error))
            return


def _connected(address: str, one: Listener, over: threading.Event) -> None:
    with connect(address.replace("http", "ws", 1), subprotocols=_PROTOCOL, open_timeout=PATIENCE) as socket:
        socket.send('{"type": "connection_init"}')
        payload = {"query": _FOLLOW, "variables": {"from": one.position}}
        socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        while not over.is_set():
            try:
                message = json.loads(socket.recv(timeout=0.2))
            except TimeoutError:
                continue
            match message["type"]:
                case "connection_ack":
                    one.begun += 1
                case "ping":
                    socket.send('{"type": "pong"}')
                case "next" if "errors" not in message["payload"]:
                    change = message["payload"]["data"]["entityChanges"]
                    one.revisions.setdefault(change["entityId"], []).append(change["revisionId"])
                    one.position = change["position"]
                case _:
                    raise AssertionError(message)
