"""The graph over stores that a test fills itself: nothing is derived, kept or relayed unless the test does it.

Knows the endpoint, so that what is asked here goes the whole way from JSON to JSON.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from app.clients import clients_of
from app.endpoint import graphql
from app.limits import limits_of
from app.persisted import documents_of
from app.settings import Settings
from app.tokens import tokens_of
from app.work import Work
from storage import reading, relay, times
from storage.feed import Feed
from storage.ids import entity_id
from storage.keys import Key, snapshot_key
from storage.model import EditInfo, Flags, Snapshot
from storage.ports import NewObject, Stores, Swap
from storage.references import References
from storage.snapshot import snapshot_bytes
from tests.builders import a_swap, an_attempt
from tests.serving import Asking

UNBOUNDED = Settings(max_list_length=0, max_page_size=0, max_cost=0)
"""For what the schema itself bounds, which is looked at after what a request may ask for."""


@asynccontextmanager
async def app_over(stores: Stores, settings: Settings | None = None) -> AsyncIterator[Starlette]:
    """An application over these stores as they are. Of the settings those count that are not about engines."""
    app = Starlette(routes=[Route("/graphql", graphql, methods=["POST"])])
    settings = settings or Settings()
    app.state.settings, app.state.stores, app.state.tokens = settings, stores, tokens_of(settings)
    app.state.feed = Feed(stores.events)
    credentials = app.state.tokens is not None
    app.state.limits = limits_of(settings, credentials=credentials)
    app.state.documents = documents_of(settings, app.state.limits.rules)
    app.state.clients = clients_of(settings, credentials=credentials)
    app.state.work = Work(
        stores,
        clock=times.now,
        references=References.OFF,
        maintained_by=settings.maintained_by,
        poll_seconds=1,
    )
    yield app
    await app.state.feed.close()
    await app.state.work.drain(30)


@asynccontextmanager
async def served_over(stores: Stores, settings: Settings | None = None) -> AsyncIterator[Asking]:
    """Ask these stores as they are, by such an application."""
    async with (
        app_over(stores, settings) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
    ):
        yield Asking(client)


def told(answer: dict[str, Any]) -> list[tuple[str, list[str | int] | None]]:
    """The errors of an answer: the code and the path of each, in order of the paths."""
    found = [(error["extensions"]["code"], error.get("path")) for error in answer.get("errors", ())]
    return sorted(found, key=str)


async def settle(stores: Stores) -> None:
    """Draw all that commits owe."""
    await relay.settle(stores, clock=times.now)


async def hard_delete(stores: Stores, entity: str) -> None:
    """Commit a tombstone after which nothing of the entity may be read."""
    head = (await stores.metadata.heads([entity_id(entity)]))[entity_id(entity)].head
    await stores.metadata.commit(
        a_swap(entity, head.revision + 1, head.revision, flags=Flags(is_deleted=True))
    )


async def redirect_rows(stores: Stores, *names: str) -> None:
    """Commit that each redirects to the next, whatever the write flow would say of it. The rows alone: no snapshots."""
    for source, target in pairwise(names):
        entity = entity_id(source)
        head = (await stores.metadata.heads([entity])).get(entity)
        number = head.head.revision if head is not None else None
        await stores.metadata.commit(
            a_swap(source, (number or 0) + 1, number, redirects_to=target, redirect_changed=True)
        )


async def soft_delete(stores: Stores, entity: str, **told: Any) -> None:
    """Commit a tombstone that keeps the content. `told` are further fields of its snapshot."""
    await stored_again(stores, entity, Flags(is_soft_deleted=True), **told)


async def stored_again(stores: Stores, entity: str, flags: Flags, **others: Any) -> None:
    """Commit the content of the head once more, with other flags and fields of the snapshot."""
    row = await reading.row_of(stores, entity_id(entity))
    assert row.index is not None
    place = (row.entity, row.revision)
    before, _ = await reading.content_of(stores, row)
    number = row.revision + 1
    snapshot: Snapshot = replace(before, revision=number, flags=flags, created_at=times.now(), **others)
    data = snapshot_bytes(snapshot)
    swap: Swap = replace(
        a_swap(entity, number, row.revision, edit=EditInfo(snapshot.created_by)),
        snapshot=snapshot,
        index=row.index,
        ids=(await stores.metadata.statement_ids([place]))[place],
        size_bytes=len(data),
    )
    key = snapshot_key(row.entity, number)
    await stores.objects.put_absent([NewObject(key, data, swap.attempt)])
    await stores.metadata.commit(swap)


async def put_instead(stores: Stores, key: Key, data: bytes, names: Sequence[Key] = ()) -> None:
    """Other bytes in place of an object, by the same attempt: what only a fault of the store itself could do.

    `names` are other keys to write them under instead of the object's own.
    """
    before = (await stores.objects.get([key])).get(key)
    attempt = getattr(before, "attempt", None) or an_attempt()
    await stores.objects.delete([key])
    await stores.objects.put_absent([NewObject(name, data, attempt) for name in names or [key]])


async def all_pages(ask: Asking, query: str, path: Sequence[str], size: int, **variables: Any) -> list[Any]:
    """The nodes of all pages of a connection, asked for with `$first` and `$after` until there are no more."""
    nodes: list[Any] = []
    after: str | None = None
    cursors: set[str] = set()
    while True:
        found = await ask.data(query, first=size, after=after, **variables)
        for name in path:
            found = found[name]
        nodes += found["nodes"]
        assert len(found["nodes"]) <= size
        if not found["pageInfo"]["hasNextPage"]:
            return nodes
        after = found["pageInfo"]["endCursor"]
        assert after is not None
        assert after not in cursors, "a page that does not go on"
        cursors.add(after)
