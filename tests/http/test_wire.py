"""What comes over a connection and is no good request: answered, in time, and to who is still sending (O2, O3)."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import parse_headers
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import served_by_command

BODY = b'{"query": "{__typename}"}'
ANSWER = {"data": {"__typename": "Query"}}
MOST = 100_000
DEADLINE = 30
"""Seconds after which a test gives up: far more than any answer takes."""


@contextmanager
def served(data: Path, **environment: str) -> Iterator[int]:
    """The port of a server that takes small bodies."""
    with served_by_command(data, environment={"MAX_BODY_BYTES": str(MOST), **environment}) as address:
        port = httpx.URL(address).port
        assert port is not None
        yield port


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served(tmp_path_factory.mktemp("wire") / "data") as port:
        yield port


@pytest.fixture(scope="module")
def hasty_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server that waits a second for a request."""
    with served(tmp_path_factory.mktemp("hasty") / "data", REQUEST_SECONDS="1") as port:
        yield port


class Line:
    """A connection, read through one buffer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send it all, before anything is read."""
        self.socket.sendall(data)

    def read(self) -> tuple[int, Any]:
        """The next answer: its status, and its JSON or the code of its first error."""
        status = int(self._file.readline().split()[1])
        length = parse_headers(self._file)["Content-Length"]
        found = json.loads(self._file.read(int(length)))
        return status, found["errors"][0]["extensions"]["code"] if "errors" in found else found

    def is_closed(self) -> bool:
        """Whether the server ends the connection, properly: not by a reset, which could take the answer with it."""
        return self._file.read(1) == b""

    def close(self) -> None:
        """End it."""
        self._file.close()
        self.socket.close()


@pytest.fixture
def line(port: int) -> Iterator[Line]:
    line = Line(port)
    yield line
    line.close()


@pytest.fixture
def hasty(hasty_port: int) -> Iterator[Line]:
    line = Line(hasty_port)
    yield line
    line.close()


def request(body: bytes = BODY, *headers: str, method: str = "POST", length: int | None = None) -> bytes:
    """A request's bytes; its length as told, or as it is."""
    told = [
        f"{method} /graphql HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        *headers,
    ]
    if not any(header.startswith(("Content-Length", "Transfer-Encoding")) for header in headers):
        told.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*told, "", ""]).encode() + body


def answers(port: int) -> bool:
    """Whether the server still answers others."""
    return bool(httpx.post(f"http://127.0.0.1:{port}/graphql", json=json.loads(BODY)).json() == ANSWER)


def test_a_body_in_chunks_is_read(line: Line) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:1], BODY[1:7], BODY[7:]))
    line.send(request(chunks + b"0\r\n\r\n", "Transfer-Encoding: chunked"))
    assert line.read() == (200, ANSWER)


def test_a_body_that_is_told_to_be_too_long_is_refused_before_it_is_sent(line: Line) -> None:
    """And what is sent then does not keep the connection from being used again."""
    line.send(request(b"", length=MOST + 1))
    assert line.read() == (413, "body_too_large")
    line.send(b"x" * (MOST + 1) + request())
    assert line.read() == (200, ANSWER)


def test_who_waits_to_be_told_to_send_is_told_not_to(line: Line) -> None:
    line.send(request(b"", "Expect: 100-continue", length=MOST + 1))
    assert line.read() == (413, "body_too_large")


@pytest.mark.parametrize("more", [(), ("Connection: close",)], ids=["stays", "closes"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_who_sends_ten_megabytes_gets_to_read_why_they_are_refused(
    line: Line, chunked: bool, more: tuple[str, ...]
) -> None:
    """The whole is sent before a byte is read, as many clients do."""
    body = b" " * 10_000_000
    if chunked:
        more, body = (*more, "Transfer-Encoding: chunked"), b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    line.send(request(body, *more))
    assert line.read() == (413, "body_too_large")


def test_an_endless_body_is_refused_while_it_is_sent(line: Line) -> None:
    line.send(request(b"", "Transfer-Encoding: chunked"))
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    for _ in range(MOST // 0x10000 + 1):
        line.send(chunk)
    assert line.read() == (413, "body_too_large")


@pytest.mark.parametrize("sent", [b"", BODY[:5]])
def test_a_body_that_does_not_come_is_a_408(hasty: Line, sent: bytes) -> None:
    hasty.send(request(sent, length=len(BODY)))
    assert hasty.read() == (408, "body_timeout")
    assert hasty.is_closed()


def test_a_body_that_drips_is_a_408(hasty: Line) -> None:
    """Each byte is in time, but not all of them together."""
    hasty.send(request(b"", length=MOST))
    hasty.socket.settimeout(0.05)
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        hasty.send(b" ")
        try:
            hasty.socket.recv(1, socket.MSG_PEEK)
            break
        except TimeoutError:
            pass
    hasty.socket.settimeout(DEADLINE)
    assert hasty.read() == (408, "body_timeout")


@pytest.mark.parametrize("sent", [b"POST /graph", request()[:60]])
def test_a_head_that_does_not_come_is_a_408(hasty: Line, sent: bytes) -> None:
    hasty.send(sent)
    assert hasty.read() == (408, "head_timeout")
    assert hasty.is_closed()


def test_a_connection_that_says_nothing_is_closed(hasty: Line) -> None:
    assert hasty.is_closed()


def test_a_later_request_on_a_connection_may_be_late_too(hasty: Line) -> None:
    hasty.send(request())
    assert hasty.read() == (200, ANSWER)
    hasty.send(b"POST /graph")
    assert hasty.read() == (408, "head_timeout")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * 400_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 400_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 80_000,
    ],
    ids=["path", "header", "headers"],
)
def test_a_head_without_end_is_a_431(line: Line, sent: bytes) -> None:
    line.send(sent)
    assert line.read() == (431, "head_too_long")
    assert line.is_closed()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /graphql HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        request(BODY, "Content-Length: x"),
        request(BODY, "Content-Length: -1"),
        request(BODY, "Content-Length: 5", "Content-Length: 6"),
        request(BODY, "Content-Length: 99999999999999999999999"),
        request(BODY, "Content-Length: 5", "Transfer-Encoding: chunked"),
        request(BODY, "Transfer-Encoding: nonsense"),
        request(b"zz\r\n", "Transfer-Encoding: chunked"),
        request(b"5\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        request(b"fffffffffffffffff\r\n", "Transfer-Encoding: chunked"),
    ],
)
def test_what_is_no_http_is_a_coded_400(port: int, line: Line, sent: bytes) -> None:
    line.send(sent)
    assert line.read() == (400, "not_http")
    assert line.is_closed()
    assert answers(port)


def test_what_follows_a_body_beyond_its_length_costs_the_connection_but_no_answer(line: Line) -> None:
    line.send(request(BODY + b"xxxxx", length=len(BODY)))
    assert line.read() == (200, ANSWER)
    assert line.is_closed()


@pytest.mark.parametrize("sent", [request(BODY[:5], length=len(BODY)), request()[:30]], ids=["body", "head"])
def test_a_request_that_is_cut_off_is_told_so(line: Line, sent: bytes) -> None:
    line.send(sent)
    line.socket.shutdown(socket.SHUT_WR)
    assert line.read() == (400, "cut_off")
    assert line.is_closed()


def test_who_ends_their_side_after_a_request_is_answered(line: Line) -> None:
    """Also if the end is seen while the stores are still asked."""
    line.send(request(b'{"query": "{revisions(first: 1) {nodes {entityId}}}"}'))
    line.socket.shutdown(socket.SHUT_WR)
    assert line.read() == (200, {"data": {"revisions": {"nodes": []}}})
    assert line.is_closed()


def test_requests_that_are_sent_at_once_are_answered_in_order(line: Line) -> None:
    """Also if what follows the last is nonsense, or a head that does not end."""
    other = request(b'{"query": "{nothing}"}')
    line.send(request() + other + request() + b"nonsense")
    assert [line.read() for _ in range(3)] == [(200, ANSWER), (200, "invalid_query"), (200, ANSWER)]


def test_a_name_that_is_not_told_is_not_loopbacks(line: Line) -> None:
    line.send(b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\n\r\n")
    assert line.read() == (421, "host_not_allowed")


def test_many_who_do_not_go_on_keep_nobody_out(hasty_port: int) -> None:
    lines = []
    try:
        for _ in range(200):
            lines.append(Line(hasty_port))
            lines[-1].send(request(b"", length=10))
        assert answers(hasty_port)
        assert {line.read() for line in lines} == {(408, "body_timeout")}
    finally:
        for line in lines:
            line.close()
