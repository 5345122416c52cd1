"""What an operation costs: once for all, for each, for each item of a page; with its variables (O3)."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from graph.documents import NotExecutable, Rules, prepare, weighed
from graph.limits.maxima import CEILING, Maxima
from graph.limits.weights import COMMIT, FIELD, OBJECT, PER_PROPERTY, QUERY, ROW, STATEMENTS

NO_END = Rules(Maxima(**dict.fromkeys(Maxima.__slots__, 0)))


def cost(query: str, **variables: Any) -> int:
    return weighed(prepare(query, None, NO_END), variables, NO_END)


def points(hundredths: int) -> int:
    """As an answer tells it."""
    return ceil(hundredths / OBJECT)


@pytest.mark.parametrize(
    ("query", "hundredths"),
    [
        ("{__typename}", FIELD),
        ('{entity(id: "Q1") {id}}', QUERY + ROW + 2 * FIELD),
        ('{entities(ids: ["Q1", "Q2"]) {id}}', QUERY + 2 * (ROW + FIELD) + FIELD),
        ('{entities(ids: "Q1") {id}}', QUERY + ROW + 2 * FIELD),
        ("{entities(ids: []) {id}}", QUERY + FIELD),
        ('{item(id: "Q1") {label(languageCode: "en")}}', QUERY + ROW + OBJECT + 2 * FIELD),
        (
            '{item(id: "Q1") {a: label(languageCode: "en") b: label(languageCode: "de") dot: sitelink(siteId: "x") {title}}}',
            QUERY + ROW + OBJECT + 5 * FIELD,
        ),
        ("{revisions(first: 7) {nodes {summary}}}", QUERY + 2 * FIELD + 7 * (ROW + 2 * FIELD)),
        (
            "{revisions(first: 7) {pageInfo {hasNextPage} nodes {summary}}}",
            QUERY + 4 * FIELD + 7 * (ROW + 2 * FIELD),
        ),
        ("{revisions(first: 7) {edges {node {summary}}}}", QUERY + 2 * FIELD + 7 * (ROW + 3 * FIELD)),
        ("{revisions {nodes {summary}}}", QUERY + 2 * FIELD + 20 * (ROW + 2 * FIELD)),
        ("{revisions(first: 0) {nodes {summary}}}", QUERY + 2 * FIELD),
        ("{revisions(first: -9) {nodes {summary}}}", QUERY + 2 * FIELD),
        (
            'mutation {deleteEntities(input: {ids: ["Q1", "Q2"], reason: ""}) {__typename}}',
            QUERY + 2 * COMMIT + 2 * FIELD,
        ),
        (
            'mutation {deleteEntities(input: {status: LOCKED, limit: 3, reason: ""}) {__typename}}',
            QUERY + 3 * COMMIT,
        ),
        ('mutation {deleteEntities(input: {status: LOCKED, reason: ""}) {__typename}}', QUERY + 100 * COMMIT),
        ('mutation {lockEntity(input: {id: "Q1"}) {__typename}}', QUERY + COMMIT + 2 * FIELD),
    ],
)
def test_it_is_what_is_fetched_by_how_often(query: str, hundredths: int) -> None:
    assert abs(cost(query) - points(hundredths)) <= (1 if "limit" in query or "LOCKED" in query else 0)


def test_statements_are_guessed_or_by_their_properties() -> None:
    """Each is an object of its own."""
    query = 'query ($p: [PropertyId!]) {entity(id: "Q1") {statements(properties: $p) {rank}}}'
    each = OBJECT + 2 * FIELD
    base = QUERY + ROW + FIELD
    assert cost(query) == cost(query, p=None) == points(base + STATEMENTS * each - STATEMENTS * FIELD + FIELD)
    assert cost(query, p=["P1", "P2"]) == points(base + 2 * PER_PROPERTY * (each - FIELD) + FIELD)


def test_the_content_of_statements_is_read_for_their_rank_too() -> None:
    plain = cost('{entity(id: "Q1") {statements {hash}}}')
    for argument in ("best: true", "ranks: [NORMAL]"):
        assert cost(f'{{entity(id: "Q1") {{statements({argument}) {{hash}}}}}}') == plain + STATEMENTS
    assert cost('{entity(id: "Q1") {statements(best: false, ranks: null) {hash}}}') == plain


def test_variables_are_counted_as_given_or_by_their_defaults() -> None:
    query = "query ($n: Int! = 9) {revisions(first: $n) {nodes {summary}}}"
    assert cost(query, n=30) == cost("{revisions(first: 30) {nodes {summary}}}")
    assert cost(query) == cost("{revisions(first: 9) {nodes {summary}}}")
    query = "query ($i: DeleteEntitiesInput!) {__typename} mutation M($i: DeleteEntitiesInput!) {deleteEntities(input: $i) {__typename}}"
    operation = prepare(query.replace("query ($i: DeleteEntitiesInput!) {__typename} ", ""), "M", NO_END)
    assert weighed(operation, {"i": {"ids": ["Q1"] * 4, "reason": ""}}, NO_END) >= 4 * COMMIT // OBJECT


@pytest.mark.parametrize("wrong", [None, "x", 1.5, [], {}, True])
def test_a_variable_of_a_wrong_type_is_no_error_here(wrong: Any) -> None:
    """It is told where variables are read."""
    assert cost("query ($n: Int!) {revisions(first: $n) {nodes {summary}}}", n=wrong) >= 0
    assert cost("query ($n: [EntityId!]!) {entities(ids: $n) {id}}", n=wrong) >= 0
    query = "mutation ($i: DeleteEntitiesInput!) {deleteEntities(input: $i) {__typename}}"
    assert cost(query, i=wrong) >= 0
    assert cost(query, i={"ids": wrong, "limit": wrong}) >= 0


@pytest.mark.parametrize(("left", "value"), [("@skip(if: $v)", True), ("@include(if: $v)", False)])
def test_what_is_left_out_costs_nothing(left: str, value: bool) -> None:
    for selection in (
        f'item(id: "Q1") {left} {{label(languageCode: "en")}}',
        f'... {left} {{item(id: "Q1") {{label(languageCode: "en")}}}}',
        f"...F {left}",
    ):
        query = f"query ($v: Boolean!) {{__typename {selection}}}"
        if "...F" in selection:
            query += ' fragment F on Query {item(id: "Q1") {label(languageCode: "en")}}'
        assert cost(query, v=value) == cost("{__typename}")
        assert cost(query, v=not value) > cost("{__typename}")


def test_a_fragment_costs_what_stands_in_it_wherever_it_is_spread() -> None:
    inline = cost('{item(id: "Q1") {label(languageCode: "en") statements {rank}}}')
    parts = 'fragment F on LabelProvider {label(languageCode: "en")} fragment G on StatementProvider {statements {...H}}'
    assert cost(f'{{item(id: "Q1") {{...F ...G}}}} {parts} fragment H on Statement {{rank}}') == inline


def test_the_label_of_a_link_takes_the_entity_behind_it() -> None:
    """Of an item only its snapshot is read, its head was found already."""
    link = cost('{item(id: "Q1") {statements(properties: "P1") {property {label(languageCode: "en")}}}}')
    assert link >= points(2 * QUERY + PER_PROPERTY * (ROW + OBJECT))


def test_what_may_be_of_several_types_costs_as_the_costliest() -> None:
    """And queries are asked for each of the types, since a list may have them all."""

    def of(*branches: str) -> int:
        selected = " ".join(branches)
        return cost(f"{{entities(ids: {ids}) {{{selected}}}}}")

    ids = "[" + ", ".join(f'"Q{one}"' for one in range(1, 101)) + "]"
    item = "... on Item {statements {rank}}"
    small = "... on Property {id}"
    assert of(item, small) == of(item)
    assert of(item, item.replace("Item", "Property")) == of(item)
    both = of('... on Item {label(languageCode: "en")}', "... on Item {sitelinks {title}}")
    assert both < of('... on Item {label(languageCode: "en")}') + of("... on Item {sitelinks {title}}")


def test_qualifiers_have_been_read_with_their_statement() -> None:
    pair = "fragment Pair on PropertyValuePair {valueType}"
    query = f'{{entity(id: "Q1") {{statements {{valueType qualifiers {{...Pair}}}}}}}} {pair}'
    assert cost(query) < cost('{entity(id: "Q1") {statements {valueType}}}') + STATEMENTS


def test_lists_within_lists_are_multiplied() -> None:
    few = '{entities(ids: ["Q1"]) {history(first: 100) {nodes {entity {statements {rank}}}}}}'
    assert cost(few) >= 100 * STATEMENTS
    assert cost(few.replace('["Q1"]', '["Q1", "Q2", "Q3"]')) >= 300 * STATEMENTS


def test_no_cost_is_told_greater_than_the_ceiling() -> None:
    inner = "id"
    for _ in range(25):
        inner = f"history(first: 500) {{nodes {{entity {{{inner}}}}}}}"
    with pytest.raises(NotExecutable) as refused:
        weighed(prepare(f'{{entity(id: "Q1") {{{inner}}}}}', None, NO_END), {})
    (error,) = refused.value.errors
    assert error.extensions is not None
    assert error.extensions["limit"] == "MAX_COST"
    assert error.extensions["measure"] <= CEILING
