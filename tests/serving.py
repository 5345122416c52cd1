"""The application served in this process, and the command served in another."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.main import application
from app.settings import Settings


class Asking:
    """A client of `/graphql`: query in, JSON out."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def __call__(self, query: str, **variables: Any) -> dict[str, Any]:
        reply = await self.client.post("/graphql", json={"query": query, "variables": variables})
        answer: dict[str, Any] = reply.json()
        return answer

    async def data(self, query: str, **variables: Any) -> Any:
        """The data of a query that has no errors."""
        answer = await self(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Asking]:
    """The application of these settings in this process, without a socket."""
    app = application(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client,
    ):
        asking = Asking(client)
        yield asking


@contextmanager
def served_by_command(data: Path, *options: str) -> Iterator[str]:
    """`wikibase-graph serve` in a process of its own, on a free port; gives its address, stops it by SIGTERM."""
    command = [sys.executable, "-m", "app.commands", "serve", "--port", "0", "--data", str(data), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                if match := re.search(r"http://\S+/graphql", line):
                    yield match[0]
                    break
            else:
                raise AssertionError("the server ended without telling its address")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
