"""Which refusals name their entity, and that one query may ask for it wherever it stands (W3, W6, Q7; ADR 21)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage.ports import Stores
from tests.faults import Faults, When
from tests.graph.over import served_over
from tests.graph.states.asking import document
from tests.graph.states.people import People
from tests.graph.states.test_made import begun
from tests.lives import bring

EVERY = """__typename
  ... on Edited {entityId revisionId} ... on EditConflict {entityId found} ... on UndoConflict {entityId parts}
  ... on EditRefused {entityId why} ... on Refusal {code}"""
Given = dict[str, Any]


async def ended(people: People, role: str, name: str, given: Given) -> dict[str, Any]:
    found: dict[str, Any] = (await people.one(role).data(document(name, EVERY), input=given))["it"]
    return found


async def test_one_query_asks_for_the_entity_of_every_ending(people: People, stores: Stores) -> None:
    """W3: by its own name."""
    await begun(stores, "ordinary")
    lock = {"id": "Q1", "baseRevisionId": 2}
    assert await ended(people, "protector", "lockEntity", lock) == {
        "__typename": "Edited",
        "entityId": "Q1",
        "revisionId": 3,
    }
    assert await ended(people, "protector", "lockEntity", lock) == {
        "__typename": "EditConflict",
        "entityId": "Q1",
        "found": 3,
        "code": "edit_conflict",
    }
    assert await ended(people, "editor", "restoreRevision", {"id": "Q1", "revisionId": 1}) == {
        "__typename": "EditRefused",
        "entityId": "Q1",
        "why": "locked",
        "code": "protected",
    }


OF_ENTITIES: dict[str, tuple[str, Given]] = {
    "entity_not_found": ("lockEntity", {"id": "Q77"}),
    "revision_not_found": ("restoreRevision", {"id": "Q1", "revisionId": 7}),
    "not_deleted": ("undeleteEntity", {"id": "Q1"}),
    "not_a_redirect": ("revertRedirect", {"id": "Q1", "revisionId": 1, "reason": "x"}),
    "redirect_target_unfit": ("createRedirect", {"id": "Q1", "target": "Q1"}),
    "not_restorable": ("undoRevision", {"id": "Q1", "revisionId": 1}),
}


@pytest.mark.parametrize("code", OF_ENTITIES)
async def test_what_lies_with_an_entity_names_it(people: People, stores: Stores, code: str) -> None:
    """Q7."""
    await begun(stores, "ordinary")
    name, given = OF_ENTITIES[code]
    found = await ended(people, "administrator", name, given)
    assert (found["__typename"], found["code"]) == ("EditRefused", code)
    assert found["entityId"] == given["id"]


KEY = {"meta": {"idempotencyKey": "k1"}}


async def test_what_lies_with_none_is_of_another_type(people: People, stores: Stores) -> None:
    """O3, I13."""
    await begun(stores, "ordinary")
    refused = {"__typename": "RequestRefused", "code": "forbidden"}
    assert await ended(people, "reader", "lockEntity", {"id": "Q1"}) == refused
    await ended(people, "protector", "lockEntity", {"id": "Q1", **KEY})
    reused = {"__typename": "RequestRefused", "code": "idempotency_key_reused"}
    assert await ended(people, "protector", "unlockEntity", {"id": "Q1", **KEY}) == reused


@pytest.mark.parametrize(("key", "code"), [(b"secret", "statement_not_found"), (b"", "no_erasure_key")])
async def test_an_erasure_that_lies_with_no_entity_is_of_that_type(
    stores: Stores, key: bytes, code: str
) -> None:
    """W7."""
    async with served_over(replace(stores, erasure_key=key)) as ask:
        asked = document("eraseStatement", "__typename ... on Refusal {code}")
        found = (await ask.data(asked, input={"hash": "1", "reason": "x"}))["it"]
    assert found == {"__typename": "RequestRefused", "code": code}


async def test_a_store_that_does_not_answer_is_of_that_type(stores: Stores) -> None:
    """O2: nobody knows by then what the entity is."""
    await bring(stores, "Q1", "ordinary")
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.heads")
    async with served_over(faults.wrap(stores)) as ask:
        asked = document("lockEntity", "__typename ... on Refusal {code retryable}")
        found = (await ask.data(asked, input={"id": "Q1"}))["it"]
    assert found == {"__typename": "RequestRefused", "code": "unavailable", "retryable": True}
