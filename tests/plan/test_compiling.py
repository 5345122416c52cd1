"""On a schema of nothing in particular the plan says what the executor says, and compiles what it should (I18)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from inspect import isawaitable
from itertools import pairwise
from typing import Any

import graphql
import pytest
from graphql import build_schema, parse
from graphql.pyutils import Undefined

from graph.plan import Binding, Lazy, Plain, Plans, Shape, Tag
from tests.plan.zoo import A_CAT, A_DOG, ALL, AN_OWNER, Reads, binding, executed, same, schema

EVERYTHING = """{
  animal { ...All } animals { ...All } named { name __typename ...All }
  owner { id far pets { ...All } }
}
fragment All on Animal {
  __typename
  ... on Named { title: name }
  ... on Cat { name lives mood purrs boxes friends { __typename } }
  ... on Dog { size tricks small: tricks(of: SMALL) even any anys owner { id } }
}"""


def plans(reads: Reads | None = None) -> Plans:
    return Plans(binding(schema(), reads), 2**20, after=0)


async def test_everything_is_answered_and_all_below_the_root_is_compiled() -> None:
    made = plans()
    result = await same(EVERYTHING, plans=made)
    assert result.errors is None
    assert made.standard == 2 * 4
    assert made.compiled == 2 * (8 + 18 + 11 + 11)


def with_cat(**others: Any) -> dict[str, Any]:
    return {**ALL, "animal": {**A_CAT, **others}, "animals": [A_CAT, {**A_CAT, **others}, A_DOG]}


def without(key: str) -> dict[str, Any]:
    return {**ALL, "animal": {one: value for one, value in A_CAT.items() if one != key}}


class Text(str):
    __slots__ = ()


UNUSUAL: dict[str, Any] = {
    "null in non-null": with_cat(name=None),
    "null in a nullable": with_cat(lives=None),
    "a missing key": without("purrs"),
    "another type": without("lives"),
    "an Int beyond 32 bits": with_cat(lives=2**31),
    "an Int at its end": with_cat(lives=-(2**31)),
    "an Int as text": with_cat(lives="9"),
    "an Int that is true": with_cat(lives=True),
    "a Float that is an Int": with_cat(mood=1),
    "a Float without end": with_cat(mood=float("inf")),
    "a Float that is none": with_cat(mood=float("nan")),
    "a Boolean as number": with_cat(purrs=1),
    "a text as number": with_cat(name=1),
    "a text of a class of its own": with_cat(name=Text("Tim")),
    "a value that is an error": with_cat(name=ValueError("no name")),
    "a list that is none": with_cat(friends=7),
    "a list that is text": with_cat(boxes="ab"),
    "a tuple": with_cat(friends=(A_DOG,)),
    "an iterator": with_cat(boxes={1: "x"}.keys()),
    "null within a list of lists": with_cat(boxes=[[1, None]]),
    "texts that are one text": {**ALL, "named": {**A_DOG, "tricks": {"SMALL": "sit", "LARGE": "roll"}}},
    "an error within a list": with_cat(friends=[A_DOG, ValueError("ran away"), None]),
    "a kind that is not there": with_cat(**{"is": "Mouse"}),
    "a kind that is no object": with_cat(**{"is": "Named"}),
    "a kind that is none of the union": with_cat(**{"is": "Owner"}),
    "no kind": with_cat(**{"is": None}),
    "a kind that has no hash": with_cat(**{"is": []}),
    "what is no animal": {**ALL, "animal": 7},
    "an animal that is an error": {**ALL, "animal": KeyError("animal")},
    "an enum's value that is none": {**ALL, "named": {**A_DOG, "size": "HUGE"}},
    "an enum's value without hash": {**ALL, "named": {**A_DOG, "size": []}},
    "a scalar that refuses": {**ALL, "named": {**A_DOG, "even": 3}},
    "a lazy error": {**ALL, "owner": {**AN_OWNER, "far": ValueError("too far")}},
    "a lazy value of another class": {**ALL, "owner": {**AN_OWNER, "far": 7}},
    "a lazy value that can't be written": {**ALL, "owner": {**AN_OWNER, "far": []}},
    **{
        f"any {told}": {**ALL, "named": {**A_DOG, "any": value, "anys": [value, "b"]}}
        for told, value in {
            "text": "a",
            "condition": False,
            "number": 0,
            "null": None,
            "error": ValueError("any"),
            "nothing": Undefined,
            "that is written as null": [],
            "that is written as nothing": [1],
            "else": {"a": 1},
        }.items()
    },
    "no pet where one must be": {**ALL, "owner": {**AN_OWNER, "pets": [A_CAT, None]}},
    "no owner where one must be": {**ALL, "named": {**A_DOG, "owner": {**AN_OWNER, "id": None}}},
}


@pytest.mark.parametrize("root", UNUSUAL.values(), ids=UNUSUAL)
async def test_what_is_unusual_is_told_as_the_executor_tells_it(root: Any) -> None:
    await same(EVERYTHING, root)


async def test_an_error_leaves_what_is_beside_it_compiled() -> None:
    made = plans()
    root = {**ALL, "animals": [A_CAT] * 10 + [{**A_CAT, "name": None}]}
    result = await same("{animals {... on Cat {name lives}}}", root, made)
    assert [error.path for error in result.errors or ()] == [["animals", 10, "name"]]
    # Of each time: the root, and what is in the one cat that is not usual, as far as it came.
    assert made.compiled == 2 * 10 * 2


QUERIES = {
    "aliases": "{animal {... on Cat {a: name b: name name}}}",
    "merged fields": "{owner {id} owner {pets {... on Cat {name}}} owner {pets {... on Cat {lives}}}}",
    "a node merged here and alone there": "{one: owner {...F} other: owner {...F pets {... on Cat {lives}}}} "
    "fragment F on Owner {pets {__typename}}",
    "the order of keys": "{owner {far id slow {id} sure} }",
    "a condition in the text": "{owner {id @skip(if: true) far @include(if: false) sure @include(if: true)}}",
    "nothing left": "{owner {id @skip(if: true)} animal {... on Dog {name}}}",
    "a fragment without a type": "{owner {... {id} ... @skip(if: true) {far}}}",
    "an interface in an interface": "{named {... on Named {... on Named {name}}}}",
    "arguments by default": "{named {... on Dog {tricks}}}",
    "an argument that is null": "{named {... on Dog {tricks(of: null)}}}",
    "one object by several ways": "{a: owner {id} b: owner {pets {...F}} animal {...F}} fragment F on Cat {name purrs}",
    "introspection of a type": '{__type(name: "Cat") {name} owner {__typename id}}',
    "what is only known by its type": "{owner {pets {__typename}}}",
    "what must be there and is not told": "{named {name ... on Dog {secret}} owner {id}}",
    "a field that is not there": "{owner {nothing id} animal {... on Cat {nothing name}}}",
    "an argument that is not there": "{owner {id(of: 1) sure}}",
    "what comes later": "{owner {id ... @defer {far}}}",
    "what comes later, with nothing left": "{owner {id ... @defer {far @skip(if: true)}}}",
    "what comes later, never": "{owner {id ... @defer(if: false) {far}}}",
    "what comes one by one": "{animal {... on Cat {friends @stream(initialCount: 0) {__typename} name}}}",
    "what is lazy in what is lazy": "{owner {slow {far slow {id far}} id}}",
}


@pytest.mark.parametrize("text", QUERIES.values(), ids=QUERIES)
async def test_selections(text: str) -> None:
    await same(text, {**ALL, "owner": {**AN_OWNER, "slow": AN_OWNER}})


COMPILED = {
    "{owner {id}}": 1,
    "{owner {nothing id}}": 1,
    "{owner {... {id} ... on Owner {sure}}}": 2,
    "{animal {... on Cat {friends {__typename}}}}": 2,
    "{owner {id id sure}}": 2,
    "{owner {id far}}": 2,
}


@pytest.mark.parametrize("text", COMPILED)
async def test_what_can_be_compiled_is(text: str) -> None:
    made = plans()
    await same(text, {**ALL, "animal": {**A_CAT, "friends": (A_DOG,)}}, made)
    assert (made.compiled, made.standard) == (2 * COMPILED[text], 2)


async def test_who_has_nothing_to_wait_for_does_not_wait() -> None:
    made = plans()
    found = graphql.execute(
        made.binding.schema, parse("{animals {... on Cat {name}}}"), ALL, executor_class=made.executor_class
    )
    assert isinstance(found, graphql.ExecutionResult)


async def test_fragments_with_variables_of_their_own() -> None:
    text = """{named {...F(of: SMALL)} animals {...F(of: LARGE)}}
    fragment F($of: Size) on Dog {tricks(of: $of) owner @include(if: true) {id}}"""
    await same(text, experimental=True)


async def test_what_variables_of_fragments_decide_is_decided_for_each_value() -> None:
    made = plans()
    text = """query ($a: Boolean!) {owner {...F(on: $a) sure}}
    fragment F($on: Boolean = false) on Owner {id @include(if: $on)}"""
    document = parse(text, experimental_fragment_arguments=True)
    for given in (True, False, True):
        result = await executed(made, made.binding.schema, document, ALL, variable_values={"a": given})
        assert result.data == {"owner": {"id": "o1", "sure": True} if given else {"sure": True}}


async def test_what_a_schema_says_of_itself_may_stand_below_its_root() -> None:
    of = build_schema("type Query { all: [Query] id: ID }")
    fields = {"Query": {name: Plain((("key", name),)) for name in ("all", "id")}}
    made = Plans(Binding(of, fields, shapes={"Query": Shape((dict,))}), 2**20, after=0)
    below = {"id": "q", "all": None}
    await same('{all {id __typename __type(name: "Query") {name}}}', {"all": [below, below]}, made)
    assert made.compiled > 0


async def test_a_binding_that_tells_less_compiles_less() -> None:
    told = binding(schema())
    for less in (
        replace(told, shapes={}),
        replace(told, tags={}),
        replace(told, fields={}),
        replace(told, shapes={}, tags={}),
    ):
        made = Plans(less, 2**20, after=0)
        for root in (ALL, UNUSUAL["null in non-null"], UNUSUAL["what is no animal"], UNUSUAL["a lazy error"]):
            await same(EVERYTHING, root, made)


async def test_instances_are_told_apart_by_their_class() -> None:
    class Cat(dict[str, Any]):
        """A class of its own."""

    class Dog(dict[str, Any]):
        """Another."""

    told = binding(schema())
    tag = Tag(classes={Cat: "Cat", Dog: "Dog"})
    shapes = {"Cat": Shape((Cat,)), "Dog": Shape((Dog, dict)), "Owner": Shape((dict,))}
    made = Plans(replace(told, tags={"Animal": tag, "Named": tag}, shapes=shapes), 2**20, after=0)
    cat, dog = Cat(A_CAT), Dog(A_DOG)
    root = {
        "animal": cat,
        "animals": [cat, dog, dict(A_CAT)],
        "named": dog,
        "owner": {**AN_OWNER, "pets": [cat, dog]},
    }
    await same(EVERYTHING, {**root, "animals": [cat, dog]}, made)
    assert made.standard == 2 * 4
    await same(EVERYTHING, root, made)
    assert made.standard > 4 * 4


class Place:
    """Something with attributes."""

    def __init__(self, **told: Any) -> None:
        self.told = told


STEPS: dict[str, tuple[Plain, Any]] = {
    "an attribute": (Plain((("attribute", "told"), ("key", "name"))), Place(name="here")),
    "no attribute": (Plain((("attribute", "nothing"),)), Place()),
    "what is no name": (Plain((("attribute", "a b"),)), Place()),
    "what is two names": (Plain((("attribute", "real.real"),)), 7),
    "a key that may be there": (Plain((("get", "name"),)), {"name": "here"}),
    "a text": (Plain((("text", "name"),)), {"name": "here"}),
    "no text": (Plain((("text", "name"),)), {"name": 7}),
    "a text of a class of its own": (Plain((("text", "name"),)), {"name": Text("here")}),
    "having": (Plain((("having", "name"), ("key", "name"))), {"name": "here"}),
    "a function": (Plain(function=len), {"name": "here"}),
    "steps and a function": (Plain((("key", "name"),), str.upper), {"name": "here"}),
    "a function that raises": (Plain((("key", "name"),), str.upper), {"name": 7}),
}


@pytest.mark.parametrize(("plain", "source"), STEPS.values(), ids=STEPS)
async def test_steps(plain: Plain, source: Any) -> None:
    of = schema()
    types: Any = of.type_map
    types["Owner"].fields["id"].resolve = lambda source, _info: _by_steps(plain, source)
    told = binding(of)
    made = Plans(replace(told, fields={"Owner": {"id": plain}}, shapes={}), 2**20, after=0)
    result = await same("{owner {id}}", {"owner": source}, made)
    assert made.compiled == (0 if result.errors else 2)


def _by_steps(plain: Plain, source: Any) -> Any:
    for kind, name in plain.steps:
        match kind:
            case "attribute":
                source = getattr(source, name)
            case "key":
                source = source[name]
            case "get":
                source = source.get(name)
            case "text":
                source = source[name] if isinstance(source[name], str) else None
            case _:
                source = source if name in source else None
    return source if plain.function is None else plain.function(source)


async def test_what_is_too_long_is_left_to_the_executor() -> None:
    made = plans()
    await same(f"{{owner {{{' '.join(f'a{one}: id' for one in range(4_000))}}}}}", plans=made)
    assert made.compiled == 0
    await same("{owner {id}}", plans=made)
    assert made.compiled == 2


async def test_holes_in_holes_are_filled_a_round_at_a_time() -> None:
    reads = Reads()
    made = plans(reads)
    known: Any = made.binding.fields
    known["Owner"]["slow"] = Lazy(reads.slow)
    inner = {**AN_OWNER, "far": "further"}
    dogs = [{**A_DOG, "owner": {**AN_OWNER, "slow": inner}}] * 3
    result = await same("{animals {... on Dog {owner {slow {far id} far}}}}", {**ALL, "animals": dogs}, made)
    assert result.errors is None
    assert sorted(reads.sizes) == [3, 3, 3, 3]
    assert made.standard == 2


async def test_a_hole_whose_value_is_not_usual_is_completed_by_the_executor() -> None:
    reads = Reads()
    made = plans(reads)
    known: Any = made.binding.fields
    known["Owner"]["slow"] = Lazy(reads.slow)
    waits = {**AN_OWNER, "pets": [A_CAT, {**A_DOG, "name": None}]}
    root = {**ALL, "owner": {**AN_OWNER, "slow": waits}}
    wrongs: list[Any] = [7, ValueError("gone"), {**AN_OWNER, "id": None}]
    for wrong in wrongs:
        await same("{owner {slow {id far} sure}}", {**ALL, "owner": {**AN_OWNER, "slow": wrong}}, made)
    await same("{owner {slow {id far pets {... on Named {name} ... on Dog {owner {far}}}}}}", root, made)


async def test_each_event_of_a_subscription_is_answered_and_counted() -> None:
    made = plans()
    of: Any = made.binding.schema

    async def events(*_: Any) -> AsyncIterator[Any]:
        for name in ("Tom", None, "Tim"):
            yield {"animal": {**A_CAT, "name": name}}

    of.subscription_type.fields["animal"].subscribe = events
    document = parse("subscription {animal {... on Cat {name lives}}}")
    answers: Any = graphql.subscribe(of, document, executor_class=made.executor_class)
    found = [one async for one in (await answers if isawaitable(answers) else answers)]
    assert [one.data["animal"] for one in found] == [
        {"name": "Tom", "lives": 9},
        None,
        {"name": "Tim", "lives": 9},
    ]
    assert [len(one.errors or ()) for one in found] == [0, 1, 0]
    assert made.compiled == 4


async def test_what_variables_decide_is_decided_for_each_value() -> None:
    made = plans()
    text = "query ($a: Boolean!, $b: Boolean = true, $of: Size) {owner {id @skip(if: $a) far @include(if: $b)} named {... on Dog {tricks(of: $of)}}}"
    for variables in (
        {"a": True},
        {"a": False},
        {"a": False, "b": False},
        {"a": True, "of": "SMALL"},
        {"a": 1},
    ):
        await same(text, plans=made, variable_values=variables)


async def test_one_document_goes_on_with_other_variables() -> None:
    """The compiled functions are there: what is answered must not be that of the variables before."""
    made = plans()
    document = parse(
        "query ($a: Boolean!, $of: Size!) {owner {id @skip(if: $a)} named {... on Dog {tricks(of: $of)}}}"
    )
    for skipped in (True, False, True):
        for of in ("SMALL", "LARGE"):
            given = {"a": skipped, "of": of}
            result = await executed(made, made.binding.schema, document, ALL, variable_values=given)
            data: Any = result.data
            assert data["owner"] == ({} if skipped else {"id": "o1"})
            assert data["named"]["tricks"] == A_DOG["tricks"][of]


async def test_what_is_lazy_is_read_together_and_keeps_its_place() -> None:
    reads = Reads()
    made = plans(reads)
    dogs = [{**A_DOG, "owner": {**AN_OWNER, "id": f"o{one}", "far": f"{one} miles"}} for one in range(5)]
    result = await same("{animals {... on Dog {owner {far id}}}}", {**ALL, "animals": dogs}, made)
    assert reads.sizes == [5, 5]
    data: Any = result.data
    assert list(data["animals"][3]["owner"].items()) == [("far", "3 miles"), ("id", "o3")]


async def test_an_error_of_one_is_no_error_of_the_others() -> None:
    far: list[Any] = ["a", ValueError("too far"), None, 5, "e"]
    dogs = [{**A_DOG, "owner": {**AN_OWNER, "far": one}} for one in far]
    result = await same("{animals {... on Dog {owner {far}}}}", {**ALL, "animals": dogs})
    data: Any = result.data
    assert [one["owner"]["far"] for one in data["animals"]] == ["a", None, None, "5", "e"]
    assert [error.path for error in result.errors or ()] == [["animals", 1, "owner", "far"]]


async def test_what_fails_for_all_fails_in_the_place_of_each() -> None:
    class Broken(Reads):
        async def far(self, *_: Any) -> list[Any]:
            raise ValueError("nobody answers")

    dogs = [{**A_DOG, "owner": {**AN_OWNER, "far": ValueError("nobody answers")}}] * 3
    await same("{animals {... on Dog {owner {far}}}}", {**ALL, "animals": dogs}, plans(Broken()))


async def test_who_reads_together_has_to_answer_for_each() -> None:
    class Short(Reads):
        async def far(self, *_: Any) -> list[Any]:
            return ["away"]

    made = plans(Short())
    document = parse("{animals {... on Dog {owner {far}}}}")
    result = await executed(made, made.binding.schema, document, {"animals": [A_DOG, A_DOG]})
    assert result.data == {"animals": None}
    assert [(error.path, type(error.original_error)) for error in result.errors or ()] == [
        (["animals"], ValueError)
    ]


async def test_a_hole_of_what_is_taken_back_is_not_filled() -> None:
    """What was noted of the first dog's owner is no part of the answer when the second dog is wrong: it is noted anew."""
    reads = Reads()
    bad = {**A_DOG, "name": None}
    root = {**ALL, "owner": {**AN_OWNER, "slow": {**AN_OWNER, "pets": [A_DOG, bad]}}}
    made = plans(reads)
    known: Any = made.binding.fields
    known["Owner"]["slow"] = Lazy(reads.slow)
    result = await same("{owner {slow {pets {... on Dog {owner {far} name}}}}}", root, made)
    assert [error.path for error in result.errors or ()] == [["owner", "slow", "pets", 1, "name"]]
    # Of each of the two times: the second dog's owner is begun before its name is looked at, by the executor.
    assert reads.sizes.count(2) == 0
    assert len(reads.sizes) <= 4


async def test_what_one_notes_is_taken_back_without_what_another_noted() -> None:
    """The first owner's dog is noted and stays; the second's is noted, and again by the executor when his cat is wrong."""
    reads = Reads()
    made = plans(reads)
    known: Any = made.binding.fields
    known["Owner"]["slow"] = Lazy(reads.slow)
    slow = [{**AN_OWNER, "pets": pets} for pets in ([A_DOG], [A_DOG, {**A_CAT, "name": None}])]
    dogs = [{**A_DOG, "owner": {**AN_OWNER, "slow": one}} for one in slow]
    text = "{animals {... on Dog {owner {slow {pets {... on Dog {owner {far}} ... on Cat {name}}}}}}}"
    result = await same(text, {"animals": dogs}, made)
    assert [error.path for error in result.errors or ()] == [
        ["animals", 1, "owner", "slow", "pets", 1, "name"]
    ]
    # Each time: both dogs' owners, what is slow of both, the first's pets, their owner and what is far of him; and of the
    # second's the dog's owner, of whom what is far was begun and is nothing to anyone since all these pets are null.
    assert (sum(reads.sizes), made.compiled) == (2 * 2, 2 * 8)


@pytest.mark.parametrize("tricks", ["tricks", "tricks(of: SMALL)"])
async def test_a_plain_field_that_takes_arguments_has_to_be_told_how(tricks: str) -> None:
    told = binding(schema())
    without_arguments = {**told.fields["Dog"], "tricks": Plain(function=lambda _: ["bite"])}
    made = Plans(replace(told, fields={**told.fields, "Dog": without_arguments}), 2**20, after=0)
    await same(f"{{named {{name ... on Dog {{{tricks}}}}}}}", plans=made)


@pytest.mark.parametrize("told", [True, False], ids=["by its shape", "by nothing"])
async def test_what_is_none_of_its_type_is_told(told: bool) -> None:
    """Where no interface or union told it apart, its own shape has to: without one it is not compiled."""
    known = binding(schema())
    made = Plans(known if told else replace(known, shapes={}), 2**20, after=0)
    result = await same("{cat {name}}", {"cat": {"name": "no cat"}}, made)
    assert [error.path for error in result.errors or ()] == [["cat"]]


@pytest.mark.parametrize("together", [False, True], ids=["by itself", "together"])
@pytest.mark.parametrize("near", ["there", None, ValueError("gone")], ids=["a value", "null", "an error"])
async def test_what_fails_later_below_a_hole_makes_the_hole_null(near: Any, together: bool) -> None:
    """A field that must be there and is waited for is the executor's, and so is all above it."""
    slow, reads, made = {**AN_OWNER, "near": near}, Reads(), plans()
    if together:
        known: Any = made.binding.fields
        known["Owner"]["slow"] = Lazy(reads.slow)
    result = await same("{owner {id slow {id near}}}", {"owner": {**AN_OWNER, "slow": slow}}, made)
    assert bool(result.errors) == (near != "there")


async def test_what_was_compiled_is_not_compiled_again_with_what_comes_later() -> None:
    """The members of a union are compiled when they are met: each adds its own weight and no other's."""
    made = plans()
    document = parse("{animal {... on Cat {name lives mood} ... on Dog {name size even}}}")
    weights = [made.bytes]
    for one in (A_CAT, A_DOG, A_CAT):
        result: Any = graphql.execute(
            made.binding.schema, document, {"animal": one}, executor_class=made.executor_class
        )
        assert (await result if isawaitable(result) else result).errors is None
        weights.append(made.bytes)
    added = [after - before for before, after in pairwise(weights)]
    assert added[2] == 0
    assert 0 < added[1] < added[0] / 4
