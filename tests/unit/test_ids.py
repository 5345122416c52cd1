"""Entity ids: their normal form, their kinds, and what belongs to whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.ids import (
    FLOORS,
    MAX_NUMBER,
    EntityId,
    EntityType,
    NotAnEntityId,
    entity_id,
    external,
    id_of,
    internal,
    owner,
    type_of,
)

IDS = st.builds(id_of, st.sampled_from(EntityType), st.integers(1, MAX_NUMBER))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Q42", "Q42"),
        ("q42", "Q42"),
        ("p31", "P31"),
        ("l1", "L1"),
        ("e10", "E10"),
        ("Q1", "Q1"),
        ("Q2147483647", "Q2147483647"),
    ],
)
def test_an_id_is_given_in_its_normal_form(text: str, normal: str) -> None:
    assert entity_id(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Q",
        "42",
        "Q0",
        "Q042",
        "Q2147483648",
        "Q99999999999",
        "Q-1",
        "Q+1",
        "Q1.0",
        "Q42\n",
        " Q42",
        "Q 42",
        "X42",
        "M42",
        "QQ42",
        "L1-F1",
        "L1-S1",
        "Q42$1",
        "wikidata:Q42",
        "Property:P31",
        "Q４２",
        "Q٤٢",
        "Ｑ42",
        "http://www.wikidata.org/entity/Q42",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(NotAnEntityId):
        entity_id(text)


@given(st.text())
def test_any_text_is_an_id_in_normal_form_or_refused(text: str) -> None:
    """Never another exception."""
    try:
        found = entity_id(text)
    except NotAnEntityId:
        return
    assert entity_id(found) == found == text.upper()


@pytest.mark.parametrize(
    ("entity", "kind"),
    [
        ("Q1", EntityType.ITEM),
        ("P1", EntityType.PROPERTY),
        ("L1", EntityType.LEXEME),
        ("E1", EntityType.ENTITY_SCHEMA),
    ],
)
def test_the_letter_tells_the_kind(entity: str, kind: EntityType) -> None:
    assert type_of(entity_id(entity)) is kind
    assert id_of(kind, 1) == entity


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("L1-F2", "L1"),
        ("L1-S12", "L1"),
        ("L1", "L1"),
        ("q42", "Q42"),
        ("L0-F1", None),
        ("L1-F0", None),
        ("L2147483648-F1", None),
        ("L1-X1", None),
        ("Q1-F1", None),
        ("L1-F1-F1", None),
        ("M5", None),
        ("wikidata:Q42", None),
        ("", None),
    ],
)
def test_a_form_or_sense_belongs_to_its_lexeme(text: str, whose: str | None) -> None:
    assert owner(text) == whose


@given(IDS)
def test_a_number_of_the_metadata_store_names_its_entity(entity: EntityId) -> None:
    """S10."""
    assert external(internal(entity)) == entity


@given(IDS)
def test_a_number_of_the_metadata_store_is_a_positive_bigint(entity: EntityId) -> None:
    """S10: on every engine."""
    assert 0 < internal(entity) < 2**63


@pytest.mark.parametrize(
    ("entity", "number"),
    [("Q42", 4294967338), ("P31", 8589934623), ("L1", 12884901889), ("E10", 17179869194)],
)
def test_numbers_of_the_metadata_store_are_these(entity: str, number: int) -> None:
    """S10: they are stored, hence fixed for ever."""
    assert internal(entity_id(entity)) == number


def test_new_ids_begin_above_what_wikidata_has_given_out() -> None:
    """W2."""
    assert FLOORS == {
        EntityType.ITEM: 300_000_000,
        EntityType.PROPERTY: 30_000,
        EntityType.LEXEME: 5_000_000,
        EntityType.ENTITY_SCHEMA: 50_000,
    }
