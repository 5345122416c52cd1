"""Events told once more are the events that were told, in order, from where they are wanted (E4)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.compose import open_embedded
from storage import relay, times
from storage import replay as replaying
from storage.check import check
from storage.edits import Base
from storage.ids import EntityId
from storage.kafka import Kafka, KafkaEvents
from storage.model import Event
from storage.ports import Stores
from tests.builders import NOW, a_swap, an_item
from tests.commit.making import edit, make, redirect
from tests.conformance.events import once
from tests.faults import Faults
from tests.services.kafka import MockKafka, running

HOUR = timedelta(hours=1)
Q1, Q2, Q3 = EntityId("Q1"), EntityId("Q2"), EntityId("Q3")


@pytest.fixture(scope="module")
def broker() -> Iterator[MockKafka]:
    """One broker for these tests."""
    with running() as one:
        yield one


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few revisions are several pages, and a few entities several rounds."""
    monkeypatch.setattr(replaying, "PAGE", 4)
    monkeypatch.setattr(replaying, "ENTITIES", 2)


async def replayed(stores: Stores, since: Mapping[EntityId, int]) -> list[Event]:
    """What a replay publishes, in that order. The embedded stream would keep only what is new to it."""
    faults = Faults()
    async for _ in replaying.replay(faults.wrap(stores), since):
        pass
    return [event for call in faults.calls if str(call) == "events.publish" for event in call.arguments[0]]


async def told(stores: Stores) -> Sequence[Event]:
    """The stream, each event once."""
    return once(await stores.events.read(None, 1000))


async def committed(stores: Stores, entity: str, *revisions: int) -> None:
    """Revisions of an entity an hour after each other, told."""
    parent = None
    for number in revisions:
        await stores.metadata.commit(a_swap(entity, number, parent, at=NOW + number * HOUR))
        parent = number
    while await relay.publish(stores):
        pass


def numbers(events: Sequence[Event], entity: str) -> list[int]:
    """The revisions of an entity, in the order in which they are told."""
    return [event.revision_id for event in events if event.entity_id == entity]


async def test_the_events_are_those_that_were_told(stores: Stores) -> None:
    """E4, E2: of each kind of change, whoever made it and why."""
    await make(
        stores,
        edit(an_item("Q1"), Base.NOTHING, editor="Zoë", summary='"why"', bot=True),
        edit(an_item("Q1").with_label("en", "x"), 1, edit_type="anything"),
        redirect("Q1", "Q2", 2, revives=True),
        edit(an_item("Q1"), 3, edit_type="a comeback", revives=True),
    )
    await relay.settle(stores, clock=times.now)

    events = await told(stores)

    assert await replayed(stores, {Q1: 1}) == events
    assert [event.change_type for event in events] == ["creation", "edit", "redirect", "edit"]


async def test_it_begins_at_the_revision_that_is_wanted(stores: Stores) -> None:
    """E4: oldest first, over several pages, up to the head."""
    await committed(stores, "Q1", *range(1, 20))

    assert numbers(await replayed(stores, {Q1: 3}), "Q1") == list(range(3, 20))


async def test_gaps_between_revisions_end_nothing(stores: Stores) -> None:
    """S6: abandoned tries leave them."""
    await committed(stores, "Q1", 1, 2, 30, 31, 60)

    assert numbers(await replayed(stores, {Q1: 2}), "Q1") == [2, 30, 31, 60]


async def test_many_entities_come_each_from_its_own_revision(stores: Stores) -> None:
    """E4"""
    wanted = {EntityId(f"Q{number}"): number % 4 + 1 for number in range(1, 8)}
    for entity in wanted:
        await committed(stores, entity, 1, 2, 3, 4, 5)

    events = await replayed(stores, wanted)

    for entity, first in wanted.items():
        assert numbers(events, entity) == list(range(first, 6))
    assert len(events) == sum(6 - first for first in wanted.values())


async def test_of_an_entity_that_is_not_there_there_is_nothing_to_tell(stores: Stores) -> None:
    await committed(stores, "Q1", 1)

    assert await replayed(stores, {Q2: 1}) == []
    assert await replayed(stores, {Q1: 2}) == []


async def test_since_a_time_it_is_what_changed_since(stores: Stores) -> None:
    """E4: to the instant, over several pages of changes."""
    await committed(stores, "Q1", 1, 2, 3, 4, 5, 6)
    await committed(stores, "Q2", 1, 2)
    await committed(stores, "Q3", 5, 6)

    assert await replaying.changed_since(stores, NOW + 4 * HOUR) == {Q1: 4, Q3: 5}
    assert await replaying.changed_since(stores, NOW + 7 * HOUR) == {}
    assert await replaying.changed_since(stores, NOW - HOUR) == {Q1: 1, Q2: 1, Q3: 5}


async def test_a_clock_that_jumped_back_does_not_change_the_order(stores: Stores) -> None:
    """I15, I9: revisions between those that seem new enough are told as well."""
    for number, hours in ((1, 0), (2, 6), (3, 1), (4, 5)):
        await stores.metadata.commit(a_swap("Q1", number, number - 1 or None, at=NOW + hours * HOUR))

    since = await replaying.changed_since(stores, NOW + 4 * HOUR)

    assert since == {Q1: 2}
    await relay.settle(stores, clock=times.now)
    assert numbers(await replayed(stores, since), "Q1") == [2, 3, 4]


async def test_what_waits_for_its_first_time_goes_first(stores: Stores) -> None:
    """I9: or a later revision would be in the stream before an earlier one."""
    for number in (1, 2, 3):
        await stores.metadata.commit(a_swap("Q1", number, number - 1 or None))

    events = await replayed(stores, {Q1: 3})

    assert numbers(events, "Q1") == [1, 2, 3, 3]


async def test_a_topic_that_was_lost_is_told_again(stores: Stores, broker: MockKafka) -> None:
    """E4, I9: after that the checker finds every event in a new one."""
    first = KafkaEvents(Kafka(broker.brokers, broker.topic()))
    second = KafkaEvents(Kafka(broker.brokers, broker.topic()))
    for entity in ("Q1", "Q2", "Q3"):
        await make(stores, edit(an_item(entity), Base.NOTHING))
        for number in range(1, 7):
            await make(stores, edit(an_item(entity).with_label("en", f"{number}"), number))
    await relay.settle(replace(stores, events=first), clock=times.now)
    anew = replace(stores, events=second)
    assert any(finding.invariant == "I9" for finding in [one async for one in check(anew)])

    since = await replaying.changed_since(anew, NOW)
    assert await replayed(anew, since) != []

    assert [str(finding) async for finding in check(anew)] == []
    for entity in ("Q1", "Q2", "Q3"):
        assert numbers(await told(anew), entity) == [1, 2, 3, 4, 5, 6, 7]
    await first.close()
    await second.close()


def command(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, run."""
    line = [sys.executable, "-m", "app.commands", "replay", "--data", str(data), *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False)


async def test_the_command_tells_how_many(tmp_path: Path) -> None:
    """E4: of an entity, or since a time."""
    async with open_embedded(tmp_path) as stores:
        await committed(stores, "Q1", 1, 2, 3)
        await committed(stores, "Q2", 1)

    for arguments, said in (
        (("--entity", "q1", "--from-revision", "2"), "published 2 events of 1 entities again\n"),
        (("--from-time", "2026-01-15T12:00:00Z"), "published 2 events of 1 entities again\n"),
        (("--from-time", "2026-01-15"), "published 4 events of 2 entities again\n"),
    ):
        assert command(tmp_path, *arguments).stdout == said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either"),
        (["--entity", "Q1", "--from-time", "2026-01-15"], "give either"),
        (["--from-time", "2026-01-15", "--from-revision", "2"], "goes with --entity"),
        (["--entity", "X1"], "'X1' is not an entity id"),
        (["--from-time", "yesterday"], "'yesterday' is no ISO 8601 time"),
    ],
    ids=["nothing", "both", "time and revision", "no id", "no time"],
)
def test_the_command_says_what_it_does_not_understand(
    tmp_path: Path, arguments: Sequence[str], said: str
) -> None:
    ended = command(tmp_path, *arguments)

    assert ended.returncode == 2
    assert said in ended.stderr
