"""The table of weights: whole, and in the order of what is measured at the drivers (Q2, O3)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
)

from graph.documents import prepare, weighed
from graph.limits.weights import BULK_ITEMS, ITEMS, WEIGHTS, Weight
from graph.schema import schema
from tests.graph.test_laziness import CASES, FRAGMENTS
from tests.graph.test_laziness import ITEMS as FIFTY

TYPES = schema._schema.type_map


def _fields() -> Iterator[tuple[str, str, GraphQLField, Weight | None]]:
    """All fields of objects and interfaces, each with the row that holds for it."""
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                names = (name, *(one.name for one in kind.interfaces))
                rows = (WEIGHTS.get(f"{one}.{field_name}") for one in names)
                yield name, field_name, field, next((row for row in rows if row is not None), None)


def _reads(field: GraphQLField) -> bool:
    declared = field.extensions.get("strawberry-definition")
    resolver = declared.base_resolver if declared is not None else None
    return resolver is not None and inspect.iscoroutinefunction(resolver.wrapped_func)


def test_each_field_that_can_fetch_has_a_row() -> None:
    """A field of Mutation without one is an edit, which weighs most."""
    missing = [
        f"{name}.{field_name}"
        for name, field_name, field, row in _fields()
        if _reads(field) and row is None and name != "Mutation"
    ]
    assert missing == []


def test_each_list_of_what_can_be_selected_from_has_a_size() -> None:
    composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
    missing = [
        f"{name}.{field_name}"
        for name, field_name, field, row in _fields()
        if isinstance(get_nullable_type(field.type), GraphQLList)
        and isinstance(get_named_type(field.type), composite)
        and (row is None or row.size is None)
        and field_name not in ITEMS
        and f"{name}.{field_name}" not in BULK_ITEMS
        and not (is_introspection_type(TYPES[name]) and row is not None)
    ]
    assert missing == []


def test_each_connection_has_the_size_of_its_page() -> None:
    missing = [
        f"{name}.{field_name}"
        for name, field_name, field, row in _fields()
        if get_named_type(field.type).name.endswith("Connection") and (row is None or row.page is None)
    ]
    assert missing == []


@pytest.mark.parametrize("key", [*WEIGHTS, *sorted(BULK_ITEMS)])
def test_each_row_is_of_a_field_and_asks_for_its_arguments(key: str) -> None:
    type_name, field_name = key.split(".")
    kind = TYPES[type_name]
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    field = kind.fields[field_name]
    asked = WEIGHTS[key].asked if key in WEIGHTS else ()
    assert set(asked) <= set(field.args)


def _cost(name: str, ids: list[str]) -> int:
    selection, _ = CASES[name]
    query = f"query ($ids: [EntityId!]!) {{entities(ids: $ids) {{__typename {selection}}}}}"
    if "...Pair" in query:
        query += FRAGMENTS
    return weighed(prepare(query, None), {"ids": ids})


NOT_THERE = {"a property that is not there", "backlinks"}
"""Reads less than it is reckoned to, which nobody knows before: nothing refers to the fifty items either."""


def _below(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether one is measured to take less than the other: not more of queries or of objects, and less of one."""
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def test_what_is_measured_to_fetch_less_is_reckoned_to_cost_less() -> None:
    """Every two cases of the table of laziness, for one item, of which nothing is shared with another."""
    costs = {name: _cost(name, FIFTY[:1]) for name in sorted(set(CASES) - NOT_THERE)}
    wrong = [
        (one, other)
        for one, other in permutations(costs, 2)
        if _below(CASES[one][1].one, CASES[other][1].one) and not costs[one] < costs[other]
    ]
    assert wrong == []


@pytest.mark.parametrize("name", CASES)
def test_fifty_items_cost_more_than_one_and_at_most_fifty_times_as_much(name: str) -> None:
    """Queries are asked once for all of them, objects are not (`tests/graph/test_laziness.py`)."""
    one, fifty = _cost(name, FIFTY[:1]), _cost(name, FIFTY)
    assert one < fifty < 50 * one


@pytest.mark.parametrize("name", sorted(set(CASES) - NOT_THERE))
def test_each_object_that_is_read_is_in_the_cost(name: str) -> None:
    case: Any = CASES[name][1]
    assert _cost(name, FIFTY[:1]) >= case.one[1]
    assert _cost(name, FIFTY) >= case.fifty[1]
