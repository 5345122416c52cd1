"""A gate before a broker that has none itself: TLS, then SCRAM-SHA-256 (RFC 5802), then all passes as it is.

Knows of Kafka's protocol the heads of requests and the three that come before a login.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import ssl
import struct
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

MECHANISM = "SCRAM-SHA-256"
ROUNDS = 4096
API_VERSIONS, HANDSHAKE, AUTHENTICATE = 18, 17, 36
WRONG_PASSWORD = 58
"""The error SASL_AUTHENTICATION_FAILED of the protocol."""


class Gate:
    """A port that lets one user through, and counts how those ended who came."""

    def __init__(self, broker: int, user: str, password: str) -> None:
        self._broker, self._user = broker, user
        self._salt = os.urandom(16)
        self._salted = hashlib.pbkdf2_hmac("sha256", password.encode(), self._salt, ROUNDS)
        self.port = 0
        self.let_in = 0
        self.turned_away = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        onward: asyncio.StreamWriter | None = None
        with suppress(OSError, EOFError):
            answers, onward = await asyncio.open_connection("127.0.0.1", self._broker)
            if await self._logged_in(reader, writer, answers, onward):
                self.let_in += 1
                await asyncio.gather(_pass(reader, onward), _pass(answers, writer))
            else:
                self.turned_away += 1
        for end in (writer, onward):
            if end is not None:
                end.close()

    async def _logged_in(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> bool:
        login = self._login()
        next(login)
        while True:
            request = await _frame(reader)
            kind, version, correlation, client = struct.unpack_from(">hhih", request)
            body = request[10 + max(0, client) :]
            if kind == API_VERSIONS:
                _send(onward, request)
                _send(writer, _with_login(await _frame(answers)))
            elif kind == HANDSHAKE:
                _send(writer, struct.pack(">ihi", correlation, 0, 1) + _text(MECHANISM))
            elif kind == AUTHENTICATE:
                told = login.send(body[4:])
                error = WRONG_PASSWORD if told is None else 0
                answer = struct.pack(">ihh", correlation, error, -1) + _data(told or b"")
                _send(writer, answer + (struct.pack(">q", 0) if version else b""))
                if told is None or told.startswith(b"v="):
                    await writer.drain()
                    return told is not None
            else:
                return False

    def _login(self) -> Generator[bytes | None, bytes, None]:
        """Takes messages and gives the answers to them; None is a refusal."""
        first = (yield None).decode().removeprefix("n,,")
        told = dict(part.split("=", 1) for part in first.split(","))
        nonce = told["r"] + os.urandom(12).hex()
        challenge = f"r={nonce},s={base64.b64encode(self._salt).decode()},i={ROUNDS}"
        final = (yield challenge.encode()).decode()
        bare, _, proof = final.rpartition(",p=")
        words = f"{first},{challenge},{bare}".encode()
        client = _hmac(self._salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client).digest(), words)
        expected = bytes(one ^ other for one, other in zip(client, signature, strict=True))
        right = told["n"] == self._user and bare == f"c=biws,r={nonce}"
        if not (right and hmac.compare_digest(expected, base64.b64decode(proof))):
            yield None
        yield b"v=" + base64.b64encode(_hmac(_hmac(self._salted, b"Server Key"), words))


def _with_login(answer: bytes) -> bytes:
    """The broker's answer to what it speaks, with the two requests that it does not."""
    correlation, error, count = struct.unpack_from(">ihi", answer)
    more = struct.pack(">hhhhhh", HANDSHAKE, 0, 1, AUTHENTICATE, 0, 1)
    return struct.pack(">ihi", correlation, error, count + 2) + more + answer[10:]


async def _frame(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4)))


def _send(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(_data(frame))


def _data(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    raise EOFError


@asynccontextmanager
async def gate(broker: int, user: str, password: str, certificates: Path) -> AsyncIterator[Gate]:
    """A gate to a port of this machine. `certificates` is a folder with `stores.pem` and `stores.key`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "stores.pem", certificates / "stores.key")
    one = Gate(broker, user, password)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=context)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
