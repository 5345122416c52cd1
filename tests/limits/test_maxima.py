"""Each maximum: what is just allowed, what is one beyond, and what is told of that (O3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pytest

from graph.documents import MAX_ERRORS, MAX_MESSAGE, NotExecutable, Rules, prepare, weighed
from graph.limits.maxima import WORDS, Maxima
from tests.limits.documents import chained

NONE = dict.fromkeys(Maxima.__slots__, 0)


@dataclass(frozen=True)
class Case:
    """A document whose measure is `measure`, told at this line and column."""

    text: str
    measure: int
    where: tuple[int, int] | None = (1, 1)
    variables: Mapping[str, Any] = field(default_factory=dict)
    is_counted: bool = True
    """Whether the measure is known; of what is given up at the maximum, it is only known to be greater."""


CASES = {
    "query_length": Case("{__typename}", 12, None),
    "tokens": Case("{__typename}", 3, None, is_counted=False),
    "comparisons": Case("{__typename __typename}", 2, (1, 1), is_counted=False),
    "depth": Case('{entity(id: "Q1") {revision {summary}}}', 3, (1, 30)),
    "fields": Case("{...F} fragment F on Query {a: __typename b: __typename}", 2),
    "root_fields": Case("{... {a: __typename} ...F} fragment F on Query {b: __typename}", 2),
    "aliases": Case("{...F ...F} fragment F on Query {a: __typename}", 2),
    "directives": Case("{...F @skip(if: false)} fragment F on Query {__typename @include(if: true)}", 2),
    "list_length": Case("query ($i: [EntityId!]!) {entities(ids: $i) {id}}", 4, (1, 36), {"i": ["Q1"] * 4}),
    "page_size": Case("{revisions(first: 9) {nodes {summary}}}", 9, (1, 12)),
    "cost": Case('{entity(id: "Q1") {id}}', 4),
}


def refused(case: Case, maxima: Maxima) -> list[dict[str, Any]]:
    """The errors of a document; empty if it may run."""
    rules = Rules(maxima)
    try:
        weighed(prepare(case.text, None, rules), case.variables, rules)
    except NotExecutable as refusal:
        return [dict(error.formatted) for error in refusal.errors]
    return []


def test_each_maximum_has_a_case_and_its_words() -> None:
    assert set(CASES) == set(WORDS) == {one.name for one in fields(Maxima)}


@pytest.mark.parametrize("name", CASES)
def test_at_the_maximum_a_document_runs(name: str) -> None:
    assert refused(CASES[name], Maxima(**{**NONE, name: CASES[name].measure})) == []


@pytest.mark.parametrize("name", CASES)
def test_one_beyond_is_refused_with_limit_measure_maximum_and_where(name: str) -> None:
    case = CASES[name]
    (error,) = refused(case, Maxima(**{**NONE, name: case.measure - 1}))
    assert error["extensions"] == {
        "code": "limit_exceeded",
        "retryable": False,
        "limit": f"MAX_{name.upper()}",
        "measure": case.measure,
        "maximum": case.measure - 1,
    }
    assert str(case.measure - 1) in error["message"]
    assert str(case.measure) in error["message"] or not case.is_counted
    found = [(one["line"], one["column"]) for one in error.get("locations", ())]
    assert found == ([case.where] if case.where else [])


@pytest.mark.parametrize("name", CASES)
def test_zero_is_no_maximum(name: str) -> None:
    assert refused(CASES[name], Maxima(**NONE)) == []


def test_all_that_a_document_is_beyond_is_told_at_once() -> None:
    case = Case(chained(30), 0)
    told = [error["extensions"]["limit"] for error in refused(case, Maxima())]
    assert told == ["MAX_FIELDS", "MAX_ROOT_FIELDS", "MAX_ALIASES"]


def test_all_that_variables_are_beyond_is_told_at_once() -> None:
    text = (
        "query ($i: [EntityId!]!, $n: Int!) {entities(ids: $i) {history(first: $n) {nodes {entity {json}}}}}"
    )
    case = Case(text, 0, variables={"i": ["Q1"] * 501, "n": 502})
    told = [
        (error["extensions"]["limit"], error["extensions"]["measure"]) for error in refused(case, Maxima())
    ]
    assert told[:2] == [("MAX_LIST_LENGTH", 501), ("MAX_PAGE_SIZE", 502)]
    assert told[2][0] == "MAX_COST"


def test_of_several_lists_the_longest_is_told() -> None:
    text = '{a: entities(ids: ["Q1", "Q2"]) {id} b: entities(ids: ["Q1", "Q2", "Q3"]) {id}}'
    (error,) = refused(Case(text, 0), Maxima(**{**NONE, "list_length": 1}))
    assert error["extensions"]["measure"] == 3
    assert error["message"].startswith("`ids` has 3 entries")


def test_a_list_within_an_input_is_measured_and_json_is_not() -> None:
    text = "mutation ($i: CreateRedirectsInput!) {createRedirects(input: $i) {__typename}}"
    pairs = [{"source": "Q1", "target": "Q2"}] * 3
    (error,) = refused(
        Case(text, 0, variables={"i": {"redirects": pairs}}), Maxima(**{**NONE, "list_length": 2})
    )
    assert error["message"].startswith("`input.redirects` has 3 entries")
    text = "mutation ($e: Json!) {createEntity(input: {entity: $e}) {__typename}}"
    assert (
        refused(Case(text, 0, variables={"e": {"x": [1, 2, 3]}}), Maxima(**{**NONE, "list_length": 2})) == []
    )


def test_what_is_too_great_is_not_validated() -> None:
    """Validation takes longer than measuring: what may not run is not worth it."""
    (error,) = refused(Case("{nothing {nothing}}", 0), Maxima(**{**NONE, "depth": 1}))
    assert error["extensions"]["code"] == "limit_exceeded"


def test_a_document_of_many_faults_is_told_a_few_in_few_words() -> None:
    """Each error may say as much as the document does."""
    text = (
        "query "
        + "x" * 5_000
        + " {"
        + " ".join(f"a{one}: nothing" for one in range(40))
        + " entity(id: $v) {id}}"
    )
    errors = refused(Case(text, 0), Maxima())
    assert len(errors) == MAX_ERRORS + 1
    assert all(len(error["message"]) <= MAX_MESSAGE + 3 for error in errors)
    assert {error["extensions"]["code"] for error in errors} == {"invalid_query"}
    (error,) = refused(Case("query " + "x" * 5_000 + " {entity(id: $v) {id}}", 0), Maxima())
    assert len(error["message"]) == MAX_MESSAGE + 3


@pytest.mark.parametrize("selection", ["__schema {types {name}}", '__type(name: "Item") {name}'])
def test_without_introspection_the_schema_is_not_told(selection: str) -> None:
    rules = Rules(introspection=False)
    with pytest.raises(NotExecutable) as refusal:
        prepare(f"{{{selection}}}", None, rules)
    codes = {(error.extensions or {})["code"] for error in refusal.value.errors}
    assert codes == {"introspection_off"}
    prepare('{__typename entity(id: "Q1") {__typename}}', None, rules)


@pytest.mark.parametrize("suggestions", [True, False])
def test_errors_name_what_may_be_meant_or_do_not(suggestions: bool) -> None:
    with pytest.raises(NotExecutable) as refusal:
        prepare('{entiti(id: "Q1") {id}}', None, Rules(suggestions=suggestions))
    assert ("Did you mean" in refusal.value.errors[0].message) is suggestions
