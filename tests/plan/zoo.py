"""A schema of nothing in particular, over plain data, with everything that a plan has to know; and how to ask it both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from operator import itemgetter
from typing import Any

import graphql
from graphql import ExecutionResult, GraphQLSchema, build_ast_schema, parse
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.pyutils import Undefined

from graph.plan import Binding, Lazy, Plain, Plans, Shape, Tag
from tests.plan.saying import differences, said

SDL = """
scalar Even
scalar Any
enum Size { SMALL LARGE }
interface Named { name: String! }
type Cat implements Named { name: String! lives: Int mood: Float purrs: Boolean! friends: [Animal] boxes: [[Int!]] }
type Dog implements Named { name: String! size: Size tricks(of: Size = LARGE): [String!]! even: Even owner: Owner secret: String! any: Any anys: [Any!] }
type Owner { id: ID! pets: [Animal!] far: String slow: Owner sure: Boolean near: String! }
union Animal = Cat | Dog
type Query { cat: Cat animal: Animal animals: [Animal] named: Named owner: Owner sureOwner: Owner! }
type Subscription { animal: Animal }
"""
_PARSED = parse(SDL)


def schema() -> GraphQLSchema:
    """A new one: resolvers get the keys of dictionaries, an animal's kind is told by its key `is`."""
    made = build_ast_schema(_PARSED, assume_valid_sdl=True)
    types: Any = made.type_map

    def even(value: Any) -> int:
        if value % 2:
            raise ValueError("is odd")
        return int(value)

    types["Even"].coerce_output_value = even
    types["Any"].coerce_output_value = _any
    for name in ("Cat", "Dog", "Owner", "Query", "Subscription"):
        for field_name, field in types[name].fields.items():
            field.resolve = lambda source, _info, key=field_name: source[key]
    types["Dog"].fields["tricks"].resolve = lambda source, _info, of: source["tricks"][of]
    types["Owner"].fields["far"].resolve = _far
    types["Owner"].fields["slow"].resolve = _slow
    types["Owner"].fields["near"].resolve = _near
    types["Animal"].resolve_type = lambda source, _info, _type: source["is"]
    types["Named"].resolve_type = lambda source, _info, _type: source["is"]
    types["Cat"].is_type_of = lambda source, _info: "lives" in source
    return made


def _any(value: Any) -> Any:
    """Texts and conditions as they are, numbers as text; nothing of an empty list, and whatever else is there as it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    return {(): None, (1,): Undefined}.get(tuple(value), value) if isinstance(value, list) else value


async def _far(source: Any, _info: Any) -> Any:
    await asyncio.sleep(0)
    return _or_raised(source["far"])


async def _slow(source: Any, _info: Any) -> Any:
    await asyncio.sleep(0)
    return source["slow"]


async def _near(source: Any, _info: Any) -> Any:
    await asyncio.sleep(0)
    return _or_raised(source.get("near"))


def _or_raised(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


class Reads:
    """What was read together: how many at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def far(self, sources: Sequence[Any], _info: Any, _arguments: Mapping[str, Any]) -> list[Any]:
        """The values of `far`."""
        self.sizes.append(len(sources))
        await asyncio.sleep(0)
        return [source["far"] for source in sources]

    async def slow(self, sources: Sequence[Any], _info: Any, _arguments: Mapping[str, Any]) -> list[Any]:
        """The values of `slow`. Not counted."""
        return [source["slow"] for source in sources]


def binding(of: GraphQLSchema, reads: Reads | None = None) -> Binding:
    """What there is to tell of it."""

    def keys(*names: str) -> dict[str, Plain | Lazy]:
        return {name: Plain((("key", name),)) for name in names}

    tricks = Plain(with_arguments=lambda source, arguments: source["tricks"][arguments["of"]])
    tag = Tag(function=itemgetter("is"), sources=(dict,))
    return Binding(
        of,
        {
            "Cat": keys("name", "lives", "mood", "purrs", "friends", "boxes"),
            "Dog": {**keys("name", "size", "even", "owner", "any", "anys"), "tricks": tricks},
            "Owner": {**keys("id", "pets", "sure"), "far": Lazy((reads or Reads()).far)},
            "Query": {},
        },
        shapes={"Cat": Shape((dict,), ("lives",)), "Owner": Shape((dict,))},
        tags={"Animal": tag, "Named": tag},
        leaves={"Any": {str: None, bool: None, int: str}},
    )


A_CAT: dict[str, Any] = {
    "is": "Cat",
    "name": "Tom",
    "lives": 9,
    "mood": 0.5,
    "purrs": True,
    "friends": [],
    "boxes": [[1, 2], None, []],
}
AN_OWNER: dict[str, Any] = {"id": "o1", "pets": [A_CAT], "far": "away", "slow": None, "sure": True}
A_DOG: dict[str, Any] = {
    "is": "Dog",
    "name": "Rex",
    "size": "SMALL",
    "tricks": {"SMALL": ["sit"], "LARGE": ["roll", "fetch"]},
    "even": 4,
    "owner": AN_OWNER,
    "secret": "buried",
    "any": 7,
    "anys": ["a", 1, True, 1.5],
}
ALL: dict[str, Any] = {
    "animal": A_CAT,
    "animals": [A_CAT, A_DOG, None],
    "named": A_DOG,
    "owner": AN_OWNER,
    "sureOwner": AN_OWNER,
}


async def executed(
    plans: Plans | None, of: GraphQLSchema, document: Any, root: Any, **options: Any
) -> ExecutionResult:
    """The result of a document, by the plan if there is one."""
    # The one that `graphql.execute` takes by itself answers what comes later another way, which no schema here has.
    options["executor_class"] = plans.executor_class if plans is not None else ExecutorThrowingOnIncremental
    result: Any = graphql.execute(of, document, root, **options)
    found: ExecutionResult = await result if isawaitable(result) else result
    return found


async def same(
    text: str, root: Any = ALL, plans: Plans | None = None, *, experimental: bool = False, **options: Any
) -> ExecutionResult:
    """What both say of a query, asked of the plan twice. AssertionError if they do not say the same."""
    if plans is None:
        plans = Plans(binding(schema()), 2**20, after=0)
    of, document = plans.binding.schema, parse(text, experimental_fragment_arguments=experimental)
    standard = await executed(None, of, document, root, **options)
    for _ in range(2):
        by_plan = await executed(plans, of, document, root, **options)
        assert said(by_plan) == said(standard), differences(by_plan, standard)
    return standard
