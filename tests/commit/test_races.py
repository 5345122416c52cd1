"""Many writers at once, in one process and in several: the swap decides, and everyone is told the truth."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from multiprocessing.connection import Connection

import pytest

from app.compose import open_stores
from app.settings import Settings
from storage import times
from storage.commit import Outcome, commit
from storage.edits import Base
from storage.errors import HeadMoved, KeyReused
from storage.ids import EntityType
from storage.numbering import Numbers, new_entity_id
from storage.ports import EditKey, Stores
from tests.builders import EntityBuilder, a_key, an_item
from tests.commit.making import edit, findings, head_of, history, make, patient, read
from tests.places import EMBEDDED, ENGINES

PROCESSES, TASKS = 4, 16
ROUNDS = {EMBEDDED: 200, ENGINES: 10}
"""An S3 server may keep those waiting for seconds who lose a race for a new key."""
RACED = "Q42"


def a_version(text: str) -> EntityBuilder:
    """The raced item as one writer wants it."""
    return an_item(RACED).with_label("en", text).with_statement("P1", string="held by all")


def test_of_64_writers_in_four_processes_one_wins_each_round(own_place: Settings, engine: str) -> None:
    """I3: exactly one child of each base, and every loser learns the true head."""
    asyncio.run(_begin(own_place))
    here = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    racers = []
    for number in range(PROCESSES):
        ours, theirs = here.Pipe()
        racer = here.Process(target=_race, args=(own_place, number, theirs), daemon=True)
        racer.start()
        theirs.close()
        pipes.append(ours)
        racers.append(racer)
    for pipe in pipes:
        assert pipe.recv() == "ready"

    head, winners = 1, []
    for round_number in range(ROUNDS[engine]):
        for pipe in pipes:
            pipe.send((round_number, head))
        endings = [ending for pipe in pipes for ending in pipe.recv()]
        won = [revision for ending, revision in endings if ending == "won"]
        lost = [found for ending, found in endings if ending == "lost"]
        assert len(won) == 1
        assert lost == won * (PROCESSES * TASKS - 1)
        head = won[0]
        winners.append(head)
    for pipe in pipes:
        pipe.send(None)
        pipe.close()
    for racer in racers:
        racer.join(30)
        assert racer.exitcode == 0

    assert asyncio.run(_history_and_findings(own_place)) == ([1, *winners], [])


async def _begin(place: Settings) -> None:
    async with open_stores(place) as stores:
        await make(stores, edit(a_version("beginning"), Base.NOTHING))


async def _history_and_findings(place: Settings) -> tuple[list[int], list[str]]:
    async with open_stores(place) as stores:
        return await history(stores, RACED), list(await findings(stores))


def _race(place: Settings, number: int, pipe: Connection) -> None:
    asyncio.run(_rounds(place, number, pipe))


async def _rounds(place: Settings, number: int, pipe: Connection) -> None:
    async with open_stores(place) as stores:
        pipe.send("ready")
        while (
            told := pipe.recv()
        ) is not None:  # blocks the loop, so that all tasks of a round start together
            round_number, base = told
            names = [f"{task} of {number} in {round_number}" for task in range(TASKS)]
            pipe.send(await asyncio.gather(*(_ending(stores, name, base) for name in names)))


async def _ending(stores: Stores, name: str, base: int) -> tuple[str, int | None]:
    try:
        outcome = await commit(edit(a_version(name), base), stores, clock=times.now, pauses=patient)
        return "won", outcome.revision
    except HeadMoved as moved:
        return "lost", moved.found


async def test_fifty_tries_under_one_key_make_one_revision(servers: tuple[Stores, Stores]) -> None:
    """I13: whoever of them wins, all are told the same."""
    await make(servers[0], edit(a_version("beginning"), Base.NOTHING))
    tried = [edit(a_version("once"), 1, a_key()) for _ in range(50)]
    outcomes = await asyncio.gather(
        *(
            commit(one, servers[number % 2], clock=times.now, pauses=patient)
            for number, one in enumerate(tried)
        )
    )
    assert {(outcome.entity, outcome.revision, outcome.unchanged) for outcome in outcomes} == {
        (RACED, outcomes[0].revision, False)
    }
    assert await history(servers[0], RACED) == [1, outcomes[0].revision]
    assert await findings(servers[0]) == []


async def test_fifty_rebased_tries_under_one_key_make_one_revision(servers: tuple[Stores, Stores]) -> None:
    """I13: also where each try would take the head that the try before it made."""
    await make(servers[0], edit(a_version("beginning"), Base.NOTHING))
    tried = [edit(a_version("once"), Base.HEAD, a_key(shared=False)) for _ in range(50)]
    outcomes = await asyncio.gather(
        *(
            commit(one, servers[number % 2], clock=times.now, pauses=patient)
            for number, one in enumerate(tried)
        )
    )
    assert len({(outcome.revision, outcome.unchanged) for outcome in outcomes}) == 1
    assert await history(servers[0], RACED) == [1, outcomes[0].revision]
    assert await findings(servers[0]) == []


async def test_fifty_creations_under_one_key_make_one_entity(servers: tuple[Stores, Stores]) -> None:
    """I12, I13: each try draws an id, one is used."""
    numbers = [Numbers(), Numbers()]
    outcomes = await asyncio.gather(
        *(_create(servers[number % 2], numbers[number % 2], a_key()) for number in range(50))
    )
    assert len({(outcome.entity, outcome.revision, outcome.created) for outcome in outcomes}) == 1
    assert outcomes[0].created
    assert await servers[0].metadata.entities(None, 100) == [outcomes[0].entity]
    assert await history(servers[0], outcomes[0].entity) == [outcomes[0].revision]
    assert await findings(servers[0]) == []


async def _create(stores: Stores, numbers: Numbers, key: EditKey) -> Outcome:
    entity = await new_entity_id(EntityType.ITEM, key, numbers, stores, times.now)
    return await commit(edit(an_item(entity), Base.NOTHING, key), stores, clock=times.now, pauses=patient)


async def test_a_key_with_another_request_is_refused_beside_the_first(servers: tuple[Stores, Stores]) -> None:
    """I13: of two requests that race under one key one is made, the other stores nothing."""
    await make(servers[0], edit(a_version("beginning"), Base.NOTHING))
    tried = [edit(a_version(f"wish {one}"), Base.HEAD, a_key(request=one % 2)) for one in range(20)]
    endings = await asyncio.gather(
        *(
            commit(one, servers[number % 2], clock=times.now, pauses=patient)
            for number, one in enumerate(tried)
        ),
        return_exceptions=True,
    )
    refused = [ending for ending in endings if isinstance(ending, KeyReused)]
    assert len(refused) == 10
    assert len(await history(servers[0], RACED)) == 2


async def test_thirty_two_rebased_edits_land_one_after_another(servers: tuple[Stores, Stores]) -> None:
    """I3, W3: each is a child of the one before, none is lost, though all began at once."""
    await make(servers[0], edit(a_version("beginning"), Base.NOTHING))
    texts = [f"text {number}" for number in range(32)]
    outcomes = await asyncio.gather(
        *(
            commit(edit(a_version(text), Base.HEAD), servers[number % 2], clock=times.now, pauses=patient)
            for number, text in enumerate(texts)
        )
    )
    revisions = sorted(outcome.revision for outcome in outcomes)
    assert await history(servers[0], RACED) == [1, *revisions]
    said = [await read(servers[0], RACED, revision) for revision in revisions]
    assert Counter(entity["labels"]["en"]["value"] for entity in said) == Counter(texts)
    assert await findings(servers[0]) == []


@pytest.mark.parametrize("writers", [2, 20])
async def test_of_creations_at_once_one_creates(servers: tuple[Stores, Stores], writers: int) -> None:
    """W2: the others learn that the entity is there."""
    endings = await asyncio.gather(
        *(
            commit(
                edit(a_version(f"mine {number}"), Base.NOTHING),
                servers[number % 2],
                clock=times.now,
                pauses=patient,
            )
            for number in range(writers)
        ),
        return_exceptions=True,
    )
    assert sorted(type(ending).__name__ for ending in endings) == ["EntityExists"] * (writers - 1) + [
        "Outcome"
    ]
    assert await history(servers[0], RACED) == [await head_of(servers[0], RACED)]
    assert await findings(servers[0]) == []
