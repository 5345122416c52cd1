"""What many tests share: stores at a place of their own, what a run tells at its end, and a profile for random tests.

A test has the embedded engines, unless its folder's `conftest.py` gives it both. Servers start when a test needs them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, settings

from app.settings import Settings
from storage.ports import Stores
from tests.places import EMBEDDED, Embedded, Places, nothing
from tests.plan.both import plans
from tests.services import left_out
from tests.services.engines import Engines, engines, mysql_server, new_data, seaweed

__all__ = ["engines", "mysql_server", "new_data", "seaweed"]

# The suites' modules are no test modules by name: say that their assertions are to be explained as well.
pytest.register_assert_rewrite(
    *(
        f"tests.conformance.{suite}"
        for suite in (
            "objects",
            "statements",
            "collecting",
            "erasing",
            "heads",
            "inspection",
            "revisions",
            "outbox",
            "links",
            "events",
            "leases",
        )
    )
)

# Examples write to disk, so their time says nothing, and a store serves all examples of a test.
# No example is remembered on disk: what fails once gets a test of its own.
settings.register_profile(
    "wikibase-graph",
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
    ],
)
settings.load_profile("wikibase-graph")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell at the end of a run what it left out for want of a service, and how much of its queries ran compiled."""
    if fields := plans().compiled + plans().standard:
        terminalreporter.write_line(f"by the plan: {plans().compiled} of {fields} fields")
    missing = left_out(terminalreporter.stats.get("skipped", ()))
    if not missing:
        return
    terminalreporter.section("left out, since a service is missing")
    for name, count in missing.most_common():
        terminalreporter.write_line(f"{name}: {count} {'test' if count == 1 else 'tests'}")


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    """Places on the embedded engines."""
    return Embedded(tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="session")
def empty_stores(embedded: Embedded) -> Path:
    """A folder of embedded stores with nothing in them, to be copied: who serves it writes into it."""
    return embedded.filled(nothing).data


@pytest.fixture
def empty_folder(embedded: Embedded, tmp_path: Path) -> Path:
    """A copy of it, for this test."""
    return embedded.empty(tmp_path / "empty").data


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """The engines that the test runs on, of `BOTH`. Where nobody says it: the embedded ones."""
    told: str = getattr(request, "param", EMBEDDED)
    return told


@pytest.fixture
def places(engine: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Places on these engines."""
    if engine == EMBEDDED:
        return cast(Places, request.getfixturevalue("embedded"))
    found: Engines = request.getfixturevalue("engines")
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def own_place(places: Places, tmp_path: Path) -> Settings:
    """A place of the test's own with nothing in it. Embedded, it is the folder `data`."""
    return places.empty(tmp_path / "data")


@pytest.fixture
async def stores(places: Places, own_place: Settings) -> AsyncIterator[Stores]:
    """The stores there."""
    async with places.opened(own_place) as opened:
        yield opened
