"""The application served in this process, and the command served in another."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.datastructures import State

from app.access import EVERYBODY
from app.asked import Asked
from app.execution import answers
from app.main import application
from app.settings import Settings
from storage.feed import Feed

AN_EDIT = """mutation {
    createEntity(input: {entity: {type: "item", labels: {en: {language: "en", value: "new"}}}}) {__typename}
}"""


class Asking:
    """A client of `/graphql`: query in, JSON out."""

    def __init__(self, client: httpx.AsyncClient, state: State | None = None) -> None:
        self.client = client
        self._state = state

    async def __call__(self, query: str, **variables: Any) -> dict[str, Any]:
        reply = await self.client.post("/graphql", json={"query": query, "variables": variables})
        answer: dict[str, Any] = reply.json()
        return answer

    async def data(self, query: str, **variables: Any) -> Any:
        """The data of a query that has no errors."""
        answer = await self(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def first_change(self, subscription: str, edit: str) -> Any:
        """The data of the first change that a subscription without `from` tells, when this edit is made meanwhile."""
        assert self._state is not None
        feed: Feed = self._state.feed
        async with aclosing(answers(self._state, Asked(subscription), EVERYBODY)) as changes:
            first = asyncio.ensure_future(anext(changes))
            async with asyncio.timeout(60):
                while not feed.followers and not first.done():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
                await self.data(edit)
                answer = await first
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Asking]:
    """The application of these settings in this process, without a socket."""
    app = application(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
    ):
        asking = Asking(client, app.state)
        yield asking


@contextmanager
def served_by_command(
    data: Path,
    *options: str,
    module: str = "app.commands",
    environment: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """`wikibase-graph serve` in a process of its own, on a free port; gives its address, stops it by SIGTERM.

    `module` may be one that adds something to the command, `environment` holds settings of this server alone:
    set for the whole process they would reach the servers of other tests too.
    """
    command = [sys.executable, "-m", module, "serve", "--port", "0", "--data", str(data), *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"},
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
