"""Entities to validate: small valid ones that use every kind of value, random damage to them, and real ones."""

from __future__ import annotations

import bz2
import copy
import gzip
import html
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from storage.validation_text import step

REAL = Path(__file__).parents[3] / "shared" / "data" / "wikidata"

UUID = "5D3B4A9E-2F0C-4B3A-9C1D-0123456789AB"


def snak(property_id: str, datatype: str, kind: str, value: Any) -> dict[str, Any]:
    datavalue = {"type": kind, "value": value}
    return {
        "snaktype": "value",
        "property": property_id,
        "datatype": datatype,
        "datavalue": datavalue,
        "hash": "0",
    }


def entity_value(kind: str, entity_id: str, number: int | None = None) -> dict[str, Any]:
    value: dict[str, Any] = {"entity-type": kind, "id": entity_id}
    return value if number is None else {**value, "numeric-id": number}


def time(text: str, precision: int) -> dict[str, Any]:
    calendar = "http://www.wikidata.org/entity/Q1985727"
    zero = {"timezone": 0, "before": 0, "after": 0}
    return {"time": text, **zero, "precision": precision, "calendarmodel": calendar}


QUANTITY = {"amount": "+10.5", "unit": "1", "lowerBound": "+10", "upperBound": "+11"}
COORDINATE = {
    "latitude": 52.5,
    "longitude": -13,
    "altitude": None,
    "precision": 0.01,
    "globe": "http://www.wikidata.org/entity/Q2",
}


def _claims(subject: str, snaks: list[dict[str, Any]]) -> dict[str, Any]:
    claims: dict[str, Any] = {}
    for number, main in enumerate(snaks):
        statement_id = f"{subject}${UUID[:-2]}{number:02d}"
        statement = {"mainsnak": main, "type": "statement", "id": statement_id, "rank": "normal"}
        claims.setdefault(main["property"], []).append(statement)
    return claims


def _terms(**texts: str) -> dict[str, Any]:
    return {language: {"language": language, "value": text} for language, text in texts.items()}


def an_item() -> dict[str, Any]:
    """A valid item with a statement of each data type; the first has qualifiers and a reference."""
    snaks = [
        snak("P31", "wikibase-item", "wikibase-entityid", entity_value("item", "Q5", 5)),
        snak("P1", "wikibase-property", "wikibase-entityid", entity_value("property", "P2", 2)),
        snak("P2", "wikibase-lexeme", "wikibase-entityid", entity_value("lexeme", "L3", 3)),
        snak("P3", "wikibase-form", "wikibase-entityid", entity_value("form", "L3-F1")),
        snak("P4", "wikibase-sense", "wikibase-entityid", entity_value("sense", "L3-S1")),
        snak("P5", "entity-schema", "wikibase-entityid", entity_value("entity-schema", "E4")),
        snak("P6", "string", "string", "a string"),
        snak("P7", "external-id", "string", "0042"),
        snak("P8", "url", "string", "https://example.org/a?b#c"),
        snak("P9", "commonsMedia", "string", "A picture.jpg"),
        snak("P10", "geo-shape", "string", "Data:Somewhere.map"),
        snak("P11", "tabular-data", "string", "Data:Some/Numbers.tab"),
        snak("P12", "time", "time", time("+2001-12-31T00:00:00Z", 11)),
        snak("P13", "quantity", "quantity", dict(QUANTITY)),
        snak("P14", "globe-coordinate", "globecoordinate", dict(COORDINATE)),
        snak("P15", "monolingualtext", "monolingualtext", {"text": "Hallo", "language": "de"}),
        {"snaktype": "novalue", "property": "P16", "datatype": "time", "hash": "0"},
    ]
    claims = _claims("Q42", snaks)
    claims["P31"][0].update(
        {
            "qualifiers": {"P12": [copy.deepcopy(snaks[12])], "P15": [copy.deepcopy(snaks[15])]},
            "qualifiers-order": ["P15", "P12"],
            "references": [{"hash": "0", "snaks": {"P8": [copy.deepcopy(snaks[8])]}, "snaks-order": ["P8"]}],
        }
    )
    return {
        "type": "item",
        "id": "Q42",
        "labels": _terms(en="Douglas Adams", mul="Douglas Adams"),
        "descriptions": _terms(en="writer"),
        "aliases": {"en": [{"language": "en", "value": "DNA"}, {"language": "en", "value": "Adams"}]},
        "claims": claims,
        "sitelinks": {
            "enwiki": {
                "site": "enwiki",
                "title": "Douglas Adams",
                "badges": ["Q17437796"],
                "url": "https://x",
            }
        },
        "lastrevid": 1,
        "modified": "2026-01-01T00:00:00Z",
        "pageid": 1,
        "ns": 0,
        "title": "Q42",
    }


def a_small_item(dice: random.Random) -> dict[str, Any]:
    """The item with only a few of its statements."""
    item = an_item()
    kept = {"P31", *dice.sample(sorted(item["claims"]), 3)}
    return {**item, "claims": {key: group for key, group in item["claims"].items() if key in kept}}


def a_property() -> dict[str, Any]:
    return {
        "type": "property",
        "datatype": "wikibase-item",
        "id": "P31",
        "labels": _terms(en="instance of"),
        "descriptions": _terms(en="class of which this is an example"),
        "aliases": {},
        "claims": {},
    }


def a_lexeme() -> dict[str, Any]:
    gloss = snak("P6", "string", "string", "x")
    return {
        "type": "lexeme",
        "id": "L1",
        "lemmas": _terms(en="colour") | {"en-x-Q7": {"language": "en-x-Q7", "value": "color"}},
        "lexicalCategory": "Q1084",
        "language": "Q1860",
        "claims": {},
        "forms": [
            {
                "id": "L1-F1",
                "representations": _terms(en="colours"),
                "grammaticalFeatures": ["Q146786"],
                "claims": {},
            },
            {
                "id": "L1-F2",
                "representations": _terms(en="coloured"),
                "grammaticalFeatures": [],
                "claims": {},
            },
        ],
        "senses": [
            {"id": "L1-S1", "glosses": _terms(en="what eyes see"), "claims": _claims("L1-S1", [gloss])}
        ],
        "nextFormId": 3,
        "nextSenseId": 2,
    }


def an_entity_schema() -> dict[str, Any]:
    return {
        "type": "entity-schema",
        "id": "E10",
        "labels": _terms(en="human"),
        "descriptions": _terms(en="schema of humans"),
        "aliases": {},
        "schemaText": "<human> { }",
    }


SPECIMENS = {"item": an_item, "property": a_property, "lexeme": a_lexeme, "entity-schema": an_entity_schema}

ODDITIES: tuple[Any, ...] = (
    None, True, False, 0, 1, 11, -1, 1.0, 11.0, 1.5, 1e300, 2**31, 2**63, 2**64, 10**30, -(10**30),
    "", " ", "x", "x\n", "Q1", "q1", "Q1\n", "P31", "Q0", "Q2147483648", "Q٣", "\t", "\u2028", "é", "1", "+1",
    "+1\n", "a" * 251, "a" * 401, "value", "novalue", "item", "property", "statement", "/~", "mul", "T00:00:00Z",
    [], {}, [[]], [{}], {"": {}}, ["Q1"], {"id": "Q1"}, {"a/b~c": 1}, {"language": "en", "value": "x"},
    {"snaktype": "value", "property": "P1"}, {"type": "string", "value": "x"},
)  # fmt: skip
"""Values that go astray in one reader of JSON Schema or another."""


def damaged(entity: Any, dice: random.Random) -> Any:
    """The entity with one to three random nodes deleted, replaced, moved under another key, or added."""
    broken = copy.deepcopy(entity)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        places = list(_places(broken))
        if not places:
            return broken
        holder, key = dice.choice(places)
        what = dice.randrange(5)
        if what == 0:
            del holder[key]
        elif what == 1:
            holder[key] = copy.deepcopy(dice.choice(ODDITIES))
        elif what == 2:
            other_holder, other_key = dice.choice(places)
            holder[key] = copy.deepcopy(other_holder[other_key])
        elif isinstance(holder, list):
            holder.insert(key, copy.deepcopy(dice.choice(ODDITIES)))
        elif what == 3:
            holder[dice.choice(("extra", "Q1", "P99", "en", "de", "xx", "id", "datavalue"))] = copy.deepcopy(
                dice.choice(ODDITIES)
            )
        else:
            holder[dice.choice(("P1", "mul", "x/y~z", "P31\n"))] = holder.pop(key)
    return broken


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pending = [value]
    while pending:
        holder = pending.pop()
        if isinstance(holder, dict):
            for key, child in holder.items():
                yield holder, key
                pending.append(child)
        elif isinstance(holder, list):
            for index, child in enumerate(holder):
                yield holder, index
                pending.append(child)


def pointers(value: Any, pointer: str = "") -> Iterator[str]:
    """The JSON pointer of every node of a value."""
    yield pointer
    if isinstance(value, dict):
        for key, child in value.items():
            yield from pointers(child, step(pointer, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from pointers(child, step(pointer, index))


def real_entities() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each distinct real entity of the shared data that is in the classic shape, with the file it came from."""
    seen: set[bytes] = set()
    for path in sorted(REAL.rglob("*")):
        if path.is_file():
            for entity in _unwrapped(_documents(path)):
                if _is_classic(entity):
                    data = orjson.dumps(entity)
                    if data not in seen:
                        seen.add(data)
                        yield str(path.relative_to(REAL)), entity


def _documents(path: Path) -> Iterator[Any]:
    data, name = path.read_bytes(), path.name
    if name.endswith(".gz"):
        data, name = gzip.decompress(data), name.removesuffix(".gz")
    elif name.endswith(".bz2"):
        data, name = bz2.decompress(data), name.removesuffix(".bz2")
    if name.endswith(".xml"):
        texts = [
            html.unescape(text.decode()) for text in re.findall(rb"<text[^>]*>(.*?)</text>", data, re.DOTALL)
        ]
    elif name.endswith(".json"):
        try:
            yield orjson.loads(data)
            return
        except orjson.JSONDecodeError:
            texts = data.decode().splitlines()
    elif name.endswith(".ndjson"):
        texts = data.decode().splitlines()
    else:
        return
    for text in texts:
        line = text.strip().removesuffix(",")
        if line.startswith("{"):
            yield json.loads(line)


def _unwrapped(documents: Iterator[Any]) -> Iterator[Any]:
    for document in documents:
        if isinstance(document, list):
            yield from _unwrapped(iter(document))
        elif isinstance(document, dict) and isinstance(document.get("entities"), dict):
            yield from document["entities"].values()
        elif isinstance(document, dict) and isinstance(document.get("text"), str):
            yield json.loads(document["text"])
        else:
            yield document


def _is_classic(entity: Any) -> bool:
    return (
        isinstance(entity, dict)
        and entity.get("type") in ("item", "property", "lexeme", "entity-schema")
        and "id" in entity
        and "statements" not in entity
    )
