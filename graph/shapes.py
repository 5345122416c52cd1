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
UNKNOWN = "UnknownValue"
_NUMBERED = {
    "item": "ItemValue",
    "property": "PropertyValue",
    "lexeme": "LexemeValue",
    "entity-schema": "EntitySchemaValue",
}
"""Of what has a number and no id: told without its being spelled out."""
_LETTERS = {"item": "Q", "property": "P", "lexeme": "L", "entity-schema": "E", "mediainfo": "M"}


def linked(source: Any) -> str:
    """The id that a link names: of a form or sense it is that one's own. The source is an id or a snak of one."""
    if isinstance(source, str):
        return source
    value = source["datavalue"]["value"]
    named = value.get("id")
    return named if named.__class__ is str else _numbered(value) or ""


def target(source: Any) -> EntityId | None:
    """The entity that a link leads to, of a form or sense its lexeme. None for a kind that has no revisions here."""
    return owner(linked(source))


def value_type(snak: Any) -> str:
    """The name of the GraphQL type of a snak's value."""
    try:
        told = snak["datavalue"]
        kind, value = told["type"], told["value"]
        return _TYPE_OF[kind](snak, value)
    except (KeyError, TypeError):
        # There is no value, or it is none that Wikibase's format knows.
        return UNKNOWN


def _numbered(value: Mapping[str, Any]) -> str | None:
    """The id of an entity value that spells only its number, as older ones do."""
    kind, number = value.get("entity-type"), value.get("numeric-id")
    if isinstance(kind, str) and kind in _LETTERS and type(number) is int:
        return f"{_LETTERS[kind]}{number}"
    return None


@lru_cache(65536)
def _reference_type(named: str) -> str:
    return next((name for pattern, name in _REFERENCES if pattern.fullmatch(named)), "EntityValue")


def _text_type(snak: Any, value: Any) -> str:
    if not isinstance(value, str):
        return UNKNOWN
    datatype = snak.get("datatype")
    return _TEXTS.get(datatype, "StringValue") if isinstance(datatype, str) else "StringValue"


def _entity_type(_: Any, value: Any) -> str:
    if not isinstance(value, dict):
        return UNKNOWN
    named = value.get("id")
    if named.__class__ is str:
        return _reference_type(named)
    number = value.get("numeric-id")
    if "id" not in value and number.__class__ is int and number > 0:
        kind = value.get("entity-type")
        if kind.__class__ is str and kind in _NUMBERED:
            return _NUMBERED[kind]
    spelled = _numbered(value)
    return _reference_type(spelled) if spelled is not None else UNKNOWN


def _is_whole(value: Any) -> bool:
    # GraphQL's Int has 32 bits.
    return type(value) is int and -(2**31) <= value < 2**31


def _is_number(value: Any) -> bool:
    # An integer of any size may be stored, but a Float would lose its digits or not hold it at all.
    return type(value) is float or _is_whole(value)


def _time_type(_: Any, value: Any) -> str:
    fits = (
        isinstance(value["time"], str)
        and _is_whole(value["timezone"])
        and _is_whole(value["before"])
        and _is_whole(value["after"])
        and _is_whole(value["precision"])
        and isinstance(value["calendarmodel"], str)
    )
    return "TimeValue" if fits else UNKNOWN


def _quantity_type(_: Any, value: Any) -> str:
    fits = (
        isinstance(value["amount"], str)
        and isinstance(value["unit"], str)
        and isinstance(value.get("lowerBound", ""), str | None)
        and isinstance(value.get("upperBound", ""), str | None)
    )
    return "QuantityValue" if fits else UNKNOWN


def _coordinate_type(_: Any, value: Any) -> str:
    fits = (
        _is_number(value["latitude"])
        and _is_number(value["longitude"])
        and isinstance(value["globe"], str)
        and all(value.get(one) is None or _is_number(value[one]) for one in ("altitude", "precision"))
    )
    return "GlobeCoordinateValue" if fits else UNKNOWN


def _monolingual_type(_: Any, value: Any) -> str:
    fits = isinstance(value["language"], str) and isinstance(value["text"], str)
    return "MonolingualTextValue" if fits else UNKNOWN


_TYPE_OF: Mapping[str, Callable[[Any, Any], str]] = {
    "string": _text_type,
    "wikibase-entityid": _entity_type,
    "time": _time_type,
    "quantity": _quantity_type,
    "globecoordinate": _coordinate_type,
    "monolingualtext": _monolingual_type,
}
"""By what a value says of its type, the GraphQL type of it in its snak. KeyError or TypeError where it is none."""
