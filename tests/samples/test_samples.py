"""The samples are what they are said to be: every type and kind of value, sound, and complete in themselves.

Reads the files alone; needs no store.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app import samples
from storage.canonical import canonical
from storage.validation import Level, faults

Json = dict[str, Any]

SAMPLES: list[Json] = list(samples.entities())
ENTITIES = [entity for entity in SAMPLES if "redirect" not in entity]
REDIRECTS = [entity for entity in SAMPLES if "redirect" in entity]
BY_ID = {entity["id"]: entity for entity in ENTITIES}

NEW_ID = re.compile(r"[A-Z0-9-]+\$[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}")

# Fields that Wikibase derives (S9): hashes, and what tells of a page and its revision.
DERIVED = {"hash", "lastrevid", "modified", "pageid", "ns", "title"}

GREGORIAN, JULIAN = "Q1985727", "Q1985786"


def owners(entity: Json) -> Iterator[Json]:
    """What has statements in an entity: itself, its forms and its senses."""
    yield entity
    yield from entity.get("forms", ())
    yield from entity.get("senses", ())


def statements(entity: Json) -> Iterator[tuple[str, Json]]:
    """The statements of an entity and its parts, each with the id of its owner."""
    for owner in owners(entity):
        for group in owner.get("claims", {}).values():
            for statement in group:
                yield owner["id"], statement


def snaks(statement: Json) -> Iterator[tuple[str, Json]]:
    """The snaks of a statement, each with its place: mainsnak, qualifier, reference."""
    yield "mainsnak", statement["mainsnak"]
    for group in statement.get("qualifiers", {}).values():
        for snak in group:
            yield "qualifier", snak
    for reference in statement.get("references", ()):
        for group in reference["snaks"].values():
            for snak in group:
                yield "reference", snak


ALL_STATEMENTS = [found for entity in ENTITIES for found in statements(entity)]
ALL_SNAKS = [snak for _, statement in ALL_STATEMENTS for snak in snaks(statement)]


def values(datatype: str) -> list[Any]:
    """The values of this datatype, wherever they stand."""
    return [
        snak["datavalue"]["value"]
        for _, snak in ALL_SNAKS
        if snak["datatype"] == datatype and snak["snaktype"] == "value"
    ]


def content(statement: Json) -> bytes:
    """What of a statement is shared: all but its id (T1)."""
    return canonical({key: value for key, value in statement.items() if key != "id"})


def test_every_file_is_read_once_and_named_by_its_id() -> None:
    """S7: the id in the path is the id in the entity."""
    named = [path.stem for path in samples.paths()]
    inside = {path.stem: json.loads(path.read_bytes()) for path in samples.paths()}

    assert all((entity.get("id") or entity["entity"]) == name for name, entity in inside.items())
    assert sorted(entity.get("id") or entity["entity"] for entity in SAMPLES) == sorted(named)


def test_they_come_in_the_order_of_an_import() -> None:
    """M1: properties first, for their datatypes; redirects last, for their targets."""
    kinds = [entity.get("type", "redirect") for entity in SAMPLES]

    assert list(dict.fromkeys(kinds)) == ["property", "item", "lexeme", "entity-schema", "redirect"]
    assert kinds == sorted(kinds, key=["property", "item", "lexeme", "entity-schema", "redirect"].index)


def test_a_redirect_leads_to_an_entity_that_is_here() -> None:
    """W8: the target exists and is itself no redirect."""
    assert REDIRECTS
    assert all(redirect["redirect"] in BY_ID for redirect in REDIRECTS)


@pytest.mark.parametrize(
    ("datatype", "value_type"),
    [
        ("wikibase-item", "wikibase-entityid"),
        ("wikibase-property", "wikibase-entityid"),
        ("wikibase-lexeme", "wikibase-entityid"),
        ("wikibase-form", "wikibase-entityid"),
        ("wikibase-sense", "wikibase-entityid"),
        ("entity-schema", "wikibase-entityid"),
        ("string", "string"),
        ("external-id", "string"),
        ("url", "string"),
        ("commonsMedia", "string"),
        ("geo-shape", "string"),
        ("tabular-data", "string"),
        ("math", "string"),
        ("musical-notation", "string"),
        ("monolingualtext", "monolingualtext"),
        ("time", "time"),
        ("quantity", "quantity"),
        ("globe-coordinate", "globecoordinate"),
    ],
)
def test_every_datatype_has_a_value_of_its_value_type(datatype: str, value_type: str) -> None:
    """Q8: each member of the value union can be shown on the samples."""
    types = {
        snak["datavalue"]["type"]
        for _, snak in ALL_SNAKS
        if snak["datatype"] == datatype and snak["snaktype"] == "value"
    }

    assert types == {value_type}


@pytest.mark.parametrize(
    ("place", "snaktype"),
    [
        ("mainsnak", "value"),
        ("mainsnak", "somevalue"),
        ("mainsnak", "novalue"),
        ("qualifier", "value"),
        ("qualifier", "somevalue"),
        ("qualifier", "novalue"),
        ("reference", "value"),
    ],
)
def test_every_snaktype_occurs(place: str, snaktype: str) -> None:
    """Q8: values, unknown values and no value, in statements and in qualifiers."""
    assert any(where == place and snak["snaktype"] == snaktype for where, snak in ALL_SNAKS)


@pytest.mark.parametrize(
    ("sign", "precision", "calendar"),
    [
        ("+", 11, GREGORIAN),
        ("+", 10, GREGORIAN),
        ("+", 9, GREGORIAN),
        ("+", 7, GREGORIAN),
        ("+", 11, JULIAN),
        ("-", 7, JULIAN),
        ("-", 3, GREGORIAN),
    ],
)
def test_times_of_every_kind_occur(sign: str, precision: int, calendar: str) -> None:
    """Q8: day, month, year, century and far past; before and after the era; both calendars."""
    assert any(
        time["time"].startswith(sign)
        and time["precision"] == precision
        and time["calendarmodel"].endswith(f"/{calendar}")
        for time in values("time")
    )


@pytest.mark.parametrize("has_unit", [True, False])
@pytest.mark.parametrize("has_bounds", [True, False])
def test_quantities_of_every_kind_occur(has_unit: bool, has_bounds: bool) -> None:
    """Q8: with and without unit, with and without bounds."""
    assert any(
        (quantity["unit"] != "1") == has_unit and ("lowerBound" in quantity) == has_bounds
        for quantity in values("quantity")
    )


def test_every_property_in_use_is_here_with_the_same_datatype() -> None:
    """W10: the datatype of a property decides the type of its values."""
    declared = {entity["id"]: entity["datatype"] for entity in ENTITIES if entity["type"] == "property"}
    used = {(snak["property"], snak["datatype"]) for _, snak in ALL_SNAKS}

    assert used <= set(declared.items())


def test_every_declared_property_is_in_use() -> None:
    """No file is there for nothing."""
    declared = {entity["id"] for entity in ENTITIES if entity["type"] == "property"}

    assert declared == {snak["property"] for _, snak in ALL_SNAKS}


@pytest.mark.parametrize("datatype", ["wikibase-property", "wikibase-lexeme", "entity-schema"])
def test_linked_properties_lexemes_and_schemas_are_here(datatype: str) -> None:
    """Q8: such a link can be walked."""
    assert {value["id"] for value in values(datatype)} <= BY_ID.keys()


@pytest.mark.parametrize(("datatype", "parts"), [("wikibase-form", "forms"), ("wikibase-sense", "senses")])
def test_linked_forms_and_senses_are_here(datatype: str, parts: str) -> None:
    """Q8: such a link can be walked."""
    here = {part["id"] for entity in ENTITIES for part in entity.get(parts, ())}

    assert {value["id"] for value in values(datatype)} <= here


def test_statement_ids_are_new_style_and_unique_and_begin_with_their_owner() -> None:
    """W10: `<owner>$<UUID>`, version 4 in upper case, as Wikibase makes them."""
    ids = [statement["id"] for _, statement in ALL_STATEMENTS]

    assert len(set(ids)) == len(ids)
    assert all(NEW_ID.fullmatch(id_) for id_ in ids)
    assert all(statement["id"].startswith(f"{owner}$") for owner, statement in ALL_STATEMENTS)


def test_statements_stand_under_their_property() -> None:
    """W10: the key of a group is the property of its main snaks."""
    for entity in ENTITIES:
        for owner in owners(entity):
            for key, group in owner.get("claims", {}).items():
                assert {statement["mainsnak"]["property"] for statement in group} == {key}


def test_orders_list_each_property_once() -> None:
    """W10: qualifiers-order and snaks-order name what is there."""
    qualified = [statement for _, statement in ALL_STATEMENTS if "qualifiers" in statement]
    references = [
        reference for _, statement in ALL_STATEMENTS for reference in statement.get("references", ())
    ]

    assert qualified
    assert references
    assert all(sorted(each["qualifiers-order"]) == sorted(each["qualifiers"]) for each in qualified)
    assert all(sorted(each["snaks-order"]) == sorted(each["snaks"]) for each in references)


def test_an_order_of_qualifiers_is_not_that_of_their_names() -> None:
    """S9: an order that sorting would lose."""
    orders = [
        statement["qualifiers-order"] for _, statement in ALL_STATEMENTS if "qualifiers-order" in statement
    ]

    assert any(order != sorted(order) for order in orders)


def test_a_reference_has_two_parts_and_a_statement_two_references() -> None:
    """Q8: references with parts."""
    references = [statement.get("references", []) for _, statement in ALL_STATEMENTS]

    assert any(len(reference["snaks"]) == 2 for each in references for reference in each)
    assert any(len(each) == 2 for each in references)


def test_every_rank_occurs() -> None:
    """Q8: preferred, normal, deprecated."""
    assert {statement["rank"] for _, statement in ALL_STATEMENTS} == {"preferred", "normal", "deprecated"}


def test_some_statements_are_shared_by_entities() -> None:
    """T2: that they are human is one content for three people."""
    bodies = [
        {content(each) for each in BY_ID[person]["claims"]["P31"]} for person in ("Q42", "Q935", "Q6691")
    ]

    assert len(set.intersection(*bodies)) == 1


def test_one_entity_holds_a_statement_twice() -> None:
    """S9: a duplicate, told apart by its id alone."""
    duplicates = [
        entity["id"]
        for entity in ENTITIES
        if max(Counter(content(each) for _, each in statements(entity)).values(), default=0) > 1
    ]

    assert duplicates == ["Q145"]


def _is(kind: str) -> Callable[[Json], bool]:
    return lambda entity: entity["type"] == kind


@pytest.mark.parametrize(
    ("field", "of"),
    [
        ("labels", _is("item")),
        ("descriptions", _is("item")),
        ("aliases", _is("item")),
        ("claims", _is("item")),
        ("sitelinks", _is("item")),
        ("labels", _is("property")),
        ("descriptions", _is("property")),
        ("aliases", _is("property")),
        ("claims", _is("property")),
        ("lemmas", _is("lexeme")),
        ("claims", _is("lexeme")),
        ("labels", _is("entity-schema")),
        ("descriptions", _is("entity-schema")),
        ("aliases", _is("entity-schema")),
        ("schemaText", _is("entity-schema")),
    ],
)
def test_every_field_of_every_entity_type_is_filled_somewhere(field: str, of: Callable[[Json], bool]) -> None:
    """Q9: items, properties, lexemes and entity schemas have something to show."""
    assert any(entity[field] for entity in ENTITIES if of(entity))


@pytest.mark.parametrize("field", ["claims", "aliases", "sitelinks"])
def test_some_item_has_an_empty_map(field: str) -> None:
    """S9: empty maps must come out again."""
    assert any(entity[field] == {} for entity in ENTITIES if entity["type"] == "item")


def test_a_lexeme_has_statements_on_itself_on_a_form_and_on_a_sense() -> None:
    """Q9: lexemes with forms and senses."""
    lexeme = BY_ID["L5000000"]

    assert lexeme["claims"]
    assert len(lexeme["forms"]) == 2
    assert len(lexeme["senses"]) == 2
    assert all(form["representations"] and form["grammaticalFeatures"] for form in lexeme["forms"])
    assert any(form["claims"] for form in lexeme["forms"])
    assert any(sense["claims"] for sense in lexeme["senses"])


def test_a_badge_and_labels_in_other_scripts_and_in_mul_occur() -> None:
    """Q9: terms in several languages, `mul` included; lookup by sitelink."""
    labels = BY_ID["Q42"]["labels"]

    assert {"mul", "ru", "ja", "ar"} <= labels.keys()
    assert any(link["badges"] for entity in ENTITIES for link in entity.get("sitelinks", {}).values()), (
        "no sitelink has a badge"
    )


def test_nothing_derived_is_written_down() -> None:
    """S9: hashes and page data are computed anew."""
    found: set[str] = set()

    def visit(value: Any, place: str) -> None:
        if isinstance(value, dict):
            # The title of a sitelink is content; all other titles are those of pages.
            found.update(f"{place}/{key}" for key in value.keys() & (DERIVED - _own(value)))
            for key, inner in value.items():
                visit(inner, f"{place}/{key}")
        elif isinstance(value, list):
            for inner in value:
                visit(inner, place)

    for entity in ENTITIES:
        visit(entity, entity["id"])
    assert found == set()


def _own(value: Json) -> set[str]:
    return {"title"} if "site" in value else set()


def test_files_are_pretty_printed_in_utf_8() -> None:
    """A reader can read them, and a difference shows what changed."""
    for path in samples.paths():
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2) + "\n", path.name


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: str(entity["id"]))
def test_they_obey_the_strict_rules(entity: Json) -> None:
    """W10: what is shown as an example must be accepted as an edit."""
    assert list(faults(entity, Level.STRICT)) == []
