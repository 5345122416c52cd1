"""Clients that create and edit without pause over real sockets, and keep account of what they were told.

They go on whatever happens to a connection: what they were not told of is not in their account.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.ops.processes import PATIENCE

CREATE = 'mutation {createEntity(input: {entity: {type: "item"}}) {__typename ... on Edited {entityId revisionId}}}'
_EDIT = """mutation ($id: EntityId!, $base: Int!, $label: String!, $entity: Json!) {
    editEntity(input: {id: $id, baseRevisionId: $base, entity: $entity, meta: {summary: $label}}) {
        __typename ... on Edited {entityId revisionId}
    }
}"""
_HEAD = "query ($id: EntityId!) {entity(id: $id) {revisionId}}"


@dataclass
class Account:
    """What clients were told."""

    acknowledged: dict[tuple[str, int], str] = field(default_factory=dict)
    """By entity and revision: the label that it says since then."""
    refused: list[str] = field(default_factory=list)
    """Connections that nobody took: there was nobody who listened."""
    broken: int = 0
    """Those that broke in the middle, as they may when a process dies."""
    surprises: list[str] = field(default_factory=list)


@contextmanager
def load(address: str, clients: int) -> Iterator[Account]:
    """So many clients at work meanwhile."""
    account, over = Account(), threading.Event()
    threads = [
        threading.Thread(target=_work, args=(address, account, over, number)) for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield account
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def _work(address: str, account: Account, over: threading.Event, number: int) -> None:
    entity, base, count = "", 0, 0
    with httpx.Client(timeout=PATIENCE) as client:
        while not over.is_set():
            try:
                if not entity:
                    made = _asked(client, address, CREATE)["createEntity"]
                    entity, base = made["entityId"], made["revisionId"]
                    continue
                if not base:
                    # What became of the last edit nobody knows: look.
                    base = _asked(client, address, _HEAD, id=entity)["entity"]["revisionId"]
                count += 1
                label = f"{number}/{count}"
                told = _asked(
                    client,
                    address,
                    _EDIT,
                    id=entity,
                    base=base,
                    label=label,
                    entity={"type": "item", "labels": {"en": {"language": "en", "value": label}}},
                )["editEntity"]
                if told["__typename"] != "Edited":
                    account.surprises.append(f"{told}")
                    base = 0
                    continue
                base = told["revisionId"]
                account.acknowledged[entity, base] = label
            except httpx.ConnectError as error:
                account.refused.append(repr(error))
                base = 0
            except httpx.TransportError:
                account.broken += 1
                base = 0
            # Whatever else it is, a client that ends without a word would look like one that has nothing to tell.
            except Exception as error:
                account.surprises.append(repr(error))
                base = 0


def _asked(client: httpx.Client, address: str, query: str, **variables: Any) -> Any:
    answer = client.post(address, json={"query": query, "variables": variables}).json()
    if "data" not in answer or answer["data"] is None or "errors" in answer:
        raise AssertionError(answer)
    return answer["data"]
