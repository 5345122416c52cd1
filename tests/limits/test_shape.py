"""How deep an operation goes, and how much there is of it, with all fragments expanded (O3)."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from hypothesis import given
from hypothesis import strategies as st

from graph.limits.maxima import CEILING
from graph.limits.shape import Shape, shape_of
from tests.limits.documents import chained
from tests.limits.expanding import expanded, measures


def shape(text: str) -> Shape:
    document = parse(text)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return shape_of(document, operation)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{a}", (1, 1, 0, 0, 1)),
        ("{a {b {c}} d}", (4, 2, 0, 0, 3)),
        ("{x: a {y: b}}", (2, 1, 2, 0, 2)),
        ("query ($v: Int @d) @d {a @d ... @d {b @d}}", (2, 2, 0, 5, 1)),
        ("{...F a} fragment F on Q @d {b {c}}", (3, 2, 0, 1, 2)),
        ("{a {...F}} fragment F on Q {b {c}}", (3, 1, 0, 0, 3)),
        ("{a {...F ...F}} fragment F on Q {x: b}", (3, 1, 2, 0, 2)),
        ("{... on Q {... on Q {a}}}", (1, 1, 0, 0, 1)),
        ("{...Missing a}", (1, 1, 0, 0, 1)),
        ("{...F} fragment F on Q {a ...F}", (1, 1, 0, 0, 1)),
        ("{...F} fragment F on Q {a ...G} fragment G on Q {b ...F}", (2, 2, 0, 0, 1)),
    ],
)
def test_what_is_spread_counts_as_if_it_stood_there(text: str, told: tuple[int, ...]) -> None:
    assert measures(shape(text)) == told


def _selections(depth: int, fragments: list[str]) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["a", "x: b", "c @d", *(f"...{one}" for one in fragments)])
    if depth == 0:
        return leaf
    inner = st.lists(_selections(depth - 1, fragments), min_size=1, max_size=3).map(" ".join)
    return st.one_of(
        leaf, inner.map(lambda text: f"e {{{text}}}"), inner.map(lambda text: f"... @d {{{text}}}")
    )


@st.composite
def documents(draw: Any) -> str:
    """An operation with up to four fragments, each of which spreads those that come after it."""
    names = [f"F{one}" for one in range(draw(st.integers(0, 4)))]
    text = f"{{{draw(_selections(3, names))}}}"
    for place, name in enumerate(names):
        text += f" fragment {name} on Q {{{draw(_selections(2, names[place + 1 :]))}}}"
    return text


@given(documents())
def test_the_shape_is_that_of_the_document_written_out(text: str) -> None:
    assert measures(shape(text)) == expanded(parse(text))


def test_a_chain_of_fragments_is_measured_once_each() -> None:
    """A thousand million fields, which limiters that expand never finish to count."""
    found = shape(chained(30))
    assert (found.fields, found.aliases) == (2**30, 2**30)
    assert found.visited < 150


def test_no_measure_is_told_greater_than_the_ceiling() -> None:
    assert shape(chained(400)).fields == CEILING


def test_a_chain_longer_than_pythons_stack_is_measured() -> None:
    assert shape(chained(3_000, times=1)).fields == 1


def test_the_deepest_field_is_where_the_depth_is() -> None:
    deepest = shape("{a {b} ...F} fragment F on Q {c {d {e}}}").deepest
    assert deepest is not None
    assert deepest.loc is not None
    assert deepest.loc.source.body[deepest.loc.start : deepest.loc.end] == "e"
