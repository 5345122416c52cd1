"""Snapshots as they are stored: one or many, and what is said of those that are not as they were (Q1, S2)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.canonical import parse
from storage.edits import Base
from storage.ids import EntityId
from storage.keys import Bucket, Key, snapshot_key
from storage.ports import StoredObject, Stores
from tests.builders import an_item
from tests.commit.making import edit, make
from tests.commit.test_older import KEYS, WRITERS
from tests.graph.over import put_instead, redirect_rows, told
from tests.serving import Asking

pytestmark = pytest.mark.asked_once

SNAPSHOTS = "query ($keys: [RevisionKey!]!) {snapshots(revisions: $keys) {key json entity sizeBytes readMilliseconds}}"
FIRST, SECOND = (snapshot_key(EntityId("Q1"), number) for number in (1, 2))


@pytest.fixture
async def two(stores: Stores, graph: Asking) -> Asking:
    """An item of two revisions, and another item."""
    item = an_item("Q1").with_label("en", "one").with_statement("P1")
    await make(stores, edit(item, Base.NOTHING), edit(item.with_label("en", "two"), 1))
    await make(stores, edit(an_item("Q2"), Base.NOTHING))
    return graph


async def _stored(stores: Stores, key: Key) -> bytes:
    found = (await stores.objects.get([key]))[key]
    assert isinstance(found, StoredObject)
    return found.data


async def test_a_snapshot_is_told_as_it_is_stored(stores: Stores, two: Asking) -> None:
    """Q1: whole, and the entity alone; from the revision and by its numbers."""
    data = await _stored(stores, SECOND)
    query = """{
      snapshots(revisions: [{id: "Q1", revisionId: 2}]) {...S}
      revision(id: "Q1", revisionId: 2) {snapshot {...S}}
      entity(id: "Q1") {revision {snapshot {...S}}}
    }
    fragment S on StoredSnapshot {key sizeBytes json entity}"""
    expected = {
        "key": "wikibase-revisions/Q1/2.json",
        "sizeBytes": len(data),
        "json": parse(data),
        "entity": parse(data)["entity"],
    }
    assert await two.data(query) == {
        "snapshots": [expected],
        "revision": {"snapshot": expected},
        "entity": {"revision": {"snapshot": expected}},
    }
    assert expected["json"]["revision_id"] == 2
    assert expected["entity"]["labels"]["en"]["value"] == "two"


async def test_many_snapshots_keep_the_order_and_the_duplicates_of_their_keys(two: Asking) -> None:
    """Q1: without a number the newest is meant."""
    keys: list[dict[str, Any]] = [
        {"id": "q1", "revisionId": 1},
        {"id": "Q2"},
        {"id": "Q1"},
        {"id": "Q1", "revisionId": 2},
        {"id": "Q1", "revisionId": 1},
    ]
    found = (await two.data(SNAPSHOTS, keys=keys))["snapshots"]
    assert [one["key"].removeprefix("wikibase-revisions/") for one in found] == [
        "Q1/1.json",
        "Q2/1.json",
        "Q1/2.json",
        "Q1/2.json",
        "Q1/1.json",
    ]
    assert [(one["json"]["entity"]["id"], one["json"]["revision_id"]) for one in found] == [
        ("Q1", 1),
        ("Q2", 1),
        ("Q1", 2),
        ("Q1", 2),
        ("Q1", 1),
    ]
    assert all(0 <= one["readMilliseconds"] < 60_000 for one in found)


async def test_each_snapshot_that_cannot_be_told_is_null_and_says_why(stores: Stores, two: Asking) -> None:
    """Q1, Q7: the others are answered."""
    await stores.objects.delete([FIRST])
    keys: list[dict[str, Any]] = [
        {"id": "Q1", "revisionId": 1},
        {"id": "Q77"},
        {"id": "Q1", "revisionId": 7},
        {"id": "Q1"},
    ]
    answer = await two(SNAPSHOTS, keys=keys)
    assert [one is not None for one in answer["data"]["snapshots"]] == [False, False, False, True]
    assert told(answer) == [
        ("damaged", ["snapshots", 0]),
        ("entity_not_found", ["snapshots", 1]),
        ("revision_not_found", ["snapshots", 2]),
    ]
    (damaged,) = [one for one in answer["errors"] if one["extensions"]["code"] == "damaged"]
    assert damaged["extensions"]["key"] == str(FIRST)


async def test_no_keys_are_no_snapshots(two: Asking) -> None:
    """Q1"""
    assert await two.data(SNAPSHOTS, keys=[]) == {"snapshots": []}


@pytest.mark.parametrize("name", ["Q1/r1.json", "Q1/rev1.json"])
async def test_a_snapshot_is_found_under_the_names_of_earlier_layouts(
    stores: Stores, two: Asking, name: str
) -> None:
    """S2: and tells under which it was found, also beside others that have today's."""
    data = await _stored(stores, FIRST)
    await put_instead(stores, FIRST, data, [Key(Bucket.REVISIONS, name)])
    found = (await two.data(SNAPSHOTS, keys=[{"id": "Q1"}, {"id": "Q1", "revisionId": 1}]))["snapshots"]
    assert [one["key"] for one in found] == [str(SECOND), f"wikibase-revisions/{name}"]
    assert found[1]["json"] == parse(data)


async def test_todays_name_comes_before_earlier_ones(stores: Stores, two: Asking) -> None:
    """S2"""
    data = await _stored(stores, FIRST)
    await put_instead(stores, FIRST, data, [FIRST, Key(Bucket.REVISIONS, "Q1/r1.json")])
    (found,) = (await two.data(SNAPSHOTS, keys=[{"id": "Q1", "revisionId": 1}]))["snapshots"]
    assert found["key"] == str(FIRST)


@pytest.mark.parametrize("write", WRITERS)
async def test_an_older_snapshot_is_told_as_it_was_written(stores: Stores, graph: Asking, write: Any) -> None:
    """Q1, S8: not converted."""
    await write(stores)
    (found,) = (await graph.data(SNAPSHOTS, keys=[{"id": "Q42"}]))["snapshots"]
    assert found["key"] == str(KEYS[write.__name__])
    assert found["json"] == parse(await _stored(stores, KEYS[write.__name__]))
    assert found["json"]["schema_version"] == {"0": "1.0.0", "1": "1.1.0", "2": "1.2.0"}[write.__name__[-3]]


NO_OBJECT = [
    b"",
    b"{",
    b"\xff",
    b'{"entity": NaN}',
    b"[" * 100_000,
    b'{"a": "\\ud800"}',
    b"[]",
    b"null",
    b"7",
]


@pytest.mark.parametrize("data", NO_OBJECT, ids=lambda data: repr(data[:16]))
async def test_a_snapshot_that_is_no_json_object_still_has_key_and_size(
    stores: Stores, two: Asking, data: bytes
) -> None:
    """Q1, Q7"""
    await put_instead(stores, SECOND, data)
    found = (await two.data('{snapshots(revisions: [{id: "Q1"}]) {key sizeBytes}}'))["snapshots"]
    assert found == [{"key": str(SECOND), "sizeBytes": len(data)}]
    for name in ("json", "entity"):
        answer = await two(f'{{snapshots(revisions: [{{id: "Q1"}}, {{id: "Q2"}}]) {{{name}}}}}')
        assert told(answer) == [("damaged", ["snapshots", 0, name])]
        assert [one is not None for one in answer["data"]["snapshots"]] == [False, True]


@pytest.mark.parametrize("data", [b"{}", b'{"entity": null}', b'{"revision_id": 7, "entities": {}}'])
async def test_a_snapshot_without_entity_is_told_as_it_is_but_for_the_entity(
    stores: Stores, two: Asking, data: bytes
) -> None:
    """Q1, Q7"""
    await put_instead(stores, SECOND, data)
    answer = await two(
        '{whole: snapshots(revisions: [{id: "Q1"}]) {json} snapshots(revisions: [{id: "Q1"}]) {entity}}'
    )
    assert told(answer) == [("damaged", ["snapshots", 0, "entity"])]
    assert answer["data"] == {"whole": [{"json": parse(data)}], "snapshots": [None]}


async def test_a_committed_revision_without_object_says_so_wherever_it_is_asked_for(
    stores: Stores, graph: Asking
) -> None:
    """I6, Q7: its row is read nevertheless."""
    await make(stores, edit(an_item("Q2"), Base.NOTHING))
    await redirect_rows(stores, "Q1", "Q2")
    answer = await graph('{revision(id: "Q1", revisionId: 1) {revisionId snapshot {key}}}')
    assert answer["data"]["revision"] == {"revisionId": 1, "snapshot": None}
    assert told(answer) == [("damaged", ["revision", "snapshot"])]
