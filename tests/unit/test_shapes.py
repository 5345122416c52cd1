"""The type of a value that names an entity is the same, however it names it."""

from __future__ import annotations

import pytest

from graph.shapes import UNKNOWN, linked, value_type

LETTERS = {"item": "Q", "property": "P", "lexeme": "L", "entity-schema": "E", "mediainfo": "M"}


def snak(**value: object) -> dict[str, object]:
    """A snak of an entity value."""
    return {"snaktype": "value", "datavalue": {"type": "wikibase-entityid", "value": value}}


@pytest.mark.parametrize("kind", LETTERS)
@pytest.mark.parametrize("number", [-1, 0, 1, 42, 2**40])
def test_a_number_has_the_type_of_its_id(kind: str, number: int) -> None:
    numbered = snak(**{"entity-type": kind, "numeric-id": number})
    spelled = snak(id=f"{LETTERS[kind]}{number}")
    assert (value_type(numbered), linked(numbered)) == (value_type(spelled), linked(spelled))


def test_an_id_is_more_than_a_number() -> None:
    form = snak(**{"entity-type": "form", "id": "L1-F1", "numeric-id": 1})
    other = snak(**{"entity-type": "item", "id": "P1", "numeric-id": 1})
    assert (value_type(form), value_type(other)) == ("FormValue", "PropertyValue")


@pytest.mark.parametrize(
    "value",
    [
        {"entity-type": "item", "numeric-id": True},
        {"entity-type": "item", "numeric-id": 1.0},
        {"entity-type": "item", "numeric-id": "1"},
        {"entity-type": ["item"], "numeric-id": 1},
        {"entity-type": "other", "numeric-id": 1},
        {"numeric-id": 1},
        {"entity-type": "item"},
        {"entity-type": "item", "numeric-id": None, "id": None},
    ],
)
def test_what_names_nothing_is_unknown(value: dict[str, object]) -> None:
    assert value_type(snak(**value)) == UNKNOWN
