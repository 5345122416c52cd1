"""Pairs of a property and a value: qualifiers and the parts of references. Plain data as stored (Q8)."""

from __future__ import annotations

import enum
from typing import Any

import strawberry

from graph.links import PredicateProperty
from graph.plain import Steps, extra, plain, text_if_any
from graph.scalars import Json
from graph.values import Value
from storage.ids import PropertyId
from storage.model import JsonObject


@strawberry.enum(description="Whether a value is given, exists but is unknown, or does not exist.")
class ValueType(enum.Enum):
    """The snak types of Wikibase."""

    VALUE = strawberry.enum_value("value", description="The value is given.")
    SOME_VALUE = strawberry.enum_value("somevalue", description="There is a value, but it is not known.")
    NO_VALUE = strawberry.enum_value("novalue", description="There is no value.")


WITH_VALUE = Steps(("having", "datavalue"))
"""The source of a snak's value: the snak itself, if it has one."""


@strawberry.interface(
    description="A property with a value: a statement, a qualifier or a part of a reference."
)
class PropertyValuePair:
    """The source is a snak; a statement takes its main snak out first."""

    property_id: PropertyId = plain("property", description="The id of the property.")
    property: PredicateProperty = plain("property", description="The property.")
    data_type: str | None = plain(
        text_if_any("datatype"),
        description="The data type of the property when this was written; null where an import had none.",
    )
    value_type: ValueType = plain("snaktype", description="Whether there is a value.")
    value: Value | None = plain(
        WITH_VALUE, description="The value; null if it is unknown or there is none, as `valueType` tells."
    )

    @classmethod
    def is_type_of(cls, source: Any, _info: Any) -> bool:
        return isinstance(source, dict) and "snaktype" in source


@strawberry.type(
    description="What is said about a statement: under which condition or in which manner it holds."
)
class Qualifier(PropertyValuePair):
    """A snak."""


@strawberry.type(description="A part of a reference.")
class ReferencePart(PropertyValuePair):
    """A snak."""


@strawberry.type(description="A source of a statement.")
class Reference:
    """The source is a reference as stored."""

    parts: list[ReferencePart] = plain(
        lambda reference: in_order(reference.get("snaks"), reference.get("snaks-order")),
        description="The parts, in their order.",
    )
    extra: Json | None = plain(
        extra("snaks", "snaks-order"), description="What is stored beside the fields of Wikibase's format."
    )


def in_order(groups: dict[str, list[JsonObject]] | None, order: Any) -> list[JsonObject]:
    """The snaks of all groups, in the order of properties that is stored beside them, and within it their own.

    Whatever an import had for an order is taken; what is no list of names says nothing.
    """
    if not groups:
        return []
    known = [*groups]
    names = known if order == known else _names(groups, order)
    if len(names) == 1:
        return [*groups[names[0]]]
    return [snak for name in names for snak in groups.get(name, ())]


def _names(groups: dict[str, list[JsonObject]], order: Any) -> list[str]:
    names = [name for name in order if isinstance(name, str)] if isinstance(order, list) else []
    return list(dict.fromkeys([*names, *groups]))
