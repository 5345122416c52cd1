"""Real entities, as Wikibase wrote them between 2014 and 2026."""

from __future__ import annotations

import pytest

from storage.validation import Level, faults
from tests.validation.specimens import REAL, SPECIMENS, real_entities

SHAPES_OF_OLD = {"missing_field", "wrong_type", "unknown_field"}
RULES_OF_LATE = {"label_description_same_value", "invalid_value", "value_too_long"}

needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the shared data is not here")


@pytest.mark.parametrize("kind", sorted(SPECIMENS))
@pytest.mark.parametrize("level", Level)
def test_a_valid_entity_of_each_type_has_no_faults(kind: str, level: Level) -> None:
    """W10."""
    assert faults(SPECIMENS[kind](), level) == ()


@needs_real
def test_every_real_entity_can_be_imported() -> None:
    """W10, S9: lenient where real data is odd."""
    refused = [(path, entity["id"], faults(entity, Level.LENIENT)[:3]) for path, entity in real_entities()]
    assert len(refused) > 1000
    assert [refusal for refusal in refused if refusal[2]] == []


@needs_real
def test_strict_rules_refuse_a_real_entity_only_for_old_shapes_and_late_rules() -> None:
    """W10: strict is as strict as Wikibase, not stricter; what Wikibase holds mostly passes.

    The old shapes: `[]` for an empty object, entity values with nothing but a numeric id, coordinates without
    precision, `allSnaks`. The late rules: a few texts older than the rule, or longer than Wikibase's default.
    """
    refusals = [found for _, entity in real_entities() if (found := faults(entity, Level.STRICT))]
    late = [found for found in refusals if {fault.code for fault in found} & RULES_OF_LATE]
    assert {fault.code for found in refusals for fault in found} <= SHAPES_OF_OLD | RULES_OF_LATE
    assert 0 < len(late) < 25
