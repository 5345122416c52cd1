"""What fails fails alone, with a code and its place; and nothing that a client may send is an error of ours (Q7, Q10)."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.pages import cursor_of
from storage.changes import SoftDelete
from storage.edits import Base
from storage.ids import EntityId
from storage.keys import Key, snapshot_key, statement_key
from storage.port_erasing import Erasure
from storage.ports import Stores
from storage.snapshot import statement_bytes
from tests.builders import (
    NOW,
    a_body,
    a_lexeme,
    a_property,
    a_statement_id,
    an_item,
)
from tests.commit.making import edit, make, redirect
from tests.faults import Call, Faults, When
from tests.graph.over import UNBOUNDED, put_instead, served_over, settle, told
from tests.lives import ask_to_delete, changed
from tests.serving import Asking


@pytest.fixture
async def filled(stores: Stores, graph: Asking) -> Asking:
    """An item with three statements of one property, what it names, a lexeme, a redirect and a few revisions.

    And an item that is deleted, and shall be deleted for good; and the account of an erasure.
    """
    item = an_item("Q1").with_label("en", "one").with_sitelink("enwiki", "One")
    for text, rank in (("a", "normal"), ("b", "preferred"), ("c", "normal")):
        item = item.with_statement("P1", string=text, rank=rank)
    item = item.with_statement("P2", item="Q2").with_statement("P2", item="Q3")
    await make(stores, edit(an_item("Q2").with_label("en", "two"), Base.NOTHING))
    await make(stores, edit(an_item("Q3").with_label("en", "three"), Base.NOTHING))
    await make(stores, edit(a_property("P1", "string").with_label("en", "first"), Base.NOTHING))
    await make(stores, edit(a_property("P2").with_label("en", "second"), Base.NOTHING))
    lexeme = a_lexeme("L1").with_form(1).with_part_statement("L1-F1", "P1", string="b", rank="preferred")
    await make(stores, edit(lexeme, Base.NOTHING))
    await make(stores, edit(an_item("Q1"), Base.NOTHING), edit(item, 1), edit(item.with_label("de", "x"), 2))
    await make(stores, edit(an_item("Q4"), Base.NOTHING), redirect("Q4", "Q1", 1))
    await make(stores, edit(an_item("Q6"), Base.NOTHING), changed("Q6", SoftDelete("a duplicate")))
    await ask_to_delete(stores, "Q6")
    await stores.metadata.begin_erasure(
        Erasure(bytes(16), "a demand", "Alice", NOW, NOW, statement=7, done=True)
    )
    await settle(stores)
    return graph


def _statement(stores: Stores, text: str, rank: str = "normal") -> Key:
    return statement_key(stores.hasher(a_body("P1", string=text, rank=rank).canonical, 0))


SECOND: dict[str, Any] = {"text": "b", "rank": "preferred"}


async def _damage(stores: Stores, how: str) -> Key:
    """Damage the second of the three statements in one of the ways in which an object can be."""
    key = _statement(stores, **SECOND)
    if how == "missing":
        await stores.objects.delete([key])
    elif how == "no JSON":
        await put_instead(stores, key, b"{")
    elif how == "no statement":
        await put_instead(stores, key, b'{"statement": {"mainsnak": 7}}')
    else:
        other = statement_bytes(int(key.name.removesuffix(".json")), a_body("P1", string="z"), NOW)
        await put_instead(stores, key, other)
    return key


# Statements that can't be read


@pytest.mark.parametrize("how", ["missing", "no JSON", "no statement", "another statement"])
async def test_a_damaged_statement_is_null_in_its_place(stores: Stores, filled: Asking, how: str) -> None:
    """Q7, I5: with its key; the others are answered."""
    key = await _damage(stores, how)
    query = '{item(id: "Q1") {label(languageCode: "en") statements(properties: ["P1"]) {value {... on StringValue {content}}}}}'
    answer = await filled(query)
    assert answer["data"]["item"] == {
        "label": "one",
        "statements": [{"value": {"content": "a"}}, None, {"value": {"content": "c"}}],
    }
    assert told(answer) == [("damaged", ["item", "statements", 1])]
    facts = answer["errors"][0]["extensions"]
    assert (facts["key"], facts["retryable"]) == (str(key), False)
    assert facts["traceId"]


async def test_a_damaged_statement_is_there_where_its_content_is_not_asked_for(
    stores: Stores, filled: Asking
) -> None:
    """Q2, Q7"""
    await _damage(stores, "missing")
    query = """{item(id: "Q1") {
      statements(properties: ["P1"]) {id hash property {label(languageCode: "en")} refCount}
      propertyCounts {count} statementHashes
    }}"""
    found = (await filled.data(query))["item"]
    assert [one["refCount"] for one in found["statements"]] == [1, 2, 1]
    assert len(found["statementHashes"]) == 5


@pytest.mark.parametrize("choice", ["best: true", "ranks: [PREFERRED]", "ranks: []"])
async def test_a_statement_of_unknown_rank_is_told_as_damaged_in_every_choice(
    stores: Stores, filled: Asking, choice: str
) -> None:
    """Q7: nobody knows whether it would be among them, so no list passes for whole."""
    await _damage(stores, "missing")
    answer = await filled(f'{{item(id: "Q1") {{statements(properties: ["P1"], {choice}) {{hash}}}}}}')
    assert None in answer["data"]["item"]["statements"]
    assert [code for code, _ in told(answer)] == ["damaged"]


async def test_a_damaged_statement_is_told_as_such_by_every_name_of_it(
    stores: Stores, filled: Asking
) -> None:
    """Q7, T6"""
    key = await _damage(stores, "missing")
    hash_, other = key.name.removesuffix(".json"), _statement(stores, "a").name.removesuffix(".json")
    answer = await filled(
        """query ($hash: StatementHash!, $other: StatementHash!, $id: ID!, $form: ID!) {
          statement(hash: $hash) {rank}
          statements(hashes: [$hash, $other]) {rank}
          statementById(id: $id) {rank}
          ofAForm: statementById(id: $form) {rank}
          node(id: "L1-F1") {... on Form {id statements {rank}}}
          mostUsedStatements {nodes {rank} edges {node {rank}} pageInfo {hasNextPage}}
          unread: statement(hash: $hash) {refCount holders {nodes {id}}}
        }""",
        hash=hash_,
        other=other,
        id=a_statement_id("Q1", 2),
        form=a_statement_id("L1-F1", 1),
    )
    assert answer["data"] == {
        "statement": None,
        "statements": [None, {"rank": "NORMAL"}],
        "statementById": None,
        "ofAForm": None,
        "node": {"id": "L1-F1", "statements": [None]},
        "mostUsedStatements": {
            "nodes": [None],
            "edges": [{"node": None}],
            "pageInfo": {"hasNextPage": False},
        },
        "unread": {"refCount": 2, "holders": {"nodes": [{"id": "Q1"}, {"id": "L1"}]}},
    }
    assert told(answer) == [
        ("damaged", ["mostUsedStatements", "edges", 0, "node"]),
        ("damaged", ["mostUsedStatements", "nodes", 0]),
        ("damaged", ["node", "statements", 0]),
        ("damaged", ["ofAForm"]),
        ("damaged", ["statement"]),
        ("damaged", ["statementById"]),
        ("damaged", ["statements", 0]),
    ]


async def test_the_whole_json_of_a_damaged_entity_is_null(stores: Stores, filled: Asking) -> None:
    """Q7, I5: never a shorter entity."""
    await _damage(stores, "missing")
    answer = await filled('{item(id: "Q1") {json label(languageCode: "en")}}')
    assert answer["data"]["item"] == {"json": None, "label": "one"}
    assert told(answer) == [("damaged", ["item", "json"])]


# Snapshots that can't be read


@pytest.mark.parametrize("how", ["missing", "no JSON", "of another revision"])
async def test_a_damaged_snapshot_costs_its_fields_alone(stores: Stores, filled: Asking, how: str) -> None:
    """Q2, Q7: statements are not in it."""
    key = snapshot_key(EntityId("Q1"), 3)
    if how == "missing":
        await stores.objects.delete([key])
    else:
        await put_instead(
            stores, key, b"[" if how == "no JSON" else b'{"revision_id": 1, "entity": {"id": "Q1"}}'
        )
    answer = await filled(
        """{item(id: "Q1") {
          label(languageCode: "en") labels {value} aliases {values} sitelinks {title} json
          revisionId statements(properties: ["P1"]) {id rank}
          revision {createdBy isRedirect redirectsTo deletedBy}
        }}"""
    )
    names = ("label", "labels", "aliases", "sitelinks", "json")
    found = answer["data"]["item"]
    assert [found[name] for name in names] == [None] * 5
    assert [one["rank"] for one in found["statements"]] == ["NORMAL", "PREFERRED", "NORMAL"]
    assert found["revisionId"] == 3
    assert found["revision"] == {
        "createdBy": "Alice",
        "isRedirect": False,
        "redirectsTo": None,
        "deletedBy": None,
    }
    assert told(answer) == sorted((("damaged", ["item", name]) for name in names), key=str)
    assert {error["extensions"]["key"] for error in answer["errors"]} == {str(key)}


async def test_a_damaged_lexeme_costs_its_parts(stores: Stores, filled: Asking) -> None:
    """Q7"""
    await stores.objects.delete([snapshot_key(EntityId("L1"), 1)])
    answer = await filled('{lexeme(id: "L1") {id forms {id} lemmas {value}} node(id: "L1-F1") {id}}')
    assert answer["data"] == {"lexeme": {"id": "L1", "forms": None, "lemmas": None}, "node": None}
    assert told(answer) == [
        ("damaged", ["lexeme", "forms"]),
        ("damaged", ["lexeme", "lemmas"]),
        ("damaged", ["node"]),
    ]


async def test_damage_of_what_is_linked_costs_the_fields_of_that_link(stores: Stores, filled: Asking) -> None:
    """Q7, Q8: damage is not a fact about the link, as absence is."""
    await stores.objects.delete([snapshot_key(EntityId(name), 1) for name in ("Q2", "P1")])
    query = """{item(id: "Q1") {statements {
      property {label(languageCode: "en") dataType}
      value {... on ItemValue {id status label(languageCode: "en") item {id}}}
    }}}"""
    answer = await filled(query)
    found = answer["data"]["item"]["statements"]
    assert [one["property"]["label"] for one in found] == [None, None, None, "second", "second"]
    assert [one["value"] for one in found[3:]] == [
        {"id": "Q2", "status": "FOUND", "label": None, "item": {"id": "Q2"}},
        {"id": "Q3", "status": "FOUND", "label": "three", "item": {"id": "Q3"}},
    ]
    places: list[list[str | int]] = [["property", name] for name in ("dataType", "label")]
    assert told(answer) == [
        *(("damaged", ["item", "statements", n, *place]) for n in range(3) for place in places),
        ("damaged", ["item", "statements", 3, "value", "label"]),
    ]


# Stores that do not answer


@pytest.fixture
async def faulty(stores: Stores, filled: Asking) -> AsyncIterator[tuple[Faults, Asking]]:
    """The same stores, open to faults."""
    faults = Faults()
    async with served_over(faults.wrap(stores)) as ask:
        yield faults, ask


async def test_a_database_that_does_not_answer_is_told_as_such(faulty: tuple[Faults, Asking]) -> None:
    """Q7: it may be asked again; each of many says so."""
    faults, ask = faulty
    faults.fail(When.BEFORE, verb="metadata.heads", times=None)
    answer = await ask('{entity(id: "Q1") {id} entities(ids: ["Q1", "Q2"]) {id}}')
    assert answer["data"] == {"entity": None, "entities": [None, None]}
    assert told(answer) == [
        ("unavailable", ["entities", 0]),
        ("unavailable", ["entities", 1]),
        ("unavailable", ["entity"]),
    ]
    for error in answer["errors"]:
        assert error["extensions"]["retryable"]
        assert error["extensions"]["traceId"]


FAILING = {
    "metadata.histories": ("entity", "history {nodes {revisionId}}"),
    "metadata.backlinks": ("entity", "backlinks {nodes {entityId}}"),
    "metadata.redirects_to": ("entity", "redirects {nodes {sourceId}}"),
    "metadata.redirect_counts": ("entity", "redirectCount"),
    "metadata.statement_ids": ("entity", "statements {id}"),
    "objects.get": ("entity", "json"),
    "metadata.recent": (None, "revisions {nodes {revisionId}}"),
    "metadata.most_used": (None, "mostUsedStatements {nodes {hash}}"),
    "metadata.listed": (None, "listedEntities(status: LOCKED) {nodes {entityId}}"),
    "metadata.audits": (None, "auditLog {nodes {reason}}"),
    "metadata.erased_among": ("entity", "erasedStatementHashes"),
    "metadata.erasures": (None, "erasures {nodes {reason}}"),
    "metadata.deletion_requests": (None, "hardDeletionRequests {nodes {reason}}"),
}


@pytest.mark.parametrize("verb", FAILING)
async def test_what_does_not_answer_costs_the_fields_that_asked_it(
    faulty: tuple[Faults, Asking], verb: str
) -> None:
    """Q7"""
    faults, ask = faulty
    faults.fail(When.BEFORE, verb=verb, times=None)
    parent, selection = FAILING[verb]
    field = selection.split(" ")[0].partition("(")[0]
    query = f'{{entity(id: "Q1") {{revisionId {selection if parent else ""}}} {"" if parent else selection}}}'
    answer = await ask(query)
    assert answer["data"]["entity"]["revisionId"] == 3
    path: list[str | int] = [parent, field] if parent else [field]
    assert told(answer) == [("unavailable", path)]
    assert (answer["data"][parent] if parent else answer["data"])[field] is None


async def test_an_object_store_that_does_not_answer_costs_each_statement(
    faulty: tuple[Faults, Asking],
) -> None:
    """Q7: a list keeps its length."""
    faults, ask = faulty
    faults.fail(When.BEFORE, verb="objects.get", times=None)
    answer = await ask('{entity(id: "Q1") {statements(properties: ["P1"]) {rank} statementHashes}}')
    assert answer["data"]["entity"]["statements"] == [None, None, None]
    assert len(answer["data"]["entity"]["statementHashes"]) == 5
    assert told(answer) == [("unavailable", ["entity", "statements", place]) for place in range(3)]


@pytest.mark.asked_once
async def test_an_error_that_nobody_foresaw_is_masked(faulty: tuple[Faults, Asking]) -> None:
    """Q7: its words are for the log alone."""
    faults, ask = faulty

    async def fail(_: Call) -> None:
        raise RuntimeError("secret")

    faults.do(fail, When.BEFORE, verb="metadata.histories")
    answer = await ask('{entity(id: "Q1") {id history {nodes {revisionId}}}}')
    assert answer["data"]["entity"] == {"id": "Q1", "history": None}
    assert told(answer) == [("internal_error", ["entity", "history"])]
    assert "secret" not in str(answer)


# Pages

LISTS: dict[str, tuple[str, list[str | int]]] = {
    "history": (
        'entity(id: "Q1") {history(%s) {nodes {revisionId} pageInfo {endCursor}}}',
        ["entity", "history"],
    ),
    "backlinks": (
        'entity(id: "Q2") {backlinks(%s) {nodes {entityId} pageInfo {endCursor}}}',
        ["entity", "backlinks"],
    ),
    "redirects": (
        'entity(id: "Q1") {redirects(%s) {nodes {sourceId} pageInfo {endCursor}}}',
        ["entity", "redirects"],
    ),
    "holders": (
        'entity(id: "L1") {... on Lexeme {forms {statements {holders(%s) {nodes {id} pageInfo {endCursor}}}}}}',
        ["entity", "forms", 0, "statements", 0, "holders"],
    ),
    "used": (
        "mostUsedStatements(minCount: 1, %s) {nodes {hash} pageInfo {endCursor}}",
        ["mostUsedStatements"],
    ),
    "least used": (
        "mostUsedStatements(minCount: 1, order: LEAST_FIRST, %s) {nodes {hash} pageInfo {endCursor}}",
        ["mostUsedStatements"],
    ),
    "recent": ("revisions(%s) {nodes {revisionId} pageInfo {endCursor}}", ["revisions"]),
    "listed": (
        "listedEntities(status: DELETED, %s) {nodes {entityId} pageInfo {endCursor}}",
        ["listedEntities"],
    ),
    "audit": ("auditLog(%s) {nodes {reason} pageInfo {endCursor}}", ["auditLog"]),
    "requests": (
        "hardDeletionRequests(%s) {nodes {reason} pageInfo {endCursor}}",
        ["hardDeletionRequests"],
    ),
    "erasures": ("erasures(%s) {nodes {reason} pageInfo {endCursor}}", ["erasures"]),
}


def _at(data: Any, path: list[str | int]) -> Any:
    for step in path:
        data = data[step]
    return data


@pytest.mark.parametrize("size", [-1, 501, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.usefixtures("filled")
async def test_a_page_of_a_size_out_of_bounds_is_refused(stores: Stores, name: str, size: int) -> None:
    """Q10: and says what is the most."""
    query, path = LISTS[name]
    async with served_over(stores, UNBOUNDED) as ask:
        answer = await ask(f"{{{query % f'first: {size}'}}}")
    assert told(answer) == [("bad_page_size", path)]
    assert _at(answer["data"], path) is None
    assert answer["errors"][0]["extensions"]["maximum"] == 500


@pytest.mark.parametrize("size", [0, 1, 500])
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.usefixtures("filled")
async def test_a_page_of_a_size_within_bounds_is_answered(stores: Stores, name: str, size: int) -> None:
    """Q10: every list here has an item."""
    query, path = LISTS[name]
    async with served_over(stores, UNBOUNDED) as ask:
        nodes = _at(await ask.data(f"{{{query % f'first: {size}'}}}"), path)["nodes"]
    assert (len(nodes) >= 1) == (size > 0)
    assert len(nodes) <= size


async def _follow(ask: Asking, name: str, cursor: str) -> list[tuple[str, Any]]:
    """The errors of a page after a cursor; where there are none, the page is there."""
    query, path = LISTS[name]
    answer = await ask(f"query ($after: String) {{{query % 'first: 3, after: $after'}}}", after=cursor)
    assert (_at(answer["data"], path) is None) == ("errors" in answer)
    return told(answer)


@pytest.mark.parametrize("other", LISTS)
@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_is_good_for_its_own_list_alone(filled: Asking, name: str, other: str) -> None:
    """Q10: but for the order, which is not noted in it."""
    query, path = LISTS[other]
    cursor = _at(await filled.data(f"{{{query % 'first: 1'}}}"), path)["pageInfo"]["endCursor"]
    own = name.removeprefix("least ") == other.removeprefix("least ")
    assert await _follow(filled, name, cursor) == ([] if own else [("bad_cursor", LISTS[name][1])])


_KEYS: dict[str, list[Any]] = {
    "history": [2],
    "backlinks": ["Q1", 5],
    "redirects": ["Q1"],
    "holders": ["Q1"],
    "used": [1, 5],
    "least used": [1, 5],
    "recent": ["2026-01-01T00:00:00Z", "Q1", 1],
    "listed": ["Q1"],
    "audit": ["2026-01-01T00:00:00Z", "Q1", 1],
    "requests": ["Q1"],
    "erasures": ["2026-01-01T00:00:00Z", "ab" * 16],
}
BAD_PARTS: list[Any] = [
    None,
    True,
    1.0,
    "",
    "x",
    "Q",
    [],
    {},
    [1],
    -1,
    2**64,
    10**40,
    "1",
    "Q2147483648",
    "\x00",
]


def _packed(name: str, *key: Any) -> str:
    kind = name.removeprefix("least ")
    return base64.urlsafe_b64encode(json.dumps([kind, *key]).encode()).decode().rstrip("=")


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_with_a_wrong_part_is_refused(filled: Asking, name: str) -> None:
    """Q10: each part of its key is of a type and within bounds."""
    key = _KEYS[name]
    assert await _follow(filled, name, _packed(name, *key)) == []
    refused = [("bad_cursor", LISTS[name][1])]
    for place in range(len(key)):
        for part in BAD_PARTS:
            other = [*key[:place], part, *key[place + 1 :]]
            assert await _follow(filled, name, _packed(name, *other)) == refused, other
    for other in ([], key[1:], [*key, 1], [key]):
        assert await _follow(filled, name, _packed(name, *other)) == refused, other


EXTREMES = [0, 1, 2**31, 2**32, 2**53, 2**62 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]


@pytest.mark.parametrize("name", ["history", "used", "least used", "backlinks", "recent", "audit"])
async def test_a_cursor_with_a_number_at_a_bound_is_followed_or_refused(filled: Asking, name: str) -> None:
    """Q10: engines stop at different numbers, none of them may show."""
    key = _KEYS[name]
    for place, part in enumerate(key):
        if isinstance(part, int):
            for number in EXTREMES:
                other = [*key[:place], number, *key[place + 1 :]]
                found = await _follow(filled, name, _packed(name, *other))
                assert found in ([], [("bad_cursor", LISTS[name][1])]), other


TIMES = [
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01",
    "20260101T000000Z",
    "2026-W01-1",
    "2026-02-30T00:00:00Z",
    "2026-01-01T24:00:00Z",
]


@pytest.mark.parametrize("name", ["recent", "audit"])
@pytest.mark.parametrize("time", TIMES)
async def test_a_cursor_with_an_odd_time_is_followed_or_refused(filled: Asking, time: str, name: str) -> None:
    """Q10"""
    found = await _follow(filled, name, _packed(name, time, "Q1", 1))
    assert found in ([], [("bad_cursor", LISTS[name][1])])


NO_CURSORS = [
    *(
        "",
        " ",
        "=",
        "====",
        "A",
        "AAAA",
        "x" * 10_000,
        "é",
        "\x00",
        "WyJoaXN0b3J5IiwyXQ==extra",
        "WyJo\naXN0b3J5IiwyXQ",
        "WyJoaXN0b3J5IiwyXQ ",
        "null",
    ),
    *(
        base64.urlsafe_b64encode(text).decode()
        for text in (b"[]", b"{}", b"null", b"7", b'"history"', b"\xff", b"[[]]")
    ),
    *(base64.urlsafe_b64encode(text).decode() for text in (b"[" * 10_000, b'{"0": "history"}', b"[NaN]")),
]


@pytest.mark.parametrize("name", LISTS)
async def test_what_is_no_cursor_is_refused(filled: Asking, name: str) -> None:
    """Q10"""
    for text in NO_CURSORS:
        assert await _follow(filled, name, text) == [("bad_cursor", LISTS[name][1])], text


async def test_a_cursor_is_read_with_and_without_padding(filled: Asking) -> None:
    """Q10: clients may trim it."""
    cursor = cursor_of("history", 3)
    assert len(cursor) % 4
    for text in (cursor, cursor + "=" * (-len(cursor) % 4)):
        assert await _follow(filled, "history", text) == []


# Whatever is sent

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("QPLEFS-$0123456789\ud800\udfff\x00\n")), max_size=30
)
PARTS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        TEXTS,
        st.sampled_from([*EXTREMES, *TIMES, "Q1", "P1", "L1"]),
    ),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), st.dictionaries(st.text(max_size=3), parts, max_size=3)
    ),
    max_leaves=5,
)
IDS = st.one_of(
    TEXTS,
    st.from_regex(r"[QPLEMqple]\d{1,12}(-[FSfs]\d{1,12})?(\$[0-9A-Fa-f-]{0,36})?", fullmatch=True),
)
HASHES = st.one_of(TEXTS, st.integers(-(2**65), 2**65).map(str), st.integers(), st.floats(), st.none())
CODES = st.one_of(TEXTS, st.sampled_from(["en", "mul", "de-at", "zh-hant", "EN", "__proto__", "enwiki"]))

PLACES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "entity id": (
        """query ($x: EntityId!) {
          entity(id: $x) {id} item(id: $x) {id} entities(ids: [$x, "Q1"]) {id}
          revision(id: $x, revisionId: 1) {revisionId} snapshots(revisions: [{id: $x}]) {key}
        }""",
        IDS,
    ),
    "node id": ("query ($x: ID!) {node(id: $x) {id}}", st.one_of(IDS, st.integers())),
    "statement id": ("query ($x: ID!) {statementById(id: $x) {id json}}", IDS),
    "part id": (
        'query ($x: [ID!]) {lexeme(id: "L1") {forms(ids: $x) {id} senses(ids: $x) {id}}}',
        st.lists(IDS),
    ),
    "property id": (
        """query ($x: PropertyId!) {
          entity(id: "Q1") {statements(properties: [$x]) {rank} statementHashes(properties: [$x]) backlinks(property: $x) {nodes {rank}}}
          mostUsedStatements(fromProperty: $x, toProperty: $x, minCount: 1) {nodes {rank}}
        }""",
        IDS,
    ),
    "hash": (
        "query ($x: StatementHash!) {statement(hash: $x) {json} statements(hashes: [$x]) {hash}}",
        HASHES,
    ),
    "language": (
        """query ($x: LanguageCode!) {
          item(id: "Q1") {
            label(languageCode: $x, fallback: true) labels(languages: [$x, "fr"], fallback: true) {requestedLanguageCode value}
            aliases(languages: [$x]) {values} description(languageCode: $x)
          }
          lexeme(id: "L1") {lemmas(languages: [$x], fallback: true) {requestedLanguageCode}}
        }""",
        CODES,
    ),
    "site": (
        'query ($x: SiteId!) {item(id: "Q1") {sitelink(siteId: $x) {title} sitelinks(siteIds: [$x]) {title}}}',
        CODES,
    ),
    "edit type": (
        """query ($x: String) {
          revisions(filter: {editType: $x}) {nodes {editType}}
          entity(id: "Q1") {history(filter: {editType: $x}) {nodes {editType}}}
          listedEntities(editType: $x) {nodes {entityId}}
        }""",
        TEXTS,
    ),
    "deleted entity": ("query ($x: EntityId!) {deletedEntity(id: $x) {entityId}}", IDS),
    "time": (
        "query ($x: DateTime!) {auditLog(filter: {since: $x, until: $x}) {nodes {reason}}}",
        st.one_of(TEXTS, st.sampled_from(TIMES)),
    ),
    "revision": (
        'query ($x: Int!) {entity(id: "Q1", revisionId: $x) {id}}',
        st.one_of(st.integers(), st.floats()),
    ),
    "page size": (
        "query ($x: Int!) {revisions(first: $x) {nodes {revisionId}}}",
        st.integers(-(2**33), 2**33),
    ),
    "minimum": (
        "query ($x: Int!) {mostUsedStatements(minCount: $x) {nodes {hash}}}",
        st.integers(-(2**33), 2**33),
    ),
    **{
        f"cursor of {name}": (
            f"query ($x: String) {{{query % 'after: $x'}}}",
            st.one_of(TEXTS, st.lists(PARTS, max_size=4).map(lambda key, name=name: _packed(name, *key))),  # type: ignore[misc]
        )
        for name, (query, _) in LISTS.items()
    },
}


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=60)
@given(data=st.data())
async def test_nothing_that_is_sent_is_an_error_of_ours(
    filled: Asking, place: str, data: st.DataObject
) -> None:
    """Q7, Q10: it is answered, or refused with a code."""
    query, values = PLACES[place]
    # With escapes, so that what no UTF-8 can say arrives as well.
    body = json.dumps({"query": query, "variables": {"x": data.draw(values)}}).encode()
    reply = await filled.client.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert reply.status_code in (200, 400)
    for error in reply.json().get("errors", ()):
        assert error["extensions"]["code"] != "internal_error", error
