"""On a schema of nothing in particular the plan says what the executor says, and compiles what it should (I18)."""

from __future__ import annotations

from typing import Any

import pytest

from graph.plan import Lazy, Plans
from tests.plan.zoo import A_CAT, A_DOG, ALL, AN_OWNER, Reads, binding, same, schema

EVERYTHING = """{
  animal { ...All } animals { ...All } named { name __typename ...All }
  owner { id far pets { ...All } }
}
fragment All on Animal {
  __typename
  ... on Named { title: name }
  ... on Cat { name lives mood purrs boxes friends { __typename } }
  ... on Dog { size tricks small: tricks(of: SMALL) even owner { id } }
}"""


def plans(reads: Reads | None = None) -> Plans:
    return Plans(binding(schema(), reads), 2**20, after=0)


async def test_everything_is_answered_and_all_below_the_root_is_compiled() -> None:
    made = plans()
    result = await same(EVERYTHING, plans=made)
    assert result.errors is None
    assert made.standard == 2 * 4
    assert made.compiled > 60


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
}


@pytest.mark.parametrize("text", QUERIES.values(), ids=QUERIES)
async def test_selections(text: str) -> None:
    await same(text, {**ALL, "owner": {**AN_OWNER, "slow": AN_OWNER}})


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
    from graphql import parse

    from tests.plan.zoo import executed

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
