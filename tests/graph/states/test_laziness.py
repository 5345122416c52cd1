"""What the reads of states cost: database queries and object reads, counted at the driver, of one and of ten.

As `tests.graph.test_laziness`: ten cost no more queries than one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from storage import relay, times
from storage.edits import Base
from storage.ports import Stores
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.graph.counting import counted
from tests.lives import TARGET, ask_to_delete, bring
from tests.places import Places
from tests.serving import Asking, served

pytestmark = pytest.mark.asked_once

LABEL = '... on Item {label(languageCode: "en")}'
CASES: dict[str, tuple[str, tuple[int, int], tuple[int, int]]] = {
    "a list": ("listedEntities(status: DELETED, first: $n) {nodes {entityId}}", (1, 0), (1, 0)),
    "a list by edit type": (
        'listedEntities(editType: "soft-delete", first: $n) {nodes {entityId}}',
        (1, 0),
        (1, 0),
    ),
    "those on a list": (
        "listedEntities(status: DELETED, first: $n) {nodes {entity {revisionId propertyCounts {count}}}}",
        (2, 0),
        (2, 0),
    ),
    "labels of those on a list": (
        f"listedEntities(status: DELETED, first: $n) {{nodes {{entity {{{LABEL}}}}}}}",
        (2, 1),
        (2, 10),
    ),
    "redirects on a list, with where they lead": (
        "listedEntities(status: REDIRECT, first: $n) {nodes {entity {id revision {redirectsTo}}}}",
        (2, 1),
        (2, 10),
    ),
    "why they were deleted": (
        "listedEntities(status: DELETED, first: $n) {nodes {entity {revision {isDeleted deletionReason}}}}",
        (2, 1),
        (2, 10),
    ),
    "the audit": ("auditLog(first: $n) {nodes {entityId reason retainedUntil}}", (2, 0), (2, 0)),
    "the audit of deletions": (
        "auditLog(first: $n, filter: {kind: HARD_DELETE}) {nodes {entityId reason}}",
        (1, 0),
        (1, 0),
    ),
    "erasures": ("erasures(first: $n) {nodes {statementHash done}}", (1, 0), (1, 0)),
    "requests": ("hardDeletionRequests(first: $n) {nodes {entityId reason}}", (1, 0), (1, 0)),
    "the account of a deleted entity": ('deletedEntity(id: "Q300") {retainedUntil}', (2, 0), (2, 0)),
    "the history of a deleted entity": (
        'deletedEntity(id: "Q300") {history(first: $n) {nodes {revisionId summary}}}',
        (3, 0),
        (3, 0),
    ),
    "what a deleted entity said": (
        f'deletedEntity(id: "Q300") {{history(first: $n) {{nodes {{entity {{{LABEL}}}}}}}}}',
        (4, 1),
        (4, 3),
    ),
    "what refers to an entity": (
        'entity(id: "Q5") {backlinks(first: $n) {nodes {entityId}}}',
        (3, 0),  # the entity, the links, and whether who refers is still there
        (3, 0),
    ),
    "redirects to an entity": ('entity(id: "Q5") {redirects(first: $n) {nodes {sourceId}}}', (3, 0), (3, 0)),
}


async def lives(stores: Stores) -> None:
    """Fill a place with ten items in each of these states, and some that name another."""
    await bring(stores, TARGET, "ordinary")
    for number in range(10):
        for hundred, state in ((100, "deleted"), (200, "redirect"), (300, "gone"), (500, "ordinary")):
            await bring(stores, f"Q{hundred + number}", state)
        await ask_to_delete(stores, f"Q{500 + number}")
        naming = an_item(f"Q{400 + number}").with_statement("P2", item=TARGET)
        await make(stores, edit(naming, Base.NOTHING))
    await relay.settle(stores, clock=times.now)


@pytest.fixture
def filled(places: Places) -> Settings:
    """A place with all of this, to be read only."""
    return places.filled(lives)


@pytest.fixture
async def ask(filled: Settings) -> AsyncIterator[Asking]:
    """A server of its own for each test, so that each begins cold."""
    async with served(filled) as asking:
        yield asking


@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("name", CASES)
async def test_ten_cost_no_more_queries_than_one(ask: Asking, name: str, size: int) -> None:
    """Q2, Q6, Q7: and what is not selected is not read."""
    query, one, ten = CASES[name]
    assert one[0] == ten[0], "the table says what the test is named for"
    declared = "query ($n: Int! = 1)" if "$n" in query else "query"
    with counted() as counts:
        await ask.data(f"{declared} {{{query}}}", **({"n": size} if "$n" in query else {}))
    assert counts.both() == (one if size == 1 else ten)


async def test_a_statement_in_doubt_costs_a_look_at_its_holders(ask: Asking, engine: str) -> None:
    """I10: who asks for it by its hash alone; all of them together."""
    query = '{item(id: "Q500") {statementHashes}}'
    (own,) = (await ask.data(query))["item"]["statementHashes"]
    with counted() as counts:
        await ask.data(f'{{statement(hash: "{own}") {{propertyId}}}}')
    assert counts.both() == (1, 0)
    history = '{deletedEntity(id: "Q300") {history {nodes {statementHashes}}}}'
    _, said, _ = (await ask.data(history))["deletedEntity"]["history"]["nodes"]
    with counted() as counts:
        answer = await ask(f'{{statement(hash: "{said["statementHashes"][0]}") {{propertyId}}}}')
    assert answer["errors"][0]["extensions"]["code"] == "statement_not_found"
    # Its row, its holders, their heads, whether a revision under way holds it, and its row once more.
    assert counts.both() == (5, 0)
