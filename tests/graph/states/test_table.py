"""Every mutation in every state, by those for whom it makes a difference, on every base: as the table says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from storage.ids import EntityId
from storage.ports import Stores
from tests.graph.states.asking import ended
from tests.graph.states.people import People, people_over
from tests.graph.states.table import BASES, WANTED, Ending, Row, cells, rows
from tests.lives import STATES, TARGET, ask_to_delete, bring
from tests.places import Places

EACH = 13
"""Items in each state: as many as the most tries of one mutation in one state."""
HEADS = {state: 3 if changes else 2 for state, changes in STATES.items()}
EXTRA: dict[str, dict[str, Any]] = {
    "restoreRevision": {"revisionId": 1},
    "createRedirect": {"target": TARGET},
    "revertRedirect": {"revisionId": 1, "reason": "an error"},
    "deleteEntity": {"reason": "a duplicate"},
    "undeleteEntity": {"reason": "an error"},
    "hardDeleteEntity": {"reason": "a demand"},
    "restoreDeletedEntity": {"reason": "an error"},
}
MADE = ("Edited", "Deleted")


def item(state: str, number: int) -> str:
    """The item of this number in a state."""
    return f"Q{1000 * (list(cells()['edit']).index(state) + 1) + number}"


async def every_state(stores: Stores) -> None:
    """Fill a place with items in every state, and one that redirects may lead to."""
    await bring(stores, TARGET, "ordinary")
    for state in STATES:
        await asyncio.gather(*(bring(stores, item(state, number), state) for number in range(EACH)))


@pytest.fixture
def all_states(places: Places, tmp_path: Path) -> Settings:
    """A place of the test's own with all of this."""
    return places.copy(places.filled(every_state), tmp_path / "data")


def places_of(tries: Sequence[Row]) -> dict[Row, str]:
    """An item of its own for each try."""
    left = {state: iter(range(EACH)) for state in cells()["edit"]}
    return {row: item(row.state, next(left[row.state])) for row in tries}


def given(row: Row, entity: str) -> dict[str, Any]:
    """The input of a try."""
    meta = {"meta": {"isMassEdit": True}} if row.mass else {}
    if row.mutation == "createRedirects":
        return {"redirects": [{"source": entity, "target": TARGET}], **meta}
    if row.mutation == "deleteEntities":
        return {"ids": [entity], "dryRun": False, "reason": "a duplicate", **meta}
    head = HEADS.get(row.state, 7)
    base = {"fresh": head, "stale": head - 1, "none": None}[row.base]
    if row.mutation == "editEntity":
        return {"id": entity, "baseRevisionId": base, "entity": {"id": entity, "type": "item"}, **meta}
    return {"id": entity, "baseRevisionId": base, **EXTRA.get(row.mutation, {}), **meta}


async def heads(stores: Stores, entities: Sequence[str]) -> dict[str, int]:
    """The heads of those that are there."""
    found = await stores.metadata.heads([EntityId(one) for one in entities])
    return {entity: one.head.revision for entity, one in found.items()}


@pytest.mark.parametrize("mutation", WANTED)
async def test_each_try_ends_as_the_table_says(
    places: Places, all_states: Settings, tmp_path: Path, mutation: str
) -> None:
    """W3, W5-W8: and what is refused leaves the head where it was, what is made moves it by one (I14)."""
    tries = rows(mutation, WANTED[mutation])
    entities = places_of(tries)
    found: dict[str, Ending] = {}
    async with places.opened(all_states) as stores, people_over(stores, tmp_path) as people:
        for entity in entities.values():
            if mutation == "approveHardDeletion":
                await ask_to_delete(stores, entity)
        for row, entity in entities.items():
            found[str(row)] = await ended(people.one(row.role), mutation, **given(row, entity))
        after = await heads(stores, list(entities.values()))
    assert found == {str(row): row.ending for row in tries}
    assert after == {
        entity: HEADS[row.state] + (row.ending[0] in MADE)
        for row, entity in entities.items()
        if row.state != "missing"
    }


async def test_a_deletion_is_asked_for_where_it_could_be_carried_out(
    places: Places, all_states: Settings, tmp_path: Path
) -> None:
    """W7: where a second person has to approve, it is refused for the same reasons, and nothing else is done."""
    tries = rows("hardDeleteEntity", "hard delete")
    entities = places_of(tries)
    asked = ("HardDeletionRequested", None, None)
    found: dict[str, Ending] = {}
    async with (
        places.opened(all_states) as stores,
        people_over(stores, tmp_path, hard_delete_approval=True) as people,
    ):
        for row, entity in entities.items():
            found[str(row)] = await ended(people.one(row.role), row.mutation, **given(row, entity))
        after = await heads(stores, list(entities.values()))
        requests = {one.entity for one in await stores.metadata.deletion_requests(None, 1000)}
    assert found == {str(row): asked if row.ending[0] == "Deleted" else row.ending for row in tries}
    assert requests == {entity for row, entity in entities.items() if row.ending[0] == "Deleted"}
    assert after == {entity: HEADS[row.state] for row, entity in entities.items() if row.state != "missing"}


async def test_a_redirect_leads_where_the_table_says(
    places: Places, all_states: Settings, tmp_path: Path
) -> None:
    """W8: the state of the target, seen from an ordinary source."""
    tries = rows("createRedirect", "lead there")
    targets = places_of(tries)
    found: dict[str, Ending] = {}
    async with places.opened(all_states) as stores, people_over(stores, tmp_path) as people:
        for number, (row, target) in enumerate(targets.items(), 20_000):
            await bring(stores, f"Q{number}", "ordinary")
            base = {"fresh": 2, "stale": 1, "none": None}[row.base]
            told = {"id": f"Q{number}", "target": target, "baseRevisionId": base}
            found[str(row)] = await ended(people.one(row.role), "createRedirect", **told)
            left = await stores.metadata.reservations(EntityId(target))
            assert left == []
    assert found == {str(row): row.ending for row in tries}


@pytest.mark.parametrize("state", cells()["edit"])
async def test_a_request_is_withdrawn_whatever_became_of_the_entity(
    people: People, stores: Stores, state: str
) -> None:
    """W7: and one that is not there can't be withdrawn, nor approved."""
    if state != "missing":
        await bring(stores, TARGET, "ordinary")
        await bring(stores, "Q1", state)
    deleter = people.one("deleter")
    missing = ("EditRefused", "request_not_found", None)
    assert await ended(deleter, "rejectHardDeletion", id="Q1") == missing
    assert await ended(deleter, "approveHardDeletion", id="Q1") == missing
    await ask_to_delete(stores, "Q1")
    forbidden = ("RequestRefused", "forbidden", None)
    assert await ended(people.one("editor"), "rejectHardDeletion", id="Q1") == forbidden
    assert await ended(deleter, "rejectHardDeletion", id="Q1") == ("HardDeletionRejected", None, None)
    assert await stores.metadata.deletion_request(EntityId("Q1")) is None


def test_the_table_is_whole() -> None:
    """Each state of `tests.lives`, and one that is not there; and it is not short."""
    assert all(list(column) == ["missing", *STATES] for column in cells().values())
    tries = [row for mutation, column in WANTED.items() for row in rows(mutation, column)]
    assert len(tries) > 700
    assert {row.base for row in tries} == set(BASES)
