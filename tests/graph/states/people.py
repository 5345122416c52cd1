"""Somebody who asks, with a name and a role: several of them on one server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from storage.ports import Stores
from tests.access.issuing import Pair, bearing, edwards, settings_for, token
from tests.graph.over import served_over
from tests.serving import Asking

PAIR = edwards()


class Somebody(Asking):
    """A client who shows a token with each request."""

    def __init__(self, client: httpx.AsyncClient, pair: Pair, name: str, role: str) -> None:
        super().__init__(client)
        self._headers = bearing(token(pair, sub=name, roles=[role]))

    async def __call__(self, query: str, **variables: Any) -> dict[str, Any]:
        asked = {"query": query, "variables": variables}
        reply = await self.client.post("/graphql", json=asked, headers=self._headers)
        answer: dict[str, Any] = reply.json()
        return answer


class People:
    """Who may ask."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def one(self, role: str, name: str = "Alice") -> Somebody:
        """Somebody of this role."""
        return Somebody(self._client, PAIR, name, role)


@asynccontextmanager
async def people_over(stores: Stores, folder: Path, **settings: Any) -> AsyncIterator[People]:
    """These stores, as they are, asked by people. Their keys are kept in the folder."""
    async with served_over(stores, settings_for(folder, PAIR, **settings)) as asking:
        yield People(asking.client)
