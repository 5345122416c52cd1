"""The judge of statements, judged: each kind of statement goes where Vitess would send it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from storage.sql.shards import of_vitess
from storage.sql.tables import metadata
from tests.sharding.routes import VSCHEMA, Key, Route, keyspace_id, route, tables

EVERYWHERE = Route("wikibase", None)
UNSHARDED = Route("wikibase_unsharded", frozenset())


def at(*keys: Key) -> Route:
    """To the shards of these keys."""
    return Route("wikibase", frozenset(map(keyspace_id, keys)))


ROUTES: dict[str, tuple[str, list[tuple[Any, ...]], set[Route]]] = {
    "equal": ("SELECT * FROM entity_head WHERE internal_id = %s AND is_deleted IS false", [(5,)], {at(5)}),
    "in a list": ("SELECT * FROM outbox o WHERE o.internal_id IN (%s, 6)", [(5,)], {at(5, 6)}),
    "text": ("SELECT 1 FROM entity_id_mapping WHERE entity_id = %s", [("Q5",)], {at("Q5")}),
    "bytes": ("SELECT 1 FROM idempotency_keys WHERE key_digest = %s", [(b"\x00\xff",)], {at(b"\x00\xff")}),
    "no key": ("SELECT * FROM entity_head WHERE head_revision_id = %s", [(5,)], {EVERYWHERE}),
    "beyond a key": ("SELECT * FROM entity_head WHERE internal_id > %s", [(5,)], {EVERYWHERE}),
    "a key or something else": (
        "SELECT 1 FROM entity_head WHERE internal_id = %s OR is_deleted = %s",
        [(5, 1)],
        {EVERYWHERE},
    ),
    "alternatives": (
        "SELECT 1 FROM outbox WHERE internal_id = %s AND revision_id = %s OR internal_id = %s AND revision_id = %s",
        [(5, 1, 6, 2)],
        {at(5, 6)},
    ),
    "joined by key": (
        (
            "SELECT 1 FROM entity_head JOIN entity_revisions AS r ON r.internal_id = entity_head.internal_id"
            " AND r.revision_id = entity_head.head_revision_id WHERE entity_head.internal_id IN (%s)"
        ),
        [(5,)],
        {at(5)},
    ),
    "joined otherwise": (
        (
            "SELECT 1 FROM entity_head JOIN entity_revisions AS r ON r.revision_id = entity_head.head_revision_id"
            " WHERE entity_head.internal_id = %s"
        ),
        [(5,)],
        {at(5), EVERYWHERE},
    ),
    "joined in parentheses": (
        (
            "SELECT 1 FROM entity_head JOIN (entity_revisions AS r JOIN entity_revision_meta AS m"
            " ON m.internal_id = r.internal_id) ON r.internal_id = entity_head.internal_id"
            " WHERE entity_head.internal_id = %s"
        ),
        [(5,)],
        {at(5)},
    ),
    "joined otherwise in parentheses": (
        (
            "SELECT 1 FROM entity_head JOIN (entity_revisions AS r JOIN entity_revision_meta AS m"
            " ON m.internal_id = r.revision_id) ON r.internal_id = entity_head.internal_id"
            " WHERE entity_head.internal_id = %s"
        ),
        [(5,)],
        {at(5), EVERYWHERE},
    ),
    "a union": (
        (
            "SELECT 0 AS page, p0.* FROM (SELECT removed FROM entity_backlinks WHERE referenced_internal_id = %s"
            " LIMIT %s) AS p0 UNION ALL SELECT 1 AS page, p1.* FROM (SELECT removed FROM entity_backlinks"
            " WHERE referenced_internal_id = %s LIMIT %s) AS p1"
        ),
        [(5, 1, 6, 1)],
        {at(5), at(6)},
    ),
    "a select for each row": (
        (
            "SELECT 1 FROM entity_revisions WHERE entity_revisions.internal_id = %s AND (SELECT is_deleted"
            " FROM entity_head WHERE entity_head.internal_id = entity_revisions.internal_id) IS false"
        ),
        [(5,)],
        {at(5)},
    ),
    "a select of other rows": (
        (
            "SELECT 1 FROM entity_revisions WHERE internal_id = %s AND revision_id ="
            " (SELECT MAX(revision_id) FROM outbox)"
        ),
        [(5,)],
        {at(5), EVERYWHERE},
    ),
    "inserted": (
        "INSERT IGNORE INTO statement_references (content_hash, internal_id) VALUES (%s, %s)",
        [(5, 1), (6, 1)],
        {at(5), at(6)},
    ),
    "updated": ("UPDATE entity_head SET is_deleted = %s WHERE internal_id = %s", [(1, 5)], {at(5)}),
    "updated everywhere": ("UPDATE outbox SET derived = 1 WHERE revision_id = 5", [], {EVERYWHERE}),
    "deleted": ("DELETE FROM statement_pending WHERE content_hash IN (5, 6)", [], {at(5, 6)}),
    "unsharded": ("SELECT owner FROM leases WHERE name = %s", [("relay",)], {UNSHARDED}),
}


@pytest.mark.parametrize(("statement", "rows", "routes"), ROUTES.values(), ids=ROUTES)
def test_a_statement_goes_to_the_shards_of_the_keys_that_it_names(
    statement: str, rows: list[tuple[Any, ...]], routes: set[Route]
) -> None:
    assert route(statement, rows) == routes


def test_each_table_is_in_one_keyspace() -> None:
    """S5: that of the versions included."""
    assert set(tables()) == {*metadata.tables, "alembic_version"}


def test_the_shard_key_is_the_first_column_of_the_primary_key() -> None:
    """S5: else a shard could not hold the key unique."""
    for name, (_, column) in tables().items():
        if column is not None:
            assert metadata.tables[name].primary_key.columns.keys()[0] == column


@pytest.mark.parametrize(
    ("tables_of", "column"),
    [
        ("entity_head entity_revisions entity_revision_meta outbox idempotent_outcomes", "internal_id"),
        ("entity_redirects", "source_internal_id"),
        ("statement_content statement_references statement_pending", "content_hash"),
        ("entity_id_mapping", "entity_id"),
        ("entity_backlinks", "referenced_internal_id"),
        ("idempotency_keys", "key_digest"),
        ("id_ranges leases alembic_version", None),
    ],
)
def test_the_shard_keys_are_those_that_are_required(tables_of: str, column: str | None) -> None:
    """Requirements, section 1."""
    assert {tables()[name][1] for name in tables_of.split()} == {column}


def test_there_is_one_vindex_and_each_sharded_table_has_it_once() -> None:
    """So that what has equal keys lies together."""
    keyspaces = json.loads(VSCHEMA.read_text())["keyspaces"]

    assert keyspaces["wikibase"]["vindexes"] == {"xxhash": {"type": "xxhash"}}
    for told in keyspaces["wikibase"]["tables"].values():
        assert [one["name"] for one in told["column_vindexes"]] == ["xxhash"]


# As the authors of Vitess have them in their own tests.
KEYSPACE_IDS: dict[Key, str] = {
    1: "d46405367612b4b7",
    2**64 - 1: "477cfa8d6d8f1f8d",
    2**63 - 1: "b37eb01f7bffafd8",
    "test1": "d01ab7e4d6978f0b",
}


@pytest.mark.parametrize(("key", "told"), KEYSPACE_IDS.items())
def test_a_keyspace_id_is_what_vitess_makes_of_a_key(key: Key, told: str) -> None:
    assert keyspace_id(key).hex() == told


@pytest.mark.parametrize("shards", [1, 2, 16, 256])
def test_a_shard_is_a_range_of_keyspace_ids(shards: int) -> None:
    """Equal ones, in their order."""
    for key in range(1000):
        assert of_vitess(shards)(key) == int.from_bytes(keyspace_id(key)[:2], "big") * shards // 2**16
