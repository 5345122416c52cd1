"""The scalars: what is read from and written to clients, and how it is checked."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, ValueNode
from graphql.utilities import value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

from storage import times
from storage.ids import EntityId, NotAnEntityId, PropertyId, entity_id

StatementHash = NewType("StatementHash", int)
LanguageCode = NewType("LanguageCode", str)
SiteId = NewType("SiteId", str)
Json = NewType("Json", object)

_PROPERTY = re.compile(r"P[1-9][0-9]{0,9}")
_HASH = re.compile(r"0|[1-9][0-9]{0,19}")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"{what} is written as a string.")
    return value


def _entity_id(value: Any) -> EntityId:
    try:
        return entity_id(_text(value, "An entity id"))
    except NotAnEntityId as error:
        raise GraphQLError(f"{error}: write Q42, P31, L7 or E10.") from error


def _property_id(value: Any) -> PropertyId:
    text = _text(value, "A property id").upper()
    if not _PROPERTY.fullmatch(text):
        raise GraphQLError(f"{value!r} is not a property id: write P31.")
    return PropertyId(text)


def _hash(value: Any) -> StatementHash:
    text = _text(value, "A statement hash")
    if not _HASH.fullmatch(text) or int(text) >= 2**64:
        raise GraphQLError(
            "A statement hash is a decimal number from 0 to 18446744073709551615, as a string."
        )
    return StatementHash(int(text))


def _time(value: Any) -> datetime:
    try:
        return times.read(_text(value, "A time"))
    except ValueError as error:
        raise GraphQLError(f"{value!r} is not a time: write 2026-01-15T10:30:00Z.") from error


def _json_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    return value_from_ast_untyped(node, variables)


SCALARS: dict[object, ScalarDefinition] = {
    EntityId: strawberry.scalar(
        name="EntityId",
        description="The id of an item, property, lexeme or entity schema, such as Q42, P31, L7 or E10.",
        serialize=str,
        parse_value=_entity_id,
    ),
    PropertyId: strawberry.scalar(
        name="PropertyId",
        description="The id of a property, such as P31.",
        serialize=str,
        parse_value=_property_id,
    ),
    StatementHash: strawberry.scalar(
        name="StatementHash",
        description="The hash of content, a statement's unless said otherwise: an unsigned 64-bit number, as a decimal string.",
        serialize=str,
        parse_value=_hash,
    ),
    LanguageCode: strawberry.scalar(
        name="LanguageCode",
        description="A language code as Wikibase uses them, such as en or zh-hant.",
        serialize=str,
        parse_value=lambda value: LanguageCode(_text(value, "A language code")),
    ),
    SiteId: strawberry.scalar(
        name="SiteId",
        description="The id of a site that sitelinks lead to, such as enwiki.",
        serialize=str,
        parse_value=lambda value: SiteId(_text(value, "A site id")),
    ),
    Json: strawberry.scalar(
        name="Json",
        description="Any JSON value.",
        parse_value=lambda value: Json(value),
        parse_literal=_json_literal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time in ISO 8601, in UTC.",
        serialize=times.written,
        parse_value=_time,
    ),
}
