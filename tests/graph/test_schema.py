"""The schema as a whole: written down, described throughout, and open about what may fail."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLAbstractType,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_leaf_type,
    is_required_argument,
    is_specified_scalar_type,
    parse,
    validate,
)
from graphql.validation import OverlappingFieldsCanBeMergedRule
from strawberry.types.field import StrawberryField

import schemas
from graph.schema import schema

WRITTEN = Path(schemas.__file__).parent / "schema.graphql"
TYPES = {
    name: kind
    for name, kind in schema._schema.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}


def test_the_schema_is_the_one_that_is_written_down() -> None:
    """A change of the schema is announced: run `make schema` and look at the difference."""
    assert schema.as_str() + "\n" == WRITTEN.read_text()


def _described() -> Iterator[tuple[str, str | None]]:
    for name, kind in TYPES.items():
        yield name, kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name})", argument.description
        elif isinstance(kind, GraphQLInputObjectType):
            for field_name, given in kind.fields.items():
                yield f"{name}.{field_name}", given.description
        elif isinstance(kind, GraphQLEnumType):
            for value_name, value in kind.values.items():
                yield f"{name}.{value_name}", value.description


def test_everything_is_described() -> None:
    assert [name for name, description in _described() if not description] == []


def _fields() -> Iterator[tuple[str, Any, StrawberryField]]:
    for name, kind in TYPES.items():
        if isinstance(kind, GraphQLObjectType) and name != "Mutation":
            for field_name, field in kind.fields.items():
                declared = field.extensions["strawberry-definition"]
                yield f"{name}.{field_name}", field, declared


def test_what_may_read_a_store_may_be_null() -> None:
    """So that a part that fails is null and the rest is answered (Q7)."""
    lists = {"Query.entities", "Query.snapshots", "Query.statements"}  # their items may be null, one by one
    fixed = [
        name
        for name, field, declared in _fields()
        if declared.base_resolver is not None
        and inspect.iscoroutinefunction(declared.base_resolver.wrapped_func)
        and isinstance(field.type, GraphQLNonNull)
    ]
    assert set(fixed) == lists


UNIONS = [name for name, kind in TYPES.items() if isinstance(kind, GraphQLUnionType)]
NAMED_BY_WIKIBASE = {"Value": {"precision"}}
"""Two things under one name, which is not ours to change."""


def _all_of(kind: GraphQLNamedType, depth: int) -> str:
    """A selection of every field that asks for no argument, down to `depth` objects below."""
    parts = ["__typename"]
    if isinstance(kind, GraphQLAbstractType):
        members = schema._schema.get_possible_types(kind)
        parts += [f"... on {member.name} {_all_of(member, depth)}" for member in members]
    if not isinstance(kind, GraphQLUnionType):
        assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in kind.fields.items():
            below = get_named_type(field.type)
            if any(is_required_argument(argument) for argument in field.args.values()):
                continue
            if is_leaf_type(below):
                parts.append(name)
            elif depth:
                parts.append(f"{name} {_all_of(below, depth - 1)}")
    return "{" + " ".join(parts) + "}"


@pytest.mark.parametrize("name", UNIONS)
def test_one_query_asks_for_each_field_of_a_union_by_its_own_name(name: str) -> None:
    """Fields of one name are of one type, or GraphQL refuses them beside each other (ADR 21)."""
    document = parse(f"fragment F on {name} {_all_of(TYPES[name], 1)}")
    conflicts = validate(schema._schema, document, [OverlappingFieldsCanBeMergedRule])
    names = {found[1] for one in conflicts if (found := re.match(r"Fields '(\w+)' conflict", one.message))}
    assert (len(names) > 0) == (len(conflicts) > 0)
    assert names == NAMED_BY_WIKIBASE.get(name, set())


ODD = [None, 7, "x", [], {}, {"datavalue": 1}, {"datavalue": {"type": []}}, {"snaktype": []}, object()]


@pytest.mark.parametrize(
    "name", [name for name, kind in TYPES.items() if getattr(kind, "is_type_of", None) is not None]
)
def test_is_type_of_answers_for_anything(name: str) -> None:
    kind = TYPES[name]
    assert isinstance(kind, GraphQLObjectType)
    assert kind.is_type_of is not None
    for odd in ODD:
        answer = kind.is_type_of(odd, None)  # type: ignore[arg-type]  # it looks at the data alone
        assert isinstance(answer, bool), odd
