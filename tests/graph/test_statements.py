"""Statements: of an entity by property and rank, by their hash, by their id; who holds them and how many (T5, T6, Q8)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.edits import Base
from storage.errors import Unavailable
from storage.ports import Stores
from storage.validation import Level
from tests.builders import (
    EntityBuilder,
    a_body,
    a_lexeme,
    a_snak,
    a_statement,
    a_statement_id,
    an_item,
)
from tests.commit.making import edit, make, redirect
from tests.faults import Faults, When
from tests.graph.over import all_pages, hard_delete, served_over, settle, told
from tests.serving import Asking

NOBODY = str(2**64 - 1)
"""A hash that no statement has."""


def _hash(stores: Stores, property_id: str = "P1", **statement: Any) -> str:
    return str(stores.hasher(a_body(property_id, **statement).canonical, 0))


# Of an entity, by property and rank

RANKED = (
    an_item("Q1")
    .with_statement("P2", string="a", rank="normal")
    .with_statement("P2", string="b", rank="preferred")
    .with_statement("P2", string="c", rank="deprecated")
    .with_statement("P2", string="d", rank="preferred")
    .with_statement("P1", string="e", rank="normal")
    .with_statement("P1", string="f", rank="normal")
    .with_statement("P3", string="g", rank="deprecated")
)
CHOICES = {
    "": "abcdefg",
    '(properties: ["P2"])': "abcd",
    '(properties: ["P1", "P2"])': "abcdef",  # the revision's order and not the question's
    '(properties: ["p3", "P1", "P3", "P99"])': "efg",
    "(properties: [])": "",
    '(properties: ["P99"])': "",
    "(ranks: [NORMAL])": "aef",
    "(ranks: [DEPRECATED])": "cg",
    "(ranks: [DEPRECATED, PREFERRED])": "bcdg",
    "(ranks: [])": "",
    "(best: true)": "bdef",  # of P2 the preferred, of P1 the normal; P3 has nothing but a deprecated one
    "(best: true, ranks: [NORMAL])": "ef",
    "(best: true, ranks: [DEPRECATED])": "",
    '(best: true, properties: ["P2"])': "bd",
    '(best: true, properties: ["P3"])': "",
}


@pytest.mark.parametrize("choice", CHOICES)
async def test_statements_are_chosen_by_property_and_rank(stores: Stores, graph: Asking, choice: str) -> None:
    """Q2, Q8, T5"""
    await make(stores, edit(RANKED, Base.NOTHING))
    query = f'{{item(id: "Q1") {{statements{choice} {{value {{... on StringValue {{content}}}}}}}}}}'
    found = [one["value"]["content"] for one in (await graph.data(query))["item"]["statements"]]
    assert "".join(found) == CHOICES[choice]


@pytest.mark.parametrize("choice", ["(best: true)", "(ranks: [PREFERRED, NORMAL])"])
async def test_ranks_hold_where_nothing_of_the_content_is_selected(
    stores: Stores, graph: Asking, choice: str
) -> None:
    """Q8"""
    await make(stores, edit(RANKED, Base.NOTHING))
    query = f'{{item(id: "Q1") {{statements{choice} {{hash}}}}}}'
    wanted = [("P2", "b", "preferred"), ("P2", "d", "preferred")]
    if "best" not in choice:
        wanted.insert(0, ("P2", "a", "normal"))
    wanted += [("P1", "e", "normal"), ("P1", "f", "normal")]
    hashes = [_hash(stores, name, string=text, rank=rank) for name, text, rank in wanted]
    assert [one["hash"] for one in (await graph.data(query))["item"]["statements"]] == hashes


async def test_a_statement_without_rank_is_a_normal_one(stores: Stores, graph: Asking) -> None:
    """Q8: older JSON leaves the usual rank out."""
    bare = a_statement("P1", string="bare")
    del bare["rank"]
    item = an_item("Q1").with_field("claims", {"P1": [bare]})
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = '{item(id: "Q1") {statements(best: true, ranks: [NORMAL]) {rank json}}}'
    (found,) = (await graph.data(query))["item"]["statements"]
    assert found["rank"] == "NORMAL"
    assert "rank" not in found["json"]


@pytest.mark.parametrize("selection", ["id", "hash", "id hash rank", "propertyId", "json", "__typename"])
async def test_whatever_is_selected_the_list_is_the_same(
    stores: Stores, graph: Asking, selection: str
) -> None:
    """Q2: what is read for a field shows in that field alone."""
    await make(stores, edit(RANKED, Base.NOTHING))
    full = "id hash rank propertyId json __typename"
    query = f'{{item(id: "Q1") {{statements(properties: ["P2", "P3"]) {{{full}}}}}}}'
    known = (await graph.data(query))["item"]["statements"]
    found = (await graph.data(query.replace(full, selection)))["item"]["statements"]
    assert found == [{name: one[name] for name in selection.split()} for one in known]


async def test_what_is_selected_in_fragments_and_by_directives_is_read(stores: Stores, graph: Asking) -> None:
    """Q2: a field of the content is found wherever the query hides it."""
    await make(stores, edit(RANKED, Base.NOTHING))
    query = """query ($yes: Boolean!, $no: Boolean!) {
      item(id: "Q1") {
        plain: statements(properties: ["P1"]) {hash ... @include(if: $yes) {rank}}
        deep: statements(properties: ["P1"]) {...A}
        split: statements(properties: ["P1"]) {id}
        split: statements(properties: ["P1"]) {... on PropertyValuePair {valueType}}
        none: statements(properties: ["P1"]) {hash rank @skip(if: $yes) json @include(if: $no)}
      }
    }
    fragment A on Statement {...B}
    fragment B on PropertyValuePair {... on Statement {renamed: json}}"""
    found = (await graph.data(query, yes=True, no=False))["item"]
    assert [one["rank"] for one in found["plain"]] == ["NORMAL", "NORMAL"]
    assert [one["renamed"]["mainsnak"]["property"] for one in found["deep"]] == ["P1", "P1"]
    assert [(one["id"], one["valueType"]) for one in found["split"]] == [
        (a_statement_id("Q1", number), "VALUE") for number in (5, 6)
    ]
    assert [list(one) for one in found["none"]] == [["hash"], ["hash"]]


async def test_counts_properties_and_hashes_are_in_the_order_of_the_revision(
    stores: Stores, graph: Asking
) -> None:
    """Q3, T5: and hashes are text, since they have 64 bits."""
    await make(stores, edit(RANKED, Base.NOTHING))
    query = """{item(id: "Q1") {
      properties propertyCounts {propertyId count}
      statementHashes some: statementHashes(properties: ["P1", "P3"])
      statements {hash}
    }}"""
    found = (await graph.data(query))["item"]
    assert found["properties"] == ["P2", "P1", "P3"]
    assert found["propertyCounts"] == [
        {"propertyId": "P2", "count": 4},
        {"propertyId": "P1", "count": 2},
        {"propertyId": "P3", "count": 1},
    ]
    assert found["statementHashes"] == [one["hash"] for one in found["statements"]]
    assert found["some"] == found["statementHashes"][4:]
    assert found["statementHashes"][0] == _hash(stores, "P2", string="a")


async def test_a_property_without_statements_is_not_told(stores: Stores, graph: Asking) -> None:
    """Q3, S9: an import may have had an empty group, which its JSON keeps."""
    item = an_item("Q1").with_field("claims", {"P1": [], "P2": [a_statement("P2")], "P3": []})
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = '{item(id: "Q1") {properties propertyCounts {propertyId count} json}}'
    found = (await graph.data(query))["item"]
    assert found["properties"] == ["P2"]
    assert found["propertyCounts"] == [{"propertyId": "P2", "count": 1}]
    assert found["json"]["claims"]["P1"] == []


async def test_a_statement_twice_is_told_twice(stores: Stores, graph: Asking) -> None:
    """S9: one content under two ids and once without."""
    item = an_item("Q1").with_statement("P1").with_statement("P1").with_statement("P1", id=None)
    await make(stores, edit(item, Base.NOTHING))
    found = (await graph.data('{item(id: "Q1") {statements {id hash}}}'))["item"]["statements"]
    assert [one["id"] for one in found] == [a_statement_id("Q1", 1), a_statement_id("Q1", 2), None]
    assert {one["hash"] for one in found} == {_hash(stores)}


async def test_snaks_are_in_the_order_that_is_stored_beside_them(stores: Stores, graph: Asking) -> None:
    """Q8: groups that the order forgets come after, and what is no order says nothing."""
    groups = {"P2": [a_snak("P2"), a_snak("P2")], "P3": [a_snak("P3")], "P4": [a_snak("P4")]}
    orders: dict[str, Any] = {
        "P4 P2 P2 P3": ["P4", "P2", "P3"],
        "P3 P2 P2 P4": ["P3", "P3", "P9", 7, None, ["P4"]],
        "P2 P2 P3 P4": 7,
        "": {"P4": 1},
    }
    statements = [
        {
            **a_statement("P1"),
            "qualifiers": groups,
            "qualifiers-order": order,
            "references": [{"snaks": groups, "snaks-order": order}],
        }
        for order in orders.values()
    ]
    item = an_item("Q1").with_field("claims", {"P1": statements})
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = '{item(id: "Q1") {statements {qualifiers {propertyId} references {parts {propertyId}}}}}'
    expected = [order or "P2 P2 P3 P4" for order in orders]
    found = (await graph.data(query))["item"]["statements"]
    assert [_names(one["qualifiers"]) for one in found] == expected
    assert [_names(one["references"][0]["parts"]) for one in found] == expected


def _names(pairs: list[dict[str, str]]) -> str:
    return " ".join(pair["propertyId"] for pair in pairs)


async def test_forms_and_senses_have_statements_of_their_own(stores: Stores, graph: Asking) -> None:
    """Q8, Q9: one of each is told, none of another."""
    lexeme = (
        a_lexeme("L1")
        .with_statement("P1", string="of the lexeme")
        .with_form(1)
        .with_form(2)
        .with_sense(1)
        .with_part_statement("L1-F2", "P1", string="of the form", rank="deprecated")
        .with_part_statement("L1-F2", "P2", string="of the form")
        .with_part_statement("L1-S1", "P1", string="of the sense")
    )
    await make(stores, edit(lexeme, Base.NOTHING))
    query = """{lexeme(id: "L1") {
      ...S forms {id ...S} senses {id ...S}
    }}
    fragment S on StatementProvider {
      properties
      statements(properties: ["P1"]) {id rank}
      best: statements(best: true) {hash}
    }"""
    found = (await graph.data(query))["lexeme"]
    assert [one["id"] for one in found["statements"]] == [a_statement_id("L1", 1)]
    first, second = found["forms"]
    assert first == {"id": "L1-F1", "properties": [], "statements": [], "best": []}
    assert second["properties"] == ["P1", "P2"]
    assert second["statements"] == [{"id": a_statement_id("L1-F2", 1), "rank": "DEPRECATED"}]
    assert second["best"] == [{"hash": _hash(stores, "P2", string="of the form")}]
    (sense,) = found["senses"]
    assert [one["id"] for one in sense["statements"]] == [a_statement_id("L1-S1", 1)]


# By hash

BY_HASH = "query ($hashes: [StatementHash!]!) {statements(hashes: $hashes) {hash id rank propertyId}}"


async def test_statements_by_hash_keep_their_order_and_duplicates(stores: Stores, graph: Asking) -> None:
    """T6"""
    await make(stores, edit(RANKED, Base.NOTHING))
    hashes = [_hash(stores, "P3", string="g", rank="deprecated"), _hash(stores, "P1", string="e")]
    hashes.append(hashes[0])
    found = (await graph.data(BY_HASH, hashes=hashes))["statements"]
    assert [one["hash"] for one in found] == hashes
    assert [one["rank"] for one in found] == ["DEPRECATED", "NORMAL", "DEPRECATED"]
    assert {one["id"] for one in found} == {None}, "an id belongs to an entity that holds it"


async def test_an_unknown_hash_is_null_with_its_place(stores: Stores, graph: Asking) -> None:
    """T6"""
    await make(stores, edit(RANKED, Base.NOTHING))
    known = _hash(stores, "P1", string="e")
    answer = await graph(BY_HASH, hashes=[NOBODY, known, "0", known])
    assert [one and one["hash"] for one in answer["data"]["statements"]] == [None, known, None, known]
    assert told(answer) == [
        ("statement_not_found", ["statements", 0]),
        ("statement_not_found", ["statements", 2]),
    ]
    assert answer["errors"][0]["extensions"]["statement"] == NOBODY


async def test_an_unknown_hash_alone_is_null_with_a_code(stores: Stores, graph: Asking) -> None:
    """T6: also where nothing of its content is selected."""
    for selection in ("json", "hash", "refCount"):
        answer = await graph(f'{{statement(hash: "{NOBODY}") {{{selection}}}}}')
        assert answer["data"] == {"statement": None}
        assert told(answer) == [("statement_not_found", ["statement"])]


async def test_a_statement_by_hash_says_what_the_entity_says(stores: Stores, graph: Asking) -> None:
    """T2, T6, Q8"""
    item = an_item("Q1").with_statement(
        "P1", item="Q5", qualifiers=[a_snak("P2")], references=[[a_snak("P3", url="https://example.org/")]]
    )
    await make(stores, edit(item, Base.NOTHING))
    fields = """propertyId dataType valueType rank json extra value {... on ItemValue {id}}
        qualifiers {propertyId} references {parts {propertyId}}"""
    held = (await graph.data(f'{{item(id: "Q1") {{statements {{hash {fields}}}}}}}'))["item"]["statements"]
    (hash_,) = [one.pop("hash") for one in held]
    found = await graph.data(f'{{statement(hash: "{hash_}") {{{fields}}}}}')
    assert found["statement"] == held[0]


@pytest.mark.parametrize(
    "text", ["-1", "+1", "01", "", " 1", "1 ", "1.0", "1e3", "0x1", str(2**64), "9" * 30, "١", "one"]
)
async def test_what_is_no_hash_is_refused(graph: Asking, text: str) -> None:
    """T6: one spelling for one number."""
    answer = await graph("query ($h: StatementHash!) {statement(hash: $h) {hash}}", h=text)
    assert "data" not in answer
    assert "decimal number" in answer["errors"][0]["message"]


async def test_a_hash_given_as_a_number_is_refused(graph: Asking) -> None:
    """T6: numbers lose digits on the way in most clients."""
    assert "data" not in await graph("query ($h: StatementHash!) {statement(hash: $h) {hash}}", h=5)
    assert "data" not in await graph("{statement(hash: 5) {hash}}")


async def test_a_statement_of_an_abandoned_try_is_not_told(stores: Stores, graph: Asking) -> None:
    """I8: its object lies there, its row too; no revision holds it."""
    await make(stores, edit(an_item("Q1"), Base.NOTHING))
    faults = Faults()
    faults.fail(When.BEFORE, verb="metadata.commit")
    with pytest.raises(Unavailable):
        await make(faults.wrap(stores), edit(an_item("Q1").with_statement("P1", string="lost"), 1))
    lost = _hash(stores, string="lost")
    for query in (f'{{statement(hash: "{lost}") {{json}}}}', f'{{statement(hash: "{lost}") {{refCount}}}}'):
        answer = await graph(query)
        assert (answer["data"], told(answer)) == (
            {"statement": None},
            [("statement_not_found", ["statement"])],
        )
    assert (await graph.data("{mostUsedStatements(minCount: 0) {nodes {hash}}}"))["mostUsedStatements"] == {
        "nodes": []
    }


async def test_a_statement_is_told_as_soon_as_its_revision_is(stores: Stores, graph: Asking) -> None:
    """I4, T6: before anything is derived from the commit."""
    await make(stores, edit(an_item("Q1").with_statement("P1", string="new"), Base.NOTHING))
    query = f'{{statement(hash: "{_hash(stores, string="new")}") {{rank}}}}'
    assert await graph.data(query) == {"statement": {"rank": "NORMAL"}}


async def test_a_statement_of_an_old_revision_is_still_told(stores: Stores, graph: Asking) -> None:
    """T4, T6: a retained revision holds it."""
    item = an_item("Q1").with_statement("P1", string="removed")
    await make(stores, edit(item, Base.NOTHING), edit(an_item("Q1"), 1))
    await settle(stores)
    query = f'{{statement(hash: "{_hash(stores, string="removed")}") {{refCount holders {{nodes {{id}}}}}}}}'
    assert await graph.data(query) == {"statement": {"refCount": 1, "holders": {"nodes": [{"id": "Q1"}]}}}


# By id


def _with_ids() -> list[EntityBuilder]:
    item = (
        an_item("Q1")
        .with_statement("P1", string="a")
        .with_statement("P2", id="q1$5627445f-43cb-ed6d-3adb-760e85bd17ee", rank="preferred")
        .with_statement("P3", id=None)
        .with_statement("P4", id="Q1$free text")
    )
    lexeme = a_lexeme("L1").with_form(2).with_part_statement("L1-F2", "P5", string="of a form")
    return [item, lexeme]


IDS = {
    a_statement_id("Q1", 1): "P1",
    a_statement_id("Q1", 1).lower(): "P1",
    "q1$5627445f-43cb-ed6d-3adb-760e85bd17ee": "P2",
    "Q1$5627445F-43CB-ED6D-3ADB-760E85BD17EE": "P2",
    "Q1$free text": "P4",
    "q1$FREE TEXT": "P4",
    a_statement_id("L1-F2", 1): "P5",
    a_statement_id("L1-F2", 1).lower(): "P5",
}


@pytest.mark.parametrize("id", IDS)
async def test_a_statement_is_found_by_its_id_in_either_case(stores: Stores, graph: Asking, id: str) -> None:
    """T6: and told under the id that it has."""
    for entity in _with_ids():
        await make(stores, edit(entity, Base.NOTHING, level=Level.LENIENT))
    query = "query ($id: ID!) {statementById(id: $id) {id propertyId rank}}"
    found = (await graph.data(query, id=id))["statementById"]
    assert found["propertyId"] == IDS[id]
    assert found["id"].lower() == id.lower()
    assert found["rank"] == ("PREFERRED" if found["propertyId"] == "P2" else "NORMAL")
    known = {one.lower(): one for one in list(IDS)[::2]} | {
        "q1$5627445f-43cb-ed6d-3adb-760e85bd17ee": list(IDS)[2]
    }
    assert found["id"] == known[id.lower()]


MISSING = {
    a_statement_id("Q1", 99): "statement_not_found",
    "Q1$": "statement_not_found",
    "Q1": "statement_not_found",
    "": "statement_not_found",
    "$": "statement_not_found",
    "None": "statement_not_found",
    "M1$5627445f-43cb-ed6d-3adb-760e85bd17ee": "statement_not_found",
    "Q99999999999$1": "statement_not_found",
    "L1-F3$1": "statement_not_found",
    "Q77$1": "entity_not_found",
    "L77-F1$1": "entity_not_found",
}


@pytest.mark.parametrize("id", MISSING)
async def test_an_id_of_no_statement_is_null_with_a_code(stores: Stores, graph: Asking, id: str) -> None:
    """T6"""
    for entity in _with_ids():
        await make(stores, edit(entity, Base.NOTHING, level=Level.LENIENT))
    answer = await graph("query ($id: ID!) {statementById(id: $id) {id propertyId}}", id=id)
    assert (answer["data"], told(answer)) == ({"statementById": None}, [(MISSING[id], ["statementById"])])


async def test_a_statement_that_an_edit_removed_is_not_found_by_its_id(stores: Stores, graph: Asking) -> None:
    """T6: the id is looked for in the head alone."""
    await make(stores, edit(an_item("Q1").with_statement("P1"), Base.NOTHING), edit(an_item("Q1"), 1))
    answer = await graph(f'{{statementById(id: "{a_statement_id("Q1", 1)}") {{hash}}}}')
    assert told(answer) == [("statement_not_found", ["statementById"])]


async def test_a_statement_of_a_redirect_is_not_looked_for_in_its_target(
    stores: Stores, graph: Asking
) -> None:
    """Q5: not even if that kept its id, as an import may have it."""
    item = an_item("Q1").with_statement("P1")
    target = an_item("Q2").with_statement("P1", id=a_statement_id("Q1", 1))
    await make(stores, edit(target, Base.NOTHING, level=Level.LENIENT))
    await make(stores, edit(item, Base.NOTHING), redirect("Q1", "Q2", 1))
    answer = await graph(f'{{statementById(id: "{a_statement_id("Q1", 1)}") {{hash}}}}')
    assert told(answer) == [("statement_not_found", ["statementById"])]


# Who holds them


@pytest.fixture
async def shared(stores: Stores, graph: Asking) -> Asking:
    """Twelve items: one statement is held by all, one by a third of them, one by two, one by none but Q1."""
    for number in range(1, 13):
        item = an_item(f"Q{number}").with_statement("P1", string="all")
        if number % 3 == 0:
            item = item.with_statement("P2", string="third").with_statement("P2", string="third")
        if number in (4, 11):
            item = item.with_statement("P30", string="two")
        if number == 1:
            item = item.with_statement("P400", string="one")
        await make(stores, edit(item, Base.NOTHING))
    await settle(stores)
    return graph


@pytest.mark.parametrize("size", [1, 5, 12, 500])
async def test_holders_are_paged_without_gap_or_repeat(shared: Asking, stores: Stores, size: int) -> None:
    """T4, Q10"""
    query = """query ($hash: StatementHash!, $first: Int!, $after: String) {statement(hash: $hash) {
      refCount holders(first: $first, after: $after) {nodes {id} pageInfo {hasNextPage endCursor}}
    }}"""
    nodes = await all_pages(shared, query, ["statement", "holders"], size, hash=_hash(stores, string="all"))
    assert [one["id"] for one in nodes] == [f"Q{number}" for number in range(1, 13)]


async def test_ref_count_is_the_number_of_entities_and_not_of_mentions(
    shared: Asking, stores: Stores
) -> None:
    """T4: Q3 says it twice."""
    query = '{item(id: "Q3") {statements {refCount propertyId}}}'
    found = (await shared.data(query))["item"]["statements"]
    assert found == [
        {"refCount": 12, "propertyId": "P1"},
        {"refCount": 4, "propertyId": "P2"},
        {"refCount": 4, "propertyId": "P2"},
    ]


async def test_a_redirect_is_a_holder_itself(stores: Stores, graph: Asking) -> None:
    """T4, Q5: an old revision of it holds the statement, its target never did."""
    await make(stores, edit(an_item("Q2"), Base.NOTHING))
    await make(stores, edit(an_item("Q1").with_statement("P1"), Base.NOTHING), redirect("Q1", "Q2", 1))
    await settle(stores)
    query = f'{{statement(hash: "{_hash(stores)}") {{holders {{nodes {{id redirectedFrom}}}}}}}}'
    assert (await graph.data(query))["statement"]["holders"]["nodes"] == [{"id": "Q1", "redirectedFrom": []}]


async def test_what_is_gone_is_no_holder(shared: Asking, stores: Stores) -> None:
    """Q7, I10: a page with it is shorter, and goes on behind it."""
    for name in ("Q2", "Q3", "Q12"):
        await hard_delete(stores, name)
    query = """query ($hash: StatementHash!, $first: Int!, $after: String) {statement(hash: $hash) {
      holders(first: $first, after: $after) {
        nodes {id} edges {cursor node {id}} pageInfo {hasNextPage endCursor}}
    }}"""
    for size in (1, 2, 3, 100):
        nodes = await all_pages(
            shared, query, ["statement", "holders"], size, hash=_hash(stores, string="all")
        )
        assert [one["id"] for one in nodes] == ["Q1", *(f"Q{number}" for number in range(4, 12))]


async def test_a_holder_that_cannot_be_looked_up_is_an_error_and_no_shorter_page(
    shared: Asking, stores: Stores
) -> None:
    """Q7: only what is gone is left out in silence."""
    faults = Faults()
    async with served_over(faults.wrap(stores)) as ask:
        faults.fail(When.BEFORE, verb="metadata.heads", times=None)
        query = f'{{statement(hash: "{_hash(stores, "P30", string="two")}") {{holders {{nodes {{id}}}}}}}}'
        answer = await ask(query)
    assert answer["data"]["statement"]["holders"]["nodes"] == [None, None]
    path: list[str | int] = ["statement", "holders", "nodes"]
    assert told(answer) == [("unavailable", [*path, 0]), ("unavailable", [*path, 1])]


MOST_USED = """query (
  $first: Int!, $after: String, $min: Int! = 2, $from: PropertyId, $to: PropertyId, $order: UseOrder! = MOST_FIRST
) {
  mostUsedStatements(
    minCount: $min, fromProperty: $from, toProperty: $to, order: $order, first: $first, after: $after
  ) {nodes {propertyId refCount value {... on StringValue {content}}} pageInfo {hasNextPage endCursor}}
}"""
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "by default those that two hold": ({}, "all third two"),
    "all": ({"min": 1}, "all third two one"),
    "a minimum below one is one": ({"min": -7}, "all third two one"),
    "the least used first": ({"min": 1, "order": "LEAST_FIRST"}, "one two third all"),
    "a minimum": ({"min": 4}, "all third"),
    "a minimum that none has": ({"min": 13}, ""),
    "the largest minimum": ({"min": 2**31 - 1}, ""),
    "from a property on": ({"min": 1, "from": "P30"}, "two one"),
    "up to a property": ({"min": 1, "to": "P30"}, "all third two"),
    "a range": ({"min": 1, "from": "P2", "to": "P399"}, "third two"),
    "one property": ({"min": 1, "from": "P30", "to": "P30"}, "two"),
    "an empty range": ({"min": 1, "from": "P31", "to": "P30"}, ""),
    "beyond all properties": ({"min": 1, "from": "P9999999999"}, ""),
}


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("name", CASES)
async def test_the_most_used_statements(shared: Asking, name: str, size: int) -> None:
    """T6: numbers of properties are compared as numbers."""
    variables, expected = CASES[name]
    nodes = await all_pages(shared, MOST_USED, ["mostUsedStatements"], size, **variables)
    assert " ".join(one["value"]["content"] for one in nodes) == expected


async def test_statements_of_one_count_are_paged_without_gap_or_repeat(stores: Stores, graph: Asking) -> None:
    """T6, Q10: the count alone is no place in the list."""
    texts = [f"text {number}" for number in range(23)]
    for name in ("Q1", "Q2"):
        item = an_item(name)
        for text in texts:
            item = item.with_statement("P1", string=text)
        await make(stores, edit(item, Base.NOTHING))
    await settle(stores)
    for order in ("MOST_FIRST", "LEAST_FIRST"):
        for size in (1, 4, 23):
            nodes = await all_pages(graph, MOST_USED, ["mostUsedStatements"], size, order=order)
            assert sorted(one["value"]["content"] for one in nodes) == sorted(texts)


async def test_a_page_of_most_used_statements_reads_what_is_selected_through_edges(shared: Asking) -> None:
    """Q2, T6: content is found missing neither under `nodes` nor under `edges`, nor in a fragment."""
    query = """{mostUsedStatements(first: 1) {...C}}
    fragment C on StatementConnection {edges {...E}}
    fragment E on StatementEdge {cursor node {rank}}"""
    (edge,) = (await shared.data(query))["mostUsedStatements"]["edges"]
    assert edge["node"] == {"rank": "NORMAL"}
