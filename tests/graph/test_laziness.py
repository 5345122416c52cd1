"""What each kind of query costs: database queries and object reads, counted at the driver. Exact, so never timed.

Each case asks the same of one item and of fifty, cold and again. That fifty cost no more queries than one is the
batching (design); that a second time reads no object is the cache of immutable things.

The fifty items are alike: a label, one P31 of five classes (so five distinct statements), a time of its own with a
qualifier and a reference, and a second revision. Each class has a label and one P279 of the same thing, Q10.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.settings import Settings
from storage import relay, times
from storage.edits import Base
from storage.ports import Stores
from tests.builders import EntityBuilder, a_property, a_snak, an_item
from tests.commit.making import edit, make
from tests.graph.counting import counted
from tests.places import ENGINES, Places
from tests.serving import Asking, served

pytestmark = pytest.mark.asked_once

ITEMS = [f"Q{number}" for number in range(1001, 1051)]
CLASSES = [f"Q{number}" for number in range(1, 6)]


@dataclass(frozen=True)
class Cost:
    """Database queries and object reads, cold: of one item, of fifty. The same on all engines.

    Raw objects are read anew each time. Where a batch of statements is looked for by their hashes, MySQL is asked in
    halves: those below 2**63, and the others (`hash_chunks` has the reason). It is one query more, however many.
    """

    one: tuple[int, int]
    fifty: tuple[int, int]
    uncached: bool = False
    halves: bool = False

    def of_fifty(self, engine: str) -> tuple[int, int]:
        """The cost of fifty on these engines."""
        return self.fifty[0] + (self.halves and engine == ENGINES), self.fifty[1]


CASES: dict[str, tuple[str, Cost]] = {
    "existence": ("id", Cost((1, 0), (1, 0))),
    "kind, revision and time": ("type revisionId modified", Cost((1, 0), (1, 0))),
    "who made the revision": ("revision { createdBy summary isLocked }", Cost((1, 0), (1, 0))),
    "properties": ("properties", Cost((1, 0), (1, 0))),
    "counts": ("propertyCounts { propertyId count }", Cost((1, 0), (1, 0))),
    "hashes": ('statementHashes(properties: ["P31"])', Cost((1, 0), (1, 0))),
    "statements without content": (
        'statements(properties: ["P31"]) { hash propertyId property { id } }',
        Cost((1, 0), (1, 0)),
    ),
    "ids of statements": ('statements(properties: ["P31"]) { id hash }', Cost((2, 0), (2, 0))),
    "one property": ('statements(properties: ["P31"]) { ...Pair }', Cost((1, 1), (1, 5))),
    "one property with ids": ('statements(properties: ["P31"]) { id ...Pair }', Cost((2, 1), (2, 5))),
    "two properties": ('statements(properties: ["P31", "P569"]) { ...Pair }', Cost((1, 2), (1, 55))),
    "a property that is not there": ('statements(properties: ["P999"]) { ...Pair }', Cost((1, 0), (1, 0))),
    "best statements": ('statements(properties: ["P31"], best: true) { hash }', Cost((1, 1), (1, 5))),
    "qualifiers and references": (
        'statements(properties: ["P569"]) { qualifiers { ...Pair } references { parts { ...Pair } } }',
        Cost((1, 1), (1, 50)),
    ),
    "a label": ('... on Item { label(languageCode: "en") }', Cost((1, 1), (1, 50))),
    "all terms and sitelinks": (
        "... on Item { labels { value } descriptions { value } aliases { values } sitelinks { title } }",
        Cost((1, 1), (1, 50)),
    ),
    "the label of a value": (
        'statements(properties: ["P31"]) { value { ... on ItemValue { label(languageCode: "en") } } }',
        Cost((2, 2), (2, 10)),
    ),
    "the label of a property": (
        'statements(properties: ["P31"]) { property { label(languageCode: "en") } }',
        Cost((2, 1), (2, 1)),
    ),
    "the id of the entity behind a value": (
        'statements(properties: ["P31"]) { value { ... on ItemValue { item { id revisionId } } } }',
        Cost((2, 1), (2, 5)),
    ),
    "statements of the entity behind a value": (
        """statements(properties: ["P31"]) { value { ... on ItemValue { item {
             statements(properties: ["P279"]) { value { ... on ItemValue { id label(languageCode: "en") } } }
           } } } }""",
        Cost((3, 3), (3, 7)),
    ),
    "history": ("history(first: 10) { nodes { revisionId summary } }", Cost((2, 0), (2, 0))),
    "what the statements of old revisions are": (
        "history(first: 10) { nodes { entity { statementHashes } } }",
        Cost((3, 0), (3, 0)),
    ),
    "backlinks": ("backlinks(first: 10) { nodes { entityId propertyId rank } }", Cost((2, 0), (2, 0))),
    "redirects and their number": ("redirects { nodes { sourceId } } redirectCount", Cost((3, 0), (3, 0))),
    "how many hold a statement": (
        'statements(properties: ["P31"]) { refCount }',
        Cost((2, 0), (2, 0), halves=True),
    ),
    "which statements were erased": (
        'erasedStatementHashes(properties: ["P31"])',
        Cost((2, 0), (2, 0), halves=True),
    ),
    "which entities hold a statement": (
        'statements(properties: ["P31"]) { holders(first: 3) { nodes { id } } }',
        Cost((3, 0), (2, 0)),  # of the fifty, the holders' heads are known already
    ),
    "the snapshot as stored": (
        "revision { snapshot { key sizeBytes } }",
        Cost((1, 1), (1, 50), uncached=True),
    ),
}
FRAGMENTS = """
fragment Pair on PropertyValuePair {
  propertyId valueType
  value { __typename ... on TimeValue { time } ... on TextValue { content } ... on EntityReference { id } }
}
"""


async def _fifty(stores: Stores) -> None:
    properties: list[EntityBuilder] = [
        a_property(name, kind).with_label("en", f"property {name}")
        for name, kind in (
            ("P31", "wikibase-item"),
            ("P279", "wikibase-item"),
            ("P569", "time"),
            ("P580", "time"),
            ("P854", "url"),
        )
    ]
    things = [an_item(name).with_label("en", f"class {name}") for name in ("Q10", *CLASSES)]
    classes = [thing.with_statement("P279", item="Q10") for thing in things[1:]]
    for entity in [*properties, things[0], *classes]:
        await make(stores, edit(entity, Base.NOTHING))
    for number, name in enumerate(ITEMS):
        item = an_item(name).with_statement("P31", item=CLASSES[number % 5])
        item = item.with_statement(
            "P569",
            time=f"+19{number:02}-03-11T00:00:00Z",
            qualifiers=[a_snak("P580", time="+1980-01-01T00:00:00Z")],
            references=[[a_snak("P854", url="https://example.org/")]],
        )
        await make(stores, edit(item, Base.NOTHING), edit(item.with_label("en", name), 1))
    await relay.settle(stores, clock=times.now)


@pytest.fixture
def filled(places: Places) -> Settings:
    """A place with all of this, to be read only."""
    return places.filled(_fifty)


@pytest.fixture
async def ask(filled: Settings) -> AsyncIterator[Asking]:
    """A server of its own for each test, so that each begins cold."""
    async with served(filled) as asking:
        yield asking


async def _cost(ask: Asking, selection: str, ids: list[str]) -> tuple[int, int]:
    query = f"query ($ids: [EntityId!]!) {{entities(ids: $ids) {{__typename {selection}}}}}"
    if "...Pair" in query:
        query += FRAGMENTS
    with counted() as counts:
        data = await ask.data(query, ids=ids)
    assert len(data["entities"]) == len(ids)
    return counts.both()


@pytest.mark.parametrize("name", CASES)
async def test_one_item_costs(ask: Asking, name: str) -> None:
    """Q2, Q3"""
    selection, cost = CASES[name]
    assert await _cost(ask, selection, ITEMS[:1]) == cost.one


@pytest.mark.parametrize("name", CASES)
async def test_fifty_items_cost_no_more_queries_than_one(ask: Asking, engine: str, name: str) -> None:
    """Q2, Q8"""
    selection, cost = CASES[name]
    assert cost.fifty[0] <= cost.one[0], "the table says what the test is named for"
    assert await _cost(ask, selection, ITEMS) == cost.of_fifty(engine)


@pytest.mark.parametrize("name", CASES)
async def test_asked_again_no_object_is_read(ask: Asking, engine: str, name: str) -> None:
    selection, cost = CASES[name]
    await _cost(ask, selection, ITEMS)
    queries, objects = cost.of_fifty(engine)
    assert await _cost(ask, selection, ITEMS) == (queries, objects if cost.uncached else 0)
