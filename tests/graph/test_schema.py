"""The schema as a whole: written down, described throughout, and open about what may fail."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)
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
