"""The schemas themselves: well formed, and written so that both libraries read them alike (W10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import schemas
from storage.validation import CODES, Level
from storage.validation_entity import description_languages, term_languages
from storage.validation_schema import _CODES
from storage.validation_statement import text_languages

LEVELS = [level.value for level in Level]


def schema(level: str) -> Any:
    return schemas.load(f"entity/1.0.0/{level}.json")


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for child in value:
            yield from nodes(child)


@pytest.mark.parametrize("level", LEVELS)
def test_a_schema_is_valid_and_named(level: str) -> None:
    """W10: versioned JSON Schemas."""
    Draft202012Validator.check_schema(schema(level))
    assert schema(level)["$id"] == f"wikibase-graph:entity/1.0.0/{level}"


@pytest.mark.parametrize("level", LEVELS)
def test_patterns_mean_the_same_in_every_dialect(level: str) -> None:
    """W10: no class that is Unicode here and ASCII there, no look-around, `$` at the end only."""
    patterns = [node["pattern"] for node in nodes(schema(level)) if isinstance(node.get("pattern"), str)]
    assert len(patterns) > 5
    for pattern in patterns:
        assert not any(token in pattern for token in (r"\d", r"\w", r"\s", r"\b", "(?=", "(?!", "(?<"))
        assert "$" not in pattern[:-1].replace(r"\$", "").replace("^$|", "")


@pytest.mark.parametrize("level", LEVELS)
def test_each_definition_is_used_and_none_contains_itself(level: str) -> None:
    """W10."""
    definitions = schema(level)["$defs"]
    used = {node["$ref"].removeprefix("#/$defs/") for node in nodes(schema(level)) if "$ref" in node}
    assert used == set(definitions)

    def within(name: str, above: tuple[str, ...]) -> None:
        assert name not in above
        for node in nodes(definitions[name]):
            if "$ref" in node:
                within(node["$ref"].removeprefix("#/$defs/"), (*above, name))

    for name in definitions:
        within(name, ())


@pytest.mark.parametrize("level", LEVELS)
def test_each_code_that_a_schema_names_is_documented(level: str) -> None:
    """W10."""
    named = {code for node in nodes(schema(level)) for code in node.get("x-fault", {}).values()}
    assert named | set(_CODES.values()) <= set(CODES)


def test_languages_are_those_of_wikibase() -> None:
    """W10: `mul` is no language of descriptions; the special codes are for monolingual text."""
    assert len(term_languages()) > 600
    assert {"en", "mul", "zh-hant", "be-tarask"} <= term_languages()
    assert term_languages() - description_languages() == {"mul"}
    assert {"und", "mis", "zxx", "mul", "en"} <= text_languages()
    assert text_languages().isdisjoint({"simple", "de-formal"})


def test_a_file_that_is_not_packaged_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        schemas.load("entity/0.0.0/strict.json")
