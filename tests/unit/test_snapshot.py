"""Snapshots and statements as bytes: written in one form for ever, read in four."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.canonical import canonical, hash64, parse
from storage.errors import Damaged
from storage.ids import EntityId, EntityType, PropertyId
from storage.keys import Key, snapshot_key, statement_key
from storage.model import (
    Claims,
    Content,
    Flags,
    Group,
    JsonObject,
    Snapshot,
    Statement,
    StatementBody,
    StoredSnapshot,
)
from storage.snapshot import (
    read_snapshot,
    read_statement,
    regrouped,
    snapshot_bytes,
    statement_bytes,
)
from tests.builders import NOW, a_body, a_content, a_lexeme, a_snak, a_snapshot, an_item

Q42 = EntityId("Q42")
KEY = snapshot_key(Q42, 1)

CONTENT = a_content(
    an_item("Q42").with_label("en", "Douglas Adams").with_aliases("en", "a", "b").json(),
    [
        ("P9", [(2**64 - 1, "Q42$1"), (7, None), (7, "q42$2")]),
        ("P31", []),
        ("P10", [(0, "Q42$3")]),
    ],
)
LEXEME = a_content(
    a_lexeme("L1").with_form(1).with_form(2).with_sense(1).json(),
    [("P5", [(1, "L1$1")])],
    {"L1-F2": [("P31", [(2, "L1-F2$1"), (3, None)])], "L1-S1": [("P9", [(2, "x")]), ("P1", [])]},
)


def read(data: bytes, entity: str = "Q42", revision: int = 1) -> StoredSnapshot:
    return read_snapshot(data, EntityId(entity), revision, KEY, hash64)


def read_back(snapshot: Snapshot) -> StoredSnapshot:
    return read(snapshot_bytes(snapshot), snapshot.entity, snapshot.revision)


# Schema 1.3.0


def test_a_snapshot_is_written_so() -> None:
    """S8: the fields and their names; readers elsewhere rely on them."""
    snapshot = a_snapshot(
        a_content({"id": "Q42", "type": "item", "claims": {}}, [("P31", [(1, "Q42$1"), (2, None)])]),
        revision=7,
        edit_type="bot-import",
        content_hash=12,
    )

    assert snapshot_bytes(snapshot) == (
        b'{"content_hash":12,"created_at":"2026-01-15T10:30:00Z","created_by":"Alice","deleted_at":null,'
        b'"deleted_by":null,"deletion_reason":null,"edit_type":"bot-import",'
        b'"entity":{"claims":{},"id":"Q42","type":"item"},"entity_type":"item","is_archived":false,'
        b'"is_dangling":false,"is_deleted":false,"is_hard_deleted":false,"is_locked":false,'
        b'"is_mass_edit":false,"is_mass_edit_protected":false,"is_redirect":false,'
        b'"is_semi_protected":false,"parts":[],"properties":["P31"],"property_counts":{"P31":2},'
        b'"redirects_to":null,"revision_id":7,"schema_version":"1.3.0","statement_ids":["Q42$1",null],'
        b'"statements":[1,2]}'
    )


@pytest.mark.parametrize("content", [CONTENT, LEXEME], ids=["item", "lexeme"])
def test_a_snapshot_is_read_back_equal(content: Content) -> None:
    """I5, S9: statement ids, duplicates, order and empty groups included."""
    snapshot = a_snapshot(content, revision=3)

    assert read_back(snapshot) == StoredSnapshot(snapshot)


def test_the_order_of_properties_and_parts_is_read_back() -> None:
    """S9: equality of dictionaries would not tell."""
    content = read_back(a_snapshot(LEXEME)).snapshot.content

    assert list(content.parts) == ["L1-F2", "L1-S1"]
    assert [group.property for group in content.parts["L1-S1"].groups] == ["P9", "P1"]
    assert [group.property for group in read_back(a_snapshot(CONTENT)).snapshot.content.claims.groups] == [
        "P9",
        "P31",
        "P10",
    ]


@pytest.mark.parametrize("flag", [flag.name for flag in fields(Flags)])
def test_each_flag_is_read_back_alone(flag: str) -> None:
    """S8: also a soft deletion, which has no field of its own."""
    snapshot = a_snapshot(flags=Flags(**{flag: True}))

    assert read_back(snapshot).snapshot == snapshot


@pytest.mark.parametrize(
    "others",
    [
        {"redirects_to": EntityId("Q5")},
        {"is_mass_edit": True, "edit_type": "bot-import"},
        {"created_by": "Zoë 😀"},
        {"at": NOW + timedelta(microseconds=1)},
        {"at": datetime(1, 1, 1, tzinfo=UTC)},
        {
            "flags": Flags(is_soft_deleted=True),
            "deletion_reason": "spam",
            "deleted_at": NOW + timedelta(days=1),
            "deleted_by": "Bob",
        },
        {"content_hash": None},
    ],
    ids=lambda others: next(iter(others)),
)
def test_what_a_snapshot_says_beside_its_content_is_read_back(others: JsonObject) -> None:
    """S8."""
    snapshot = a_snapshot(**others)

    assert read_back(snapshot).snapshot == snapshot


_GROUPS = st.lists(
    st.tuples(
        st.sampled_from(["P1", "P2", "P31"]),
        st.lists(st.tuples(st.integers(0, 2**64 - 1), st.none() | st.text()), max_size=3),
    ),
    max_size=3,
    unique_by=lambda group: group[0],
)


@given(_GROUPS, st.dictionaries(st.sampled_from(["L1-F1", "L1-F2", "L1-S1"]), _GROUPS))
def test_any_statements_are_read_back(
    claims: list[tuple[str, list[tuple[int, str | None]]]],
    parts: dict[str, list[tuple[str, list[tuple[int, str | None]]]]],
) -> None:
    """I5, S9."""
    snapshot = a_snapshot(a_content(a_lexeme("L1").json(), claims, parts))

    assert read_back(snapshot) == StoredSnapshot(snapshot)


def test_a_field_that_a_later_minor_version_adds_is_passed_over() -> None:
    """S8: minor steps add."""
    snapshot = a_snapshot(CONTENT)
    told = parse(snapshot_bytes(snapshot)) | {"schema_version": "1.4.0", "new": {"a": 1}}

    assert read(canonical(told)).snapshot.content == snapshot.content


# Older schemas

OLD_1_0_0 = b"""{
  "schema_version": "1.0.0",
  "revision_id": 1,
  "created_at": "2025-01-15T10:30:00Z",
  "created_by": "entity-api",
  "entity_type": "item",
  "content_hash": 1234567890123456789,
  "is_mass_edit": true,
  "edit_type": "bot-import",
  "is_semi_protected": true,
  "is_locked": true,
  "is_archived": true,
  "is_dangling": true,
  "entity": {
    "id": "Q42",
    "type": "item",
    "labels": {"en": {"language": "en", "value": "Douglas Adams"}},
    "descriptions": {},
    "aliases": [],
    "claims": {
      "P31": [
        {"mainsnak": {"snaktype": "value", "property": "P31", "hash": "b44ad788a05b4c1b2915ce0292541c6bdb27d43a",
          "datavalue": {"value": {"entity-type": "item", "numeric-id": 5, "id": "Q5"}, "type": "wikibase-entityid"}},
         "type": "statement", "id": "q42$F078E5B3-F9A8-480E-B7AC-D97778CBBEF9", "rank": "normal"},
        {"mainsnak": {"snaktype": "novalue", "property": "P31"}, "type": "statement", "rank": "normal"}
      ],
      "P21": [
        {"mainsnak": {"snaktype": "somevalue", "property": "P21"}, "type": "statement", "rank": "normal", "id": "Q42$1"}
      ]
    },
    "sitelinks": {}
  }
}"""


def test_a_1_0_0_snapshot_carries_its_statements_itself() -> None:
    """S8: claims inline; each is given with the hash that it would have in the store."""
    stored = read(OLD_1_0_0)

    human = a_body("P31", item="Q5", datatype=None)
    nothing = a_body("P31", snaktype="novalue", datatype=None)
    unknown = a_body("P21", snaktype="somevalue", datatype=None)
    places = {hash64(body.canonical): body for body in (human, nothing, unknown)}
    h, n, u = places
    assert stored.inline == places
    assert stored.ungrouped == ()
    assert stored.snapshot.content.claims == Claims(
        (
            Group(
                PropertyId("P31"),
                (Statement(h, "q42$F078E5B3-F9A8-480E-B7AC-D97778CBBEF9"), Statement(n, None)),
            ),
            Group(PropertyId("P21"), (Statement(u, "Q42$1"),)),
        )
    )


def test_a_1_0_0_snapshot_is_read_with_its_state() -> None:
    """S8."""
    snapshot = read(OLD_1_0_0).snapshot

    assert snapshot == Snapshot(
        entity=Q42,
        entity_type=EntityType.ITEM,
        revision=1,
        created_at=datetime(2025, 1, 15, 10, 30, tzinfo=UTC),
        created_by="entity-api",
        content=snapshot.content,
        content_hash=1234567890123456789,
        flags=Flags(is_semi_protected=True, is_locked=True, is_archived=True, is_dangling=True),
        is_mass_edit=True,
        edit_type="bot-import",
        schema_version="1.0.0",
    )
    labels = {"en": {"language": "en", "value": "Douglas Adams"}}
    assert snapshot.content.entity == an_item("Q42").with_field("labels", labels).json()


def test_a_1_0_0_snapshot_of_a_lexeme_has_the_statements_of_its_forms() -> None:
    """S8."""
    lexeme = a_lexeme("L1").with_form(1).with_part_statement("L1-F1", "P31", item="Q5", id="L1-F1$1").json()
    stored = read(older("1.0.0", entity_type="lexeme", entity=lexeme), "L1")

    body = a_body("P31", item="Q5")
    assert stored.inline == {hash64(body.canonical): body}
    assert stored.snapshot.content.parts == {
        "L1-F1": Claims((Group(PropertyId("P31"), (Statement(hash64(body.canonical), "L1-F1$1"),)),))
    }


def test_colliding_statements_of_a_1_0_0_snapshot_are_kept_apart() -> None:
    """T3: its hashes are given by the reader."""
    entity = an_item().with_statement("P31", string="a").with_statement("P31", string="b").json()

    stored = read_snapshot(older("1.0.0", entity=entity), Q42, 1, KEY, lambda _data, probe: 5 + probe)

    assert {
        place: body.statement["mainsnak"]["datavalue"]["value"] for place, body in stored.inline.items()
    } == {
        5: "a",
        6: "b",
    }
    assert stored.snapshot.content.claims.hashes() == [5, 6]


def older(version: str, **fields_: Any) -> bytes:
    """A snapshot of an older schema with what it must have."""
    return canonical(
        {
            "schema_version": version,
            "revision_id": 1,
            "created_at": "2025-01-15T10:30:00Z",
            "created_by": "entity-api",
            "entity_type": "item",
            "content_hash": 1234567890123456789,
            "entity": an_item("Q42").json(),
        }
        | fields_
    )


OLD_1_1_0_REDIRECT = b"""{
  "schema_version": "1.1.0",
  "revision_id": 12346,
  "created_at": "2025-01-15T11:00:00Z",
  "created_by": "entity-api",
  "entity_type": "item",
  "content_hash": 1234567890123456790,
  "redirects_to": "Q42",
  "entity": {"id": "Q59431323", "type": "item", "labels": {}, "descriptions": {}, "aliases": {}, "claims": {},
             "sitelinks": {}}
}"""


def test_a_1_1_0_redirect_is_a_redirect() -> None:
    """S8: though no flag of it says so."""
    snapshot = read(OLD_1_1_0_REDIRECT, "Q59431323", 12346).snapshot

    assert (snapshot.redirects_to, snapshot.flags) == (Q42, Flags(is_redirect=True))
    assert snapshot.content == Content(an_item("Q59431323").json())


OLD_1_1_0_HASHES = b"""{
  "schema_version": "1.1.0",
  "revision_id": 1,
  "created_at": "2026-01-05T09:00:00Z",
  "created_by": "entity-api",
  "entity_type": "item",
  "content_hash": 18446744073709551615,
  "redirects_to": null,
  "statements": [987654321012345678, 18446744073709551614, 123456789012345678],
  "properties": ["P31", "P569"],
  "property_counts": {"P31": 2, "P569": 1},
  "entity": {"id": "Q42", "type": "item", "labels": {}, "descriptions": {}, "aliases": {}, "sitelinks": {}}
}"""


def test_the_hashes_of_a_1_1_0_snapshot_are_not_taken_to_be_grouped() -> None:
    """S8: its counts would give statements to the wrong properties."""
    stored = read(OLD_1_1_0_HASHES)

    assert stored.ungrouped == (987654321012345678, 18446744073709551614, 123456789012345678)
    assert stored.snapshot.content.claims == Claims()
    assert stored.snapshot.content_hash == 18446744073709551615
    assert stored.snapshot.flags == Flags()


def test_the_hashes_of_a_1_1_0_snapshot_are_grouped_by_what_the_statements_say() -> None:
    """S8: in the order in which the properties appear."""
    stored = read(OLD_1_1_0_HASHES)
    one, two, three = stored.ungrouped
    statements = {
        one: a_body("P31", string="a").statement,
        two: a_body("P569", string="b").statement,
        three: a_body("P31", string="c").statement | {"id": "Q42$1"},
    }

    content = regrouped(stored.ungrouped, statements, stored.snapshot.content)

    assert content == Content(
        an_item("Q42").json(),
        Claims(
            (
                Group(PropertyId("P31"), (Statement(one, None), Statement(three, "Q42$1"))),
                Group(PropertyId("P569"), (Statement(two, None),)),
            )
        ),
    )


OLD_1_2_0 = b"""{
  "schema_version": "1.2.0",
  "revision_id": 1,
  "created_at": "2026-01-05T09:00:00Z",
  "created_by": "entity-api",
  "entity_type": "item",
  "content_hash": 1234567890123456789,
  "is_deleted": false,
  "is_redirect": false,
  "redirects_to": null,
  "statements": [987654321012345678, 123456789012345678, 5],
  "properties": ["P569", "P31"],
  "property_counts": {"P31": 2, "P569": 1},
  "entity": {"id": "Q42", "type": "item", "labels": {}, "descriptions": {}, "aliases": {}, "sitelinks": {}}
}"""


def test_the_hashes_of_a_1_2_0_snapshot_are_grouped_in_the_order_of_its_properties() -> None:
    """S8, T5: not in that of its counts, which are an object."""
    stored = read(OLD_1_2_0)

    assert stored == StoredSnapshot(stored.snapshot)
    assert stored.snapshot.content == Content(
        an_item("Q42").json(),
        Claims(
            (
                Group(PropertyId("P569"), (Statement(987654321012345678, None),)),
                Group(PropertyId("P31"), (Statement(123456789012345678, None), Statement(5, None))),
            )
        ),
    )


@pytest.mark.parametrize("name", ["deleted", "is_deleted"])
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "1.2.0"])
def test_a_deletion_is_read_under_both_names(name: str, version: str) -> None:
    """S8: an older one that does not say "hard" is a soft deletion."""
    grouped: JsonObject = {"statements": [], "properties": [], "property_counts": {}}
    more = grouped if version == "1.2.0" else {}

    assert read(older(version, **more, **{name: True})).snapshot.flags == Flags(is_soft_deleted=True)


@pytest.mark.parametrize(
    "content_hash", ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", None]
)
def test_a_hash_of_another_kind_is_no_hash(content_hash: str | None) -> None:
    """S8: an older SHA-256, in hexadecimal."""
    assert read(older("1.0.0", content_hash=content_hash)).snapshot.content_hash is None


def test_what_an_older_snapshot_does_not_say_has_its_default() -> None:
    """S8."""
    told = parse(older("1.0.0"))
    del told["created_by"], told["content_hash"]

    snapshot = read(canonical(told)).snapshot

    assert (snapshot.created_by, snapshot.content_hash) == ("entity-api", None)
    assert (snapshot.is_mass_edit, snapshot.edit_type, snapshot.flags) == (False, "", Flags())


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2025-01-15T10:30:00Z", datetime(2025, 1, 15, 10, 30, tzinfo=UTC)),
        ("2025-01-15T10:30:00", datetime(2025, 1, 15, 10, 30, tzinfo=UTC)),
        ("2025-01-15T10:30:00.123456+00:00", datetime(2025, 1, 15, 10, 30, 0, 123456, tzinfo=UTC)),
        ("2025-01-15T12:30:00+02:00", datetime(2025, 1, 15, 10, 30, tzinfo=UTC)),
    ],
)
def test_older_times_are_read_in_every_form(text: str, time: datetime) -> None:
    assert read(older("1.0.0", created_at=text)).snapshot.created_at == time


# Damage


@pytest.mark.parametrize(("entity", "revision"), [("Q43", 1), ("Q42", 2), ("P42", 1)])
def test_a_snapshot_of_another_revision_is_damaged(entity: str, revision: int) -> None:
    """S7: it names the place where it was found."""
    with pytest.raises(Damaged) as damage:
        read(snapshot_bytes(a_snapshot(CONTENT)), entity, revision)

    assert damage.value.key == str(KEY)


def told(changes: JsonObject | None = None) -> JsonObject:
    """A 1.3.0 snapshot as JSON, changed."""
    snapshot: JsonObject = parse(snapshot_bytes(a_snapshot(CONTENT)))
    return snapshot | (changes or {})


CHANGES: list[JsonObject] = [
    {"schema_version": "0.9.0"},
    {"schema_version": "2.0.0"},
    {"schema_version": "one"},
    {"schema_version": None},
    {"schema_version": "1"},
    {"revision_id": "1"},
    {"entity": "Q42"},
    {"entity": {"id": "q42"}},
    {"entity_type": "mediainfo"},
    {"created_at": "yesterday"},
    {"created_at": None},
    {"created_at": 0},
    {"created_at": "0001-01-01T00:00:00+01:00"},
    {"deleted_at": "9999-12-31T23:59:59-01:00"},
    {"redirects_to": "nowhere"},
    {"redirects_to": 5},
    {"statements": None},
    {"statements": [1, 2, 3]},
    {"statements": [1, 2, 3, "4"]},
    {"statements": [1, 2, 3, 4.0]},
    {"statements": [1, 2, 3, True]},
    {"statements": [1, 2, 3, -1]},
    {"statements": [1, 2, 3, 2**64]},
    {"statements": {"1": 1, "2": 2, "3": 3, "4": 4}},
    {"statement_ids": ["a", "b", "c"]},
    {"statement_ids": ["a", "b", "c", 4]},
    {"statement_ids": "abcd"},
    {"properties": ["P9", "P31"]},
    {"properties": ["P9", "P31", "P10", "P11"]},
    {"properties": ["P9", "P9", "P10"]},
    {"properties": ["P9", "P31", "P10", "P31"]},
    {"properties": "P9"},
    {"property_counts": {"P9": 3, "P31": 0, "P10": 2}},
    {"property_counts": {"P9": 4, "P31": 1, "P10": -1}},
    {"property_counts": {"P9": 3.0, "P31": 0, "P10": 1}},
    {"property_counts": [3, 0, 1]},
    {"parts": [{}]},
    {"parts": {"L1-F1": 1}},
    {"parts": None},
]
"""What makes a snapshot none."""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"schema_version":"1.3.0"}',
        b"\xff",
        b'{"entity":{"id":"Q42"},"revision_id":1}',
        *(canonical(told(changes)) for changes in CHANGES),
        *(canonical(told({"content_hash": None} | changes)) for changes in CHANGES),
    ],
)
def test_what_is_no_snapshot_is_damaged(data: bytes) -> None:
    """S7."""
    with pytest.raises(Damaged):
        read(data)


def test_content_that_is_not_what_its_hash_says_is_damaged() -> None:
    """I5: one letter of a label."""
    data = snapshot_bytes(a_snapshot(CONTENT)).replace(b"Douglas", b"Douglaz")

    with pytest.raises(Damaged):
        read(data)


SMALL = snapshot_bytes(
    a_snapshot(
        a_content(
            an_item("Q42").with_label("en", "x").json(),
            [("P30", [(12, "Q42$1")]), ("P31", [(345, None), (67, "b")])],
            {"L1-F1": [("P1", [(8, "c")])]},
        )
    )
)


@given(st.integers(0, len(SMALL) - 1))
def test_a_truncated_snapshot_is_damaged(length: int) -> None:
    """I5."""
    with pytest.raises(Damaged):
        read(SMALL[:length])


@settings(max_examples=1500)
@given(st.integers(0, len(SMALL) - 1), st.integers(0, 7))
def test_a_snapshot_with_a_flipped_bit_is_damaged_or_says_the_same(position: int, bit: int) -> None:
    """I5: never another exception, and never other content. What tells of the edit beside it has no hash."""
    data = bytearray(SMALL)
    data[position] ^= 1 << bit

    try:
        stored = read(bytes(data))
    except Damaged:
        return
    if stored.snapshot.schema_version == "1.3.0":  # an older one is read by other rules
        assert stored.snapshot.content == read(SMALL).snapshot.content


_ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "Q42", "P31", "1.1.0", "2026-01-15T10:30:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["P9", "id", "claims"]), inner)
    ),
    max_leaves=5,
)


@settings(max_examples=500)
@given(st.sampled_from(["1.0.0", "1.1.0", "1.2.0", "1.3.0"]), st.sampled_from(sorted(told())), _ANY_JSON)
def test_a_snapshot_with_any_value_in_a_field_is_read_or_damaged(version: str, name: str, value: Any) -> None:
    """S7: never another exception, whoever wrote it."""
    data = canonical(told({"schema_version": version, name: value}))

    try:
        stored = read(data)
    except Damaged:
        return
    assert (stored.snapshot.entity, stored.snapshot.revision) == (Q42, 1)


# Statements


def stored_statement(body: StatementBody, probe: int = 0) -> tuple[bytes, int, Key]:
    place = hash64(body.canonical, probe)
    return statement_bytes(place, body, NOW), place, statement_key(place)


def test_a_statement_is_written_so() -> None:
    """S2."""
    assert statement_bytes(12, a_body("P31", snaktype="novalue"), NOW) == (
        b'{"content_hash":12,"created_at":"2026-01-15T10:30:00Z","statement":{"mainsnak":'
        b'{"datatype":"string","property":"P31","snaktype":"novalue"},"rank":"normal","type":"statement"}}'
    )


@pytest.mark.parametrize("probe", [0, 1, 255])
def test_a_statement_is_read_back_equal(probe: int) -> None:
    """I5, T3: under the hash of any probe."""
    body = a_body("P31", item="Q5", qualifiers=[a_snak("P580")], references=[[a_snak("P854")]])
    data, place, key = stored_statement(body, probe)

    assert read_statement(data, place, key, hash64) == body


def test_a_statement_under_another_hash_is_damaged() -> None:
    """I5."""
    data, place, _ = stored_statement(a_body("P31", item="Q5"))

    with pytest.raises(Damaged) as damage:
        read_statement(data, place + 1, statement_key(place + 1), hash64)

    assert damage.value.key == str(statement_key(place + 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{}",
        b'{"statement":null}',
        b'{"statement":{}}',
        b'{"statement":{"mainsnak":null}}',
        b'{"statement":{"mainsnak":{"property":"P31"},"references":[null]}}',
        b'{"statement":{"mainsnak":{"property":"P31"},"references":7}}',
        b'{"statement":{"mainsnak":{"property":"P31"},"qualifiers":{"P1":7}}}',
        b'{"statement":{"mainsnak":{"property":"P31"},"qualifiers":7}}',
    ],
)
def test_what_is_no_statement_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        read_statement(data, 7, statement_key(7), hash64)


STATEMENT, PLACE, STATEMENT_KEY = stored_statement(a_body("P31", item="Q5", references=[[a_snak("P854")]]))


@given(st.integers(0, len(STATEMENT) - 1))
def test_a_truncated_statement_is_damaged(length: int) -> None:
    """I5."""
    with pytest.raises(Damaged):
        read_statement(STATEMENT[:length], PLACE, STATEMENT_KEY, hash64)


@settings(max_examples=500)
@given(st.integers(0, len(STATEMENT) - 1), st.integers(0, 7))
def test_a_statement_with_a_flipped_bit_is_damaged_or_says_the_same(position: int, bit: int) -> None:
    """I5: never another exception, never other content."""
    data = bytearray(STATEMENT)
    data[position] ^= 1 << bit

    try:
        body = read_statement(bytes(data), PLACE, STATEMENT_KEY, hash64)
    except Damaged:
        return
    assert body == read_statement(STATEMENT, PLACE, STATEMENT_KEY, hash64)
