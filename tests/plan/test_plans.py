"""The compiled functions of a schema are kept by what decides them, within bounds, for several threads and schemas."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from graphql import DocumentNode, MiddlewareManager, parse

from graph.plan import Plans
from graph.plan.plans import OVERHEAD
from tests.plan.zoo import A_CAT, A_DOG, ALL, binding, executed, same, schema

TEXT = "query ($a: Boolean = false) {animals {... on Cat {name @skip(if: $a) lives}}}"


async def test_an_operation_is_compiled_when_it_is_asked_again() -> None:
    plans, document = Plans(binding(schema()), 2**20), parse(TEXT)
    compiled = []
    for _ in range(3):
        await executed(plans, plans.binding.schema, document, ALL)
        compiled.append(plans.compiled)
    assert compiled == [0, 2, 4]


async def test_the_bound_holds_whatever_is_asked() -> None:
    plans = Plans(binding(schema()), 40_000, after=0)
    for number in range(50):
        await same(f"{{a{number}: animals {{... on Cat {{name lives}}}}}}", plans=plans)
        assert 0 <= plans.bytes <= 40_000
    assert plans.evictions > 40


async def test_what_has_no_room_weighs_nothing() -> None:
    plans = Plans(binding(schema()), OVERHEAD - 1, after=0)
    for _ in range(3):
        await same("{animals {... on Cat {name lives}}}", plans=plans)
        assert plans.bytes == 0
    assert plans.compiled > 0


async def test_what_is_compiled_weighs() -> None:
    plans = Plans(binding(schema()), 2**20, after=1)
    document = parse("{animals {... on Cat {name lives}}}")
    weights = []
    for _ in range(3):
        await executed(plans, plans.binding.schema, document, ALL)
        weights.append(plans.bytes)
    assert OVERHEAD < weights[0] < weights[1] - 1_000
    assert weights[1] == weights[2] < 50_000


async def test_what_outgrows_the_bound_goes_at_once() -> None:
    plans = Plans(binding(schema()), 2**20, after=1)
    document = parse("{animals {... on Cat {name lives}}}")
    await executed(plans, plans.binding.schema, document, ALL)
    plans.bound = plans.bytes + 100
    await executed(plans, plans.binding.schema, document, ALL)
    assert (plans.bytes, plans.evictions) == (0, 1)


async def test_what_was_asked_longest_ago_goes_first() -> None:
    documents = [parse(f"{{a{number}: animals {{... on Cat {{name}}}}}}") for number in range(3)]
    plans = Plans(binding(schema()), 2**20, after=0)
    for document in documents[:2]:
        await executed(plans, plans.binding.schema, document, ALL)
    plans.bound = plans.bytes + OVERHEAD
    await executed(plans, plans.binding.schema, documents[0], ALL)
    await executed(plans, plans.binding.schema, documents[2], ALL)
    kept = {id(one.operation) for one in plans._asked.values()}
    assert kept == {id(documents[0].definitions[0]), id(documents[2].definitions[0])}


async def test_values_of_a_conditions_variable_are_bounded_too() -> None:
    plans, document = (
        Plans(binding(schema()), 60_000, after=0),
        parse(
            "query ("
            + ", ".join(f"$v{n}: Boolean = true" for n in range(6))
            + ") {owner {id "
            + " ".join(f"a{n}: sure @include(if: $v{n})" for n in range(6))
            + "}}"
        ),
    )
    for number in range(64):
        values = {f"v{n}": bool(number >> n & 1) for n in range(6)}
        result = await executed(plans, plans.binding.schema, document, ALL, variable_values=values)
        data: Any = result.data
        assert set(data["owner"]) == {"id", *(f"a{n}" for n in range(6) if values[f"v{n}"])}
        assert plans.bytes <= 60_000


async def test_the_values_of_one_operation_go_one_by_one() -> None:
    plans, document = Plans(binding(schema()), 2**20, after=0), parse(TEXT)
    for skipped in (True, False):
        await executed(plans, plans.binding.schema, document, ALL, variable_values={"a": skipped})
    assert len(plans._kept) == 2
    plans.bound = 0
    await same("{owner {id}}", plans=plans)
    assert (plans.bytes, plans._kept, plans._asked) == (0, {}, {})


async def test_what_is_not_compiled_yet_has_its_bound_too() -> None:
    plans = Plans(binding(schema()), 3 * OVERHEAD, after=9)
    for number in range(9):
        document = parse(f"{{a{number}: owner {{id}}}}")
        await executed(plans, plans.binding.schema, document, ALL)
        assert 0 < plans.bytes <= 3 * OVERHEAD


async def test_a_directive_may_be_given_what_has_no_hash() -> None:
    text = "query ($these: [Int]) {owner {id @tagged(by: $these)}}"
    plans = Plans(binding(schema()), 2**20, after=0)
    for these in ([1], [2]):
        await same(text, plans=plans, variable_values={"these": these})
    assert plans.compiled == 4


async def test_one_operation_with_other_fragments_is_another() -> None:
    """A document may be put together from nodes of others: an operation alone does not say what it spreads."""
    plans = Plans(binding(schema()), 2**20, after=0)
    first = parse("{animals {...F}} fragment F on Cat {name}")
    second = parse("{animals {...F}} fragment F on Cat {lives}")
    mixed = DocumentNode(definitions=(first.definitions[0], second.definitions[1]))
    for document, key in ((first, "name"), (mixed, "lives"), (first, "name")):
        result = await executed(plans, plans.binding.schema, document, {"animals": [A_CAT]})
        assert result.data == {"animals": [{key: A_CAT[key]}]}


async def test_schemas_do_not_mix() -> None:
    """What is compiled for one schema is not for another, whose resolvers may say something else."""
    one, other = Plans(binding(schema()), 2**20, after=0), schema()
    other_types: Any = other.type_map
    other_types["Cat"].fields["name"].resolve = lambda *_: "another"
    document = parse("{animals {... on Cat {name}}}")
    assert (await executed(one, one.binding.schema, document, {"animals": [A_CAT]})).data == {
        "animals": [{"name": "Tom"}]
    }
    assert (await executed(one, other, document, {"animals": [A_CAT]})).data == {
        "animals": [{"name": "another"}]
    }


async def test_who_stands_between_resolvers_and_answers_is_asked() -> None:
    plans = Plans(binding(schema()), 2**20, after=0)

    def shout(resolve: Any, source: Any, info: Any, **arguments: Any) -> Any:
        found = resolve(source, info, **arguments)
        return found.upper() if info.field_name == "name" else found

    middleware = MiddlewareManager(shout)
    document = parse("{animals {... on Cat {name}}}")
    result = await executed(
        plans, plans.binding.schema, document, {"animals": [A_CAT]}, middleware=middleware
    )
    assert result.data == {"animals": [{"name": "TOM"}]}
    assert plans.compiled == 0


async def test_threads_share_what_is_compiled() -> None:
    plans, documents = (
        Plans(binding(schema()), 2**20, after=0),
        [parse(TEXT), parse("{named {... on Dog {tricks}}}")],
    )

    def ask(number: int) -> Any:
        return asyncio.run(executed(plans, plans.binding.schema, documents[number % 2], ALL)).data

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(200)))
    assert found[::2] == [{"animals": [{"name": "Tom", "lives": 9}, {}, None]}] * 100
    assert found[1::2] == [{"named": {"tricks": A_DOG["tricks"]["LARGE"]}}] * 100
    assert plans.compiled + plans.standard == 100 * 3 + 100 * 2
