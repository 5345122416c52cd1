"""Log lines: JSON where programs read them, the trace and the operation in them, and no secrets ever (O2)."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from app.logs import STRUCK, Json, Text, no_connections, without_secrets
from app.requests import Request
from app.settings import Settings
from app.tracing import Tracing
from storage.tally import adding_to
from tests.access.issuing import Pair, bearing, by_hand, claims_of, edwards, settings_for, token
from tests.ops.processes import PATIENCE, running
from tests.ops.test_tracing import PARENT, TRACE

QUERY = {"query": "{__typename}"}
PROTOCOL = [Subprotocol("graphql-transport-ws")]


def a_record(message: str, *arguments: object, failing: bool = False) -> logging.LogRecord:
    """A line that somebody logs."""
    failure = None
    if failing:
        try:
            raise RuntimeError("it has failed")
        except RuntimeError:
            failure = sys.exc_info()
    return logging.LogRecord("some.where", logging.WARNING, "path", 1, message, arguments, failure)


def test_a_line_is_one_json_object() -> None:
    line = Json().format(a_record("two\nlines, of %s", "Zoë", failing=True))

    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == ("warning", "some.where", "two\nlines, of Zoë")
    assert told["time"].endswith("Z")
    assert told["exception"].splitlines()[-1] == "RuntimeError: it has failed"
    assert not {"trace_id", "operation"} & set(told), "it belongs to no request"


def test_a_line_of_a_request_tells_which() -> None:
    request = Request(type="query", name="Adams")
    with adding_to(request), Tracing({}).request("POST /graphql", PARENT):
        told = json.loads(Json().format(a_record("x")))

    assert told["trace_id"] == TRACE
    assert told["operation"] == {"type": "query", "name": "Adams"}


def test_a_line_tells_no_editor() -> None:
    """Privacy: who edits is in the revisions, whose readers are known."""
    with adding_to(Request(type="mutation", name="Edit", is_known=True)):
        told = json.loads(Json().format(a_record("x")))

    assert set(told) == {"time", "level", "logger", "message", "operation"}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefgh.ijkl", f"Authorization: {STRUCK}"),
        ("authorization: basic dXNlcjpwYXNz", f"authorization: {STRUCK}"),
        (f"got {by_hand({'alg': 'none'}, claims_of())} in a URL", f"got {STRUCK} in a URL"),
        ("mysql says hunter22 is wrong", f"mysql says {STRUCK} is wrong"),
        ("a bearer of news", "a bearer of news"),
        ("eyJ is how they begin", "eyJ is how they begin"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(text: str, left: str) -> None:
    assert without_secrets(text, ["hunter22"]) == left


@pytest.mark.parametrize("form", [Text(["hunter22"]), Json(["hunter22"])], ids=["text", "json"])
def test_secrets_are_struck_out_of_messages_and_tracebacks(form: logging.Formatter) -> None:
    record = a_record("the password is %s", "hunter22")
    try:
        raise RuntimeError(f"no entry with hunter{22}")
    except RuntimeError:
        record.exc_info = sys.exc_info()

    line = form.format(record)

    assert "hunter22" not in line
    assert line.count(STRUCK) == 2


@pytest.fixture(scope="module")
def pair() -> Pair:
    return edwards()


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_token_whatever_becomes_of_it_is_in_the_log(tmp_path: Path, pair: Pair, form: str) -> None:
    """O3. At the level that tells most."""
    settings = settings_for(tmp_path, pair)
    environment = {
        "AUTH_KEYS": settings.auth_keys,
        "AUTH_ISSUER": settings.auth_issuer,
        "AUTH_AUDIENCE": settings.auth_audience,
        "ERASURE_KEY": "the-secret-of-erasure",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": form,
    }
    tokens = {
        "right": token(pair),
        "of another issuer": token(edwards()),
        "too old": token(pair, exp=1),
        "unsigned": by_hand({"alg": "none"}, claims_of()),
        "no token at all": "hunter22hunter22",
    }
    with running(tmp_path / "data", environment=environment) as server:
        statuses = {}
        for name, one in tokens.items():
            reply = httpx.post(server.address, json=QUERY, headers=bearing(one), timeout=PATIENCE)
            statuses[name] = reply.status_code
            httpx.post(f"{server.address}?access_token={one}", json=QUERY, timeout=PATIENCE)
            httpx.post(server.address, content=f"{{{one}", headers={"content-type": "application/json"})
            httpx.get(f"http://127.0.0.1:{server.port}/{one}", timeout=PATIENCE)
            with connect(server.address.replace("http", "ws", 1), subprotocols=PROTOCOL) as socket:
                payload = {"authorization": f"Bearer {one}"}
                socket.send(json.dumps({"type": "connection_init", "payload": payload}))
                try:
                    socket.recv(PATIENCE)
                except ConnectionClosed:
                    pass
        server.end()
        log = server.log()

    assert statuses == {name: 200 if name == "right" else 401 for name in tokens}
    assert "Started server process" in log, "else it would be empty, and prove nothing"
    for name, one in tokens.items():
        # Nor a part that would do: of a token the signed part, without which the rest is worth nothing.
        assert [part for part in (one, one.split(".")[-1]) if len(part) > 8 and part in log] == [], name
    assert "the-secret-of-erasure" not in log


def test_all_lines_of_a_process_are_json_where_nobody_watches(tmp_path: Path) -> None:
    """uvicorn's own as well. And WebSockets, which come by the thousand, are no news."""
    with running(tmp_path / "data") as server:
        for _ in range(3):
            with connect(server.address.replace("http", "ws", 1), subprotocols=PROTOCOL) as socket:
                socket.send(json.dumps({"type": "connection_init"}))
                socket.recv(PATIENCE)
        server.end()
        lines = server.lines()

    assert "uvicorn.error" in {line["logger"] for line in lines}
    assert not [line for line in lines if "WebSocket" in line["message"] or "connection" in line["message"]]


def test_text_is_to_be_had_anywhere(tmp_path: Path) -> None:
    with running(tmp_path / "data", environment={"LOG_FORMAT": "text"}) as server:
        httpx.get(f"http://127.0.0.1:{server.port}/health", timeout=PATIENCE)
        server.end()
        lines = server.log().splitlines()

    assert [line for line in lines if " INFO uvicorn.error: Started server process" in line]
    assert not [line for line in lines if line.startswith("{")]


@pytest.mark.parametrize(
    ("level", "message", "kept"),
    [
        (logging.INFO, '%s - "WebSocket %s" [accepted]', False),
        (logging.INFO, "connection open", False),
        (logging.INFO, "Shutting down", True),
        (logging.ERROR, '%s - "WebSocket %s" failed', True),
    ],
)
def test_lines_of_connections_are_dropped_and_no_others(level: int, message: str, kept: bool) -> None:
    record = logging.LogRecord("uvicorn.error", level, "path", 1, message, (), None)

    assert no_connections(record) is kept


def test_settings_never_show_their_secrets() -> None:
    """Else one line that logs them would."""
    told = repr(Settings(mysql_password="hunter22", s3_secret_key="hunter23", erasure_key="hunter24"))

    assert "hunter" not in told
