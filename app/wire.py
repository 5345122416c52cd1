"""HTTP/1.1 on a connection: uvicorn's, and what it leaves open.

A head may be only so long and take only so long to arrive. What is no HTTP is refused in the same form as all else. Who is
refused while still sending gets to read why: a connection that is closed on unread bytes is reset, and its answer lost. And
who has sent all and closed that direction is answered.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.refusals import coded_error

LONGEST_HEAD = 65_536
"""Bytes of a request before its body. What comes in one piece may be a few times as long."""
LINGER_SECONDS = 2.0
"""How long a client that is refused may go on sending before it reads the answer."""


def wire(seconds: float) -> type[asyncio.Protocol]:
    """The protocol for uvicorn, with so many seconds for a head to arrive."""
    return type("Wire", (Wire,), {"head_seconds": seconds})


class Wire(HttpToolsProtocol):
    """One connection."""

    head_seconds: ClassVar[float]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._in_head = False
        """Whether a request has begun, and its head is not whole."""
        self._partial = False
        """Whether a request has begun, and is not whole."""
        self._deaf = False
        """Whether what else arrives is thrown away."""
        self._ends = False
        self._length = 0
        self._timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        went_on = self._in_head
        super().data_received(data)
        if went_on and self._in_head:
            self._length += len(data)
            if self._length > LONGEST_HEAD:
                self._refuse(431, "head_too_long", f"the head of a request may have {LONGEST_HEAD} bytes")

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio's asks for a truth value
        """Stay open while who sends nothing more is owed an answer."""
        if self._partial and not self._deaf:
            self._refuse(400, "cut_off", "the request ended before it was whole")
        elif not self._deaf and self._is_owed():
            self.cycle.keep_alive = False
            return not self.cycle.response_started
        return None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._partial, self._length = True, True, 0
        self._timer.cancel()
        self._timer = self.loop.call_later(self.head_seconds, self._head_is_late)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._timer.cancel()
        super().on_headers_complete()
        if self._is_owed():
            self.cycle.transport = cast(Any, _Gentle(self))

    def on_message_complete(self) -> None:
        self._partial = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn does with bytes that are no HTTP."""
        self._refuse(400, "not_http", "this is no request of HTTP/1.1 that can be read")

    def close_gently(self) -> None:
        """Close what is answered; of a request that is still sent, after the time to send the rest and to read."""
        if self._ends or self.transport.is_closing():
            return
        self._ends = True
        if not self._partial:
            self.transport.close()
            return
        self._deaf = True
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _is_owed(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _head_is_late(self) -> None:
        if self._in_head:
            self._refuse(408, "head_timeout", f"the head did not arrive within {self.head_seconds:g} seconds")
        else:
            self.transport.close()

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer what can't become a request, and read no more. Answers that are under way are sent to their end."""
        self._timer.cancel()
        if self._is_owed():
            if self.pipeline or self.cycle.response_started or not self.cycle.more_body:
                self._deaf = True
                self.cycle.keep_alive = False
                return
            # It is this very request whose body is broken: whoever waits for it is told that it does not come.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = coded_error(code, message)
        head = [
            STATUS_LINE[status],
            b"content-type: application/json; charset=utf-8\r\n",
            b"content-length: %d\r\n" % len(body),
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([*head, body]))
        self._partial = True
        self.close_gently()


class _Gentle:
    """The transport as a response needs it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def write(self, data: bytes) -> None:
        self._wire.transport.write(data)

    def close(self) -> None:
        self._wire.close_gently()
