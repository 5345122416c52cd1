"""One damage, one explanation: what is told, and where (W10)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from storage.validation import CODES, Level, faults, statement_faults
from tests.validation.specimens import (
    SPECIMENS,
    UUID,
    a_lexeme,
    a_property,
    an_entity_schema,
    an_item,
    entity_value,
    snak,
)

GONE = object()
MAIN = "/claims/P31/0"


def changed(entity: Any, *changes: tuple[str, Any]) -> Any:
    """A copy with the value at each pointer set, or removed if it is GONE. `-` appends to a list."""
    entity = copy.deepcopy(entity)
    for pointer, value in changes:
        if pointer == "":
            return value
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        holder = entity
        for step in way:
            holder = holder[int(step)] if isinstance(holder, list) else holder[step]
        if isinstance(holder, list) and last == "-":
            holder.append(value)
        elif value is GONE:
            del holder[int(last) if isinstance(holder, list) else last]
        else:
            holder[int(last) if isinstance(holder, list) else last] = value
    return entity


def value_of(property_id: str) -> str:
    return f"/claims/{property_id}/0/mainsnak/datavalue/value"


ITEM = [
    # shape
    ("", None, [("", "wrong_type")]),
    ("", [], [("", "wrong_type")]),
    ("/type", GONE, [("", "missing_field")]),
    ("/type", "mediainfo", [("/type", "unsupported_entity_type")]),
    ("/type", 7, [("/type", "wrong_type")]),
    ("/extra", 1, [("/extra", "unknown_field")]),
    ("/ex~1tra~0", 1, [("/ex~1tra~0", "unknown_field")]),
    ("/labels", [], [("/labels", "wrong_type")]),
    ("/claims", [], [("/claims", "wrong_type")]),
    # ids
    ("/id", "q42", [("/id", "invalid_value"),]),
    ("/id", "Q042", [("/id", "invalid_value")]),
    # terms
    ("/labels/en/value", "", [("/labels/en/value", "empty_value")]),
    ("/labels/en/value", "x" * 251, [("/labels/en/value", "value_too_long")]),
    ("/labels/en/value", "🙂" * 250, []),
    ("/labels/en/value", " x", [("/labels/en/value", "invalid_value")]),
    ("/labels/en/value", "x\u2028y", [("/labels/en/value", "invalid_value")]),
    ("/labels/en/value", "x\n", [("/labels/en/value", "invalid_value")]),
    ("/labels/en/value", "writer", [("/descriptions/en/value", "label_description_same_value")]),
    ("/labels/en/language", "de", [("/labels/en/language", "language_mismatch")]),
    ("/labels/en/language", GONE, [("/labels/en", "missing_field")]),
    ("/labels/en/extra", "", [("/labels/en/extra", "unknown_field")]),
    ("/labels/en", "x", [("/labels/en", "wrong_type")]),
    ("/labels/xx-yy", {"language": "xx-yy", "value": "x"}, [("/labels/xx-yy", "invalid_key")]),
    ("/descriptions/mul", {"language": "mul", "value": "x"}, [("/descriptions/mul", "invalid_key")]),
    ("/aliases/en", [], [("/aliases/en", "empty_value")]),
    ("/aliases/en/1/language", "de", [("/aliases/en/1/language", "language_mismatch")]),
    ("/aliases/en/1", "DNA", [("/aliases/en/1", "wrong_type")]),
    # sitelinks
    ("/sitelinks/enwiki/title", "", [("/sitelinks/enwiki/title", "empty_value")]),
    ("/sitelinks/enwiki/title", " ", [("/sitelinks/enwiki/title", "invalid_value")]),
    ("/sitelinks/enwiki/site", "dewiki", [("/sitelinks/enwiki/site", "site_mismatch")]),
    ("/sitelinks/enwiki/badges/0", "P1", [("/sitelinks/enwiki/badges/0", "invalid_value")]),
    ("/sitelinks/En Wiki", {"site": "En Wiki", "title": "x"}, [("/sitelinks/En Wiki", "invalid_key")]),
    # statements
    ("/claims/Q1", [], [("/claims/Q1", "invalid_key"), ("/claims/Q1", "empty_value")]),
    ("/claims/P99", [], [("/claims/P99", "empty_value")]),
    ("/claims/P99", {}, [("/claims/P99", "wrong_type")]),
    (f"{MAIN}/id", GONE, []),
    (f"{MAIN}/id", f"q42${UUID.lower()}", []),
    (f"{MAIN}/id", f"Q42$-{UUID}", [(f"{MAIN}/id", "invalid_value")]),
    (f"{MAIN}/id", f"Q43${UUID}", [(f"{MAIN}/id", "foreign_statement_id")]),
    (f"{MAIN}/id", f"Q42${UUID[:-2]}01", [("/claims/P1/0/id", "duplicate_statement_id")]),
    (f"{MAIN}/type", "claim", [(f"{MAIN}/type", "invalid_value")]),
    (f"{MAIN}/type", GONE, []),
    (f"{MAIN}/rank", GONE, []),
    (f"{MAIN}/rank", "best", [(f"{MAIN}/rank", "invalid_value")]),
    (f"{MAIN}/mainsnak", GONE, [(MAIN, "missing_field")]),
    (f"{MAIN}/mainsnak/property", "P99", [(f"{MAIN}/mainsnak/property", "statement_group_property_mismatch")]),
    (f"{MAIN}/mainsnak/snaktype", "some", [(f"{MAIN}/mainsnak/snaktype", "invalid_value")]),
    (f"{MAIN}/mainsnak/snaktype", "novalue", [(f"{MAIN}/mainsnak/datavalue", "unexpected_field")]),
    (f"{MAIN}/mainsnak/datavalue", GONE, [(f"{MAIN}/mainsnak", "missing_field")]),
    (f"{MAIN}/mainsnak/datatype", GONE, []),
    (f"{MAIN}/mainsnak/datatype", "colour", [(f"{MAIN}/mainsnak/datatype", "invalid_value")]),
    (f"{MAIN}/mainsnak/datatype", "string", [(f"{MAIN}/mainsnak/datavalue/type", "datatype_mismatch")]),
    (f"{MAIN}/mainsnak/datatype", "wikibase-property",
        [(f"{value_of('P31')}/entity-type", "datatype_mismatch")]),
    (f"{MAIN}/qualifiers/P12", [], [(f"{MAIN}/qualifiers/P12", "empty_value")]),
    (f"{MAIN}/qualifiers/P12", GONE, [(f"{MAIN}/qualifiers-order", "order_mismatch")]),
    (f"{MAIN}/qualifiers/P12/0/property", "P13",
        [(f"{MAIN}/qualifiers/P12/0/property", "snak_group_property_mismatch")]),
    (f"{MAIN}/qualifiers-order", ["P12", "P15", "P12"], [(f"{MAIN}/qualifiers-order", "order_mismatch")]),
    (f"{MAIN}/qualifiers-order", GONE, []),
    (f"{MAIN}/references/0/snaks", {}, [(f"{MAIN}/references/0/snaks", "empty_value"),
        (f"{MAIN}/references/0/snaks-order", "order_mismatch")]),
    (f"{MAIN}/references/0/snaks-order", [], [(f"{MAIN}/references/0/snaks-order", "order_mismatch")]),
    (f"{MAIN}/references/0/snaks", GONE, [(f"{MAIN}/references/0", "missing_field"),
        (f"{MAIN}/references/0/snaks-order", "order_mismatch")]),
    # values
    (f"{value_of('P31')}/id", "P5", [(f"{value_of('P31')}/id", "invalid_value")]),
    (f"{value_of('P31')}/id", GONE, [(value_of("P31"), "missing_field")]),
    (f"{value_of('P31')}/id", "Q2147483648", [(f"{value_of('P31')}/id", "invalid_value"),
        (f"{value_of('P31')}/numeric-id", "numeric_id_mismatch")]),
    (f"{value_of('P31')}/numeric-id", 6, [(f"{value_of('P31')}/numeric-id", "numeric_id_mismatch")]),
    (f"{value_of('P31')}/numeric-id", GONE, []),
    (value_of("P31"), "Q5", [(value_of("P31"), "wrong_type")]),
    (value_of("P6"), "x" * 401, [(value_of("P6"), "value_too_long")]),
    (value_of("P6"), "x\ty", [(value_of("P6"), "invalid_value")]),
    (value_of("P6"), {"text": "x"}, [(value_of("P6"), "wrong_type")]),
    (value_of("P8"), "HTTPS://example.org", []),
    (value_of("P8"), "javascript:alert(1)", [(value_of("P8"), "invalid_value")]),
    (value_of("P8"), "https://example.org/a b", [(value_of("P8"), "invalid_value")]),
    (value_of("P8"), "https://x/" + "a" * 491, [(value_of("P8"), "value_too_long")]),
    (value_of("P9"), "File:Picture.jpg", [(value_of("P9"), "invalid_value")]),
    (value_of("P9"), "Picture", [(value_of("P9"), "invalid_value")]),
    (value_of("P10"), "Data:Numbers.tab", [(value_of("P10"), "invalid_value")]),
    (value_of("P11"), "Numbers.tab", [(value_of("P11"), "invalid_value")]),
    (f"{value_of('P12')}/time", "2001-12-31T00:00:00Z", [(f"{value_of('P12')}/time", "invalid_value")]),
    (f"{value_of('P12')}/time", "+2001-12-31T12:00:00Z", [(f"{value_of('P12')}/time", "invalid_value")]),
    (f"{value_of('P12')}/time", "+2001-00-31T00:00:00Z", [(f"{value_of('P12')}/time", "invalid_value"),
        (f"{value_of('P12')}/time", "time_precision_mismatch")]),
    (f"{value_of('P12')}/time", "+2001-12-00T00:00:00Z",
        [(f"{value_of('P12')}/time", "time_precision_mismatch")]),
    (f"{value_of('P12')}/precision", 12, [(f"{value_of('P12')}/precision", "out_of_range")]),
    (f"{value_of('P12')}/precision", True, [(f"{value_of('P12')}/precision", "wrong_type")]),
    (f"{value_of('P12')}/precision", "11", [(f"{value_of('P12')}/precision", "wrong_type")]),
    (f"{value_of('P12')}/before", -1, [(f"{value_of('P12')}/before", "out_of_range")]),
    (f"{value_of('P12')}/after", 10**30, [(f"{value_of('P12')}/after", "out_of_range")]),
    (f"{value_of('P12')}/calendarmodel", "Q1985727", [(f"{value_of('P12')}/calendarmodel", "invalid_value")]),
    (f"{value_of('P13')}/amount", "10.5", [(f"{value_of('P13')}/amount", "invalid_value")]),
    (f"{value_of('P13')}/amount", 10.5, [(f"{value_of('P13')}/amount", "wrong_type")]),
    (f"{value_of('P13')}/amount", "+1e1", [(f"{value_of('P13')}/amount", "invalid_value")]),
    (f"{value_of('P13')}/amount", "+12", [(value_of("P13"), "quantity_bounds")]),
    (f"{value_of('P13')}/lowerBound", GONE, [(value_of("P13"), "missing_field")]),
    (f"{value_of('P13')}/unit", "metre", [(f"{value_of('P13')}/unit", "invalid_value")]),
    (f"{value_of('P14')}/latitude", 360.5, [(f"{value_of('P14')}/latitude", "out_of_range")]),
    (f"{value_of('P14')}/precision", None, [(f"{value_of('P14')}/precision", "wrong_type")]),
    (f"{value_of('P14')}/globe", "Q2", [(f"{value_of('P14')}/globe", "invalid_value")]),
    (f"{value_of('P15')}/language", "xx-yy", [(f"{value_of('P15')}/language", "invalid_value")]),
    (f"{value_of('P15')}/language", "zxx", []),
    (f"{value_of('P15')}/text", "", [(f"{value_of('P15')}/text", "empty_value")]),
    ("/claims/P15/0/mainsnak/datavalue/type", "bad", [
        ("/claims/P15/0/mainsnak/datavalue/type", "invalid_value"),
        ("/claims/P15/0/mainsnak/datavalue/type", "datatype_mismatch")]),
]  # fmt: skip

OTHERS = [
    (a_property, "/datatype", GONE, [("", "missing_field")]),
    (a_property, "/datatype", "colour", [("/datatype", "invalid_value")]),
    (a_property, "/sitelinks", {}, [("/sitelinks", "unknown_field")]),
    (a_property, "/labels/en/value", "p31", [("/labels/en/value", "label_like_property_id")]),
    (a_property, "/labels/en/value", "P31 and more", []),
    (a_property, "/id", "Q31", [("/id", "invalid_value")]),
    (a_lexeme, "/lemmas", {}, [("/lemmas", "empty_value")]),
    (a_lexeme, "/lemmas/en/value", "x" * 1001, [("/lemmas/en/value", "value_too_long")]),
    (a_lexeme, "/lemmas/xx-yy", {"language": "xx-yy", "value": "x"}, [("/lemmas/xx-yy", "invalid_key")]),
    (a_lexeme, "/language", "en", [("/language", "invalid_value")]),
    (a_lexeme, "/lexicalCategory", GONE, [("", "missing_field")]),
    (a_lexeme, "/forms", {}, [("/forms", "wrong_type")]),
    (a_lexeme, "/forms/0/id", "L2-F1", [("/forms/0/id", "foreign_part_id")]),
    (a_lexeme, "/forms/0/id", "L1-S1", [("/forms/0/id", "invalid_value")]),
    (a_lexeme, "/forms/1/id", "L1-F1", [("/forms/1/id", "duplicate_part_id")]),
    (
        a_lexeme,
        "/forms/0/grammaticalFeatures/0",
        "noun",
        [("/forms/0/grammaticalFeatures/0", "invalid_value")],
    ),
    (a_lexeme, "/forms/0/representations", {}, [("/forms/0/representations", "empty_value")]),
    (
        a_lexeme,
        "/senses/0/glosses/en/language",
        "de",
        [("/senses/0/glosses/en/language", "language_mismatch")],
    ),
    (
        a_lexeme,
        "/senses/0/claims/P6/0/id",
        f"L1${UUID}",
        [("/senses/0/claims/P6/0/id", "foreign_statement_id")],
    ),
    (an_entity_schema, "/schemaText", None, [("/schemaText", "wrong_type")]),
    (an_entity_schema, "/claims", {}, [("/claims", "unknown_field")]),
]

STRICT: Sequence[tuple[Callable[[], Any], str, Any, list[tuple[str, str]]]] = [
    *[(an_item, pointer, value, expected) for pointer, value, expected in ITEM],
    *OTHERS,
]

LENIENT: Sequence[tuple[Callable[[], Any], str, Any, list[tuple[str, str]]]] = [
    (an_item, "/type", "mediainfo", [("/type", "unsupported_entity_type")]),
    (an_item, "/id", GONE, [("", "missing_field")]),
    (an_item, "/id", "L42", [("/id", "invalid_value")]),
    (an_item, "/id", "q42", [("/id", "invalid_value")]),
    (an_item, "/claims", [], []),
    (an_item, "/claims", [1], [("/claims", "wrong_type")]),
    (an_item, "/labels", [], []),
    (an_item, "/labels/xx-yy", {"language": "en", "value": "x" * 9999}, []),
    (an_item, "/labels/en/value", 1, [("/labels/en/value", "wrong_type")]),
    (an_item, "/aliases/en", {}, [("/aliases/en", "wrong_type")]),
    (an_item, "/extra", {"any": [None, 10**30]}, []),
    (an_item, "/claims/Q1", [], [("/claims/Q1", "invalid_key")]),
    (an_item, f"{MAIN}/id", f"q43${UUID.lower()}", []),
    (an_item, f"{MAIN}/id", "anything", []),
    (an_item, f"{MAIN}/id", 5, [(f"{MAIN}/id", "wrong_type")]),
    (an_item, f"{MAIN}/rank", "best", [(f"{MAIN}/rank", "invalid_value")]),
    (an_item, f"{MAIN}/mainsnak", GONE, [(MAIN, "missing_field")]),
    (an_item, f"{MAIN}/mainsnak/datatype", GONE, []),
    (an_item, f"{MAIN}/mainsnak/property", "P99",
        [(f"{MAIN}/mainsnak/property", "statement_group_property_mismatch")]),
    (an_item, f"{MAIN}/mainsnak/snaktype", "novalue", [(f"{MAIN}/mainsnak/datavalue", "unexpected_field")]),
    (an_item, f"{value_of('P31')}/id", GONE, []),
    (an_item, f"{MAIN}/qualifiers", [], []),
    (an_item, f"{MAIN}/qualifiers", ["P1"], [(f"{MAIN}/qualifiers", "wrong_type")]),
    (an_item, f"{MAIN}/qualifiers-order", [], []),
    (an_item, f"{MAIN}/references/0/snaks", [], []),
    (an_item, f"{MAIN}/references", {}, [(f"{MAIN}/references", "wrong_type")]),
    (an_item, f"{value_of('P12')}/time", "long ago", []),
    (an_item, f"{value_of('P13')}/amount", "+12", []),
    (an_item, "/claims/P14/0/mainsnak/datavalue/type", GONE, [("/claims/P14/0/mainsnak/datavalue", "missing_field")]),
    (a_property, "/datatype", GONE, []),
    (a_lexeme, "/lemmas", [], []),
    (a_lexeme, "/forms/0/claims", [], []),
    (a_lexeme, "/forms/0/id", GONE, [("/forms/0", "missing_field")]),
    (a_lexeme, "/forms/0/id", "L2-F1", [("/forms/0/id", "foreign_part_id")]),
    (a_lexeme, "/forms/1/id", "L1-F1", [("/forms/1/id", "duplicate_part_id")]),
]  # fmt: skip


def told(found: Any) -> list[tuple[str, str]]:
    return sorted((fault.pointer, fault.code) for fault in found)


@pytest.mark.parametrize(("build", "pointer", "value", "expected"), STRICT)
def test_an_edit_is_told_exactly_what_is_wrong(
    build: Callable[[], Any], pointer: str, value: Any, expected: list[tuple[str, str]]
) -> None:
    """W10: every fault with its JSON pointer and code."""
    assert told(faults(changed(build(), (pointer, value)), Level.STRICT)) == sorted(expected)


@pytest.mark.parametrize(("build", "pointer", "value", "expected"), LENIENT)
def test_an_import_is_told_only_what_storage_could_not_bear(
    build: Callable[[], Any], pointer: str, value: Any, expected: list[tuple[str, str]]
) -> None:
    """W10, S9."""
    assert told(faults(changed(build(), (pointer, value)), Level.LENIENT)) == sorted(expected)


def test_an_id_of_another_entity_makes_its_statements_foreign() -> None:
    """S7: the entity id is checked against what hangs on it."""
    found = faults({**an_item(), "id": "Q43"}, Level.STRICT)
    assert {fault.code for fault in found} == {"foreign_statement_id"}
    assert len(found) == 17


def test_an_entity_without_id_is_valid_as_a_creation() -> None:
    """W10: who creates gets an id; statement ids are then not compared with it."""
    assert faults(changed(an_item(), ("/id", GONE)), Level.STRICT) == ()


def test_a_creation_may_leave_ids_of_forms_and_senses_open() -> None:
    """W10."""
    lexeme = changed(
        a_lexeme(), ("/id", GONE), ("/forms/0/id", GONE), ("/forms/1/id", GONE), ("/senses/0/id", GONE)
    )
    assert faults(lexeme, Level.STRICT) == ()


def test_a_string_without_data_type_is_held_to_the_widest_limit() -> None:
    """W10."""
    item = changed(an_item(), ("/claims/P6/0/mainsnak/datatype", GONE), (value_of("P6"), "x" * 501))
    assert told(faults(item, Level.STRICT)) == [(value_of("P6"), "value_too_long")]


def test_all_faults_are_told_at_once() -> None:
    """W10: full explanation, of schema and rules together."""
    item = changed(
        an_item(),
        ("/labels/en/value", 1),
        ("/descriptions/mul", {"language": "mul", "value": "x"}),
        (f"{MAIN}/rank", "best"),
        (f"{MAIN}/qualifiers-order", []),
        (f"{value_of('P13')}/amount", "+12"),
    )
    assert told(faults(item, Level.STRICT)) == [
        (value_of("P13"), "quantity_bounds"),
        (f"{MAIN}/qualifiers-order", "order_mismatch"),
        (f"{MAIN}/rank", "invalid_value"),
        ("/descriptions/mul", "invalid_key"),
        ("/labels/en/value", "wrong_type"),
    ]


def test_each_absent_field_is_named_in_its_own_fault() -> None:
    """W10: the context of missing_field is the field."""
    lexeme = changed(a_lexeme(), ("/lemmas", GONE), ("/language", GONE))
    assert [fault.context for fault in faults(lexeme, Level.STRICT)] == [
        {"field": "lemmas"},
        {"field": "language"},
    ]


def test_a_limit_is_told_with_the_fault() -> None:
    """W10: the context of value_too_long is the limit, as in Wikibase's REST API."""
    (fault,) = faults(changed(an_item(), ("/labels/en/value", "x" * 251)), Level.STRICT)
    assert fault.context == {"limit": 250}


@pytest.mark.parametrize("level", Level)
def test_the_shapes_of_other_serializations_get_one_fault(level: Level) -> None:
    """W10: nobody is helped by a hundred faults of a format that is not ours."""
    legacy = {
        "label": {"en": "x"},
        "description": [],
        "links": [],
        "entity": ["item", 1],
        "claims": [{"m": []}],
    }
    rest = {
        "type": "item",
        "id": "Q1",
        "labels": {"en": "x"},
        "statements": {"P1": [{"property": {"id": "P1"}}]},
    }
    mediainfo = {"type": "mediainfo", "id": "M1", "labels": [], "statements": []}
    assert told(faults(legacy, level)) == [("", "legacy_serialization")]
    assert told(faults(rest, level)) == [("", "rest_serialization")]
    assert told(faults(mediainfo, level)) == [("/type", "unsupported_entity_type")]


def test_a_redirect_is_not_taken_for_the_old_serialization() -> None:
    """W10."""
    assert ("", "missing_field") in told(faults({"entity": "Q1", "redirect": "Q2"}, Level.LENIENT))


def test_a_statement_by_itself_is_told_its_faults_below_its_pointer() -> None:
    """W10: fine-grained edits."""
    main = snak("P31", "wikibase-item", "wikibase-entityid", entity_value("item", "Q5", 6))
    statement = {"mainsnak": main, "id": f"Q1${UUID}", "rank": 1}
    assert told(statement_faults(statement, "/statement", Level.STRICT, subject="Q42")) == [
        ("/statement/id", "foreign_statement_id"),
        ("/statement/mainsnak/datavalue/value/numeric-id", "numeric_id_mismatch"),
        ("/statement/rank", "invalid_value"),
    ]
    assert told(statement_faults(None, "/statement", Level.LENIENT, subject=None)) == [
        ("/statement", "wrong_type")
    ]


def test_a_valid_statement_by_itself_has_no_faults() -> None:
    """W10."""
    for group in an_item()["claims"].values():
        assert statement_faults(group[0], "/x", Level.STRICT, subject="Q42") == ()


def test_every_code_told_is_documented() -> None:
    """W10: codes are an interface."""
    expected = {code for _, _, _, codes in (*STRICT, *LENIENT) for _, code in codes}
    assert expected < set(CODES)


@pytest.mark.parametrize("kind", sorted(SPECIMENS))
def test_validation_leaves_its_input_alone(kind: str) -> None:
    """W10: derived fields are ignored, not removed."""
    entity = SPECIMENS[kind]()
    before = copy.deepcopy(entity)
    faults(entity, Level.STRICT)
    assert entity == before
