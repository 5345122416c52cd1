"""Entities by their ids: one, many, of a kind, at a revision; and why one can't be shown (Q1, Q7)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.edits import Base
from storage.ids import EntityId
from storage.model import Flags
from storage.ports import Stores
from storage.validation import Level
from tests.builders import (
    NOW,
    EntityBuilder,
    a_lexeme,
    a_property,
    a_snak,
    a_statement_id,
    an_item,
)
from tests.commit.making import edit, make, redirect
from tests.graph.over import (
    UNBOUNDED,
    hard_delete,
    redirect_rows,
    served_over,
    settle,
    soft_delete,
    stored_again,
    told,
)
from tests.serving import Asking

# Many at once

MANY = "query ($ids: [EntityId!]!) {entities(ids: $ids) {id}}"


@pytest.fixture
async def few(stores: Stores, graph: Asking) -> Asking:
    """One entity of each kind, an id that was only given out, and one that is gone."""
    schema = EntityBuilder(
        "E1", {"id": "E1", "type": "entity-schema", "labels": {}, "descriptions": {}, "aliases": {}}
    )
    lexeme = a_lexeme("L1").with_form(1).with_sense(2)
    for entity in (an_item("Q1"), an_item("Q2"), a_property("P1"), lexeme, schema):
        await make(stores, edit(entity, Base.NOTHING))
    await stores.metadata.register(EntityId("Q8"), NOW)
    await make(stores, edit(an_item("Q9").with_label("en", "secret"), Base.NOTHING))
    await hard_delete(stores, "Q9")
    await settle(stores)
    return graph


async def test_entities_keep_the_order_and_the_duplicates_of_their_ids(few: Asking) -> None:
    """Q1"""
    ids = ["Q2", "L1", "P1", "q1", "Q2", "E1", "Q2"]
    found = (await few.data(MANY, ids=ids))["entities"]
    assert [one["id"] for one in found] == [id.upper() for id in ids]


async def test_each_entity_that_cannot_be_shown_is_null_and_says_why(few: Asking) -> None:
    """Q1, Q7: the others are answered."""
    answer = await few(MANY, ids=["Q77", "Q1", "Q9", "Q8", "Q77"])
    assert answer["data"]["entities"] == [None, {"id": "Q1"}, None, None, None]
    assert told(answer) == [
        ("entity_not_found", ["entities", 0]),
        ("entity_not_found", ["entities", 4]),
        ("gone", ["entities", 2]),
        ("no_revisions", ["entities", 3]),
    ]
    facts = {tuple(error["path"]): error["extensions"]["entityId"] for error in answer["errors"]}
    assert facts[("entities", 3)] == "Q8"


async def test_no_ids_are_no_entities(few: Asking) -> None:
    """Q1"""
    assert await few.data(MANY, ids=[]) == {"entities": []}


async def test_five_hundred_can_be_asked_for_at_once(stores: Stores, graph: Asking) -> None:
    """Q1: and one more is refused before anything is read."""
    names = [f"Q{number}" for number in range(1, 501)]
    for name in names[::100]:
        await make(stores, edit(an_item(name), Base.NOTHING))
    answer = await graph(MANY, ids=names)
    assert [one["id"] for one in answer["data"]["entities"] if one] == names[::100]
    assert len(answer["errors"]) == 495
    async with served_over(stores, UNBOUNDED) as ask:
        answer = await ask(MANY, ids=[*names, "Q501"])
    assert answer["data"] is None
    assert told(answer) == [("too_many", ["entities"])]
    assert answer["errors"][0]["extensions"]["maximum"] == 500


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query ($x: [StatementHash!]!) {statements(hashes: $x) {hash}}", ["1"] * 501),
        ("query ($x: [RevisionKey!]!) {snapshots(revisions: $x) {key}}", [{"id": "Q1"}] * 501),
    ],
)
async def test_of_other_things_no_more_can_be_asked_for_either(
    stores: Stores, query: str, variables: list[Any]
) -> None:
    """Q1, T6"""
    async with served_over(stores, UNBOUNDED) as ask:
        answer = await ask(query, x=variables)
    assert answer["data"] is None
    assert [code for code, _ in told(answer)] == ["too_many"]


# Of a kind

KINDS = {"item": "Q1", "property": "P1", "lexeme": "L1", "entitySchema": "E1"}
TYPENAMES = {"item": "Item", "property": "Property", "lexeme": "Lexeme", "entitySchema": "EntitySchema"}


@pytest.mark.parametrize("kind", KINDS)
async def test_an_entity_is_found_by_its_kind(few: Asking, kind: str) -> None:
    """Q1, Q9: by `entity` and `node` as well, under the same type."""
    id = KINDS[kind]
    selection = "{__typename id}"
    query = f'{{{kind}(id: "{id}") {selection} entity(id: "{id}") {selection} node(id: "{id}") {selection}}}'
    same = {"__typename": TYPENAMES[kind], "id": id}
    assert await few.data(query) == {kind: same, "entity": same, "node": same}


@pytest.mark.parametrize(
    ("kind", "id"), [(kind, id) for kind, own in KINDS.items() for id in KINDS.values() if id != own]
)
async def test_an_id_of_another_kind_is_refused(few: Asking, kind: str, id: str) -> None:
    """Q7: whether or not there is such an entity."""
    for named in (id, f"{id}77"):
        answer = await few(f'{{{kind}(id: "{named}") {{id}}}}')
        assert (answer["data"], told(answer)) == ({kind: None}, [("wrong_entity_type", [kind])])
        assert answer["errors"][0]["extensions"]["entityId"] == named


async def test_a_redirect_to_another_kind_is_told_and_not_shown_as_what_it_is_not(
    stores: Stores, few: Asking
) -> None:
    """Q5, Q7: no edit and no import makes one, but older stores may have it."""
    await redirect_rows(stores, "L1", "Q1")
    await redirect_rows(stores, "Q2", "P1")
    answer = await few(
        '{item(id: "Q2") {id sitelinks {title}} lexeme(id: "L1") {id lemmas {value}} '
        'node(id: "L1-F1") {id} entity(id: "Q2") {__typename}}'
    )
    assert answer["data"] == {
        "item": None,
        "lexeme": None,
        "node": None,
        "entity": {"__typename": "Property"},
    }
    assert told(answer) == [
        ("entity_not_found", ["node"]),
        ("wrong_entity_type", ["item"]),
        ("wrong_entity_type", ["lexeme"]),
    ]


BAD_IDS = [
    *("", " ", "Q", "42", "Q0", "Q042", "Q-1", "Q1.0", " Q1", "Q1 ", "Q1\n", "QQ1", "Q1-F1", "X1"),
    *("M5", "Q2147483648", "L9999999999", "E" + "9" * 400, "Q１", "ſ1", "Q1\x00", "\N{GRINNING FACE}"),
]


@pytest.mark.parametrize("id", BAD_IDS)
async def test_what_is_no_entity_id_is_refused(graph: Asking, id: str) -> None:
    """Q7: with a hint how one looks, before anything is read."""
    answer = await graph("query ($id: EntityId!) {entity(id: $id) {id}}", id=id)
    assert "data" not in answer
    assert "is not an entity id: write Q42" in answer["errors"][0]["message"]


@pytest.mark.parametrize("id", ["Q2147483647", "P2147483647", "L2147483647", "E2147483647"])
async def test_the_largest_ids_are_ids(graph: Asking, id: str) -> None:
    """Q7"""
    assert told(await graph("query ($id: EntityId!) {entity(id: $id) {id}}", id=id)) == [
        ("entity_not_found", ["entity"])
    ]


# By node

NODES = {
    "Q1": ("Item", "Q1"),
    "e1": ("EntitySchema", "E1"),
    "L1-F1": ("Form", "L1-F1"),
    "l1-s2": ("Sense", "L1-S2"),
}


@pytest.mark.parametrize("id", NODES)
async def test_a_node_is_an_entity_a_form_or_a_sense(few: Asking, id: str) -> None:
    """Q9"""
    kind, normal = NODES[id]
    found = await few.data("query ($id: ID!) {node(id: $id) {__typename id}}", id=id)
    assert found["node"] == {"__typename": kind, "id": normal}


NO_NODES = {
    "L1-F2": "entity_not_found",
    "L1-S1": "entity_not_found",
    "L77-F1": "entity_not_found",
    "Q77": "entity_not_found",
    "Q8": "no_revisions",
    "Q9": "gone",
    **dict.fromkeys([*BAD_IDS, "L1-F0", "L1-X1", "L1-F", "L1-F1-F1", "L1-ſ2", "L9999999999-F1"], "bad_id"),
}
del NO_NODES["Q1-F1"]


@pytest.mark.parametrize("id", NO_NODES)
async def test_what_is_no_node_is_null_and_says_why(few: Asking, id: str) -> None:
    """Q7"""
    answer = await few("query ($id: ID!) {node(id: $id) {id}}", id=id)
    assert (answer["data"], told(answer)) == ({"node": None}, [(NO_NODES[id], ["node"])])


async def test_a_part_of_another_kind_of_entity_is_no_id(few: Asking) -> None:
    """Q7: only lexemes have parts."""
    assert told(await few('{node(id: "Q1-F1") {id}}')) == [("bad_id", ["node"])]


async def test_a_part_knows_its_lexeme_and_is_found_in_it(few: Asking) -> None:
    """Q9"""
    query = """{
      node(id: "L1-F1") {... on LexemePart {lexeme {id forms {id}}}}
      lexeme(id: "L1") {
        some: forms(ids: ["l1-f1", "L1-F9", "L1-S2", "l1-F1"]) {id} none: senses(ids: []) {id}
      }
    }"""
    assert await few.data(query) == {
        "node": {"lexeme": {"id": "L1", "forms": [{"id": "L1-F1"}]}},
        "lexeme": {"some": [{"id": "L1-F1"}], "none": []},
    }


# At a revision


@pytest.fixture
async def revised(stores: Stores, graph: Asking) -> Asking:
    """An item of three revisions, whose numbers have a gap."""
    item = an_item("Q1")
    await make(
        stores,
        edit(item.with_label("en", "one").with_statement("P1", string="first"), Base.NOTHING),
        edit(item.with_label("en", "two").with_statement("P2", string="second"), 1),
    )
    await stored_again(stores, "Q1", Flags(is_locked=True))
    return graph


async def test_an_entity_is_shown_as_it_was(revised: Asking) -> None:
    """Q1"""
    query = """query ($n: Int) {item(id: "Q1", revisionId: $n) {
      revisionId label(languageCode: "en") properties statements {propertyId} revision {isLocked revisionId}
      json
    }}"""
    expected = {
        1: ("one", "P1", False),
        2: ("two", "P2", False),
        3: ("two", "P2", True),
        None: ("two", "P2", True),
    }
    for number, (label, name, locked) in expected.items():
        found = (await revised.data(query, n=number))["item"]
        assert found["revisionId"] == (number or 3)
        assert found["label"] == label
        assert found["json"]["labels"]["en"]["value"] == label
        assert found["properties"] == [name]
        assert found["statements"] == [{"propertyId": name}]
        assert found["revision"] == {"isLocked": locked, "revisionId": number or 3}


MISSING_REVISIONS = [0, -1, 4, 77, 2**31 - 1, -(2**31)]


@pytest.mark.parametrize("number", MISSING_REVISIONS)
async def test_a_missing_revision_names_those_that_are_there(revised: Asking, number: int) -> None:
    """Q7: on every path, newest first."""
    answer = await revised(
        """query ($n: Int!) {
          entity(id: "Q1", revisionId: $n) {id}  item(id: "Q1", revisionId: $n) {id}
          revision(id: "Q1", revisionId: $n) {revisionId}
          snapshots(revisions: [{id: "Q1", revisionId: $n}]) {key}
        }""",
        n=number,
    )
    assert answer["data"] == {"entity": None, "item": None, "revision": None, "snapshots": [None]}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"revision_not_found"}
    assert len(answer["errors"]) == 4
    for error in answer["errors"]:
        facts = error["extensions"]
        assert (facts["entityId"], facts["revisionId"]) == ("Q1", number)
        assert facts["available"] == [3, 2, 1]


async def test_the_revisions_named_are_the_newest_and_bounded(stores: Stores, graph: Asking) -> None:
    """Q7"""
    await make(stores, edit(an_item("Q1").with_label("en", "0"), Base.NOTHING))
    for number in range(1, 25):
        await make(stores, edit(an_item("Q1").with_label("en", str(number)), number))
    answer = await graph('{entity(id: "Q1", revisionId: 99) {id}}')
    assert answer["errors"][0]["extensions"]["available"] == list(range(25, 5, -1))


@pytest.mark.parametrize("number", ["2147483648", "-2147483649", "1e3", '"1"', "true", "1.0"])
async def test_what_is_no_revision_number_is_refused(revised: Asking, number: str) -> None:
    """Q7"""
    answer = await revised(f'{{entity(id: "Q1", revisionId: {number}) {{id}}}}')
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "invalid_query"


@pytest.mark.parametrize("id", ["Q77", "Q8", "Q9"])
async def test_a_revision_of_what_cannot_be_shown_says_why(few: Asking, id: str) -> None:
    """Q7: the entity's own reason, not that the revision is missing."""
    code = NO_NODES[id]
    answer = await few(
        """query ($id: EntityId!) {
          entity(id: $id, revisionId: 1) {id} revision(id: $id, revisionId: 1) {revisionId}
          snapshots(revisions: [{id: $id, revisionId: 1}, {id: $id}]) {key}
        }""",
        id=id,
    )
    assert told(answer) == sorted(
        [
            (code, ["entity"]),
            (code, ["revision"]),
            (code, ["snapshots", 0]),
            (code, ["snapshots", 1]),
        ],
        key=str,
    )


# Deleted


async def test_a_soft_deleted_entity_is_readable_and_flagged(stores: Stores, graph: Asking) -> None:
    """Q7, W7: with why, when and by whom."""
    await make(stores, edit(an_item("Q1").with_label("en", "kept").with_statement("P1"), Base.NOTHING))
    await soft_delete(stores, "Q1", deletion_reason="test", deleted_at=NOW, deleted_by="Bob")
    await settle(stores)
    query = """{item(id: "Q1") {
      revisionId label(languageCode: "en") statements {propertyId}
      revision {isDeleted deletionReason deletedAt deletedBy}
      before: history {nodes {revisionId isDeleted deletionReason deletedAt deletedBy}}
    }}"""
    found = (await graph.data(query))["item"]
    deleted = {
        "isDeleted": True,
        "deletionReason": "test",
        "deletedAt": "2026-01-15T10:30:00Z",
        "deletedBy": "Bob",
    }
    nothing = {"isDeleted": False, "deletionReason": None, "deletedAt": None, "deletedBy": None}
    assert found["label"] == "kept"
    assert found["statements"] == [{"propertyId": "P1"}]
    assert found["revision"] == deleted
    assert found["before"]["nodes"] == [{"revisionId": 2, **deleted}, {"revisionId": 1, **nothing}]


@pytest.fixture
async def gone(stores: Stores, graph: Asking) -> Asking:
    """Q9, P9 and L9 were deleted for good; Q1 still names them all, and shares a statement with Q9."""
    lexeme = a_lexeme("L9").with_form(1).with_sense(1).with_part_statement("L9-F1", "P1", string="of a form")
    await make(stores, edit(an_item("Q9").with_label("en", "secret").with_statement("P1"), Base.NOTHING))
    await make(stores, edit(an_item("Q9").with_label("en", "secret 2").with_statement("P1", item="Q1"), 1))
    await make(stores, edit(a_property("P9").with_label("en", "secret"), Base.NOTHING))
    await make(stores, edit(lexeme, Base.NOTHING))
    naming = (
        an_item("Q1")
        .with_statement("P1")
        .with_statement("P9", item="Q9", qualifiers=[a_snak("P9", form="L9-F1")])
        .with_statement("P9", sense="L9-S1")
        .with_statement("P9", to_property="P9")
        .with_statement("P9", lexeme="L9")
        .with_sitelink("enwiki", "x", "Q9")
    )
    await make(stores, edit(naming, Base.NOTHING))
    await settle(stores)
    for name in ("Q9", "P9", "L9"):
        await hard_delete(stores, name)
    await settle(stores)
    return graph


GONE = {
    "entity": ("{entity(id: Q) {id}}", ["entity"]),
    "not followed": ("{entity(id: Q, followRedirects: false) {id}}", ["entity"]),
    "at its last revision": ("{entity(id: Q, revisionId: 3) {id}}", ["entity"]),
    "at an older revision": ("{entity(id: Q, revisionId: 1) {id}}", ["entity"]),
    "at a revision that it never had": ("{entity(id: Q, revisionId: 7) {id}}", ["entity"]),
    "among others": ("{entities(ids: [Q]) {id}}", ["entities", 0]),
    "item": ("{item(id: Q) {id}}", ["item"]),
    "node": ("{node(id: Q) {id}}", ["node"]),
    "form": ('{node(id: "L9-F1") {id}}', ["node"]),
    "sense": ('{node(id: "L9-S1") {id}}', ["node"]),
    "revision": ("{revision(id: Q, revisionId: 1) {createdBy}}", ["revision"]),
    "last revision": ("{revision(id: Q, revisionId: 3) {createdBy}}", ["revision"]),
    "snapshot": ("{snapshots(revisions: [{id: Q, revisionId: 1}]) {key}}", ["snapshots", 0]),
    "last snapshot": ("{snapshots(revisions: [{id: Q}]) {key}}", ["snapshots", 0]),
    "history": ("{entity(id: Q) {history {nodes {revisionId}}}}", ["entity"]),
    "backlinks": ("{entity(id: Q) {backlinks {nodes {entityId}}}}", ["entity"]),
    "redirects": ("{entity(id: Q) {redirectCount redirects {nodes {sourceId}}}}", ["entity"]),
    "statement by its id": (
        f'{{statementById(id: "{a_statement_id("Q9", 1)}") {{json}}}}',
        ["statementById"],
    ),
    "statement of a form by its id": (
        f'{{statementById(id: "{a_statement_id("L9-F1", 1)}") {{json}}}}',
        ["statementById"],
    ),
}


@pytest.mark.parametrize("name", GONE)
async def test_what_is_gone_is_gone_on_every_path(gone: Asking, name: str) -> None:
    """Q7, I10"""
    query, path = GONE[name]
    answer = await gone(query.replace("id: Q", 'id: "Q9"').replace("[Q]", '["Q9"]'))
    assert told(answer) == [("gone", path)]
    assert "secret" not in str(answer)


async def test_what_is_gone_is_not_among_the_revisions_of_all(gone: Asking) -> None:
    """Q7, I10"""
    found = (await gone.data("{revisions {nodes {entityId}}}"))["revisions"]["nodes"]
    assert {one["entityId"] for one in found} == {"Q1"}


async def test_what_names_it_says_that_it_is_gone(gone: Asking) -> None:
    """Q7, Q8, I10: no path through a link leads to it, and none fails for it."""
    query = """{item(id: "Q1") {
      statements(properties: ["P9"]) {
        property {...T dataType entity {id}}
        value {...L}
        qualifiers {property {...T} value {...L}}
      }
      sitelinks {badges {...T item {id} entity {id} status}}
    }}
    fragment T on LabelProvider {label(languageCode: "en") labels {value}}
    fragment L on Value {
      ...T
      ... on EntityReference {entity {id} status}
      ... on ItemValue {item {id}} ... on PropertyValue {property {id}} ... on LexemeValue {lexeme {id}}
      ... on FormValue {form {id}} ... on SenseValue {sense {id}}
    }"""
    found = (await gone.data(query))["item"]
    no_text: dict[str, Any] = {"label": None, "labels": []}
    no_entity = {"entity": None, "status": "GONE"}
    values = [one["value"] for one in found["statements"]]
    assert values == [
        {**no_text, **no_entity, "item": None},
        {**no_entity, "sense": None},
        {**no_text, **no_entity, "property": None},
        {**no_entity, "lexeme": None},
    ]
    assert found["statements"][0]["qualifiers"][0]["value"] == {**no_entity, "form": None}
    assert found["statements"][0]["property"] == {**no_text, "dataType": None, "entity": None}
    assert found["sitelinks"][0]["badges"] == [{**no_text, **no_entity, "item": None}]


async def test_what_it_shared_is_still_held_by_the_others(gone: Asking) -> None:
    """I10: no other entity lost a statement."""
    found = await gone.data('{item(id: "Q1") {statements(properties: ["P1"]) {json holders {nodes {id}}}}}')
    (statement,) = found["item"]["statements"]
    assert statement["holders"]["nodes"] == [{"id": "Q1"}]
    assert statement["json"]["mainsnak"]["property"] == "P1"


# What links say


async def test_a_link_says_what_is_at_its_end(stores: Stores, few: Asking) -> None:
    """Q5, Q7, Q8"""
    item = an_item("Q50")
    for target in ("Q1", "Q2", "Q8", "Q9", "Q77"):
        item = item.with_statement("P5", item=target)
    await make(stores, edit(item, Base.NOTHING), redirect("Q2", "Q1", 1))
    await settle(stores)
    query = '{item(id: "Q50") {statements {value {... on ItemValue {id status item {id redirectedFrom}}}}}}'
    found = [one["value"] for one in (await few.data(query))["item"]["statements"]]
    assert found == [
        {"id": "Q1", "status": "FOUND", "item": {"id": "Q1", "redirectedFrom": []}},
        {"id": "Q2", "status": "REDIRECTED", "item": {"id": "Q1", "redirectedFrom": ["Q2"]}},
        {"id": "Q8", "status": "NO_REVISIONS", "item": None},
        {"id": "Q9", "status": "GONE", "item": None},
        {"id": "Q77", "status": "MISSING", "item": None},
    ]


ODD_LINKS = ["P1", "L1", "E1", "junk", "", "q1", "L1-F1", "Q99999999999"]


@pytest.mark.parametrize("named", ODD_LINKS)
async def test_a_link_that_must_lead_to_an_item_leads_to_no_other_kind(
    stores: Stores, few: Asking, named: str
) -> None:
    """Q8: an import may name anything as the language of a lexeme; it is never shown as an item."""
    lexeme = a_lexeme("L50", language=named, category=named)
    await make(stores, edit(lexeme, Base.NOTHING, level=Level.LENIENT))
    query = """{lexeme(id: "L50") {
      language {id item {__typename id sitelinks {title}} label(languageCode: "en") status}
      lexicalCategory {id item {__typename id sitelinks {title}}}
    }}"""
    found = (await few.data(query))["lexeme"]
    assert found["language"]["id"] == found["lexicalCategory"]["id"] == named
    item = {"__typename": "Item", "id": "Q1", "sitelinks": []} if named == "q1" else None
    assert found["language"]["item"] == found["lexicalCategory"]["item"] == item


ODD_FORMS: dict[str, tuple[Any, list[str]]] = {
    "none": (None, []),
    "not a list": ({"Q5": 1}, []),
    "a text": ("Q5", []),
    "odd members": ([7, "Q5", None, ["Q6"], "Q7"], ["Q5", "Q7"]),
}


@pytest.mark.parametrize("name", ODD_FORMS)
async def test_odd_parts_of_lexemes_are_shown_as_far_as_they_go(
    stores: Stores, graph: Asking, name: str
) -> None:
    """Q9: as a lenient import lets them in; the JSON has them as they are."""
    features, shown = ODD_FORMS[name]
    lexeme = a_lexeme("L1").with_form(1).json()
    lexeme["forms"][0]["grammaticalFeatures"] = features
    lexeme |= {"nextFormId": "two", "nextSenseId": 2**40}
    await make(stores, edit(lexeme, Base.NOTHING, level=Level.LENIENT))
    query = '{lexeme(id: "L1") {forms {grammaticalFeatures {id}} nextFormId nextSenseId json}}'
    found = (await graph.data(query))["lexeme"]
    assert [one["id"] for one in found["forms"][0]["grammaticalFeatures"]] == shown
    assert (found["nextFormId"], found["nextSenseId"]) == (None, None)
    assert found["json"] == lexeme


async def test_odd_sitelinks_are_shown_as_far_as_they_go(stores: Stores, graph: Asking) -> None:
    """Q9: by site, in the order asked for and each once."""
    links = {
        "dewiki": {"site": "dewiki", "title": "x", "url": 7, "badges": ["Q1", "junk"]},
        "enwiki": {"site": "enwiki", "title": ""},
    }
    item = an_item("Q1").with_field("sitelinks", links)
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = """{item(id: "Q1") {
      sitelinks(siteIds: ["enwiki", "xx", "dewiki", "enwiki"]) {siteId title url badges {id status}}
      sitelink(siteId: "dewiki") {siteId}  none: sitelink(siteId: "xx") {siteId}
    }}"""
    assert (await graph.data(query))["item"] == {
        "sitelinks": [
            {"siteId": "enwiki", "title": "", "url": None, "badges": []},
            {
                "siteId": "dewiki",
                "title": "x",
                "url": None,
                "badges": [{"id": "Q1", "status": "FOUND"}, {"id": "junk", "status": "ELSEWHERE"}],
            },
        ],
        "sitelink": {"siteId": "dewiki"},
        "none": None,
    }


async def test_an_odd_data_type_is_told_in_the_json_alone(stores: Stores, graph: Asking) -> None:
    """Q8: the field is a text or null, whatever an import had."""
    item = an_item("Q1").with_statement("P1", datatype={"a": 1}, qualifiers=[a_snak("P2")])
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = '{item(id: "Q1") {statements {dataType json value {__typename}}}}'
    (found,) = (await graph.data(query))["item"]["statements"]
    assert found["dataType"] is None
    assert found["value"] == {"__typename": "StringValue"}
    assert found["json"]["mainsnak"]["datatype"] == {"a": 1}
