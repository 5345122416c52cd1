"""Chores are done once in their interval, by one process of all."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.commands import cli
from storage import relay, times
from storage.collect import LEAST_AGE
from storage.errors import Unavailable
from storage.housekeeping import COLLECTING, RETAINING, Housekeeping, turn
from storage.ports import Stores
from tests.collect.making import DAY, after, created, deleted, is_stored, released
from tests.commit.making import findings
from tests.faults import Faults, When

DAILY = Housekeeping()


async def test_a_chore_is_done_once_a_day_whoever_asks(stores: Stores) -> None:
    done = [
        await turn(COLLECTING, stores, DAILY, owner=owner, clock=after(wait))
        for owner, wait in (("a", 0 * DAY), ("b", 0.9 * DAY), ("c", 1.1 * DAY), ("d", 1.2 * DAY))
    ]
    assert done == [True, False, True, False]


async def test_who_failed_tries_again(stores: Stores) -> None:
    """And nobody else needs to."""
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.orphans")
    with pytest.raises(Unavailable):
        await turn(COLLECTING, faults.wrap(stores), DAILY, owner="a", clock=times.now)
    assert not await turn(COLLECTING, stores, DAILY, owner="b", clock=times.now)
    assert await turn(COLLECTING, stores, DAILY, owner="a", clock=times.now)


async def test_the_chores_end_retentions_and_collect(stores: Stores) -> None:
    """W7, T7."""
    await created(stores, "Q1", "one")
    await deleted(stores, "Q1")
    late = after(LEAST_AGE + 5 * DAY)
    assert await turn(RETAINING, stores, DAILY, owner="a", clock=after(2 * DAY))
    assert await turn(COLLECTING, stores, DAILY, owner="a", clock=late)
    assert not await is_stored(stores, "one")
    assert await findings(stores) == []


async def test_the_relay_keeps_house_when_it_is_told_to(stores: Stores) -> None:
    """Beside its own work."""
    await created(stores, "Q1", "one")
    await released(stores, "Q1")
    gone = Faults()
    collected = gone.pause(When.AFTER, verb="metadata.collected")
    task = asyncio.create_task(
        relay.run(
            gone.wrap(stores),
            owner="it",
            wake=asyncio.Event(),
            clock=after(LEAST_AGE + 5 * DAY),
            housekeeping=Housekeeping(timedelta(hours=1)),
        )
    )
    async with asyncio.timeout(20):
        await collected.reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not await is_stored(stores, "one")


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    for command, told in (
        (["collect", "--dry-run"], "0 statements (0 bytes) would be deleted, 0 too young, 0 still claimed\n"),
        (["collect", "--limit", "5"], "0 statements (0 bytes) deleted, 0 too young, 0 still claimed\n"),
        (["retention"], "0 entities released, which held 0 statements\n"),
    ):
        answer = CliRunner().invoke(cli, [*command, "--data", str(tmp_path / "data")])
        assert (answer.exit_code, answer.output) == (0, told)


def test_the_command_collects_nothing_younger_than_half_a_year(tmp_path: Path) -> None:
    """T7."""
    answer = CliRunner().invoke(cli, ["collect", "--older-than-days", "179", "--data", str(tmp_path)])
    assert answer.exit_code == 2
    assert "180" in answer.output
