"""The values of snaks: a union, by datatype and by the type of the value (Q8).

The source of each is the snak, plain data as stored; its fields are parts of `datavalue.value`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import strawberry

from graph.links import (
    EntitySchemaValue,
    EntityValue,
    FormValue,
    ItemValue,
    LexemeValue,
    PropertyValue,
    SenseValue,
)
from graph.plain import Step, Steps, after, plain
from graph.scalars import Json, LanguageCode
from graph.shapes import value_type

_ITEM_URI = re.compile(r".*/entity/(Q[1-9][0-9]*)")


_VALUE: tuple[Step, ...] = (("key", "datavalue"), ("key", "value"))


def _part(key: str) -> Callable[[Any], Any]:
    return Steps(*_VALUE, ("get", key))


def _item(key: str) -> Callable[[Any], str | None]:
    return after(_VALUE, after((("key", key),), _item_of))


def _item_of(uri: str) -> str | None:
    found = _ITEM_URI.fullmatch(uri)
    return found[1] if found else None


@strawberry.interface(description="A value that is one text.")
class TextValue:
    """Strings of all data types."""

    content: str = plain(Steps(*_VALUE), description="The text.")

    @classmethod
    def is_type_of(cls, snak: Any, _info: Any) -> bool:
        return value_type(snak) == cls.__name__


@strawberry.type(description="A text without further meaning.")
class StringValue(TextValue):
    """Data type string, and strings whose data type is not known."""


@strawberry.type(description="An id in a system outside.")
class ExternalIdValue(TextValue):
    """Data type external-id."""


@strawberry.type(description="The address of a page or file.")
class UrlValue(TextValue):
    """Data type url."""


@strawberry.type(description="The name of a file on Wikimedia Commons.")
class CommonsMediaValue(TextValue):
    """Data type commonsMedia."""


@strawberry.type(description="The name of a page on Wikimedia Commons that holds a shape on the map.")
class GeoShapeValue(TextValue):
    """Data type geo-shape."""


@strawberry.type(description="The name of a page on Wikimedia Commons that holds a table.")
class TabularDataValue(TextValue):
    """Data type tabular-data."""


@strawberry.type(description="A formula, in TeX.")
class MathValue(TextValue):
    """Data type math."""


@strawberry.type(description="Musical notation, in LilyPond.")
class MusicalNotationValue(TextValue):
    """Data type musical-notation."""


@strawberry.type(description="The name of a file of this Wikibase.")
class LocalMediaValue(TextValue):
    """Data type localMedia."""


@strawberry.type(description="A time in the Extended Date/Time Format.")
class EdtfValue(TextValue):
    """Data type edtf."""


@strawberry.type(description="A text in a language.")
class MonolingualTextValue:
    """Value type monolingualtext."""

    language_code: LanguageCode = plain(_part("language"), description="The language of the text.")
    text: str = plain(_part("text"), description="The text.")


@strawberry.type(description="A point in time, to the precision that is known.")
class TimeValue:
    """Value type time."""

    time: str = plain(
        _part("time"),
        description="The time in the form +2013-01-01T00:00:00Z. What is finer than the precision is 00 or means nothing.",
    )
    timezone: int = plain(_part("timezone"), description="The offset from UTC in minutes.")
    before: int = plain(_part("before"), description="How many units of the precision it may be earlier.")
    after: int = plain(_part("after"), description="How many units of the precision it may be later.")
    precision: int = plain(
        _part("precision"),
        description="0 billion years, 1 hundred million, 2 ten million, 3 million, 4 hundred thousand, "
        "5 ten thousand, 6 millennium, 7 century, 8 decade, 9 year, 10 month, 11 day, 12 hour, 13 minute, 14 second.",
    )
    calendar_model: str = plain(
        _part("calendarmodel"),
        description="The URI of the calendar: Q1985727 is proleptic Gregorian, Q1985786 Julian.",
    )


@strawberry.type(description="A number, with a unit and bounds where there are any.")
class QuantityValue:
    """Value type quantity. Decimal numbers stay text: no digit is lost."""

    amount: str = plain(_part("amount"), description="The number: a decimal with its sign.")
    unit: str = plain(_part("unit"), description='The URI of the unit; "1" for none.')
    unit_item: ItemValue | None = plain(
        _item("unit"), description="The item that the URI of the unit names; null for no unit."
    )
    lower_bound: str | None = plain(_part("lowerBound"), description="The least that it may be.")
    upper_bound: str | None = plain(_part("upperBound"), description="The most that it may be.")


@strawberry.type(description="A place on a globe.")
class GlobeCoordinateValue:
    """Value type globecoordinate."""

    latitude: float = plain(_part("latitude"), description="Degrees north.")
    longitude: float = plain(_part("longitude"), description="Degrees east.")
    altitude: float | None = plain(_part("altitude"), description="Not used by Wikibase any more.")
    precision: float | None = plain(_part("precision"), description="The precision in degrees.")
    globe: str = plain(_part("globe"), description="The URI of the globe.")
    globe_item: ItemValue | None = plain(_item("globe"), description="The item that the globe's URI names.")


@strawberry.type(description="A value of a type that this server has no fields for.")
class UnknownValue:
    """What extensions may bring, and what is not in its type's form."""

    type: str | None = plain(
        Steps(("key", "datavalue"), ("get", "type")), description="The type of the value, as stored."
    )
    json: Json = plain(Steps(("key", "datavalue")), description="The value as stored.")


Value = Annotated[
    CommonsMediaValue
    | EdtfValue
    | EntitySchemaValue
    | EntityValue
    | ExternalIdValue
    | FormValue
    | GeoShapeValue
    | GlobeCoordinateValue
    | ItemValue
    | LexemeValue
    | LocalMediaValue
    | MathValue
    | MonolingualTextValue
    | MusicalNotationValue
    | PropertyValue
    | QuantityValue
    | SenseValue
    | StringValue
    | TabularDataValue
    | TimeValue
    | UnknownValue
    | UrlValue,
    strawberry.union("Value", description="The value of a statement, qualifier or reference part."),
]
