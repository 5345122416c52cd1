"""The numbers at `/metrics` are those of what was done (O2, E4, T3)."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.compose import open_stores
from app.requests import NAMES, Names, Request
from app.settings import Settings
from storage.ports import Stores
from tests.access.issuing import Pair, edwards, settings_for
from tests.graph.counting import counted
from tests.ops.numbers import numbers, until
from tests.ops.sockets import app_of, opened
from tests.places import BOTH
from tests.serving import Asking, served

both = pytest.mark.parametrize("engine", BOTH, indirect=True)

CREATE = "mutation Create($e: Json!) {createEntity(input: {entity: $e}) {__typename ... on Edited {entityId revisionId} ... on Refusal {code}}}"
EDIT = "mutation Edit($id: EntityId!, $e: Json!, $b: Int!) {editEntity(input: {id: $id, entity: $e, baseRevisionId: $b}) {__typename ... on Edited {entityId revisionId} ... on Refusal {code}}}"


def an_item(label: str, **more: Any) -> dict[str, Any]:
    return {"type": "item", "labels": {"en": {"language": "en", "value": label}}, **more}


@both
async def test_operations_are_counted_by_type_and_name(ask: Asking) -> None:
    for _ in range(3):
        await ask.data('query Adams {entity(id: "Q42") {id}}')
    await ask.data('{entity(id: "Q42") {id}}')
    await ask.data(CREATE, e=an_item("a"))

    found = await numbers(ask.client)

    assert found.of("operation_seconds_count", type="query", name="Adams") == 3
    assert found.of("operation_seconds_count", type="query", name="unnamed") == 1
    assert found.of("operation_seconds_count", type="mutation", name="Create") == 1
    assert found.sum("operation_seconds_count") == 5
    assert found.of("operation_seconds_sum", type="query", name="Adams") > 0
    assert found.of("http_requests_total", path="/graphql", status="200") == 5


async def test_errors_are_counted_by_their_code(ask: Asking) -> None:
    await ask("{nothing}")
    await ask("{")
    await ask('{a: entity(id: "Q42", revisionId: 77) {id} b: entity(id: "Q42", revisionId: 78) {id}}')

    found = await numbers(ask.client)

    assert found.of("errors_total", code="invalid_query") == 1
    assert found.of("errors_total", code="syntax_error") == 1
    assert found.of("errors_total", code="revision_not_found") == 2
    assert found.sum("errors_total") == 4


@both
async def test_calls_of_stores_objects_and_cache_are_what_the_engines_were_asked(ask: Asking) -> None:
    before = await numbers(ask.client)
    query = (
        '{entity(id: "Q42") {statements(properties: ["P31"]) {rank} ... on Item {label(languageCode: "en")}}}'
    )

    with counted() as first:
        await ask.data(query)
    with counted() as second:
        await ask.data(query)

    found = await numbers(ask.client)

    assert (len(first.objects), len(second.objects)) == (2, 0)
    for bucket in ("wikibase-revisions", "wikibase-statements"):
        # Bytes of the probe for readiness are none: nobody asked.
        assert found.of("object_reads_total", bucket=bucket) == 1 + (
            before.of("object_reads_total", bucket=bucket)
        )
        assert found.of("object_read_bytes_total", bucket=bucket) > before.of(
            "object_read_bytes_total", bucket=bucket
        )
    assert found.of("store_call_seconds_count", store="objects", verb="get") == 2
    assert found.of("store_call_seconds_count", store="metadata", verb="heads") == 2
    assert len(first.queries) + len(second.queries) == 2
    assert (found.of("cache_misses_total"), found.of("cache_hits_total")) == (2, 2)
    assert found.of("cache_bytes") > 0
    assert found.of("loader_batch_size_count", loader="head") == 2


async def test_loaders_tell_how_much_they_read_at_once(ask: Asking) -> None:
    await ask.data('{entities(ids: ["Q42", "Q5", "P31"]) {id}}')

    found = await numbers(ask.client)

    assert found.of("loader_batch_size_count", loader="head") == 1
    assert found.of("loader_batch_size_sum", loader="head") == 3


async def test_a_full_cache_tells_what_had_to_make_room(sampled: Settings) -> None:
    async with served(replace(sampled, cache_bytes=30_000)) as ask:
        for name in ("Q42", "Q5", "P31"):
            await ask.data(f'{{entity(id: "{name}") {{statements {{rank}}}}}}')
        found = await numbers(ask.client)

    assert found.of("cache_evictions_total") > 0
    assert 0 < found.of("cache_bytes") <= 30_000


@both
async def test_edits_are_counted_by_what_they_change_and_how_they_ended(ask: Asking) -> None:
    """W3, W4, W10"""
    made = (await ask.data(CREATE, e=an_item("a")))["createEntity"]["entityId"]
    await ask.data(EDIT, id=made, e=an_item("b"), b=1)
    await ask.data(EDIT, id=made, e=an_item("b"), b=2)
    await ask.data(EDIT, id=made, e=an_item("a"), b=1)
    await ask.data(EDIT, id=made, e=an_item("c", nonsense=1), b=2)
    await ask.data(
        f'mutation {{deleteEntity(input: {{id: "{made}", reason: "why"}}) {{__typename}}}}',
    )

    found = await numbers(ask.client)

    changed = {
        (change, result): found.of("edits_total", change=change, result=result)
        for change in found.labels("edits_total", "change")
        for result in found.labels("edits_total", "result")
        if found.of("edits_total", change=change, result=result)
    }
    assert changed == {
        ("set_content", "created"): 1,
        ("set_content", "edited"): 1,
        ("set_content", "unchanged"): 1,
        ("set_content", "edit_conflict"): 1,
        ("set_content", "invalid"): 1,
        ("soft_delete", "edited"): 1,
    }
    assert found.of("edit_faults_total", code="unknown_field") == 1
    assert found.of("validation_seconds_count") == 6
    assert found.of("edits_underway") == 0
    # The snapshots of three revisions; an edit that was refused or changed nothing writes none.
    assert found.of("object_writes_total", bucket="wikibase-revisions") == 3


@both
async def test_what_follows_edits_is_counted_until_nothing_is_owed(ask: Asking) -> None:
    """E4"""
    for number in range(3):
        await ask.data(CREATE, e=an_item(f"{number}"))

    found = await until(
        ask.client,
        lambda now: now.of("relayed_total", job="publishing") >= 3 and now.sum("outbox_revisions") == 0,
    )

    assert found.of("events_published_total") == 3
    assert found.of("relayed_total", job="publishing") == 3
    assert found.of("relay_round_seconds_count", job="publishing") in (1, 2, 3)
    assert found.of("outbox_age_seconds", owed="publishing") == 0


async def test_a_stream_that_is_away_shows_by_what_is_owed_and_for_how_long(sampled: Settings) -> None:
    """E3, E4: edits go on."""
    async with served(replace(sampled, kafka_brokers=f"127.0.0.1:{nobodys_port()}")) as ask:
        for number in range(2):
            await ask.data(CREATE, e=an_item(f"{number}"))
        found = await until(
            ask.client,
            lambda now: (
                now.of("outbox_age_seconds", owed="publishing") > 0.2
                and now.sum("store_failures_total", store="events", verb="publish") >= 1
                and now.of("outbox_revisions", owed="deriving") == 0
            ),
        )

    assert found.of("outbox_revisions", owed="publishing") == 2
    assert found.of("events_published_total") == 0
    assert found.of("store_failures_total", store="events", verb="publish", code="unavailable") >= 1


async def test_collisions_are_counted(sampled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """T3: an alert is counted. The hash is injected: all statements want one place."""

    @asynccontextmanager
    async def colliding(settings: Settings) -> AsyncIterator[Stores]:
        async with open_stores(settings) as stores:
            yield replace(stores, hasher=lambda _, probe: 77 + probe)

    monkeypatch.setattr("app.main.open_stores", colliding)
    async with served(sampled) as ask:
        for number in range(3):
            await ask.data(CREATE, e=an_item(f"{number}", claims={"P1476": [_said(number)]}))
        found = await numbers(ask.client)

    assert found.of("collisions_total") == 0 + 1 + 2


async def test_websockets_are_counted_while_they_are_open(sampled: Settings) -> None:
    async with served(sampled) as ask:
        assert (await numbers(ask.client)).of("websockets_open") == 0
        async with opened(app_of(ask)) as socket:
            await socket.say({"type": "connection_init"})
            await socket.hear()
            await socket.say(
                {"type": "subscribe", "id": "1", "payload": {"query": 'query Adams {entity(id: "Q42") {id}}'}}
            )
            assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]
            during = await numbers(ask.client)
        after = await numbers(ask.client)

    assert during.of("websockets_open") == 1
    assert during.of("operation_seconds_count", type="query", name="Adams") == 1
    assert after.of("websockets_open") == 0


def test_names_that_clients_make_up_have_no_end_but_few_numbers() -> None:
    """Prometheus keeps each name for ever."""
    names = Names()
    told = [names.label(Request(name=f"Name{number}", is_known=True)) for number in range(1000)]

    assert len(set(told)) == NAMES + 1
    assert told[0] == "Name0"
    assert told[-1] == "other"
    assert names.label(Request(name="Name0")) == "Name0", "as soon as it is known, whoever asks"
    assert Names().label(Request(name="x" * 65, is_known=True)) == "other"


def test_names_of_strangers_are_no_numbers_of_their_own() -> None:
    """Else whoever comes first takes them all."""
    assert Names().label(Request(name="Mine", is_known=False)) == "other"
    assert Names().label(Request(name="", is_known=False)) == "unnamed"


def test_names_that_are_listed_are_the_only_ones() -> None:
    names = Names("Mine, Yours")

    assert [names.label(Request(name=name)) for name in ("Mine", "Yours", "Theirs")] == [
        "Mine",
        "Yours",
        "other",
    ]
    assert names.label(Request(name="Theirs", is_known=True)) == "other"


@pytest.fixture(scope="module")
def pair() -> Pair:
    return edwards()


async def test_a_stranger_where_there_are_credentials_names_nothing(
    sampled: Settings, pair: Pair, tmp_path: Path
) -> None:
    settings = replace(settings_for(tmp_path, pair), data=sampled.data, metrics="open")
    async with served(settings) as ask:
        await ask.data("query Mine {__typename}")
        found = await numbers(ask.client)

    assert found.labels("operation_seconds_count", "name") == {"other"}


@pytest.mark.parametrize(
    ("metrics", "headers", "client", "status"),
    [
        ("loopback", {}, "127.0.0.1", 200),
        ("loopback", {}, "::1", 200),
        ("loopback", {}, "192.0.2.1", 404),
        ("loopback", {"x-forwarded-for": "192.0.2.1"}, "127.0.0.1", 404),
        ("open", {}, "192.0.2.1", 200),
        ("off", {}, "127.0.0.1", 404),
    ],
)
async def test_numbers_are_shown_to_whom_the_settings_say(
    sampled: Settings,
    pair: Pair,
    tmp_path: Path,
    metrics: str,
    headers: dict[str, str],
    client: str,
    status: int,
) -> None:
    """Not public by default. With credentials, else strangers don't get this far."""
    settings = replace(settings_for(tmp_path, pair), data=sampled.data, metrics=metrics)
    async with served(settings) as ask:
        transport = httpx.ASGITransport(app_of(ask), client=(client, 1234))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as other:
            reply = await other.get("/metrics", headers=headers)

    assert reply.status_code == status
    assert ("wikibase_graph_" in reply.text) == (status == 200)


def _said(number: int) -> dict[str, Any]:
    value = {"type": "monolingualtext", "value": {"text": f"{number}", "language": "en"}}
    snak = {"snaktype": "value", "property": "P1476", "datavalue": value, "datatype": "monolingualtext"}
    return {"type": "statement", "rank": "normal", "mainsnak": snak}


def nobodys_port() -> int:
    """Where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
