"""Records that compute: claims, contents, and the index of a revision's statements (T5)."""

from __future__ import annotations

import pytest

from storage.ids import EntityId, PropertyId
from storage.keys import Bucket, Key, older_snapshot_keys, older_statement_keys, snapshot_key, statement_key
from storage.model import StatementIndex
from tests.builders import a_content, a_lexeme

P9, P31, P10 = PropertyId("P9"), PropertyId("P31"), PropertyId("P10")
INDEX = StatementIndex(
    hashes=[90, 310, 311, 100, 901, 311, 902, 100],
    property_counts={P9: 1, P31: 2, PropertyId("P5"): 0, P10: 1},
    parts={"L1-F1": {P9: 1, P31: 1}, "L1-F2": {}, "L1-S1": {P9: 1, P10: 1}},
)
CONTENT = a_content(
    a_lexeme("L1").json(),
    [("P9", [(1, "a"), (2, "b")]), ("P31", []), ("P10", [(1, "c")])],
    {"L1-F1": [("P9", [(3, "d")])], "L1-S1": [("P9", [(1, None)])]},
)


@pytest.mark.parametrize(
    ("properties", "part", "hashes"),
    [
        (None, None, [90, 310, 311, 100]),
        (["P31"], None, [310, 311]),
        (["P9"], None, [90]),
        (["P10"], None, [100]),
        (["P10", "P9"], None, [90, 100]),
        (["P5"], None, []),
        (["P1"], None, []),
        ([], None, []),
        (None, "L1-F1", [901, 311]),
        (["P31"], "L1-F1", [311]),
        (None, "L1-F2", []),
        (None, "L1-S1", [902, 100]),
        (["P10"], "L1-S1", [100]),
        (None, "L1-F9", []),
        (["P9"], "L1-F9", []),
    ],
)
def test_the_hashes_of_properties_are_a_slice(
    properties: list[str] | None, part: str | None, hashes: list[int]
) -> None:
    """T5: in the revision's order; of the entity itself or of a form or sense."""
    assert INDEX.of(properties, part) == hashes


def test_positions_lead_to_the_statement_ids_too() -> None:
    """T5: ids run parallel to hashes."""
    assert INDEX.positions(["P31"]) == [1, 2]
    assert INDEX.positions(["P31"], "L1-F1") == [5]


def test_claims_count_their_statements_in_order() -> None:
    """T5: empty groups included."""
    assert list(CONTENT.claims.property_counts().items()) == [("P9", 2), ("P31", 0), ("P10", 1)]
    assert CONTENT.claims.hashes() == [1, 2, 1]


def test_a_content_has_the_statements_of_its_forms_and_senses() -> None:
    assert [statement.id for statement in CONTENT.statements()] == ["a", "b", "c", "d", None]
    assert CONTENT.held() == {1, 2, 3}


def test_objects_are_named_so() -> None:
    """S2."""
    assert snapshot_key(EntityId("Q42"), 7) == Key(Bucket.REVISIONS, "Q42/7.json")
    assert statement_key(2**64 - 1) == Key(Bucket.STATEMENTS, "18446744073709551615.json")
    assert [str(bucket) for bucket in Bucket] == ["wikibase-revisions", "wikibase-statements"]


def test_older_names_of_objects_are_these() -> None:
    """S2: where readers fall back to."""
    assert [key.name for key in older_snapshot_keys(EntityId("Q42"), 7)] == ["Q42/r7.json", "Q42/rev7.json"]
    assert [key.name for key in older_statement_keys(5)] == ["statements/5.json"]
