"""One verdict: the quick library and the explaining one must agree on every input, at both levels (W10)."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest

import schemas
from storage.canonical import canonical
from storage.validation import Level, faults
from storage.validation_entity import entity_faults
from storage.validation_schema import SCHEMA_VERSION, EntitySchema
from storage.validation_text import step
from tests.validation.specimens import (
    REAL,
    a_lexeme,
    a_property,
    a_small_item,
    an_entity_schema,
    damaged,
    pointers,
    real_entities,
)

MUTATIONS = 5500
SEED = 20260101


@cache
def schema(level: Level) -> EntitySchema:
    return EntitySchema(schemas.load(f"entity/{SCHEMA_VERSION}/{level.value}.json"))


def disagreements(entities: Iterable[Any]) -> list[tuple[Level, Any]]:
    """The entities on which the two libraries, or they and `faults`, do not agree."""
    found = []
    for entity in entities:
        for level in Level:
            quick = schema(level).accepts("entity", entity)
            slow = next(schema(level).errors("entity", entity, skip_accepted=False), None) is None
            ruled = not list(entity_faults(entity, strict=level is Level.STRICT))
            if quick != slow or (not faults(entity, level)) != (quick and ruled):
                found.append((level, entity))
    return found


def mutations(number: int = MUTATIONS) -> Iterable[Any]:
    dice = random.Random(SEED)
    others = [a_property(), a_lexeme(), an_entity_schema()]
    for _ in range(number):
        yield damaged(dice.choice((a_small_item(dice), *others)), dice)


def test_both_libraries_and_faults_agree_on_damaged_entities() -> None:
    """W10: a differential test over at least 5,000 mutated entities."""
    assert disagreements(mutations()) == []


def test_skipping_what_the_quick_library_accepts_loses_no_error() -> None:
    """W10: every fault is told."""
    errors_seen = 0
    for entity in mutations(500):
        for level in Level:
            skipping, full = (
                [(error.absolute_path, error.absolute_schema_path) for error in errors]
                for errors in (
                    schema(level).errors("entity", entity),
                    schema(level).errors("entity", entity, skip_accepted=False),
                )
            )
            assert skipping == full
            errors_seen += len(full)
    assert errors_seen > 500


def test_damage_is_refused_and_let_through_often_enough_to_mean_something() -> None:
    """W10."""
    for level in Level:
        refused = sum(bool(faults(entity, level)) for entity in mutations(500))
        assert 100 < refused < 490


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared data is not here")
def test_both_libraries_and_faults_agree_on_real_entities() -> None:
    """W10. Of the largest, which take the slow library most of a second each, one in sixteen."""
    largest = itertools.count()
    entities = [
        entity for _, entity in real_entities() if len(canonical(entity)) < 30_000 or next(largest) % 16 == 0
    ]
    assert len(entities) > 1000
    assert disagreements(entities) == []


def test_each_fault_points_at_a_node_of_the_entity() -> None:
    """W10: a pointer leads to what is wrong."""
    lost = []
    for entity in mutations(1500):
        nodes = set(pointers(entity))
        lost += [fault for level in Level for fault in faults(entity, level) if fault.pointer not in nodes]
    assert lost == []


def test_no_fault_is_told_twice() -> None:
    """W10."""
    for entity in mutations(1500):
        for level in Level:
            told = [
                (fault.pointer, fault.code, fault.context.get("field")) for fault in faults(entity, level)
            ]
            assert len(told) == len(set(told))


def test_a_pointer_step_escapes_tilde_and_slash() -> None:
    """W10: RFC 6901."""
    assert step("/labels", "a/b~c") == "/labels/a~1b~0c"
