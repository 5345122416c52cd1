"""Operations that were prepared are kept by their text, name and rules, within a bound of bytes."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graph.documents import NotExecutable, Rules, prepare, weighed
from graph.kept import Kept, weight_of
from graph.limits.maxima import Maxima

TEXT = 'query A {entity(id: "Q1") {id}} query B {entity(id: "Q2") {id}}'
NO_END = Rules(Maxima())


def test_what_was_prepared_is_not_prepared_again() -> None:
    kept = Kept(2**20)
    first = prepare(TEXT, "A", kept=kept)
    assert prepare(TEXT, "A", kept=kept) is first
    assert (kept.hits, kept.misses) == (1, 1)


def test_the_name_and_the_rules_and_every_character_tell_operations_apart() -> None:
    kept = Kept(2**20)
    found = [
        prepare(TEXT, "A", kept=kept),
        prepare(TEXT, "B", kept=kept),
        prepare(TEXT, "A", Rules(suggestions=False), kept=kept),
        prepare(TEXT + " ", "A", kept=kept),
    ]
    assert len({id(one) for one in found}) == 4
    assert [one.name for one in found] == ["A", "B", "A", "A"]
    with pytest.raises(NotExecutable):
        prepare(TEXT, "A", Rules(Maxima(query_length=3)), kept=kept)


def test_what_is_refused_is_refused_each_time_and_not_kept() -> None:
    kept = Kept(2**20)
    for text in ("{", "{nothing}", "{entity}"):
        for _ in range(2):
            with pytest.raises(NotExecutable):
                prepare(text, None, kept=kept)
    assert (kept.hits, kept.bytes) == (0, 0)


def test_the_bound_holds_and_those_asked_last_stay() -> None:
    kept = Kept(30_000)
    often = "{__typename often: __typename}"
    for number in range(100):
        prepare(f"{{a{number}: __typename}}", None, kept=kept)
        prepare(often, None, kept=kept)
        assert kept.bytes <= 30_000
    assert kept.evictions > 80
    hits = kept.hits
    prepare(often, None, kept=kept)
    assert kept.hits == hits + 1


@pytest.mark.parametrize("bound", [0, 1000])
def test_what_has_no_room_is_not_kept(bound: int) -> None:
    kept = Kept(bound)
    for _ in range(2):
        prepare(TEXT, "A", kept=kept)
    assert (kept.hits, kept.misses, kept.bytes) == (0, 2, 0)


def test_the_weight_is_about_what_documents_take() -> None:
    kept = Kept(2**30)
    prepare("{warm: __typename}", None, NO_END, kept)
    texts = [
        "{" + " ".join(f'b{number}_{one}: entity(id: "Q1") {{id revisionId}}' for one in range(50)) + "}"
        for number in range(20)
    ]
    tracemalloc.start()
    before, reckoned = tracemalloc.get_traced_memory()[0], kept.bytes
    for text in texts:
        prepare(text, None, NO_END, kept)
    took = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert took / 1.5 < kept.bytes - reckoned < took * 1.5


def test_a_text_of_wide_characters_weighs_more() -> None:
    narrow = prepare('{entity(id: "Q1") {id}} #' + "x" * 1000, None)
    wide = prepare('{entity(id: "Q1") {id}} #' + "\U00010000" * 1000, None)
    texts = [one.document.loc.source.body for one in (narrow, wide) if one.document.loc is not None]
    assert weight_of(texts[1], wide.document) > weight_of(texts[0], narrow.document) + 5_000


def test_threads_may_prepare_at_once() -> None:
    kept = Kept(20_000)

    def ask(number: int) -> str | None:
        return prepare(f"query N{number % 30} {{__typename}}", None, kept=kept).name

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(600))) == [f"N{number % 30}" for number in range(600)]
    assert kept.bytes == sum(weight for _, weight in kept._kept.values()) <= 20_000


COSTLY = """query ($ids: [EntityId!]!, $first: Int = 5, $with: Boolean = true, $language: LanguageCode!) {
  entities(ids: $ids) {
    ... on LabelProvider {label(languageCode: $language)}
    history(first: $first) @include(if: $with) {nodes {revisionId}}
  }
}"""
GIVEN: list[dict[str, Any] | None] = [
    {"ids": ["Q1"], "language": "en"},
    {"ids": ["Q1", "Q2"], "language": "en"},
    {"ids": ["Q1"], "language": "de"},
    {"ids": ["Q1"], "language": "en", "first": 50},
    {"ids": ["Q1"], "language": "en", "first": None},
    {"ids": ["Q1"], "language": "en", "with": False},
    {"ids": ["Q1"], "language": "en", "with": False, "first": 50},
    {"ids": "Q1", "language": "en"},
    {"language": "en"},
    {},
    None,
]


def test_a_cost_that_is_kept_is_the_cost() -> None:
    operation = prepare(COSTLY, None, NO_END)
    for _ in range(2):
        for given in GIVEN:
            assert weighed(operation, given, NO_END) == weighed(
                prepare(COSTLY, None, NO_END), given, NO_END
            ), given


def test_variables_that_no_cost_depends_on_are_not_compared() -> None:
    operation = prepare(COSTLY, None, NO_END)
    weighed(operation, GIVEN[0], NO_END)
    kept = operation.costs._kept
    weighed(operation, GIVEN[2], NO_END)
    assert operation.costs._kept is kept
    assert "language" not in kept[0][1]


def test_what_is_beyond_a_maximum_is_refused_each_time() -> None:
    rules = Rules(Maxima(cost=1))
    operation = prepare(COSTLY, None, rules)
    for _ in range(2):
        with pytest.raises(NotExecutable):
            weighed(operation, {"ids": ["Q1"] * 50, "language": "en", "first": 500}, rules)
    with pytest.raises(NotExecutable):
        weighed(operation, {"ids": ["Q1"] * 50, "language": "en", "first": 500}, rules)
