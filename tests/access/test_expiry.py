"""An operation is refused after its token's time, though no timer has run: a machine may have slept (O3)."""

from __future__ import annotations

import json
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

import app.socket
from app.main import application
from tests.access.issuing import Pair, settings_for, token
from tests.http.test_socket import subscribe


async def test_the_next_operation_is_refused_when_the_clock_has_gone_on(
    pair: Pair, empty_stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exp = int(time.time()) + 1000
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token(pair, exp=exp)}"}}
    heard: list[MutableMapping[str, Any]] = []
    messages = iter([None, init, subscribe("{__typename}")])

    async def receive() -> MutableMapping[str, Any]:
        message = next(messages)
        if message is None:
            return {"type": "websocket.connect"}
        if message["type"] == "subscribe":
            monkeypatch.setattr(app.socket, "_now", lambda: exp + 1000.0)
        return {"type": "websocket.receive", "text": json.dumps(message)}

    async def send(message: MutableMapping[str, Any]) -> None:
        heard.append(message)

    served = application(settings_for(tmp_path, pair))
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "query_string": b"",
        "subprotocols": ["graphql-transport-ws"],
    }
    async with served.router.lifespan_context(served):
        await served(scope, receive, send)
    assert [message["type"] for message in heard] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert heard[-1]["code"] == 4401
