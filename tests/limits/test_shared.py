"""Budgets that several processes count together, at a real Redis (O3)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app import budgets
from app.budgets import WINDOW, Budgets, Spent
from app.clients import clients_of
from app.settings import Settings, WrongSetting
from app.shared_windows import SharedWindows
from tests.ops.processes import PATIENCE, running
from tests.services.redis import Redis, redis


@pytest.fixture
def server() -> Iterator[Redis]:
    with redis() as one:
        yield one


@pytest.fixture
async def two(server: Redis) -> AsyncIterator[tuple[Budgets, Budgets]]:
    """Budgets of ten requests in two processes, as it were."""
    first, second = SharedWindows(server.url), SharedWindows(server.url)
    yield Budgets(first.storage, {"requests": 10}), Budgets(second.storage, {"requests": 10})
    await first.close()
    await second.close()


async def test_what_one_process_gives_the_other_has_no_more(two: tuple[Budgets, Budgets]) -> None:
    first, second = two
    await first.spend("A", "requests", 6)
    await second.spend("A", "requests", 4)
    for one in two:
        with pytest.raises(Spent) as spent:
            await one.spend("A", "requests", 1)
        assert 0 < spent.value.seconds <= 2 * WINDOW
    await second.spend("B", "requests", 10)


async def test_each_tells_what_is_left_to_both(two: tuple[Budgets, Budgets]) -> None:
    first, second = two
    await first.spend("A", "requests", 6)
    (left,) = await second.left("A")
    assert (left.remaining, left.quota) == (4, 10)
    assert 0 < left.seconds <= 2 * WINDOW


async def test_while_it_is_away_everybody_is_answered(
    two: tuple[Budgets, Budgets], server: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """And it is not asked for each of them: the second request would wait for it again."""
    first, _ = two
    server.kill()
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            await first.spend("A", "requests", 1)
            assert await first.left("A") == []
    assert len([line for line in caplog.messages if "are not counted" in line]) == 1


async def test_when_it_is_back_it_counts_again(
    two: tuple[Budgets, Budgets], server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "AWAY_SECONDS", 0.0)
    first, _ = two
    await first.spend("A", "requests", 1)
    server.kill()
    await first.spend("A", "requests", 10)
    server.start()
    await first.spend("A", "requests", 10)
    with pytest.raises(Spent):
        await first.spend("A", "requests", 1)


def test_two_workers_give_one_budget(server: Redis, tmp_path: Path) -> None:
    told = {"LIMITS_STORE": server.url, "CLIENT_LIMITS": "on", "REQUESTS_PER_MINUTE": "10"}
    with running(tmp_path / "data", "--workers", "2", environment=told) as one:
        query = {"query": "{__typename}"}
        found = [httpx.post(one.address, json=query, timeout=PATIENCE).status_code for _ in range(30)]
    assert found == [200] * 10 + [429] * 20


def test_what_is_no_such_url_is_told_without_its_password() -> None:
    with pytest.raises(WrongSetting) as wrong:
        clients_of(Settings(limits_store="http://:secret@here"), credentials=True)
    assert str(wrong.value) == "LIMITS_STORE is no URL of redis://, rediss://, redis+unix://"
