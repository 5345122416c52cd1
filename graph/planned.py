"""What the schema tells the plan of its types: which fields are plain, which are read together, what sources look like.

Read from the types themselves: fields made by `plain`, attributes, methods marked `pure` or `together`. Whatever else
there is, is executed as always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from graphql import GraphQLObjectType, GraphQLResolveInfo, is_abstract_type, is_object_type
from graphql.type import GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from graph.context import Info
from graph.held import Held
from graph.plain import PlainField, steps_of
from graph.plan import Binding, Lazy, Part, Parts, Plain, Plans, Shape, Tag
from graph.schema import schema
from graph.shapes import value_type
from storage import ports, times
from storage.canonical import tight
from storage.raw import RawSnapshot

_SNAK = Shape((dict,), ("snaktype",))
_LINK = Shape((str,))
SHAPES: Mapping[str, Shape] = {
    "Statement": Shape((Held,)),
    "Qualifier": _SNAK,
    "ReferencePart": _SNAK,
    "Reference": Shape((dict,)),
    "PredicateProperty": _LINK,
    "ItemValue": _LINK,
    "PropertyCount": Shape((tuple,)),
    "LabelWithLanguage": Shape((dict,)),
    "AliasesInLanguage": Shape((tuple,)),
    "Sitelink": Shape((dict,)),
    "StoredSnapshot": Shape((RawSnapshot,)),
    "Backlink": Shape((ports.Backlink,)),
    "Redirect": Shape((ports.Redirect,)),
}
"""Of plain types, what their sources are where no union has told them apart. Others have instances of their class."""

TAGS: Mapping[str, Tag] = {"Value": Tag(function=value_type, sources=(dict,))}
"""Of plain data. Instances are told apart by their class."""

LEAVES: Mapping[str, Mapping[type, Callable[[Any], Any] | None]] = {
    "EntityId": {str: None},
    "PropertyId": {str: None},
    "LanguageCode": {str: None},
    "SiteId": {str: None},
    "StatementHash": {int: str},
    "Json": dict.fromkeys((dict, list, str, int, float, bool)),
    "DateTime": {datetime: times.written},
}


PARTS: Mapping[str, Part] = {"Statement": Part(("hash", "property"), own=frozenset({"id"}))}
"""What is said of a statement but its id is a function of its content, which its hash stands for; of an import that had one
under another property than its own, of that as well."""


def plans_of(bound: int, *, after: int = 1, parts_bytes: int = 0) -> Plans:
    """Compiled functions of the schema, of up to so many bytes, for operations that were asked so often before.

    With `parts_bytes`, what they say of statements is kept as JSON, of up to so many bytes.
    """
    return Plans(binding(), bound, after, Parts(parts_bytes, _as_json) if parts_bytes else None)


def _as_json(value: Any) -> tuple[orjson.Fragment, int]:
    data = tight(orjson.dumps(value))
    return orjson.Fragment(data), len(data)


@cache
def binding() -> Binding:
    """What is told of the schema."""
    core = schema._schema
    objects = [one for one in core.type_map.values() if is_object_type(one) and not one.name.startswith("__")]
    own = {one.name: Shape(_classes(one)) for one in objects if _definition(one).is_type_of is None}
    return Binding(
        schema=core,
        fields={one.name: _fields(one) for one in objects},
        shapes={**own, **SHAPES},
        tags={**_tags(core, own), **TAGS},
        leaves=LEAVES,
        parts=PARTS,
    )


def _fields(kind: GraphQLObjectType) -> dict[str, Plain | Lazy]:
    found = {}
    for name, field in kind.fields.items():
        told = _told(field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF])
        if told is not None:
            found[name] = told
    return found


def _told(field: StrawberryField) -> Plain | Lazy | None:
    """What is known of a field; None if nothing is."""
    if field.extensions:
        return None
    if isinstance(field, PlainField):
        steps, function = steps_of(field.getter)
        return Plain(steps, function)
    if field.base_resolver is None:
        return Plain((("attribute", field.python_name),))
    method: Any = field.base_resolver.wrapped_func
    if (together := getattr(method, "together", None)) is not None:
        return Lazy(_together(field, together))
    if getattr(method, "is_pure", False):
        return _pure(field, method)
    return None


def _pure(field: StrawberryField, function: Callable[..., Any]) -> Plain:
    if not field.arguments:
        return Plain(function=function)
    names = _names(field)

    def got(source: Any, arguments: Mapping[str, Any]) -> Any:
        return function(source, **{names[name]: value for name, value in arguments.items()})

    return Plain(with_arguments=got)


def _together(field: StrawberryField, read: Callable[..., Any]) -> Callable[..., Any]:
    names = _names(field)

    async def together(
        sources: Sequence[Any], raw: GraphQLResolveInfo[Any], arguments: Mapping[str, Any]
    ) -> Any:
        info: Info = Info(_raw_info=raw, _field=field)
        return await read(sources, info, **{names[name]: value for name, value in arguments.items()})

    return together


def _names(field: StrawberryField) -> Mapping[str, str]:
    """The names of arguments in Python, by those in GraphQL. Their values need no conversion: see the test."""
    to_graphql = schema.config.name_converter.from_argument
    return {to_graphql(one): one.python_name for one in field.arguments}


def _tags(core: GraphQLSchema, own: Mapping[str, Shape]) -> dict[str, Tag]:
    """Of abstract types all of whose objects are instances of a class of their own."""
    found = {}
    for kind in core.type_map.values():
        if not is_abstract_type(kind):
            continue
        possible = core.get_possible_types(kind)
        if all(one.name in own and _definition(one).concrete_of is None for one in possible):
            found[kind.name] = Tag(classes={own[one.name].classes[0]: one.name for one in possible})
    return found


def _classes(kind: GraphQLObjectType) -> tuple[type, ...]:
    """The classes of a type's instances: those of a generic one may be of its origin."""
    definition = _definition(kind)
    generic = definition.concrete_of
    return (definition.origin,) if generic is None else (definition.origin, generic.origin)


def _definition(kind: GraphQLObjectType) -> StrawberryObjectDefinition:
    found: StrawberryObjectDefinition = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    return found
