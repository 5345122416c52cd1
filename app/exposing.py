"""`/metrics`: the numbers as Prometheus reads them, and to whom they are shown.

They name operations and tell how much is edited, so by default they are for who asks on this machine itself. What is
to be reached from elsewhere gets an address of its own (`METRICS_LISTEN`), on a network that only Prometheus is on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.loopback import is_forwarded, is_loopback
from app.settings import WrongSetting

_LONGEST_REQUEST = 65536


async def metrics(request: Request) -> Response:
    """Answer a GET of `/metrics`."""
    state = request.app.state
    if not _may_see(request):
        return PlainTextResponse("not found\n", 404)
    return Response(await state.sampler.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_see(request: Request) -> bool:
    match request.app.state.settings.metrics:
        case "open":
            return True
        case "loopback":
            here = request.client is not None and is_loopback(request.client.host)
            return here and not is_forwarded(request.headers)
    return False


@asynccontextmanager
async def shown(listen: str, text: Callable[[], Awaitable[bytes]]) -> AsyncIterator[int | None]:
    """Answer whoever asks at this `host:port` with what `text` gives; the port, None where there is no address.

    WrongSetting if it is none, or is taken.
    """
    address = _address(listen)
    if address is None:
        yield None
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                head = await reader.readuntil(b"\r\n\r\n")
                is_right = head.split(b" ", 2)[:2] in ([b"GET", b"/metrics"], [b"GET", b"/"])
                status, body = (b"200 OK", await text()) if is_right else (b"404 Not Found", b"not found\n")
                lines = (
                    b"HTTP/1.1 " + status,
                    b"Content-Type: " + CONTENT_TYPE_PLAIN_0_0_4.encode(),
                    b"Content-Length: %d" % len(body),
                    b"Connection: close",
                )
                writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked is gone, or asked for nothing
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, *address, limit=_LONGEST_REQUEST)
    except OSError as error:
        raise WrongSetting(f"METRICS_LISTEN={listen!r}: {error.strerror}") from error
    async with server:
        yield server.sockets[0].getsockname()[1]


def _address(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise WrongSetting(f"METRICS_LISTEN={text!r} is not host:port")
    return host.strip("[]") or "127.0.0.1", int(port)
