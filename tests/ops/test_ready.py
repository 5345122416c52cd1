"""`/health` and `/ready`: what they claim is what is so (O2)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import pytest
from starlette.datastructures import State

from app import health
from app.compose import open_stores
from app.settings import Settings
from storage.ports import Stores
from tests.faults import Faults, When
from tests.ops.sockets import app_of
from tests.ops.test_metrics import nobodys_port
from tests.places import BOTH
from tests.serving import Asking, served

both = pytest.mark.parametrize("engine", BOTH, indirect=True)

PARTS = {"metadata", "objects", "events", "schema"}


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """What befalls the stores of the application that is served."""
    faults = Faults()

    @asynccontextmanager
    async def faulty(settings: Settings) -> AsyncIterator[Stores]:
        async with open_stores(settings) as stores:
            yield faults.wrap(stores)

    monkeypatch.setattr("app.main.open_stores", faulty)
    return faults


@both
async def test_a_server_whose_stores_answer_is_ready(ask: Asking) -> None:
    reply = await ask.client.get("/ready")
    told = reply.json()

    assert (reply.status_code, told["ready"], told["warnings"]) == (200, True, [])
    assert {name: part["state"] for name, part in told["parts"].items()} == dict.fromkeys(PARTS, "ok")
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("verb", "part"), [("metadata.registered", "metadata"), ("objects.get", "objects")])
async def test_without_a_store_it_is_not(faults: Faults, sampled: Settings, verb: str, part: str) -> None:
    async with served(sampled) as ask:
        faults.fail(When.BEFORE, verb=verb, times=None)
        reply = await ask.client.get("/ready")

    told = reply.json()
    assert (reply.status_code, told["ready"], told["warnings"]) == (503, False, [part])
    assert told["parts"][part] == {"state": "away", "why": "unavailable"}
    assert all(told["parts"][name]["state"] == "ok" for name in PARTS - {part})


async def test_a_store_that_hangs_counts_as_away(
    faults: Faults, sampled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe must be answered, else whoever probes learns nothing."""
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    async with served(sampled) as ask:
        pause = faults.pause(When.BEFORE, verb="objects.get")
        reply = await ask.client.get("/ready")
        alive = await ask.client.get("/health")
        pause.go.set()

    assert (reply.status_code, alive.status_code) == (503, 200)
    assert reply.json()["parts"]["objects"] == {"state": "away", "why": "timeout"}


async def test_without_the_stream_it_serves_and_warns(sampled: Settings) -> None:
    """E3: edits don't wait for Kafka."""
    async with served(replace(sampled, kafka_brokers=f"127.0.0.1:{nobodys_port()}")) as ask:
        reply = await ask.client.get("/ready")

    told = reply.json()
    assert (reply.status_code, told["ready"], told["warnings"]) == (200, True, ["events"])
    assert told["parts"]["events"]["state"] == "degraded"


@pytest.mark.parametrize(
    ("version", "status", "state", "why"),
    [("9999", 200, "degraded", "newer_schema"), ("0001", 503, "away", "older_schema")],
)
async def test_the_schema_that_changes_under_a_server(
    ask: Asking, sampled: Settings, version: str, status: int, state: str, why: str
) -> None:
    """Who upgrades migrates first: running servers go on with the newer tables until they are replaced."""
    with closing(sqlite3.connect(sampled.data / "metadata.sqlite")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = ?", (version,))

    reply = await ask.client.get("/ready")

    assert reply.status_code == status
    assert reply.json()["parts"]["schema"]["state"] == state
    assert reply.json()["parts"]["schema"]["why"] == why


async def test_many_who_ask_are_one_question(faults: Faults, sampled: Settings) -> None:
    """Probes must be no burden, whoever sends them."""
    async with served(sampled) as ask:
        pause = faults.pause(When.BEFORE, verb="metadata.registered")
        asking = [asyncio.create_task(ask.client.get("/ready")) for _ in range(20)]
        await pause.reached.wait()
        asking.pop().cancel()  # one who goes away takes nothing from the others
        pause.go.set()
        replies = await asyncio.gather(*asking)

        assert {reply.status_code for reply in replies} == {200}
        assert faults.verbs().count("metadata.registered") == 1


async def test_what_was_found_is_not_believed_for_long(
    faults: Faults, sampled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(sampled) as ask:
        faults.fail(When.BEFORE, verb="objects.get", times=1)
        first = await ask.client.get("/ready")
        monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
        second = await ask.client.get("/ready")

    assert (first.status_code, second.status_code) == (503, 200)


async def test_a_server_that_is_to_end_is_not_ready_but_alive(ask: Asking) -> None:
    state: State = app_of(ask).state
    state.draining.begin()

    ready, alive = await ask.client.get("/ready"), await ask.client.get("/health")

    assert (ready.status_code, ready.json()["ending"], alive.status_code) == (503, True, 200)
    assert {part["state"] for part in ready.json()["parts"].values()} == {"ok"}


async def test_what_it_tells_has_no_address_and_no_secret(faults: Faults, sampled: Settings) -> None:
    settings = replace(sampled, kafka_brokers="127.0.0.1:1", erasure_key="a-secret-key")
    async with served(settings) as ask:
        faults.fail(When.BEFORE, verb="metadata.registered", times=None)
        told = (await ask.client.get("/ready")).text

    assert not [word for word in ("127.0.0.1", "a-secret-key", str(settings.data)) if word in told]
