"""Clients that disconnect at random moments. `python -m tests.failing.disconnects` lets ten thousand of them go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.failing.disconnects import a_server, assert_true, run
from tests.services.engines import Engines

COUNT = 2_000


async def test_clients_that_go_away_leave_nothing_behind(
    engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I4, I13, I16: no task, no connection in use, no transaction, no socket; and what was acknowledged is there."""
    for name, value in engines.environment.items():
        monkeypatch.setenv(name, value)
    place = engines.empty(tmp_path / "data")
    with a_server(place) as address:
        clients = await run(address, COUNT, seed=1)
        await assert_true(clients, address, place)
