"""Which entities a statement refers to, and where in it (Q4)."""

from __future__ import annotations

from typing import Any

import pytest

from storage.content import body_of
from storage.ids import EntityId, PropertyId
from storage.links import links, referred
from storage.model import MAINSNAK, QUALIFIER, REFERENCE, Link
from tests.builders import a_body, a_snak
from tests.real import entities, needs_real


def roles(**statement: Any) -> dict[str, int]:
    """The targets of a statement with their roles."""
    return {link.target: link.role for link in links(1, a_body("P31", **statement))}


def test_a_link_tells_statement_property_and_rank() -> None:
    [link] = links(7, a_body("P31", item="Q5", rank="preferred"))

    assert link == Link(EntityId("Q5"), 7, PropertyId("P31"), "preferred", MAINSNAK)


def test_a_statement_without_rank_has_the_normal_one() -> None:
    """Wikibase's default."""
    body = a_body("P31", item="Q5")
    del body.statement["rank"]

    assert [link.rank for link in links(1, body)] == ["normal"]


def test_main_snak_qualifiers_and_references_count() -> None:
    """Q4."""
    assert roles(
        item="Q1",
        qualifiers=[a_snak("P1", item="Q2"), a_snak("P2", item="Q3"), a_snak("P2", item="Q4")],
        references=[[a_snak("P3", item="Q5")], [a_snak("P3", item="Q6"), a_snak("P4", to_property="P7")]],
    ) == {
        "Q1": MAINSNAK,
        "Q2": QUALIFIER,
        "Q3": QUALIFIER,
        "Q4": QUALIFIER,
        "Q5": REFERENCE,
        "Q6": REFERENCE,
        "P7": REFERENCE,
    }


def test_roles_of_one_target_are_summed() -> None:
    """One link for each entity."""
    assert roles(
        item="Q1",
        qualifiers=[a_snak("P1", item="Q1"), a_snak("P2", item="Q1"), a_snak("P1", item="Q2")],
        references=[[a_snak("P3", item="Q1")], [a_snak("P3", item="Q2")]],
    ) == {"Q1": MAINSNAK | QUALIFIER | REFERENCE, "Q2": QUALIFIER | REFERENCE}


def entity_value(**value: Any) -> dict[str, Any]:
    return {"value": {"type": "wikibase-entityid", "value": value}}


@pytest.mark.parametrize(
    ("snak", "target"),
    [
        ({"item": "Q5"}, "Q5"),
        ({"to_property": "P5"}, "P5"),
        ({"lexeme": "L5"}, "L5"),
        ({"form": "L5-F1"}, "L5"),
        ({"sense": "L5-S1"}, "L5"),
        (entity_value(id="E5", **{"entity-type": "entity-schema"}), "E5"),
        (entity_value(id="q5"), "Q5"),
        (entity_value(**{"entity-type": "item", "numeric-id": 5}), "Q5"),
        (entity_value(**{"entity-type": "property", "numeric-id": 5}), "P5"),
        (entity_value(**{"entity-type": "lexeme", "numeric-id": 5}), "L5"),
        (entity_value(**{"entity-type": "item", "numeric-id": "5"}), "Q5"),
    ],
)
def test_an_entity_value_names_its_entity(snak: dict[str, Any], target: str) -> None:
    """In every spelling: older JSON has numeric ids alone."""
    assert roles(**snak) == {target: MAINSNAK}


@pytest.mark.parametrize(
    "snak",
    [
        {"string": "Q5"},
        {"external_id": "Q5"},
        {"url": "http://www.wikidata.org/entity/Q5"},
        {"snaktype": "somevalue"},
        {"snaktype": "novalue"},
        {"quantity": "+1"},
        {
            "value": {
                "type": "quantity",
                "value": {"amount": "+1", "unit": "http://www.wikidata.org/entity/Q5"},
            }
        },
        {"time": "+2020-01-01T00:00:00Z"},
        {"monolingual": ("en", "Q5")},
        entity_value(id="M5", **{"entity-type": "mediainfo"}),
        entity_value(id="wikidata:Q5"),
        entity_value(id="Q0"),
        entity_value(id="Q5\n"),
        entity_value(id=5),
        entity_value(**{"entity-type": "mediainfo", "numeric-id": 5}),
        entity_value(**{"entity-type": "form", "numeric-id": 5}),
        entity_value(**{"entity-type": "item", "numeric-id": 0}),
        entity_value(**{"entity-type": "item", "numeric-id": None}),
        entity_value(**{"entity-type": "item", "numeric-id": "x"}),
        entity_value(**{"entity-type": "item", "numeric-id": 1e300}),
        entity_value(**{"entity-type": [], "numeric-id": 5}),
        entity_value(**{"entity-type": "item"}),
        entity_value(),
        {"value": {"type": "wikibase-entityid", "value": "Q5"}},
        {"value": {"type": "wikibase-entityid", "value": None}},
        {"value": {"type": "wikibase-entityid"}},
        {"value": "Q5"},
    ],
)
def test_what_names_no_entity_that_lives_here_is_no_link(snak: dict[str, Any]) -> None:
    """Units and other texts, no value, foreign types, broken values."""
    assert referred(a_snak("P31", **snak)) is None


@pytest.mark.parametrize("empty", [[], {}])
def test_empty_qualifiers_and_references_are_no_links(empty: Any) -> None:
    body = a_body("P31", item="Q5")
    body.statement.update({"qualifiers": empty, "references": [{"snaks": empty}]})

    assert [link.target for link in links(1, body)] == ["Q5"]


@needs_real
def test_every_entity_value_of_real_statements_is_a_link_or_foreign() -> None:
    """Q4: counted on real data, in whatever spelling."""
    missed = set()
    for _, entity in entities():
        for group in (entity.get("claims") or {}).values():
            for statement in group:
                snak = statement["mainsnak"]
                is_entity = snak.get("datavalue", {}).get("type") == "wikibase-entityid"
                found = [link for link in links(1, body_of(statement)) if link.role & MAINSNAK]
                if is_entity != bool(found):
                    missed.add(str(snak["datavalue"]["value"]))
    assert missed == set()
