"""Statements, values and terms as the graph tells them, written by hand. Pure; knows well-formed items alone."""

from __future__ import annotations

from collections.abc import Sequence

from storage.ids import LETTERS, EntityType
from storage.model import JsonObject


def statement_told(id: str | None, body: JsonObject) -> JsonObject:
    """All of a statement."""
    return {
        "id": id,
        "rank": body["rank"].upper(),
        "extra": rest(body, _STATEMENT),
        **_pair(body["mainsnak"]),
        "qualifiers": _pairs(body.get("qualifiers"), body.get("qualifiers-order")),
        "references": [
            {
                "parts": _pairs(reference["snaks"], reference.get("snaks-order")),
                "extra": rest(reference, _REFERENCE),
            }
            for reference in body.get("references", ())
        ],
    }


def _pairs(groups: JsonObject | None, order: Sequence[str] | None) -> list[JsonObject]:
    groups = groups or {}
    names = dict.fromkeys([*(order or ()), *groups])
    return [_pair(snak) for name in names for snak in groups.get(name, ())]


def _pair(snak: JsonObject) -> JsonObject:
    return {
        "propertyId": snak["property"],
        "dataType": snak.get("datatype"),
        "valueType": SNAK_TYPES[snak["snaktype"]],
        "value": value_told(snak) if "datavalue" in snak else None,
    }


def value_told(snak: JsonObject) -> JsonObject:
    """All of a snak's value."""
    name, value = typename(snak), snak["datavalue"]["value"]
    match snak["datavalue"]["type"]:
        case "string":
            return {"__typename": name, "content": value}
        case "wikibase-entityid":
            return {"__typename": name, "id": named(value)}
        case "monolingualtext":
            return {"__typename": name, "languageCode": value["language"], "text": value["text"]}
        case "time":
            return {
                "__typename": name,
                "time": value["time"],
                "timezone": value["timezone"],
                "before": value["before"],
                "after": value["after"],
                "precision": value["precision"],
                "calendarModel": value["calendarmodel"],
            }
        case "quantity":
            return {
                "__typename": name,
                "amount": value["amount"],
                "unit": value["unit"],
                "lowerBound": value.get("lowerBound"),
                "upperBound": value.get("upperBound"),
            }
        case "globecoordinate":
            return {
                "__typename": name,
                "latitude": value["latitude"],
                "longitude": value["longitude"],
                "altitude": value.get("altitude"),
                "degrees": value.get("precision"),
                "globe": value["globe"],
            }
    return {"__typename": name, "json": snak["datavalue"]}


def texts(terms: JsonObject) -> list[JsonObject]:
    """Terms by language as a list."""
    return [{"languageCode": term["language"], "value": term["value"]} for term in terms.values()]


def rest(stored: JsonObject, known: frozenset[str]) -> JsonObject | None:
    """What is stored beside the known fields."""
    return {key: value for key, value in stored.items() if key not in known} or None


def item_of(snak: JsonObject) -> str | None:
    """The item that a snak names, None if it names none."""
    if "datavalue" not in snak or snak["datavalue"]["type"] != "wikibase-entityid":
        return None
    value = snak["datavalue"]["value"]
    return named(value) if value["entity-type"] == "item" else None


def named(value: JsonObject) -> str:
    """The id in an entity value; older ones spell only the number."""
    return value.get("id") or f"{LETTERS[EntityType(value['entity-type'])]}{value['numeric-id']}"


def typename(snak: JsonObject) -> str:
    """The name of the GraphQL type of a snak's value."""
    told = snak["datavalue"]
    if told["type"] == "string":
        return _TEXTS.get(snak.get("datatype", ""), "StringValue")
    if told["type"] == "wikibase-entityid":
        return _LINKS[told["value"]["entity-type"]]
    return _VALUES.get(told["type"], "UnknownValue")


SNAK_TYPES = {"value": "VALUE", "somevalue": "SOME_VALUE", "novalue": "NO_VALUE"}
_STATEMENT = frozenset(("mainsnak", "type", "rank", "qualifiers", "qualifiers-order", "references"))
_REFERENCE = frozenset(("snaks", "snaks-order"))
SITELINK = frozenset(("site", "title", "badges", "url"))
_TEXTS = {
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
_LINKS = {
    "item": "ItemValue",
    "property": "PropertyValue",
    "lexeme": "LexemeValue",
    "form": "FormValue",
    "sense": "SenseValue",
    "entity-schema": "EntitySchemaValue",
}
_VALUES = {
    "monolingualtext": "MonolingualTextValue",
    "time": "TimeValue",
    "quantity": "QuantityValue",
    "globecoordinate": "GlobeCoordinateValue",
}
