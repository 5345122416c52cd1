"""Values that are parsed JSON but hardly writable: nothing raises, each is refused for what it is (W10)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from storage.canonical import NotCanonical, canonical
from storage.validation import Level, faults, statement_faults
from storage.validation_text import MAX_DEPTH
from tests.validation.specimens import ODDITIES, an_item


def told(value: Any) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults(value, Level.LENIENT)]


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_a_lone_surrogate_is_refused_wherever_it_hides() -> None:
    """W10."""
    item = {**an_item(), "x": ["\ud800"], "\udfff/": 1}
    assert told(item) == [("/\ufffd~1", "invalid_unicode"), ("/x/0", "invalid_unicode")]


def test_a_fault_can_be_written_as_json_whatever_the_input() -> None:
    """W10: pointers and contexts carry parts of the input."""
    item = {**an_item(), "\udfff": 1, "labels": {"\ud800": {"language": "\ud800", "value": "\ud800"}}}
    for level in Level:
        for fault in faults(item, level):
            assert orjson.dumps([fault.pointer, fault.code, fault.message, dict(fault.context)])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_even_where_nobody_looks(number: float) -> None:
    """W10."""
    assert told({**an_item(), "x": {"y": [None, number]}}) == [("/x/y/1", "not_finite")]


def test_nulls_are_not_taken_for_what_is_not_finite() -> None:
    """W10."""
    assert told({**an_item(), "x": [None, 0.1, -0.0, 1e300, 2**63, 2**70]}) == []


def test_an_integer_beyond_64_bits_is_refused_where_a_string_belongs() -> None:
    """W10."""
    assert told({**an_item(), "id": 10**30}) == [("/id", "wrong_type")]


def test_an_integer_of_thousands_of_digits_is_refused() -> None:
    """W10: nothing could write it."""
    assert told({**an_item(), "x": [10**5000]}) == [("/x/0", "number_too_large")]


def test_nesting_is_borne_to_its_limit_and_no_further() -> None:
    """W10."""
    assert told({**an_item(), "x": nested(MAX_DEPTH - 1)}) == []
    assert told({**an_item(), "x": nested(MAX_DEPTH)}) == [("", "nested_too_deeply")]
    assert told(nested(100_000)) == [("", "nested_too_deeply")]


def test_what_is_accepted_has_canonical_bytes() -> None:
    """W10, T1."""
    for extra in (nested(MAX_DEPTH - 1), 10**1000, "\ud83d\ude00", "\ud800", float("nan"), 10**5000):
        item = {**an_item(), "x": extra}
        if not told(item):
            assert canonical(item)
        elif not isinstance(extra, list):
            with pytest.raises(NotCanonical):
                canonical(item)


@pytest.mark.parametrize("level", Level)
def test_no_json_value_raises(level: Level) -> None:
    """W10: faults are told, never thrown."""
    for value in (*ODDITIES, float("nan"), "\ud800", nested(300), 10**5000):
        assert faults(value, level)
        assert statement_faults(value, "", level, subject="Q42")
