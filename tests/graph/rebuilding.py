"""Everything that the types tell of an entity, asked for at once, and put together to entity JSON again.

What two spellings say alike is spelled in one way by `plain`: the number beside an id, the order of snaks that
equals that of their map. Nothing else may differ.
"""

from __future__ import annotations

from typing import Any

from storage.content import normal_full
from storage.ids import entity_id, type_of

QUERY = """
query Everything($id: EntityId!) {
  entity(id: $id) {
    __typename id type ...Claims
    ... on LabelProvider { labels { ...Text } }
    ... on DescriptionProvider { descriptions { ...Text } }
    ... on AliasesProvider { aliases { languageCode values } }
    ... on Item { sitelinks { siteId title badges { id } url extra } }
    ... on Property { dataType }
    ... on EntitySchema { schemaText }
    ... on Lexeme {
      lemmas { ...Text } language { id } lexicalCategory { id } nextFormId nextSenseId
      forms { id representations { ...Text } grammaticalFeatures { id } ...Claims }
      senses { id glosses { ...Text } ...Claims }
    }
  }
}
fragment Text on LabelWithLanguage { languageCode value }
fragment Claims on StatementProvider {
  statements {
    id rank extra ...Pair
    qualifiers { ...Pair }
    references { parts { ...Pair } extra }
  }
}
fragment Pair on PropertyValuePair {
  propertyId dataType valueType
  value {
    __typename
    ... on TextValue { content }
    ... on EntityReference { id }
    ... on MonolingualTextValue { languageCode text }
    ... on TimeValue { time timezone before after precision calendarModel }
    ... on QuantityValue { amount unit lowerBound upperBound }
    ... on GlobeCoordinateValue { latitude longitude altitude degrees: precision globe }
    ... on UnknownValue { json }
  }
}
"""

_LETTERS = {"item": "Q", "property": "P", "lexeme": "L", "entity-schema": "E"}
_SNAK_TYPES = {"VALUE": "value", "SOME_VALUE": "somevalue", "NO_VALUE": "novalue"}
_KEYS = {"calendarModel": "calendarmodel", "languageCode": "language", "degrees": "precision"}
_VALUE_TYPES = {
    "TimeValue": "time",
    "QuantityValue": "quantity",
    "GlobeCoordinateValue": "globecoordinate",
    "MonolingualTextValue": "monolingualtext",
}


def rebuilt(told: dict[str, Any]) -> dict[str, Any]:
    """Entity JSON of what the graph tells."""
    entity: dict[str, Any] = {"id": told["id"], "type": told["type"].lower().replace("_", "-")}
    for kind in ("labels", "descriptions", "lemmas"):
        if kind in told:
            entity[kind] = _texts(told[kind])
    if "aliases" in told:
        entity["aliases"] = {
            group["languageCode"]: [
                {"language": group["languageCode"], "value": value} for value in group["values"]
            ]
            for group in told["aliases"]
        }
    if "sitelinks" in told:
        entity["sitelinks"] = {link["siteId"]: _sitelink(link) for link in told["sitelinks"]}
    if "dataType" in told:
        entity["datatype"] = told["dataType"]
    for field in ("language", "lexicalCategory"):
        if field in told:
            entity[field] = told[field]["id"]
    for field in ("schemaText", "nextFormId", "nextSenseId"):
        if told.get(field) is not None:
            entity[field] = told[field]
    for field, texts in (("forms", "representations"), ("senses", "glosses")):
        if field in told:
            entity[field] = [_part(part, texts) for part in told[field]]
    entity["claims"] = _claims(told["statements"])
    return entity


def plain(entity: dict[str, Any]) -> dict[str, Any]:
    """The entity with one spelling for what can be spelled in two ways."""
    full = normal_full(entity)
    for subject in (full, *full.get("forms", ()), *full.get("senses", ())):
        subject["claims"] = {
            name: [_plain_statement(statement) for statement in group]
            for name, group in (subject.get("claims") or {}).items()
        }
    for name in _MAPS[full["type"]]:
        full.setdefault(name, {})
    return full


_MAPS = {
    "item": ("labels", "descriptions", "aliases", "sitelinks"),
    "property": ("labels", "descriptions", "aliases"),
    "lexeme": (),
    "entity-schema": ("labels", "descriptions", "aliases"),
}


def _texts(terms: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["languageCode"]: {"language": one["languageCode"], "value": one["value"]} for one in terms}


def _sitelink(link: dict[str, Any]) -> dict[str, Any]:
    url = {"url": link["url"]} if link["url"] is not None else {}
    badges = [badge["id"] for badge in link["badges"]]
    return {"site": link["siteId"], "title": link["title"], "badges": badges, **url, **(link["extra"] or {})}


def _part(part: dict[str, Any], texts: str) -> dict[str, Any]:
    whole = {"id": part["id"], texts: _texts(part[texts]), "claims": _claims(part["statements"])}
    if "grammaticalFeatures" in part:
        whole["grammaticalFeatures"] = [feature["id"] for feature in part["grammaticalFeatures"]]
    return whole


def _claims(statements: list[dict[str, Any]]) -> dict[str, Any]:
    claims: dict[str, Any] = {}
    for told in statements:
        statement = {
            "mainsnak": _snak(told),
            "type": "statement",
            "rank": told["rank"].lower(),
            **(told["extra"] or {}),
        }
        if told["id"] is not None:
            statement["id"] = told["id"]
        if told["qualifiers"]:
            statement["qualifiers"], statement["qualifiers-order"] = _grouped(told["qualifiers"])
        if told["references"]:
            statement["references"] = [_reference(one) for one in told["references"]]
        claims.setdefault(told["propertyId"], []).append(statement)
    return claims


def _reference(told: dict[str, Any]) -> dict[str, Any]:
    snaks, order = _grouped(told["parts"])
    return {"snaks": snaks, "snaks-order": order, **(told["extra"] or {})}


def _grouped(pairs: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    groups: dict[str, Any] = {}
    for pair in pairs:
        groups.setdefault(pair["propertyId"], []).append(_snak(pair))
    return groups, list(groups)


def _snak(told: dict[str, Any]) -> dict[str, Any]:
    snak: dict[str, Any] = {"snaktype": _SNAK_TYPES[told["valueType"]], "property": told["propertyId"]}
    if told["dataType"] is not None:
        snak["datatype"] = told["dataType"]
    if told["value"] is not None:
        snak["datavalue"] = _datavalue(told["value"])
    return snak


def _datavalue(told: dict[str, Any]) -> dict[str, Any]:
    kind = told["__typename"]
    if kind == "UnknownValue":
        json: dict[str, Any] = told["json"]
        return json
    if "content" in told:
        return {"type": "string", "value": told["content"]}
    if "id" in told:
        return {"type": "wikibase-entityid", "value": _entity_value(told["id"])}
    value = {_KEYS.get(key, key): part for key, part in told.items() if key != "__typename"}
    if kind == "QuantityValue":
        value = {key: part for key, part in value.items() if part is not None}
    return {"type": _VALUE_TYPES[kind], "value": value}


def _entity_value(named: str) -> dict[str, Any]:
    kind = {"F": "form", "S": "sense"}.get(named.partition("-")[2][:1])
    return {"id": named, "entity-type": kind or str(type_of(entity_id(named)))}


def _plain_statement(statement: dict[str, Any]) -> dict[str, Any]:
    plain = {**statement, "mainsnak": _plain_snak(statement["mainsnak"])}
    if "qualifiers" in plain:
        plain["qualifiers"] = _plain_snaks(plain["qualifiers"])
        plain.setdefault("qualifiers-order", list(plain["qualifiers"]))
    if "references" in plain:
        plain["references"] = [
            {"snaks-order": list(one["snaks"]), **one, "snaks": _plain_snaks(one["snaks"])}
            for one in plain["references"]
        ]
    return plain


def _plain_snaks(snaks: dict[str, Any]) -> dict[str, Any]:
    return {name: [_plain_snak(snak) for snak in group] for name, group in snaks.items()}


def _plain_snak(snak: dict[str, Any]) -> dict[str, Any]:
    told = snak.get("datavalue")
    if not told or told["type"] != "wikibase-entityid":
        return snak
    if not isinstance(told["value"], dict):
        return snak
    value = dict(told["value"])
    number, letter = value.pop("numeric-id", None), _LETTERS.get(value.get("entity-type", ""))
    if "id" not in value:
        if letter is None or not isinstance(number, int):
            return snak  # nobody can tell what it names
        value["id"] = f"{letter}{number}"
    return {**snak, "datavalue": {**told, "value": value}}
