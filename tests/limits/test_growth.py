"""The work of measuring and validating grows with the document and no faster: counted in lines that run, never timed.

Counted are the lines of Python that are executed, ours and the library's, which is the same on any machine.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, Token, parse

from graph.documents import NotExecutable, Rules, prepare, weighed
from graph.limits.cost import reckoned
from graph.limits.maxima import Maxima
from graph.limits.shape import shape_of
from graph.schema import schema
from tests.limits.documents import FAMILIES, chained

OPEN = Maxima(**dict.fromkeys(Maxima.__slots__, 0))
"""No maximum at all."""


@dataclass
class Work:
    """Lines that were executed."""

    lines: int = 0


@contextmanager
def counted() -> Iterator[Work]:
    work = Work()

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            work.lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield work
    finally:
        sys.settrace(before)


def lines(run: Callable[[], Any]) -> int:
    with counted() as work:
        try:
            run()
        except NotExecutable:
            pass
    return work.lines


def preparing(text: str, maxima: Maxima) -> int:
    """The lines from the text to the operation or the refusal, and to its cost."""

    def run() -> None:
        weighed(prepare(text, "O1" if "query O1 " in text else None, Rules(maxima)), {}, Rules(maxima))

    return lines(run)


@pytest.mark.parametrize("family", FAMILIES)
def test_twice_the_document_is_about_twice_the_work(family: str) -> None:
    """With no maximum but that of comparisons, which is what makes it so."""
    maxima = Maxima(**{**dict.fromkeys(Maxima.__slots__, 0), "comparisons": 2_000})
    make = FAMILIES[family]
    number = 12 if family == "fragments in circles" else 60
    small, large = make(number), make(2 * number)
    growth = preparing(large, maxima) / preparing(small, maxima)
    assert growth < 1.3 * len(large) / len(small)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_document_of_a_fifth_of_the_maxima_takes_more_than_a_million_lines(family: str) -> None:
    """The longest of the family. Since work grows with the document, all that are allowed take less than five times that.

    Five million lines are about half a second.
    """
    make, whole = FAMILIES[family], Maxima()
    maxima = replace(whole, tokens=whole.tokens // 5, comparisons=whole.comparisons // 5)
    numbers = range(1, 40 if family == "fragments in circles" else 1_200)
    # The first number that is too great, less one.
    number = bisect_left(numbers, True, key=lambda one: _tokens(make(one)) > maxima.tokens)
    assert len(make(number)) * 5 < maxima.query_length
    assert preparing(make(number), maxima) < 1_000_000


def test_the_librarys_own_rule_would_grow_with_the_square() -> None:
    """What the bound on comparisons is for: without it the test above fails."""
    make = FAMILIES["one field again and again"]
    assert preparing(make(240), OPEN) / preparing(make(120), OPEN) > 3


def test_a_chain_of_fragments_is_measured_in_its_length() -> None:
    found = []
    for number in (100, 200):
        document = parse(chained(number))
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        found.append(shape_of(document, operation).visited)
    assert found[1] < 2.1 * found[0]


def test_a_chain_of_fragments_is_reckoned_in_its_length() -> None:
    found = []
    for number in (40, 80):
        operation = prepare(chained(number), None, Rules(OPEN))
        fragments = {
            one.name.value: one
            for one in operation.document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        found.append(reckoned(schema._schema, operation.node, fragments, {}, OPEN).visited)
    assert found[1] < 2.1 * found[0]


def _tokens(text: str) -> int:
    document = parse(text)
    assert document.loc is not None
    token: Token | None = document.loc.start_token
    count = 0
    while token is not None:
        token, count = token.next, count + 1
    return count
