"""What plain data is: the type of a snak's value, and the entity that a link names.

Pure and total: whatever was stored has a type, be it `UnknownValue`. A type's getters may rely on what is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from storage.ids import EntityId, owner

_TEXTS = {
    "string": "StringValue",
    "external-id": "ExternalIdValue",
    "url": "UrlValue",
    "commonsMedia": "CommonsMediaValue",
    "geo-shape": "GeoShapeValue",
    "tabular-data": "TabularDataValue",
    "math": "MathValue",
    "musical-notation": "MusicalNotationValue",
    "localMedia": "LocalMediaValue",
    "edtf": "EdtfValue",
}
_REFERENCES = [
    (re.compile(r"Q[1-9][0-9]*"), "ItemValue"),
    (re.compile(r"P[1-9][0-9]*"), "PropertyValue"),
    (re.compile(r"L[1-9][0-9]*-F[1-9][0-9]*"), "FormValue"),
    (re.compile(r"L[1-9][0-9]*-S[1-9][0-9]*"), "SenseValue"),
    (re.compile(r"L[1-9][0-9]*"), "LexemeValue"),
    (re.compile(r"E[1-9][0-9]*"), "EntitySchemaValue"),
]
_LETTERS = {"item": "Q", "property": "P", "lexeme": "L", "entity-schema": "E", "mediainfo": "M"}


def linked(source: Any) -> str:
    """The id that a link names: of a form or sense it is that one's own. The source is an id or a snak of one."""
    return source if isinstance(source, str) else _named(source["datavalue"]["value"]) or ""


def target(source: Any) -> EntityId | None:
    """The entity that a link leads to, of a form or sense its lexeme. None for a kind that has no revisions here."""
    return owner(linked(source))


def value_type(snak: Any) -> str:
    """The name of the GraphQL type of a snak's value."""
    told = snak.get("datavalue") if isinstance(snak, dict) else None
    if not isinstance(told, dict):
        return "UnknownValue"
    kind, value = told.get("type"), told.get("value")
    if kind == "string" and isinstance(value, str):
        datatype = snak.get("datatype")
        return _TEXTS.get(datatype, "StringValue") if isinstance(datatype, str) else "StringValue"
    if not isinstance(value, dict):
        return "UnknownValue"
    if kind == "wikibase-entityid":
        named = value.get("id")
        if not isinstance(named, str):
            named = _named(value)
        return _reference_type(named) if named is not None else "UnknownValue"
    if isinstance(kind, str) and kind in _SHAPES:
        name, shape = _SHAPES[kind]
        for key, check in shape:
            if not check(value.get(key)):
                return "UnknownValue"
        return name
    return "UnknownValue"


def _named(value: Mapping[str, Any]) -> str | None:
    """The id in an entity value; older ones spell only the number."""
    named = value.get("id")
    if isinstance(named, str):
        return named
    kind, number = value.get("entity-type"), value.get("numeric-id")
    if isinstance(kind, str) and kind in _LETTERS and type(number) is int:
        return f"{_LETTERS[kind]}{number}"
    return None


@lru_cache(65536)
def _reference_type(named: str) -> str:
    return next((name for pattern, name in _REFERENCES if pattern.fullmatch(named)), "EntityValue")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _whole(value: Any) -> bool:
    # GraphQL's Int has 32 bits.
    return type(value) is int and -(2**31) <= value < 2**31


def _number(value: Any) -> bool:
    # An integer of any size may be stored, but a Float would lose its digits or not hold it at all.
    return type(value) is float or _whole(value)


def _number_or_none(value: Any) -> bool:
    return value is None or _number(value)


_Shape = Mapping[str, Callable[[Any], bool]]
_BY_TYPE: dict[str, tuple[str, _Shape]] = {
    "time": (
        "TimeValue",
        {
            "time": _text,
            "timezone": _whole,
            "before": _whole,
            "after": _whole,
            "precision": _whole,
            "calendarmodel": _text,
        },
    ),
    "quantity": (
        "QuantityValue",
        {"amount": _text, "unit": _text, "lowerBound": _text_or_none, "upperBound": _text_or_none},
    ),
    "globecoordinate": (
        "GlobeCoordinateValue",
        {
            "latitude": _number,
            "longitude": _number,
            "altitude": _number_or_none,
            "precision": _number_or_none,
            "globe": _text,
        },
    ),
    "monolingualtext": ("MonolingualTextValue", {"language": _text, "text": _text}),
}
_SHAPES = {kind: (name, tuple(shape.items())) for kind, (name, shape) in _BY_TYPE.items()}
