"""An application on a listening socket, from its first request to its end.

uvicorn serves; what is ours is the end. On SIGTERM or SIGINT: `/ready` says no, after `DRAIN_NOTICE_SECONDS` nobody is
let in any more, sockets are closed with a reason, requests and edits are finished. A second signal ends it at once, as
a crash would, which no edit that was acknowledged minds (I4).
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from app.draining import Draining
from app.exposing import shown
from app.main import application
from app.sampling import Sampler
from app.settings import Settings
from app.wire import wire

_CLOSING_SECONDS = 2.0
"""For WebSockets to say goodbye. What is still open then is closed by the server below."""


async def serve_on(
    listener: socket.socket,
    settings: Settings,
    *,
    guard: int | None = None,
    made: Callable[[Settings], Starlette] = application,
) -> None:
    """Serve until a signal. `guard` is a pipe whose other end somebody holds without whom there is nothing to serve."""
    app = made(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        # Never lower: it would quote what clients send, tokens as well.
        log_level="info" if settings.log_level == "debug" else settings.log_level,
        access_log=False,
        http=wire(settings.request_seconds),
        ws="websockets-sansio",
        ws_max_size=settings.max_body_bytes,
        lifespan="on",
        # By default uvicorn believes what whoever connects from this machine says of others.
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips or [],
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
    )
    server = _Server(config, app.state.draining, settings.drain_notice_seconds)
    if guard is not None:
        asyncio.get_running_loop().add_reader(guard, server.left_alone, guard)

    async def numbers() -> bytes:
        sampler: Sampler = app.state.sampler
        return await sampler.text()

    async with shown(settings.metrics_listen, numbers):
        await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, which ends as the module says."""

    def __init__(self, config: uvicorn.Config, draining: Draining, notice_seconds: float) -> None:
        super().__init__(config)
        self._draining, self._notice = draining, notice_seconds
        self._is_told = False
        self._exit_at = math.inf

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        if self._is_told:
            signal.signal(sig, signal.SIG_DFL)
            os.kill(os.getpid(), sig)
        self._is_told = True
        self._captured_signals.append(sig)

    def left_alone(self, guard: int) -> None:
        """Nobody holds the other end of the guard any more."""
        asyncio.get_running_loop().remove_reader(guard)
        self._is_told = True

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn asks ten times a second: whether to end now."""
        now = asyncio.get_running_loop().time()
        if self._is_told and not self._draining.is_begun:
            self._draining.begin(self._notice)
            self._exit_at = now + self._notice
        if now >= self._exit_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End."""
        for server in self.servers:
            server.close()
        for one in sockets or ():
            one.close()
        # Before uvicorn, which closes a WebSocket as if we were to restart, and asks nobody.
        self._draining.closing.set()
        deadline = asyncio.get_running_loop().time() + _CLOSING_SECONDS
        while self._sockets() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110  # uvicorn sets no event
            await asyncio.sleep(0.01)
        await super().shutdown(sockets)

    def _sockets(self) -> list[object]:
        return [one for one in self.server_state.connections if hasattr(one, "handshake_complete")]
