"""Revisions: of one entity and of all, filtered and paged, each told as it was committed (Q1, S8, Q10)."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from storage import times
from storage.commit import commit
from storage.edits import Base
from storage.ids import EntityId
from storage.keys import Bucket, Key, snapshot_key
from storage.model import EditInfo, Flags, JsonObject
from storage.ports import NewObject, Stores
from storage.sql.metadata import SqlMetadata
from tests.builders import NOW, a_lexeme, a_statement_id, a_swap, an_attempt, an_item
from tests.commit.making import eager, edit, make, redirect
from tests.commit.test_older import OLD, WRITERS, older
from tests.graph.over import all_pages, hard_delete, put_instead, redirect_rows, stored_again, told
from tests.serving import Asking

HISTORY = """query ($first: Int! = 100, $after: String, $filter: RevisionFilterInput) {entity(id: "Q1") {
  history(first: $first, after: $after, filter: $filter) {
    nodes {revisionId} edges {cursor node {revisionId}}
    pageInfo {hasNextPage hasPreviousPage startCursor endCursor}
  }
}}"""
RECENT = """query ($first: Int! = 100, $after: String, $filter: RevisionFilterInput) {
  revisions(first: $first, after: $after, filter: $filter) {
    nodes {entityId revisionId} pageInfo {hasNextPage endCursor}
  }
}"""


async def _history(ask: Asking, **variables: Any) -> Any:
    return (await ask.data(HISTORY, **variables))["entity"]["history"]


def _numbers(nodes: list[dict[str, Any]]) -> list[int]:
    return [one["revisionId"] for one in nodes]


EDITS: list[dict[str, Any]] = [
    {},
    {"is_mass_edit": True},
    {"edit_type": "cleanup"},
    {"is_mass_edit": True, "edit_type": "cleanup"},
    {"is_mass_edit": True, "edit_type": "Cleanup"},
    {"edit_type": "x" * 100},
    {"bot": True},
]
"""How each revision was made; the first has number 1."""


@pytest.fixture
async def revised(stores: Stores, graph: Asking) -> Asking:
    """An item of seven revisions."""
    await make(stores, edit(an_item("Q1"), Base.NOTHING, **EDITS[0]))
    for number, info in enumerate(EDITS[1:], start=1):
        await make(stores, edit(an_item("Q1").with_label("en", str(number)), number, **info))
    return graph


async def test_a_history_is_newest_first(revised: Asking) -> None:
    """Q1"""
    assert _numbers((await _history(revised))["nodes"]) == [7, 6, 5, 4, 3, 2, 1]


async def test_a_page_tells_where_it_stands(revised: Asking) -> None:
    """Q10"""
    first = await _history(revised, first=3)
    info = first["pageInfo"]
    assert _numbers(first["nodes"]) == _numbers([edge["node"] for edge in first["edges"]]) == [7, 6, 5]
    cursors = [edge["cursor"] for edge in first["edges"]]
    assert info == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": cursors[0],
        "endCursor": cursors[2],
    }
    last = await _history(revised, first=4, after=info["endCursor"])
    assert _numbers(last["nodes"]) == [4, 3, 2, 1]
    assert (last["pageInfo"]["hasNextPage"], last["pageInfo"]["hasPreviousPage"]) == (False, True)
    beyond = await _history(revised, after=last["pageInfo"]["endCursor"])
    assert beyond["nodes"] == []
    assert beyond["pageInfo"]["endCursor"] is None


async def test_one_can_go_on_after_any_item(revised: Asking) -> None:
    """Q10: each edge has the cursor of its own place."""
    for edge in (await _history(revised))["edges"]:
        number = edge["node"]["revisionId"]
        rest = await _history(revised, after=edge["cursor"])
        assert _numbers(rest["nodes"]) == list(range(number - 1, 0, -1))


async def test_a_page_of_none_tells_whether_there_are_any(revised: Asking) -> None:
    """Q10"""
    page = await _history(revised, first=0)
    assert page["nodes"] == page["edges"] == []
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


FILTERS: dict[str, tuple[dict[str, Any] | None, list[int]]] = {
    "no filter": (None, [7, 6, 5, 4, 3, 2, 1]),
    "an empty filter": ({}, [7, 6, 5, 4, 3, 2, 1]),
    "nulls": ({"isMassEdit": None, "editType": None}, [7, 6, 5, 4, 3, 2, 1]),
    "mass edits": ({"isMassEdit": True}, [5, 4, 2]),
    "others": ({"isMassEdit": False}, [7, 6, 3, 1]),
    "of a type": ({"editType": "cleanup"}, [4, 3]),
    "of no type": ({"editType": ""}, [7, 2, 1]),
    "of a type of nobody": ({"editType": "clean"}, []),
    "mass edits of a type": ({"isMassEdit": True, "editType": "cleanup"}, [4]),
    "a type that is longer than any": ({"editType": "x" * 10_000}, []),
    "a type with odd characters": ({"editType": "%_'\x00\N{GRINNING FACE}"}, []),
}

MATCH_A_MASS_CLEANUP = [
    "no filter",
    "an empty filter",
    "nulls",
    "mass edits",
    "of a type",
    "mass edits of a type",
]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("name", FILTERS)
async def test_a_history_is_filtered_and_paged(revised: Asking, name: str, size: int) -> None:
    """Q1, Q10"""
    wanted, numbers = FILTERS[name]
    nodes = await all_pages(revised, HISTORY, ["entity", "history"], size, filter=wanted)
    assert _numbers(nodes) == numbers


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("name", FILTERS)
async def test_the_revisions_of_all_are_filtered_and_paged(
    stores: Stores, revised: Asking, name: str, size: int
) -> None:
    """Q1, Q10: here of two entities, whose revisions come in turn."""
    wanted, numbers = FILTERS[name]
    await make(stores, edit(an_item("Q2"), Base.NOTHING, **EDITS[3]))
    nodes = await all_pages(revised, RECENT, ["revisions"], size, filter=wanted)
    expected = [("Q1", number) for number in numbers]
    if name in MATCH_A_MASS_CLEANUP:
        expected.insert(0, ("Q2", 1))
    assert [(one["entityId"], one["revisionId"]) for one in nodes] == expected


async def test_revisions_that_come_while_paging_neither_hide_nor_repeat_any(
    stores: Stores, revised: Asking
) -> None:
    """Q10: at every page another is committed."""
    for query, path in ((HISTORY, ["entity", "history"]), (RECENT, ["revisions"])):
        start = (await _history(revised, first=1))["nodes"][0]["revisionId"]
        seen: list[int] = []
        after = None
        while True:
            found = await revised.data(query, first=2, after=after)
            for name in path:
                found = found[name]
            seen += _numbers(found["nodes"])
            if not found["pageInfo"]["hasNextPage"]:
                break
            after = found["pageInfo"]["endCursor"]
            head = start + len(seen) // 2 - 1
            await make(stores, edit(an_item("Q1").with_label("de", f"{path} {head}"), head))
        assert seen == list(range(start, 0, -1))


async def test_revisions_of_one_time_are_paged_without_gap_or_repeat(stores: Stores, graph: Asking) -> None:
    """Q1, Q10: an import may give many one time."""
    for number in range(1, 12):
        name = f"{'QPLE'[number % 4]}{number}"
        await stores.metadata.commit(a_swap(name, 1, at=NOW))
        await stores.metadata.commit(
            a_swap(name, 2, 1, at=NOW if number % 2 else NOW - timedelta(days=number))
        )
    for size in (1, 3, 7, 22):
        nodes = await all_pages(graph, RECENT, ["revisions"], size)
        assert len({(one["entityId"], one["revisionId"]) for one in nodes}) == len(nodes) == 22
    assert {one["revisionId"] for one in nodes[-5:]} == {2}, "those of an older time come last"


async def test_revisions_of_what_was_deleted_for_good_are_in_no_page(stores: Stores, revised: Asking) -> None:
    """Q7, I10: the pages are as full as they can be."""
    await make(stores, edit(an_item("Q2"), Base.NOTHING))
    await make(stores, edit(an_item("Q3"), Base.NOTHING))
    await hard_delete(stores, "Q2")
    for size in (1, 2, 100):
        nodes = await all_pages(revised, RECENT, ["revisions"], size)
        assert [one["entityId"] for one in nodes] == ["Q3", *["Q1"] * 7]
    page = (await revised.data(RECENT, first=2))["revisions"]
    assert len(page["nodes"]) == 2


async def test_each_revision_leads_to_the_entity_as_it_was(stores: Stores, graph: Asking) -> None:
    """Q1: from the history of one, and from the revisions of all."""
    await make(
        stores,
        edit(an_item("Q1").with_label("en", "one").with_statement("P1"), Base.NOTHING),
        edit(an_item("Q1").with_label("en", "two"), 1),
        edit(an_item("Q2").with_label("en", "target"), Base.NOTHING),
        redirect("Q1", "Q2", 2),
    )
    query = """{
      entity(id: "Q1", followRedirects: false) {history {nodes {...R}}}
      revisions {nodes {...R}}
      revision(id: "Q1", revisionId: 1) {...R}
    }
    fragment R on Revision {
      entity {id revisionId redirectedFrom properties ... on Item {label(languageCode: "en")}}
    }"""

    def shown(id: str, number: int, label: str | None, *properties: str) -> dict[str, Any]:
        rest = {"redirectedFrom": [], "properties": list(properties), "label": label}
        return {"entity": {"id": id, "revisionId": number, **rest}}

    of_all = [
        shown("Q1", 3, None),
        shown("Q2", 1, "target"),
        shown("Q1", 2, "two"),
        shown("Q1", 1, "one", "P1"),
    ]
    assert await graph.data(query) == {
        "entity": {"history": {"nodes": [one for one in of_all if one["entity"]["id"] == "Q1"]}},
        "revisions": {"nodes": of_all},
        "revision": of_all[-1],
    }


# What a revision tells

COMMITTED = EditInfo(
    "Bob",
    summary="why \N{GRINNING FACE}",
    edit_type="cleanup",
    is_mass_edit=True,
    bot=True,
    batch_id="batch 7",
    source_revision_id=2**40,
)
REVISION: dict[str, Any] = {
    "entityId": "Q1",
    "revisionId": 2,
    "parentRevisionId": 1,
    "entityType": "ITEM",
    "createdAt": "2026-01-15T10:30:00Z",
    "createdBy": "Bob",
    "summary": "why \N{GRINNING FACE}",
    "editType": "cleanup",
    "isMassEdit": True,
    "bot": True,
    "batchId": "batch 7",
    "sourceRevisionId": str(2**40),
    "schemaVersion": "1.3.0",
    "validationStatus": "valid",
    "validatedAt": "2026-01-15T10:30:00Z",
    "isSemiProtected": False,
    "isMassEditProtected": False,
    "isLocked": False,
    "isArchived": False,
    "isDangling": False,
    "isDeleted": False,
    "isRedirect": False,
    "redirectsTo": None,
    "deletionReason": None,
    "deletedAt": None,
    "deletedBy": None,
}
FIRST = {
    **REVISION,
    "revisionId": 1,
    "parentRevisionId": None,
    "createdBy": "Alice",
    "summary": "",
    "editType": "",
    "isMassEdit": False,
    "bot": False,
    "batchId": None,
    "sourceRevisionId": None,
}


async def _two(stores: Stores) -> None:
    first, second = edit(an_item("Q1"), Base.NOTHING), edit(an_item("Q1").with_label("en", "x"), 1)
    for one, info in ((first, first.info), (second, COMMITTED)):
        told_as = type(one)(one.entity, one.base, one.change, info)
        await commit(told_as, stores, clock=lambda: NOW, pauses=eager)


@pytest.mark.parametrize("name", REVISION)
async def test_a_revision_tells_what_was_committed(stores: Stores, graph: Asking, name: str) -> None:
    """S8, W9: on every path to it the same."""
    await _two(stores)
    query = f"""{{
      revision(id: "Q1", revisionId: 2) {{{name}}}
      entity(id: "Q1") {{revision {{{name}}} history {{nodes {{{name}}}}}}}
      old: entity(id: "Q1", revisionId: 1) {{revision {{{name}}}}}
      revisions {{nodes {{{name}}}}}
    }}"""
    new, old = {name: REVISION[name]}, {name: FIRST[name]}
    assert await graph.data(query) == {
        "revision": new,
        "entity": {"revision": new, "history": {"nodes": [new, old]}},
        "old": {"revision": old},
        "revisions": {"nodes": [new, old]},
    }


async def test_a_revision_tells_the_hash_and_size_of_its_snapshot(stores: Stores, graph: Asking) -> None:
    """S8: the hash as text, since it has 64 bits."""
    await _two(stores)
    query = '{revision(id: "Q1", revisionId: 2) {contentHash sizeBytes snapshot {sizeBytes json}}}'
    found = (await graph.data(query))["revision"]
    assert found["contentHash"] == str(found["snapshot"]["json"]["content_hash"])
    key = snapshot_key(EntityId("Q1"), 2)
    stored = (await stores.objects.get([key]))[key]
    assert found["sizeBytes"] == found["snapshot"]["sizeBytes"] == len(stored.data)  # type: ignore[union-attr]


FLAGS = {
    "is_semi_protected": "isSemiProtected",
    "is_mass_edit_protected": "isMassEditProtected",
    "is_locked": "isLocked",
    "is_archived": "isArchived",
    "is_dangling": "isDangling",
    "is_soft_deleted": "isDeleted",
    "is_redirect": "isRedirect",
}


@pytest.mark.parametrize("flag", FLAGS)
async def test_each_flag_is_told_by_itself_and_from_its_revision_on(
    stores: Stores, graph: Asking, flag: str
) -> None:
    """S8, W5"""
    assert {one.name for one in fields(Flags)} == {*FLAGS, "is_deleted"}
    await make(stores, edit(an_item("Q1"), Base.NOTHING))
    target = EntityId("Q2") if flag == "is_redirect" else None
    await stored_again(stores, "Q1", Flags(**{flag: True}), redirects_to=target)
    query = (
        f'{{entity(id: "Q1", followRedirects: false) {{history {{nodes {{{" ".join(FLAGS.values())}}}}}}}}}'
    )
    new, old = (await graph.data(query))["entity"]["history"]["nodes"]
    assert [name for name, value in new.items() if value] == [FLAGS[flag]]
    assert not any(old.values())


@pytest.mark.parametrize("microsecond", [0, 1, 500_000])
async def test_times_are_told_to_the_microsecond_in_utc(
    stores: Stores, graph: Asking, microsecond: int
) -> None:
    """S8"""
    at: datetime = NOW.replace(microsecond=microsecond)
    await stores.metadata.commit(a_swap("Q1", at=at))
    found = (await graph.data('{entity(id: "Q1") {modified revision {createdAt validatedAt}}}'))["entity"]
    assert found["modified"] == found["revision"]["createdAt"] == found["revision"]["validatedAt"]
    assert found["modified"].endswith("Z")
    assert times.read(found["modified"]) == at


async def test_fields_of_a_lost_snapshot_fail_alone(stores: Stores, graph: Asking) -> None:
    """Q7: where a redirect led is in its snapshot; all else in the row."""
    await make(stores, edit(an_item("Q2"), Base.NOTHING))
    await redirect_rows(stores, "Q1", "Q2")
    answer = await graph('{revision(id: "Q1", revisionId: 1) {isRedirect redirectsTo createdBy}}')
    assert answer["data"]["revision"] == {"isRedirect": True, "redirectsTo": None, "createdBy": "Alice"}
    assert told(answer) == [("damaged", ["revision", "redirectsTo"])]


# What earlier programs wrote

OLDER = """{item(id: "Q42") {
  label(languageCode: "en") properties propertyCounts {propertyId count} statementHashes
  statements {id hash propertyId json} some: statements(properties: ["P1"], best: true) {propertyId}
  json revision {schemaVersion contentHash createdAt isMassEdit editType redirectsTo}
}}"""


@pytest.mark.parametrize("write", WRITERS)
async def test_an_older_revision_is_shown_like_any(stores: Stores, graph: Asking, write: Any) -> None:
    """S8, Q2, Q3: though its row does not tell which statements it has."""
    said: JsonObject = await write(stores)
    found = (await graph.data(OLDER))["item"]
    assert found["json"] == said
    assert found["label"] == "old"
    groups = said["claims"].items()
    assert sorted(found["properties"]) == sorted(name for name, _ in groups)
    assert {one["propertyId"]: one["count"] for one in found["propertyCounts"]} == {
        name: len(group) for name, group in groups
    }
    assert [one["hash"] for one in found["statements"]] == found["statementHashes"]
    assert [one["propertyId"] for one in found["some"]] == ["P1"]
    assert found["revision"]["contentHash"] is None, "an older hash is of another kind"
    for one in found["statements"]:
        (known,) = said["claims"][one["propertyId"]]
        assert one["id"] == known.get("id")
        assert one["json"] == {key: value for key, value in known.items() if key != "id"}


@pytest.mark.parametrize("write", WRITERS)
async def test_an_older_revision_is_shown_behind_a_newer_one(
    stores: Stores, graph: Asking, write: Any
) -> None:
    """S8: the next edit was written in today's form."""
    await write(stores)
    await make(stores, edit(OLD.with_label("en", "new"), 1))
    query = """{item(id: "Q42") {history {nodes {
      revisionId schemaVersion
      entity {... on Item {label(languageCode: "en")} propertyCounts {count} statements {propertyId rank}}
    }}}}"""
    new, old = (await graph.data(query))["item"]["history"]["nodes"]
    assert (new["revisionId"], new["schemaVersion"], new["entity"]["label"]) == (2, "1.3.0", "new")
    assert (old["revisionId"], old["entity"]["label"]) == (1, "old")
    for one in (new, old):
        assert [pair["count"] for pair in one["entity"]["propertyCounts"]] == [1, 1]
        assert {pair["propertyId"] for pair in one["entity"]["statements"]} == {"P1", "P2"}


async def test_a_statement_of_an_older_revision_is_found_by_its_id(stores: Stores, graph: Asking) -> None:
    """S8, T6: 1.0.0 kept ids; its statements are its own and have no row."""
    await WRITERS[0](stores)
    query = f'{{statementById(id: "{a_statement_id("Q42", 2)}") {{id propertyId json refCount}}}}'
    found = (await graph.data(query))["statementById"]
    assert (found["propertyId"], found["refCount"]) == ("P1", None)
    assert found["json"]["mainsnak"]["datavalue"]["value"] == "kept"


async def _write_1_0_0(stores: Stores, entity: JsonObject) -> Key:
    """Statements inline, those of forms and senses as well."""
    name, attempt = entity["id"], an_attempt()
    key = Key(Bucket.REVISIONS, f"{name}/r1.json")
    data = older("1.0.0", entity, entity_type=entity["type"])
    await stores.objects.put_absent([NewObject(key, data, attempt)])
    await stores.metadata.commit(a_swap(name, attempt=attempt))
    assert isinstance(stores.metadata, SqlMetadata)
    await stores.metadata.database.write(_forget_the_statements)
    return key


def _forget_the_statements(connection: Connection) -> None:
    connection.execute(
        text(
            "UPDATE entity_revisions SET statements = NULL, statement_ids = NULL, properties = NULL,"
            " property_counts = NULL, parts = NULL, content_hash = NULL, content_digest = NULL"
        )
    )


async def test_forms_and_senses_of_an_older_revision_have_their_statements(
    stores: Stores, graph: Asking
) -> None:
    """S8, Q9: written inline, as 1.0.0 did."""
    lexeme = (
        a_lexeme("L1")
        .with_statement("P1", string="of the lexeme")
        .with_form(1)
        .with_form(2)
        .with_sense(1)
        .with_part_statement("L1-F2", "P1", string="of the form")
        .with_part_statement("L1-F2", "P1", string="of the form")
        .with_part_statement("L1-S1", "P2", string="of the sense")
    )
    await _write_1_0_0(stores, lexeme.json())
    query = """{
      lexeme(id: "L1") {...S json forms {...S} senses {...S}}
      node(id: "L1-F2") {... on Form {...S}}
      statementById(id: "%s") {propertyId}
    }
    fragment S on StatementProvider {propertyCounts {propertyId count} statements {id json}}"""
    found = await graph.data(query % a_statement_id("L1-S1", 1))
    told_of = found["lexeme"]
    assert told_of["json"] == lexeme.json()
    assert told_of["propertyCounts"] == [{"propertyId": "P1", "count": 1}]
    first, second = told_of["forms"]
    assert first == {"propertyCounts": [], "statements": []}
    assert second["propertyCounts"] == [{"propertyId": "P1", "count": 2}]
    assert [one["id"] for one in second["statements"]] == [a_statement_id("L1-F2", n) for n in (1, 2)]
    assert found["node"] == second
    assert told_of["senses"][0]["statements"][0]["id"] == a_statement_id("L1-S1", 1)
    assert found["statementById"] == {"propertyId": "P2"}


async def test_a_damaged_older_revision_costs_no_other(stores: Stores, graph: Asking) -> None:
    """S8, Q7: what its row does not tell is lost with it, all else is told."""
    keys = [
        await _write_1_0_0(stores, an_item(name).with_statement("P1").json()) for name in ("Q1", "Q2", "Q3")
    ]
    await put_instead(stores, keys[1], b"{")
    query = '{entities(ids: ["Q1", "Q2", "Q3"]) {id propertyCounts {count} statements {rank}}}'
    answer = await graph(query)
    one: dict[str, Any] = {"propertyCounts": [{"count": 1}], "statements": [{"rank": "NORMAL"}]}
    assert answer["data"]["entities"] == [
        {"id": "Q1", **one},
        {"id": "Q2", "propertyCounts": None, "statements": None},
        {"id": "Q3", **one},
    ]
    assert told(answer) == [
        ("damaged", ["entities", 1, "propertyCounts"]),
        ("damaged", ["entities", 1, "statements"]),
    ]


async def test_each_revision_of_a_history_tells_which_statements_it_had(
    stores: Stores, graph: Asking
) -> None:
    """S8, T5: though a page of a history is read without them."""
    one = an_item("Q1").with_statement("P31", item="Q5")
    await make(stores, edit(one, Base.NOTHING), edit(one.with_statement("P18", string="x"), 1))
    selection = 'properties propertyCounts {propertyId count} statementHashes(properties: ["P31"])'
    found = (await graph.data(f'{{entity(id: "Q1") {{history {{nodes {{{selection}}}}} statementHashes}}}}'))[
        "entity"
    ]
    shared = found["statementHashes"][:1]
    counts = [{"propertyId": name, "count": 1} for name in ("P31", "P18")]
    assert found["history"]["nodes"] == [
        {"properties": ["P31", "P18"], "propertyCounts": counts, "statementHashes": shared},
        {"properties": ["P31"], "propertyCounts": counts[:1], "statementHashes": shared},
    ]
