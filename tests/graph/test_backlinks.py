"""Backlinks: which statements of others refer to an entity, and where in them (Q4)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.edits import Base
from storage.ports import Stores
from tests.builders import EntityBuilder, a_body, a_lexeme, a_property, a_snak, an_item
from tests.commit.making import edit, make, redirect
from tests.graph.over import all_pages, hard_delete, settle, told
from tests.serving import Asking

BACKLINKS = """query ($id: EntityId!, $property: PropertyId, $first: Int! = 100, $after: String) {entity(id: $id) {
  backlinks(property: $property, first: $first, after: $after) {
    nodes {entityId propertyId rank roles statementHash} pageInfo {hasNextPage endCursor}
  }
}}"""


async def _linked(stores: Stores, *entities: EntityBuilder) -> None:
    for entity in entities:
        await make(stores, edit(entity, Base.NOTHING))
    await settle(stores)


async def _of(ask: Asking, id: str = "Q5", **variables: Any) -> list[dict[str, Any]]:
    data = await ask.data(BACKLINKS, id=id, **variables)
    nodes: list[dict[str, Any]] = data["entity"]["backlinks"]["nodes"]
    return nodes


LINK = a_snak("P2", item="Q5")
WHERE: dict[str, tuple[dict[str, Any], list[str]]] = {
    "value": ({"item": "Q5"}, ["VALUE"]),
    "qualifier": ({"qualifiers": [LINK]}, ["QUALIFIER"]),
    "reference": ({"references": [[a_snak("P3"), LINK]]}, ["REFERENCE"]),
    "everywhere": (
        {"item": "Q5", "qualifiers": [LINK, LINK], "references": [[LINK], [LINK]]},
        ["VALUE", "QUALIFIER", "REFERENCE"],
    ),
    "qualifier and reference": ({"qualifiers": [LINK], "references": [[LINK]]}, ["QUALIFIER", "REFERENCE"]),
}


@pytest.mark.parametrize("name", WHERE)
async def test_a_backlink_tells_where_the_entity_is_named(stores: Stores, graph: Asking, name: str) -> None:
    """Q4: one for a statement, however often it names the entity."""
    told_as, roles = WHERE[name]
    await _linked(stores, an_item("Q5"), an_item("Q1").with_statement("P1", rank="deprecated", **told_as))
    one = stores.hasher(a_body("P1", rank="deprecated", **told_as).canonical, 0)
    assert await _of(graph) == [
        {
            "entityId": "Q1",
            "propertyId": "P1",
            "rank": "DEPRECATED",
            "roles": roles,
            "statementHash": str(one),
        }
    ]


TARGETS = {
    "P5": ({"to_property": "P5"}, a_property("P5")),
    "L5": ({"lexeme": "L5"}, a_lexeme("L5")),
    "form": ({"form": "L5-F1"}, a_lexeme("L5").with_form(1)),
    "sense": ({"sense": "L5-S1"}, a_lexeme("L5").with_sense(1)),
}


@pytest.mark.parametrize("name", TARGETS)
async def test_every_kind_of_entity_has_backlinks(stores: Stores, graph: Asking, name: str) -> None:
    """Q4: a form or sense counts for its lexeme."""
    value, entity = TARGETS[name]
    await _linked(stores, entity, an_item("Q1").with_statement("P1", **value))
    assert [one["entityId"] for one in await _of(graph, entity.id)] == ["Q1"]


async def test_statements_of_forms_refer_as_their_lexeme(stores: Stores, graph: Asking) -> None:
    """Q4"""
    lexeme = a_lexeme("L1").with_form(1).with_part_statement("L1-F1", "P1", item="Q5")
    await _linked(stores, an_item("Q5"), lexeme)
    assert [one["entityId"] for one in await _of(graph)] == ["L1"]


async def test_an_entity_that_names_itself_has_a_backlink(stores: Stores, graph: Asking) -> None:
    """Q4"""
    await _linked(stores, an_item("Q5").with_statement("P1", item="Q5"))
    assert [one["entityId"] for one in await _of(graph)] == ["Q5"]


@pytest.fixture
async def many(stores: Stores, graph: Asking) -> Asking:
    """Nine items that each name Q5 by P1, twice by P2, and Q6 by P1."""
    items = []
    for number in range(101, 110):
        item = an_item(f"Q{number}").with_statement("P1", item="Q5").with_statement("P1", item="Q6")
        for text in ("a", "b"):
            item = item.with_statement("P2", item="Q5", qualifiers=[a_snak("P9", string=f"{text}{number}")])
        items.append(item)
    await _linked(stores, an_item("Q5"), an_item("Q6"), *items)
    return graph


@pytest.mark.parametrize("size", [1, 4, 27, 500])
async def test_backlinks_are_paged_without_gap_or_repeat(many: Asking, size: int) -> None:
    """Q4, Q10"""
    nodes = await all_pages(many, BACKLINKS, ["entity", "backlinks"], size, id="Q5")
    assert [one["entityId"] for one in nodes] == [f"Q{n}" for n in range(101, 110) for _ in range(3)]
    assert len({(one["entityId"], one["statementHash"]) for one in nodes}) == 27


@pytest.mark.parametrize(("name", "number"), [("P1", 9), ("P2", 18), ("p2", 18), ("P99", 0)])
@pytest.mark.parametrize("size", [4, 500])
async def test_backlinks_are_those_of_the_property_asked_for(
    many: Asking, name: str, number: int, size: int
) -> None:
    """Q4, Q10"""
    nodes = await all_pages(many, BACKLINKS, ["entity", "backlinks"], size, id="Q5", property=name)
    assert len(nodes) == number
    assert {one["propertyId"] for one in nodes} <= {name.upper()}


async def test_the_property_of_a_qualifier_is_not_the_statements(stores: Stores, graph: Asking) -> None:
    """Q4: a link counts for the property of the statement in which it stands."""
    await _linked(stores, an_item("Q5"), an_item("Q1").with_statement("P1", qualifiers=[LINK]))
    assert await _of(graph, property="P2") == []
    assert len(await _of(graph, property="P1")) == 1


async def test_a_removed_statement_refers_no_longer(stores: Stores, graph: Asking) -> None:
    """Q4: backlinks are those of heads; the other statement stays."""
    item = an_item("Q1").with_statement("P1", item="Q5")
    await _linked(stores, an_item("Q5"), item.with_statement("P2", item="Q5"))
    assert len(await _of(graph)) == 2
    await make(stores, edit(item, 1))
    await settle(stores)
    assert [one["propertyId"] for one in await _of(graph)] == ["P1"]
    await make(stores, edit(item.with_statement("P2", item="Q5"), 2))
    await settle(stores)
    assert {one["propertyId"] for one in await _of(graph)} == {"P1", "P2"}


async def test_what_became_a_redirect_refers_no_longer(stores: Stores, graph: Asking) -> None:
    """Q4, Q5: and links to a redirect are its own, not its target's."""
    await _linked(
        stores,
        an_item("Q5"),
        an_item("Q1").with_statement("P1", item="Q5"),
        an_item("Q2").with_statement("P1", item="Q1"),
    )
    await make(stores, redirect("Q1", "Q5", 1))
    await settle(stores)
    assert await _of(graph) == []
    query = '{entity(id: "Q1", followRedirects: false) {backlinks {nodes {entityId}}}}'
    assert (await graph.data(query))["entity"]["backlinks"]["nodes"] == [{"entityId": "Q2"}]


async def test_what_refers_and_redirects_by_now_is_shown_itself(stores: Stores, graph: Asking) -> None:
    """Q4, Q5: until its redirect is derived; the target never referred."""
    await _linked(stores, an_item("Q5"), an_item("Q2"), an_item("Q1").with_statement("P1", item="Q5"))
    await make(stores, redirect("Q1", "Q2", 1))
    query = '{entity(id: "Q5") {backlinks {nodes {entity {id revision {isRedirect}}}}}}'
    (node,) = (await graph.data(query))["entity"]["backlinks"]["nodes"]
    assert node["entity"] == {"id": "Q1", "revision": {"isRedirect": True}}


async def test_a_backlink_leads_to_its_entity_and_statement(stores: Stores, graph: Asking) -> None:
    """Q4, Q8: the statement as it is stored, without the id under which the entity holds it."""
    await _linked(
        stores,
        an_item("Q5"),
        a_property("P1").with_label("en", "leads to"),
        an_item("Q1").with_label("en", "from here").with_statement("P1", item="Q5", rank="preferred"),
    )
    query = """{entity(id: "Q5") {backlinks {nodes {
      property {id label(languageCode: "en")}
      entity {id ... on Item {label(languageCode: "en")}}
      statement {id hash rank propertyId value {... on ItemValue {id}} holders {nodes {id}}}
      bare: statement {hash}
    }}}}"""
    (node,) = (await graph.data(query))["entity"]["backlinks"]["nodes"]
    hash_ = node["bare"]["hash"]
    assert node == {
        "property": {"id": "P1", "label": "leads to"},
        "entity": {"id": "Q1", "label": "from here"},
        "statement": {
            "id": None,
            "hash": hash_,
            "rank": "PREFERRED",
            "propertyId": "P1",
            "value": {"id": "Q5"},
            "holders": {"nodes": [{"id": "Q1"}]},
        },
        "bare": {"hash": hash_},
    }


async def test_backlinks_are_asked_for_at_the_entity_as_it_is(stores: Stores, graph: Asking) -> None:
    """Q4: also where an old revision of it is shown, since they are of other entities' heads."""
    await _linked(stores, an_item("Q5"), an_item("Q1").with_statement("P1", item="Q5"))
    await make(stores, edit(an_item("Q5").with_label("en", "x"), 1))
    query = '{entity(id: "Q5", revisionId: 1) {backlinks {nodes {entityId}}}}'
    assert (await graph.data(query))["entity"]["backlinks"]["nodes"] == [{"entityId": "Q1"}]


async def test_what_refers_and_is_gone_cannot_be_walked_to(stores: Stores, graph: Asking) -> None:
    """Q7, I10"""
    await _linked(
        stores, an_item("Q5"), an_item("Q1").with_label("en", "secret").with_statement("P1", item="Q5")
    )
    await hard_delete(stores, "Q1")
    query = """{entity(id: "Q5") {backlinks {nodes {
      entity {... on Item {label(languageCode: "en") json}}
    }}}}"""
    answer = await graph(query)
    assert "secret" not in str(answer)
    assert {code for code, _ in told(answer)} <= {"gone"}
