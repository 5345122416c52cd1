"""Traces from a request, or a round of the relay, down to each call of a store, taken by a real collector (O2)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from app.compose import open_stores
from app.settings import Settings, WrongSetting
from app.tracing import is_wanted
from storage.ports import Stores
from tests.faults import Call, Faults, When
from tests.ops.collector import Collector, collecting
from tests.ops.numbers import until
from tests.ops.sockets import app_of, opened
from tests.ops.test_metrics import CREATE, an_item
from tests.places import BOTH
from tests.serving import served

both = pytest.mark.parametrize("engine", BOTH, indirect=True)

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
QUERY = 'query Adams {entity(id: "Q42") {id statements(properties: ["P31"]) {rank}}}'


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Where the application exports to, when it ends at the latest."""
    with collecting() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.endpoint)
        yield one


@both
async def test_a_query_is_traced_down_to_the_stores(collector: Collector, sampled: Settings) -> None:
    async with served(sampled) as ask:
        await ask.data(QUERY)

    [get] = collector.named("objects.get")
    [heads] = collector.named("metadata.heads")
    above = ["POST /graphql", "query Adams"]
    assert collector.path(heads) == [*above, "load head", "metadata.heads"]
    assert collector.path(get) == [*above, "load statement", "objects.get"]
    assert heads.attributes["wikibase.keys"] == 1
    assert {span.trace for span in collector.spans if collector.path(span)[0] == above[0]} == {heads.trace}
    assert collector.services == {"wikibase-graph"}


@both
async def test_an_edit_is_traced_down_to_its_commit(collector: Collector, sampled: Settings) -> None:
    async with served(sampled) as ask:
        await ask.data(CREATE, e=an_item("a"))

    [commit] = collector.named("metadata.commit")
    [put] = collector.named("objects.put_absent")
    above = ["POST /graphql", "mutation Create", "edit set_content"]
    assert collector.path(commit) == [*above, "metadata.commit"]
    assert collector.path(put) == [*above, "objects.put_absent"]


async def test_a_trace_that_began_elsewhere_goes_on_here(collector: Collector, sampled: Settings) -> None:
    async with served(sampled) as ask:
        await ask.client.post("/graphql", json={"query": QUERY}, headers=PARENT)

    [request] = collector.named("POST /graphql")
    assert (request.trace, request.parent) == (TRACE, "b7ad6b7169203331")


async def test_a_round_of_the_relay_is_a_trace_of_its_own(collector: Collector, sampled: Settings) -> None:
    """And polls that find nothing are none: there are three a second."""
    async with served(sampled) as ask:
        await ask.data(CREATE, e=an_item("a"))
        await until(ask.client, lambda now: now.of("relayed_total", job="publishing") >= 1)

    [publish] = collector.named("events.publish")
    assert collector.path(publish) == ["relay publishing", "events.publish"]
    [create] = collector.named("mutation Create")
    assert publish.trace != create.trace
    assert collector.named("metadata.hold_lease") == []
    assert collector.named("metadata.unpublished") == []


async def test_operations_on_a_websocket_are_traces_of_their_own(
    collector: Collector, sampled: Settings
) -> None:
    async with served(sampled) as ask, opened(app_of(ask)) as socket:
        await socket.say({"type": "connection_init"})
        await socket.hear()
        for name in ("1", "2"):
            await socket.say({"type": "subscribe", "id": name, "payload": {"query": QUERY}})
            assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]

    traces = [span.trace for span in collector.named("metadata.heads")]
    assert len(set(traces)) == 2
    assert [collector.path(span)[0] for span in collector.named("metadata.heads")] == ["query Adams"] * 2


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


async def broken(_: Call) -> None:
    raise RuntimeError("a fault of ours, quoting what somebody wrote")


async def test_a_masked_error_tells_the_trace_that_it_is_in(
    collector: Collector, faults: Faults, sampled: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(sampled) as ask:
        faults.do(broken, When.BEFORE, verb="metadata.heads")
        answer = await ask(QUERY)

    [heads] = collector.named("metadata.heads")
    told = answer["errors"][0]["extensions"]
    assert (told["code"], told["traceId"]) == ("internal_error", heads.trace)
    assert f"trace {heads.trace}" in caplog.text
    assert heads.failure == "RuntimeError"
    assert "somebody wrote" not in repr(collector.spans)


async def test_without_a_collector_a_masked_error_tells_the_callers_trace(
    faults: Faults, sampled: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(sampled) as ask:
        faults.do(broken, When.BEFORE, verb="metadata.heads", times=2)
        of_theirs = await ask.client.post("/graphql", json={"query": QUERY}, headers=PARENT)
        of_ours = await ask(QUERY)

    assert of_theirs.json()["errors"][0]["extensions"]["traceId"] == TRACE
    own = of_ours["errors"][0]["extensions"]["traceId"]
    assert re.fullmatch("[0-9a-f]{32}", own)
    assert own != TRACE
    assert f"trace {TRACE}" in caplog.text
    assert f"trace {own}" in caplog.text


async def test_a_collector_that_is_away_keeps_nothing_back(
    sampled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with served(sampled) as ask:
        assert (await ask.data(QUERY))["entity"]["id"] == "Q42"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
    ],
)
def test_the_standard_variables_turn_traces_on(environment: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environment) is wanted


@pytest.mark.parametrize(
    ("name", "value"), [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]
)
def test_what_is_not_built_in_is_refused_by_name(name: str, value: str) -> None:
    """And not passed over: somebody would look for traces that nobody sends."""
    with pytest.raises(WrongSetting, match=name):
        is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", name: value})
