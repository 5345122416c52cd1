"""What the plan spares: nothing is compiled twice or looked for twice, no place is noted that nobody asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from threading import Thread
from types import FunctionType
from typing import Any

import graphql
import pytest
from graphql import parse
from graphql.execution.collect_fields import FieldDetails, FragmentDetails
from graphql.execution.values import VariableValues

from graph.plan import Binding, Lazy, Plain, Plans
from graph.plan.compiling import Compiled, Selections
from graph.plan.executor import Run
from tests.plan.zoo import A_DOG, ALL, AN_OWNER, Reads, binding, executed, schema


def told(**others: Any) -> Binding:
    """The zoo's binding, with an owner's `slow` at hand; others of its fields by their types."""
    known = binding(schema())
    fields = {**known.fields, "Owner": {**known.fields["Owner"], "slow": Plain((("key", "slow"),))}}
    return replace(
        known, fields={**fields, **{kind: {**fields[kind], **one} for kind, one in others.items()}}
    )


class Compiling:
    """The selections of a text's operation, and by how much they grew each time."""

    def __init__(self, text: str, known: Binding | None = None) -> None:
        self._binding = known or told()
        operation, *fragments = (definition for definition in parse(text).definitions)
        made: Any = operation
        self._nodes = made.selection_set.selections
        named: Any = {one.name.value: FragmentDetails(one) for one in fragments}  # type: ignore[attr-defined, arg-type]
        self.grown: list[int] = []
        self.selections = Selections(self._binding, made, named, VariableValues({}, {}), self.grow)

    def grow(self, by: int) -> None:
        self.grown.append(by)

    def of(self, number: int) -> Compiled | None:
        """The function of the values of the operation's field of this number."""
        node, query = self._nodes[number], self._binding.schema.query_type
        assert query is not None
        return self.selections.of(query.fields[node.name.value].type, [FieldDetails(node, None)])

    def answer(self, number: int, source: Any) -> Any:
        """What it gives for a source."""
        made, executor = self.of(number), None
        assert made is not None
        return made(source, Run(executor), None)  # type: ignore[arg-type]  # no arguments are asked for


LAZY_NAME = {"Dog": {"name": Lazy(Reads().far)}}
PLACES: dict[str, tuple[str, Any, bool]] = {
    "lazy below": ("{animals {... on Dog {owner {far}}}}", {}, True),
    "nothing lazy": ("{animals {... on Dog {name owner {id}}}}", {}, False),
    "arguments": ("{animals {... on Dog {tricks}}}", {}, False),
    "lazy on another type": ("{animals {... on Cat {name}}}", LAZY_NAME, False),
    "lazy on one of them": ("{animals {... on Named {name}}}", LAZY_NAME, True),
    "lazy in a fragment": ("{animals {...F}} fragment F on Dog {owner {far}}", {}, True),
    "lazy further below": ("{owner {pets {... on Dog {owner {far}}}}}", {}, True),
    "nothing lazy further below": ("{owner {pets {... on Dog {owner {id}}}}}", {}, False),
    "lazy beside": ("{owner {far pets {__typename}}}", {}, False),
}


@pytest.mark.parametrize(("text", "fields", "expected"), PLACES.values(), ids=PLACES)
def test_places_in_lists_are_noted_where_something_below_may_be_lazy(
    text: str, fields: Any, expected: bool
) -> None:
    compiled: Any = Compiling(text, told(**fields)).of(0)
    functions = [one for one in compiled.__globals__.values() if isinstance(one, FunctionType)]
    assert any("enumerate" in one.__code__.co_names for one in functions) == expected


def test_an_object_that_is_met_by_two_ways_is_compiled_once() -> None:
    compiling = Compiling("{a: owner {...F} b: owner {...F}} fragment F on Owner {pets {... on Dog {name}}}")
    for number in range(2):
        assert compiling.answer(number, {"pets": [A_DOG]}) == {"pets": [{"name": "Rex"}]}
    _, dog, _, again = compiling.grown
    assert dog > again == 0


def test_what_was_compiled_stays_when_another_can_not_be() -> None:
    compiling = Compiling(
        "{a: owner {...F} bad: owner {near ...F} b: owner {...F}} fragment F on Owner {slow {id}}"
    )
    assert [compiling.of(number) is None for number in range(3)] == [False, True, False]
    first, second = compiling.grown
    assert second < first * 0.75


@pytest.mark.parametrize(
    "bad", ["owner {slow {id sure} near}", "named {... on Dog {owner {id sure} secret}}"]
)
def test_what_can_not_be_compiled_weighs_nothing(bad: str) -> None:
    alone = Compiling("{owner {id}}")
    alone.of(0)
    compiling = Compiling(f"{{{bad} other: owner {{id}}}}")
    if compiling.of(0) is not None:  # of an interface when the first dog comes
        with pytest.raises(Exception, match="secret"):
            compiling.answer(0, A_DOG)
        compiling.grown.clear()
    compiling.of(1)
    assert compiling.grown == [pytest.approx(alone.grown[0], abs=200)]


def test_what_can_not_be_compiled_stands_in_nobodys_way() -> None:
    bad = "owner {slow {...F} near}"
    compiling = Compiling(
        f"{{a: {bad} b: {bad} c: owner {{slow {{...F}}}}}} fragment F on Owner {{slow {{id}}}}"
    )
    assert [compiling.of(0), compiling.of(1)] == [None, None]
    source = {"slow": {"slow": AN_OWNER}}
    assert compiling.answer(2, source) == {"slow": {"slow": {"id": "o1"}}}


def test_what_two_threads_ask_for_at_once_is_compiled_once() -> None:
    class Asked(Compiling):
        """Asked for the same by another thread when the first is nearly done."""

        def grow(self, by: int) -> None:
            super().grow(by)
            if len(self.grown) == 1:
                self.other = Thread(target=self.of, args=(0,))
                self.other.start()
                self.other.join(
                    0.2
                )  # it waits for this one: the time says only how long it has to come so far

    compiling = Asked("{owner {id}}")
    assert compiling.of(0) is not None
    compiling.other.join()
    assert len(compiling.grown) == 1


def test_what_is_lazy_is_looked_for_once_in_a_fragment() -> None:
    """Each of these spreads the next twice: looked at whenever it is spread, the last would be a million times."""
    known, levels = told(), 20
    fragments = [f"fragment F{one} on Animal {{...F{one + 1} ...F{one + 1}}}" for one in range(levels)]
    looked: list[Any] = []
    possible: Any = known.schema.get_possible_types

    def counted(kind: Any) -> Any:
        looked.append(kind)
        assert len(looked) < 1_000
        return possible(kind)

    known.schema.get_possible_types = counted  # type: ignore[method-assign, assignment]
    text = f"{{animals {{...F0}}}} {' '.join(fragments)} fragment F{levels} on Dog {{name}}"
    assert Compiling(text, known).of(0) is not None


async def test_nothing_is_compiled_for_a_lazy_value_that_is_null() -> None:
    made, document = Plans(told(), 2**20, after=0), parse("{owner {far}}")
    weights = []
    for far in (None, None, "away"):
        await executed(made, made.binding.schema, document, {"owner": {**AN_OWNER, "far": far}})
        weights.append(made.bytes)
    assert weights[0] == weights[1] < weights[2]


async def test_arguments_are_found_once_for_all_that_a_run_answers() -> None:
    made = Plans(told(), 2**20, after=0)
    types: Any = made.binding.schema.type_map
    coerce, found = types["Size"].coerce_input_literal, []

    def counted(*given: Any) -> Any:
        found.append(given)
        return coerce(*given)

    types["Size"].coerce_input_literal = counted
    document = parse("{animals {... on Dog {tricks(of: SMALL)}}}")
    for _ in range(2):  # what a field takes by default is found in the first
        found.clear()
        result = await executed(made, made.binding.schema, document, {"animals": [A_DOG] * 5})
        assert result.data == {"animals": [{"tricks": ["sit"]}] * 5}
    assert len(found) == 1


async def test_one_lazy_field_is_read_without_a_task_of_its_own() -> None:
    class Tasks(Reads):
        async def far(self, sources: Sequence[Any], *_: Any) -> list[Any]:
            asked.append(asyncio.current_task())
            return ["away" for _ in sources]

    asked: list[Any] = []
    made = Plans(binding(schema(), Tasks()), 2**20, after=0)
    await executed(made, made.binding.schema, parse("{owner {id far}}"), ALL)
    assert asked == [asyncio.current_task()]


def test_what_has_nothing_to_wait_for_in_the_end_is_there_at_once() -> None:
    """A field that nothing is known of may be waited for: that it is not is seen when it is executed."""
    made = Plans(binding(schema()), 2**20, after=0)
    types: Any = made.binding.schema.type_map
    types["Owner"].fields["slow"].resolve = lambda source, _info: source["slow"]
    result: Any = graphql.execute(
        made.binding.schema, parse("{owner {slow {id}}}"), ALL, executor_class=made.executor_class
    )
    with pytest.raises(StopIteration) as told:
        result.send(None)
    assert told.value.value.data == {"owner": {"slow": None}}
