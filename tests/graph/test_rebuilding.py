"""The types tell all of an entity: asked for everything, it can be put together again (Q8, Q9, S9)."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import samples
from app.importing import import_documents
from app.intake import read
from app.settings import Settings
from storage.edits import Base
from storage.model import JsonObject
from storage.ports import Stores
from storage.validation import Level
from tests import real
from tests.builders import EntityBuilder, a_lexeme, a_property, a_snak, a_statement, an_item
from tests.commit.making import edit, make
from tests.graph.rebuilding import QUERY, plain, rebuilt
from tests.places import EMBEDDED, Places
from tests.serving import Asking, served

AT_ONCE = 8


async def _rebuilt(ask: Asking, entity: str) -> JsonObject:
    return rebuilt((await ask.data(QUERY, id=entity))["entity"])


async def test_every_sample_is_rebuilt(ask: Asking) -> None:
    """Q8, Q9"""
    for entity in samples.entities():
        if "redirect" not in entity:
            assert await _rebuilt(ask, entity["id"]) == plain(entity), entity["id"]


async def _all(stores: Stores) -> None:
    await import_documents(read([str(real.FOLDER)]), stores)


async def _one_in_thirty(stores: Stores) -> None:
    documents = islice(read([str(real.FOLDER)]), 0, None, 30)
    # A few at a time: who waits for a connection longer than the place says is refused, and a busy machine is slow.
    while some := list(islice(documents, AT_ONCE)):
        await import_documents(some, stores)


@pytest.fixture
def real_place(places: Places, engine: str) -> Settings:
    """A place with the real entities, to be read only; over the net with one in thirty, for the sake of time."""
    return places.filled(_all if engine == EMBEDDED else _one_in_thirty)


@real.needs_real
async def test_every_real_entity_is_rebuilt(places: Places, real_place: Settings, engine: str) -> None:
    """Q8, Q9: what Wikibases wrote between 2014 and 2026.

    It is compared with the whole entity as it is read back, since qualifiers without an order of their own are in
    that of the keys of a JSON object, which storage does not keep. That this equals what came in is shown elsewhere.
    """
    async with places.opened(real_place) as stores:
        names = await stores.metadata.entities(None, 10_000)
    assert len(names) > (1000 if engine == EMBEDDED else 30)
    async with served(real_place) as ask:
        for name in names:
            whole = (await ask.data("query ($id: EntityId!) {entity(id: $id) {json}}", id=name))["entity"][
                "json"
            ]
            assert await _rebuilt(ask, name) == plain(whole), name


def _qualified(**value: Any) -> JsonObject:
    """A statement with one value as main snak, as qualifier and in a reference."""
    return a_statement(
        "P1",
        qualifiers=[a_snak("P2", **value), a_snak("P3", string="beside")],
        references=[[a_snak("P4", **value)], [a_snak("P5", string="beside"), a_snak("P4", **value)]],
        **value,
    )


def _of(kind: str, value: Any, datatype: str | None = None) -> JsonObject:
    return _qualified(value={"type": kind, "value": value}, datatype=datatype or kind)


_CALENDAR = "http://www.wikidata.org/entity/Q1985727"
_TIME = {
    "time": "+2001-12-31T00:00:00Z",
    "timezone": 0,
    "before": 0,
    "after": 0,
    "precision": 11,
    "calendarmodel": _CALENDAR,
}
_PLACE = {"latitude": 1.5, "longitude": -2.25, "altitude": None, "precision": 0.001, "globe": "x"}

STATEMENTS: dict[str, JsonObject] = {
    **{
        datatype: _of("string", "a text", datatype)
        for datatype in (
            *("string", "external-id", "url", "commonsMedia", "geo-shape", "tabular-data"),
            *("math", "musical-notation", "localMedia", "edtf", "of an extension"),
        )
    },
    "without data type": _qualified(string="a text", datatype=None),
    "link to an item": _qualified(item="Q5"),
    "link to a property": _qualified(to_property="P5"),
    "link to a lexeme": _qualified(lexeme="L5"),
    "link to a form": _qualified(form="L5-F1"),
    "link to a sense": _qualified(sense="L5-S1"),
    "link to an entity schema": _of("wikibase-entityid", {"entity-type": "entity-schema", "id": "E5"}),
    "link by its number alone": _of("wikibase-entityid", {"entity-type": "item", "numeric-id": 5}),
    "somevalue": _qualified(snaktype="somevalue"),
    "novalue": _qualified(snaktype="novalue"),
    "time before the common era": _of("time", {**_TIME, "time": "-0044-03-15T00:00:00Z"}),
    "time of the largest numbers": _of(
        "time", {**_TIME, "precision": 14, "timezone": -720, "before": 2**31 - 1}
    ),
    "quantity with bounds": _of(
        "quantity", {"amount": "+1.50", "unit": "1", "lowerBound": "+1.0", "upperBound": "+2"}
    ),
    "quantity of many digits": _of("quantity", {"amount": "+" + "9" * 126, "unit": "1"}),
    "place of whole numbers": _of(
        "globecoordinate", {**_PLACE, "latitude": 52, "longitude": -13, "precision": 1}
    ),
    "place at an altitude": _of("globecoordinate", {**_PLACE, "altitude": 8848.86}),
    "place without precision": _of("globecoordinate", {**_PLACE, "precision": None}),
    "text in a language": _qualified(monolingual=("mis-x-Q36846", "a text")),
    # What no type of ours fits is told as it is.
    "value type of an extension": _of("of an extension", {"any": ["thing", 1, None, {"deep": 1.5}]}),
    "unreadable value": _of("bad", {"error": "x", "value": None}),
    "number for a string": _of("string", 7),
    "list for a value": _of("quantity", [1, 2]),
    "null for a value": _of("time", None),
    "text for an entity": _of("wikibase-entityid", "Q5"),
    "entity without id": _of("wikibase-entityid", {"entity-type": "item"}),
    "entity of an unknown kind by its number": _of(
        "wikibase-entityid", {"entity-type": "thing", "numeric-id": 5}
    ),
    "entity with a text for a number": _of("wikibase-entityid", {"entity-type": "item", "numeric-id": "5"}),
    "time without precision": _of("time", {k: v for k, v in _TIME.items() if k != "precision"}),
    "time of a precision beyond 32 bits": _of("time", {**_TIME, "precision": 2**31}),
    "time of a broken precision": _of("time", {**_TIME, "precision": 11.0}),
    "time whose zone is true": _of("time", {**_TIME, "timezone": True}),
    "quantity that is a number": _of("quantity", {"amount": 1, "unit": "1"}),
    "quantity without unit": _of("quantity", {"amount": "+1"}),
    "quantity with a number for a bound": _of("quantity", {"amount": "+1", "unit": "1", "upperBound": 2}),
    "place in words": _of("globecoordinate", {**_PLACE, "latitude": "52"}),
    "place beyond all floats": _of("globecoordinate", {**_PLACE, "latitude": 10**400}),
    "place of more digits than a float has": _of("globecoordinate", {**_PLACE, "longitude": 2**53 + 1}),
    "place without globe": _of("globecoordinate", {k: v for k, v in _PLACE.items() if k != "globe"}),
    "text without language": _of("monolingualtext", {"text": "x"}),
    # Around the value.
    "every rank": a_statement("P1", rank="deprecated"),
    "fields of nobody": {**a_statement("P1"), "note": {"a": [1]}, "another": None},
    "reference with fields of nobody": {
        **a_statement("P1"),
        "references": [{"snaks": {"P4": [a_snak("P4")]}, "snaks-order": ["P4"], "note": "x", "more": [1]}],
    },
    "reference without snaks": {**a_statement("P1"), "references": [{"snaks": {}, "snaks-order": []}]},
    "parts in another order than their map's": {
        **a_statement("P1"),
        "qualifiers": {"P2": [a_snak("P2"), a_snak("P2", string="second")], "P3": [a_snak("P3")]},
        "qualifiers-order": ["P3", "P2"],
    },
    "the same part twice": a_statement("P1", qualifiers=[a_snak("P2"), a_snak("P2")]),
}


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_statement_is_rebuilt(stores: Stores, graph: Asking, name: str) -> None:
    """Q8: whatever a lenient import lets in."""
    entity = an_item("Q1").with_field("claims", {"P1": [{**STATEMENTS[name], "id": "Q1$1"}]}).json()
    await make(stores, edit(entity, Base.NOTHING, level=Level.LENIENT))
    assert await _rebuilt(graph, "Q1") == plain(entity)


def _lexeme() -> EntityBuilder:
    return (
        a_lexeme("L1")
        .with_lemma("en-gb", "colour")
        .with_statement("P1", string="of the lexeme")
        .with_form(1, text="colours")
        .with_form(7, language="en-x-Q123", text="colors")
        .with_sense(3, text="what things look like")
        .with_part_statement("L1-F7", "P2", string="of the form")
        .with_part_statement("L1-F7", "P1", item="Q5", rank="preferred")
        .with_part_statement("L1-S3", "P1", string="of the sense")
        .with_field("nextFormId", 8)
        .with_field("nextSenseId", 4)
    )


ENTITIES = {
    "empty item": an_item("Q1"),
    "statements without ids": an_item("Q1")
    .with_statement("P1", id=None)
    .with_statement("P1", id="free text"),
    "the same statement many times": an_item("Q1")
    .with_statement("P1")
    .with_statement("P2")
    .with_statement("P1"),
    "properties in no order": an_item("Q1").with_statement("P20").with_statement("P3").with_statement("P100"),
    "terms in many languages": (
        an_item("Q1")
        .with_label("mul", "x")
        .with_label("zh-hant", "書")
        .with_description("de", "\N{GRINNING FACE} \u200b\x00")
        .with_aliases("en", "b", "a", "b")
        .with_aliases("mul", "c")
    ),
    "sitelinks": (
        an_item("Q1")
        .with_sitelink("enwiki", "A page", "Q17437796", "Q17437798")
        .with_sitelink("dewiki", "Eine Seite")
        .with_field(
            "sitelinks",
            {
                "frwiki": {
                    "site": "frwiki",
                    "title": "x",
                    "badges": [],
                    "url": "https://example.org/",
                    "more": 1,
                }
            },
        )
    ),
    "property": a_property("P1", "external-id").with_label("en", "x").with_statement("P1", string="x"),
    "lexeme with forms and senses": _lexeme(),
    "lexeme without any": a_lexeme("L1"),
    "entity schema": EntityBuilder(
        "E1",
        {
            "id": "E1",
            "type": "entity-schema",
            "labels": {},
            "descriptions": {},
            "aliases": {},
            "claims": {},
        },
    ).with_label("en", "human"),
}


@pytest.mark.parametrize("name", ENTITIES)
async def test_an_entity_is_rebuilt(stores: Stores, graph: Asking, name: str) -> None:
    """Q9"""
    entity = ENTITIES[name].json()
    await make(stores, edit(entity, Base.NOTHING, level=Level.LENIENT))
    assert await _rebuilt(graph, entity["id"]) == plain(entity)


TYPES = {
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
    "of an extension": "StringValue",
    "without data type": "StringValue",
    "link to an item": "ItemValue",
    "link to a property": "PropertyValue",
    "link to a lexeme": "LexemeValue",
    "link to a form": "FormValue",
    "link to a sense": "SenseValue",
    "link to an entity schema": "EntitySchemaValue",
    "link by its number alone": "ItemValue",
    "time before the common era": "TimeValue",
    "quantity with bounds": "QuantityValue",
    "place of whole numbers": "GlobeCoordinateValue",
    "text in a language": "MonolingualTextValue",
    "value type of an extension": "UnknownValue",
    "unreadable value": "UnknownValue",
    "place beyond all floats": "UnknownValue",
    "time of a precision beyond 32 bits": "UnknownValue",
    "time whose zone is true": "UnknownValue",
}

EVERYWHERE = """{item(id: "Q1") {statements {
  value {__typename}
  qualifiers {propertyId value {__typename}}
  references {parts {propertyId value {__typename}}}
}}}"""


@pytest.mark.parametrize("name", TYPES)
async def test_a_value_has_the_type_of_its_data_type_wherever_it_stands(
    stores: Stores, graph: Asking, name: str
) -> None:
    """Q8"""
    entity = an_item("Q1").with_field("claims", {"P1": [STATEMENTS[name]]}).json()
    await make(stores, edit(entity, Base.NOTHING, level=Level.LENIENT))
    (statement,) = (await graph.data(EVERYWHERE))["item"]["statements"]
    pairs = [*statement["qualifiers"], *(part for one in statement["references"] for part in one["parts"])]
    values = [statement["value"], *(one["value"] for one in pairs if one["propertyId"] in ("P2", "P4"))]
    assert [value["__typename"] for value in values] == [TYPES[name]] * 4


MEDIA_INFO: dict[str, JsonObject] = {"by its id": {"id": "M5"}, "by its number": {"numeric-id": 5}}


@pytest.mark.parametrize("spelling", MEDIA_INFO)
async def test_a_link_to_what_has_no_revisions_here_is_an_id(
    stores: Stores, graph: Asking, spelling: str
) -> None:
    """Q8: a media file's entity, say."""
    value: JsonObject = {"entity-type": "mediainfo", **MEDIA_INFO[spelling]}
    item = an_item("Q1").with_statement("P1", value={"type": "wikibase-entityid", "value": value})
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = (
        '{item(id: "Q1") {statements {value {__typename ... on EntityReference {id status entity {id}}}}}}'
    )
    (statement,) = (await graph.data(query))["item"]["statements"]
    assert statement["value"] == {
        "__typename": "EntityValue",
        "id": "M5",
        "status": "ELSEWHERE",
        "entity": None,
    }


async def test_units_and_globes_are_items_where_their_addresses_name_one(
    stores: Stores, graph: Asking
) -> None:
    """Q8"""
    base = "http://www.wikidata.org/entity/"
    quantities = [
        a_snak("P2", value={"type": "quantity", "value": {"amount": "+1", "unit": unit}})
        for unit in ("1", f"{base}Q11573", f"{base}P5", "x\ny/entity/Q5", f"{base}Q5#")
    ]
    place = {"type": "globecoordinate", "value": {**_PLACE, "globe": f"{base}Q405"}}
    item = an_item("Q1").with_statement("P1", value=place, qualifiers=quantities)
    await make(stores, edit(item, Base.NOTHING, level=Level.LENIENT))
    query = """{item(id: "Q1") {statements {
      value {... on GlobeCoordinateValue {globeItem {id}}}
      qualifiers {value {... on QuantityValue {unitItem {id}}}}
    }}}"""
    (statement,) = (await graph.data(query))["item"]["statements"]
    assert statement["value"]["globeItem"] == {"id": "Q405"}
    units = [one["value"]["unitItem"] for one in statement["qualifiers"]]
    assert units == [None, {"id": "Q11573"}, None, None, None]


# Whatever a lenient import lets in

_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from(
            [2**31, -(2**31) - 1, 2**63, 10**400, "Q5", "P5", "L5-F1", "1", "+1", "http://x/entity/Q5"]
        ),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
    ),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), st.dictionaries(st.sampled_from(["id", "P2", "x"]), parts, max_size=3)
    ),
    max_leaves=4,
)
_USUAL: dict[str, JsonObject] = {
    "time": _TIME,
    "quantity": {"amount": "+1", "unit": "1", "lowerBound": "+0", "upperBound": "+2"},
    "globecoordinate": _PLACE,
    "monolingualtext": {"language": "en", "text": "x"},
    "wikibase-entityid": {"entity-type": "item", "id": "Q5", "numeric-id": 5},
}


@st.composite
def _odd_values(draw: st.DrawFn) -> JsonObject:
    """A value of a known type with a part or two replaced or left out, or one of any shape."""
    kind = draw(st.sampled_from([*_USUAL, "string", "of an extension"]))
    if kind not in _USUAL or draw(st.integers(0, 3)) == 0:
        return {"type": kind, "value": draw(_JSON)}
    value = dict(_USUAL[kind])
    for name in draw(st.lists(st.sampled_from([*value]), max_size=2)):
        value.pop(name, None)
        if draw(st.booleans()):
            value[name] = draw(_JSON)
    return {"type": kind, "value": value}


@st.composite
def _odd_snaks(draw: st.DrawFn, name: str) -> JsonObject:
    snak: JsonObject = {"snaktype": draw(st.sampled_from(["value", "somevalue"])), "property": name}
    if snak["snaktype"] == "value":
        snak["datavalue"] = draw(_odd_values())
    return snak | draw(st.dictionaries(st.sampled_from(["datatype", "note"]), _JSON, max_size=2))


@st.composite
def _odd_lexemes(draw: st.DrawFn) -> JsonObject:
    """A lexeme that is as odd as the lenient rules let it be."""
    groups = {name: [draw(_odd_snaks(name))] for name in ("P2", "P3")}
    statement = {
        "mainsnak": draw(_odd_snaks("P1")),
        "type": draw(_JSON),
        "qualifiers": groups,
        "extra": draw(_JSON),
    }
    statement["qualifiers-order"] = draw(_JSON)
    statement["references"] = [{"snaks": groups, "snaks-order": draw(_JSON), "more": draw(_JSON)}]
    form = {
        "id": "L1-F1",
        "grammaticalFeatures": draw(_JSON),
        "more": draw(_JSON),
        "claims": {"P1": [statement]},
    }
    words = {"language": draw(st.text(max_size=5)), "lexicalCategory": draw(st.text(max_size=5))}
    lexeme = {"id": "L1", "type": "lexeme", "claims": {"P1": [statement]}, "forms": [form], **words}
    return lexeme | draw(st.dictionaries(st.sampled_from(["nextFormId", "nextSenseId", "more"]), _JSON))


_ODD_QUERY = QUERY.replace("__typename id type", "__typename id type json", 1)
_ODD_QUERY = _ODD_QUERY.replace("references { parts", "json references { parts", 1)
_ODD_QUERY = _ODD_QUERY.replace(
    "... on TextValue { content }",
    """... on TextValue { content }
    ... on LabelProvider { label(languageCode: "en") }
    ... on EntityReference { status entity { id } }
    ... on ItemValue { item { id } } ... on PropertyValue { property { id } } ... on LexemeValue { lexeme { id } }
    ... on FormValue { form { id } } ... on SenseValue { sense { id } }
    ... on EntitySchemaValue { entitySchema { id } }
    ... on QuantityValue { unitItem { id item { id } } } ... on GlobeCoordinateValue { globeItem { id status } }
    """,
    1,
)


@settings(max_examples=200)
@given(lexeme=_odd_lexemes())
async def test_whatever_was_let_in_is_told_without_an_error(
    stores: Stores, graph: Asking, lexeme: JsonObject
) -> None:
    """Q8, S9: what has no field is in the JSON."""
    await make(stores, edit(lexeme, Base.HEAD, level=Level.LENIENT))
    found = (await graph.data(_ODD_QUERY, id="L1"))["entity"]
    assert found["json"] == lexeme
    assert found["statements"][0]["json"] == lexeme["claims"]["P1"][0]
