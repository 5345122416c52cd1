"""Queries made at random over the schema: fields, arguments, aliases, fragments, conditions, variables. By one number.

What is made need not be valid: fields may turn out not to be mergeable. Who asks makes another one then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

LANGUAGES = ("en", "de", "de-ch", "zh-hant", "mul", "nosuch", "fr")
PROPERTIES = ("P31", "P569", "P18", "P21", "P106", "P279", "P856", "P625", "P1082", "P9999")
ROOTS: Mapping[str, int] = {
    "entity": 8,
    "entities": 6,
    "item": 3,
    "property": 2,
    "lexeme": 4,
    "node": 2,
    "revision": 2,
    "revisions": 1,
    "statement": 2,
    "statements": 2,
    "snapshots": 1,
    "mostUsedStatements": 1,
    "listedEntities": 1,
}
"""Fields of the root by how often they are asked for. Others need rights, or tell what moves."""
MOST = 120
"""Fields of a query, about."""
UNSTEADY = frozenset({"readMilliseconds", "changesPosition"})
"""Fields that say something else each time."""


@dataclass(frozen=True)
class Known:
    """What there is to ask for."""

    ids: Sequence[str]
    hashes: Sequence[str]


@dataclass
class Asking:
    """A document and its variables."""

    text: str
    variables: dict[str, Any]


@dataclass
class _Made:
    definitions: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[tuple[GraphQLNamedType, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    names: int = 0
    fields: int = 0


class Generator:
    """Of the queries of one number, one after another."""

    def __init__(self, schema: GraphQLSchema, known: Known, number: int) -> None:
        self._schema, self._known, self._random = schema, known, Random(number)

    def ask(self) -> Asking:
        """The next query."""
        self._made = made = _Made()
        query = self._schema.query_type
        assert query is not None
        roots = self._random.choices(list(ROOTS), list(ROOTS.values()), k=self._random.choice((1, 1, 1, 2)))
        selected = " ".join(self._field(query, name, query.fields[name], 5) for name in roots)
        defined = f"({', '.join(made.definitions)})" if made.definitions else ""
        text = f"query Generated{defined} {{{selected}}}\n" + "\n".join(made.texts)
        return Asking(text, made.variables)

    def _field(
        self, parent: GraphQLNamedType, name: str, told: GraphQLField, depth: int, *, plain: bool = False
    ) -> str:
        self._made.fields += 1
        arguments = "" if plain else self._arguments(told)
        # What has arguments has a name of its own, so that it need not be merged with others.
        alias = f"{self._name('f')}: " if arguments or (not plain and self._chance(0.1)) else ""
        kind = get_named_type(told.type)
        below = f" {{{self._selections(kind, depth - 1)}}}" if is_composite_type(kind) else ""
        return f"{alias}{name}{arguments}{self._condition()}{below}"

    def _selections(self, kind: GraphQLNamedType, depth: int) -> str:
        parts = ["__typename"] if self._chance(0.25) or not self._fields_of(kind, depth) else []
        fields = self._fields_of(kind, depth)
        chosen = self._random.sample(sorted(fields), min(len(fields), self._random.randint(1, 6)))
        parts += [self._field(kind, one, fields[one], depth) for one in chosen if self._made.fields < MOST]
        if is_abstract_type(kind) and depth > -1:
            possible = self._schema.get_possible_types(kind)
            conditions: list[Any] = self._random.sample(
                possible, min(len(possible), self._random.randint(1, 6))
            )
            conditions += [
                one
                for one in self._schema.type_map.values()
                if isinstance(one, GraphQLInterfaceType)
                and any(self._schema.is_sub_type(one, other) for other in possible)
                and self._chance(0.4)
            ]
            parts += [self._fragment(one, depth) for one in conditions]
        elif self._chance(0.15) and isinstance(kind, GraphQLObjectType):
            parts.append(self._fragment(self._random.choice([kind, *kind.interfaces]), depth))
        elif self._chance(0.05):
            parts.append(f"...{self._condition()} {{{self._selections(kind, depth - 1)}}}")
        self._random.shuffle(parts)
        if self._chance(0.1) and parts:
            parts.append(self._random.choice(parts))
        return " ".join(parts) or "__typename"

    def _fragment(self, kind: GraphQLNamedType, depth: int) -> str:
        if self._chance(0.3):
            known = [name for one, name in self._made.fragments if one is kind]
            if known and self._chance(0.6):
                return f"...{self._random.choice(known)}{self._condition()}"
            name = self._name("F")
            text = f"fragment {name} on {kind.name} {{{self._selections(kind, depth - 1)}}}"
            self._made.fragments.append((kind, name))
            self._made.texts.append(text)
            return f"...{name}{self._condition()}"
        return f"... on {kind.name}{self._condition()} {{{self._selections(kind, depth - 1)}}}"

    def _fields_of(self, kind: GraphQLNamedType, depth: int) -> dict[str, GraphQLField]:
        """The fields to choose from: leaves alone where it is deep enough."""
        fields: dict[str, GraphQLField] = getattr(kind, "fields", {})
        return {
            name: one
            for name, one in fields.items()
            if name not in UNSTEADY and (depth > 0 or not is_composite_type(get_named_type(one.type)))
        }

    def _condition(self) -> str:
        if not self._chance(0.06):
            return ""
        name = self._random.choice(("skip", "include"))
        value = self._chance(0.5)
        if self._chance(0.6):
            return f" @{name}(if: {self._variable('Boolean!', value)})"
        return f" @{name}(if: {str(value).lower()})"

    def _arguments(self, told: GraphQLField) -> str:
        given = []
        for name, argument in told.args.items():
            if is_required_argument(argument) or self._chance(0.5):
                given.append(f"{name}: {self._argument(name, argument)}")
        return f"({', '.join(given)})" if given else ""

    def _argument(self, name: str, argument: GraphQLArgument) -> str:
        value = self._value(name, argument.type)
        if not self._chance(0.4):
            return _written(value, argument.type)
        return self._variable(str(argument.type), value)

    def _variable(self, kind: str, value: Any) -> str:
        name = self._name("v")
        if value is None or not self._chance(0.1):
            self._made.variables[name] = value
            self._made.definitions.append(f"${name}: {kind}")
        elif kind == "Boolean!":
            self._made.definitions.append(f"${name}: Boolean = {str(value).lower()}")
        else:
            self._made.variables[name] = value
            self._made.definitions.append(f"${name}: {kind}")
        return f"${name}"

    def _value(self, name: str, kind: Any) -> Any:
        if is_non_null_type(kind):
            return self._value(name, kind.of_type)
        if is_list_type(kind):
            most = 12 if name == "ids" else 4
            found = [self._value(name, kind.of_type) for _ in range(self._random.randint(0, most))]
            return list(dict.fromkeys(found)) if all(isinstance(one, str) for one in found) else found
        if is_enum_type(kind):
            return self._random.choice(list(kind.values))
        if is_input_object_type(kind):
            return {
                one: self._value(one, told.type)
                for one, told in kind.fields.items()
                if is_non_null_type(told.type) or self._chance(0.4)
            }
        return self._scalar(name, kind.name)

    def _scalar(self, name: str, kind: str) -> Any:
        match kind:
            case "EntityId" | "ID":
                return self._random.choice(self._known.ids)
            case "PropertyId":
                return self._random.choice(PROPERTIES)
            case "LanguageCode":
                return self._random.choice(LANGUAGES)
            case "StatementHash":
                return self._random.choice(self._known.hashes)
            case "SiteId":
                return self._random.choice(("enwiki", "dewiki", "nosuchwiki"))
            case "Boolean":
                return self._chance(0.5)
            case "Int":
                return self._random.randint(0, 4)
        return "x"

    def _name(self, letter: str) -> str:
        self._made.names += 1
        return f"{letter}{self._made.names}"

    def _chance(self, part: float) -> bool:
        return self._random.random() < part


def _written(value: Any, kind: Any) -> str:
    """A value as GraphQL writes it."""
    if is_non_null_type(kind):
        kind = kind.of_type
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case list():
            return f"[{', '.join(_written(one, kind.of_type) for one in value)}]"
        case dict():
            inner = ", ".join(
                f"{name}: {_written(one, kind.fields[name].type)}" for name, one in value.items()
            )
            return f"{{{inner}}}"
    return str(value) if is_enum_type(kind) else f'"{value}"'
