"""How values of scalars and enums are written, as expressions where their classes tell enough, and else as the type does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLScalarType,
    GraphQLString,
)
from graphql.pyutils import Undefined, is_awaitable

from graph.plan.binding import Binding

Named = Callable[[object, str], str]
"""Gives an object a name that code may use."""


class Bail(Exception):
    """Something is not as usual: the standard executor is to look at it."""


def is_unusual(value: Any) -> bool:
    """Whether the standard executor does more with a value than to complete it as one of its type."""
    return value is None or value is Undefined or isinstance(value, Exception) or is_awaitable(value)


def leaf_expression(binding: Binding, leaf: GraphQLLeafType, value: str, nullable: bool, named: Named) -> str:
    """The expression of a value that is written. `value` is a name, and may stand there several times."""
    none = f"{value} is None or " if nullable else ""
    if isinstance(leaf, GraphQLEnumType):
        members = named(Members(leaf), "enum")
        return f"(None if {value} is None else {members}[{value}])" if nullable else f"{members}[{value}]"
    other = f"{named(_by_type(leaf), 'leaf')}({value})"
    own = f"{value}.__class__ is "
    if leaf is GraphQLString or leaf is GraphQLID:
        return f"({value} if {none}{own}str else {other})"
    if leaf is GraphQLBoolean:
        return f"({value} if {none}{own}bool else {other})"
    if leaf is GraphQLInt:
        return f"({value} if {none}({own}int and -2147483648 <= {value} <= 2147483647) else {other})"
    if leaf is GraphQLFloat:
        # Of what is no finite number the difference is none either.
        return f"({value} if {none}({own}float and {value} - {value} == 0.0) else {other})"
    return _by_class(binding, leaf, value, nullable, other, named)


def _by_class(
    binding: Binding, leaf: GraphQLScalarType, value: str, nullable: bool, other: str, named: Named
) -> str:
    classes = binding.leaves.get(leaf.name, {})
    same = [one for one, write in classes.items() if write is None]
    for one, write in classes.items():
        if write is not None:
            other = f"({named(write, 'write')}({value}) if {value}.__class__ is {named(one, 'class')} else {other})"
    if same:
        other = f"({value} if {value}.__class__ in {named(frozenset(same), 'classes')} else {other})"
    return f"(None if {value} is None else {other})" if nullable else other


def _by_type(leaf: GraphQLLeafType) -> Callable[[Any], Any]:
    coerce = leaf.coerce_output_value

    def written(value: Any) -> Any:
        if is_unusual(value):
            raise Bail
        found = coerce(value)
        if found is None or found is Undefined:
            raise Bail
        return found

    return written


class Members(dict[Any, Any]):
    """The names of an enum's values, each looked up once. There are no more than the enum has, and their equals."""

    def __init__(self, leaf: GraphQLEnumType) -> None:
        self._coerce = _by_type(leaf)

    def __missing__(self, value: Any) -> Any:
        self[value] = found = self._coerce(value)
        return found
