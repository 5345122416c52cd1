"""Where the stream of changes of a served command is."""

from __future__ import annotations

from typing import Any

import httpx

from tests.http.reading_events import read_events

POSITION = "{changesPosition}"
CREATE = 'mutation {createEntity(input: {entity: {type: "item"}}) {... on Edited {entityId}}}'


def settled(address: str) -> str:
    """Where the stream of changes of a server is when all that was made so far has been told.

    A write is acknowledged before it is told, so a position that is asked just after one may lie before it.
    This makes one more entity, and waits until it is heard of.
    """
    with httpx.Client(timeout=60) as client:

        def ask(query: str) -> Any:
            return client.post(address, json={"query": query}).json()["data"]

        query = f'subscription {{entityChanges(from: "{ask(POSITION)["changesPosition"]}") {{entityId}}}}'
        made = ask(CREATE)["createEntity"]["entityId"]
        with client.stream(
            "GET", f"{address}/stream", params={"query": query}, headers={"accept": "text/event-stream"}
        ) as reply:
            return next(
                heard.id
                for heard in read_events(reply.iter_lines())
                if heard.json["data"]["entityChanges"]["entityId"] == made
            )
