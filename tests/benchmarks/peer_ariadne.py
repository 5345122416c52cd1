"""The graph under Ariadne: its printed schema, with the graph's own resolvers bound to it, parsed and checked as Ariadne does.

Each resolver is called as directly as can be, without what Strawberry lays around it; a field of a plain type is its
getter, and nothing more. What extensions do around mutations is left out. Not imported but by `peers`, where it is
installed.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Any

from ariadne import EnumType, InterfaceType, ObjectType, ScalarType, UnionType, make_executable_schema
from ariadne.asgi import GraphQL
from ariadne.asgi.handlers import GraphQLHTTPHandler
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)
from starlette.datastructures import State
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from app.access import EVERYBODY
from app.execution import context_of
from graph.context import Info
from graph.plain import PlainField
from graph.schema import schema
from graph.shapes import value_type

Resolver = Callable[..., Any]


def application(state: State) -> GraphQL:
    """Ariadne's application on the stores of this state, at the path `/ariadne`."""

    def context(_request: Any, _data: Any) -> Any:
        return context_of(state, EVERYBODY)

    return GraphQL(
        executable(), context_value=context, introspection=False, http_handler=GraphQLHTTPHandler()
    )


def executable() -> GraphQLSchema:
    """The schema as Ariadne makes it of the printed one and of what is bound to it."""
    made: GraphQLSchema = make_executable_schema(schema.as_str(), list(_bound(schema._schema)))
    return made


def _bound(ours: GraphQLSchema) -> Iterator[Any]:
    for name, kind in ours.type_map.items():
        match kind:
            case _ if is_introspection_type(kind):
                continue
            case GraphQLObjectType():
                bound = ObjectType(name)
                for field_name, field in kind.fields.items():
                    bound.set_field(field_name, _resolver(field))
                yield bound
            case GraphQLInterfaceType():
                yield InterfaceType(name, _by_class)
            case GraphQLUnionType():
                yield UnionType(name, _by_value if name == "Value" else _by_class)
            case GraphQLEnumType():
                yield EnumType(name, {word: value.value for word, value in kind.values.items()})
            case GraphQLScalarType() if not is_specified_scalar_type(kind):
                yield ScalarType(name, serializer=kind.serialize, value_parser=kind.parse_value)


def _by_class(source: Any, *_: Any) -> str:
    name: str = type(source).__strawberry_definition__.name
    return name


def _by_value(snak: Any, *_: Any) -> str:
    return value_type(snak)


def _resolver(of: GraphQLField) -> Resolver:
    field: StrawberryField = of.extensions["strawberry-definition"]
    if isinstance(field, PlainField):
        getter = field.getter
        return lambda source, _info: getter(source)
    if field.base_resolver is None:
        name = field.python_name
        return lambda source, _info: getattr(source, name)
    resolver = _called(field)
    # Ariadne knows enums by their values, and not by what Python calls them.
    return _as_value(resolver) if isinstance(get_named_type(of.type), GraphQLEnumType) else resolver


def _called(field: StrawberryField) -> Resolver:
    resolver, arguments = field.base_resolver, field.arguments
    assert resolver is not None
    function: Resolver = resolver.wrapped_func  # type: ignore[assignment]  # a plain function, as all of ours are
    info_name = resolver.info_parameter.name if resolver.info_parameter else None
    parent_name = resolver.parent_parameter.name if resolver.parent_parameter else None
    takes_self = resolver.self_parameter is not None
    scalars, config = schema.schema_converter.scalar_registry, schema.config

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        told = convert_arguments(given, arguments, scalars, config) if arguments else {}
        if info_name is not None:
            told[info_name] = Info(_raw_info=info, _field=field)
        if parent_name is not None:
            told[parent_name] = source
        return function(source, **told) if takes_self else function(**told)

    return resolve


def _as_value(resolver: Resolver) -> Resolver:
    def resolve(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        found = resolver(source, info, **given)
        return found.value if isinstance(found, enum.Enum) else found

    return resolve
