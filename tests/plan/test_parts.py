"""Parts of answers are kept by their source's key: what is the same is made once, what is not never is taken for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from inspect import isawaitable
from typing import Any, NamedTuple

import graphql
import pytest
from graphql import ExecutionResult, build_schema, parse

from graph.plan import Binding, Lazy, Part, Parts, Plain, Plans, Shape
from graph.plan.parts import OVERHEAD

SDL = """
type Box { id: ID color: String! inner: Inner inners: [Inner!]! far: String wide(by: Int = 1): Inner }
type Inner { size: Int! far: String }
type Query { boxes: [Box] }
"""


class Box(NamedTuple):
    """A source: what it says but for its id is told by its kind."""

    kind: int
    id: str
    content: dict[str, Any]


class Written(str):
    """What stands for a part of an answer."""

    __slots__ = ()


def written(value: Any) -> tuple[Written, int]:
    text = json.dumps(value, allow_nan=False)
    return Written(text), len(text)


def a_box(kind: int, id: str = "a", **content: Any) -> Box:
    inner = {"size": kind, "far": "away"}
    return Box(kind, id, {"color": "red", "inner": inner, "inners": [inner, inner], **content})


async def _far(sources: Sequence[Any], _info: Any, _arguments: Mapping[str, Any]) -> list[Any]:
    return ["far" for _ in sources]


def _wide(source: Box, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"size": source.kind * arguments["by"]}


def plans(bound: int = 2**20) -> Plans:
    schema = build_schema(SDL)
    content: tuple[tuple[Any, str], ...] = (("attribute", "content"),)
    fields: dict[str, dict[str, Plain | Lazy]] = {
        "Box": {
            "id": Plain((("attribute", "id"),)),
            **{name: Plain((*content, ("key", name))) for name in ("color", "inner", "inners")},
            "far": Lazy(_far),
            "wide": Plain(with_arguments=_wide),
        },
        "Inner": {"size": Plain((("key", "size"),)), "far": Lazy(_far)},
    }
    types: Any = schema.type_map
    for name in ("color", "inner", "inners"):
        types["Box"].fields[name].resolve = lambda source, _info, key=name: source.content[key]
    types["Box"].fields["wide"].resolve = lambda source, _info, by: _wide(source, {"by": by})
    for kind in ("Box", "Inner"):
        types[kind].fields["far"].resolve = lambda *_: "far"
    made = Binding(
        schema,
        fields,
        shapes={"Box": Shape((Box,)), "Inner": Shape((dict,))},
        parts={"Box": Part(("kind",), own=frozenset({"id"}))},
    )
    return Plans(made, 2**20, after=0, parts=Parts(bound, written))


async def asked(of: Plans, text: Any, *boxes: Any, **variables: Any) -> ExecutionResult:
    """The result, as the plan gives it."""
    document = parse(text) if isinstance(text, str) else text
    result = graphql.execute(
        of.binding.schema,
        document,
        {"boxes": list(boxes)},
        variable_values=variables,
        executor_class=of.executor_class,
    )
    return await result if isawaitable(result) else result


def plain(value: Any) -> Any:
    """What it says, with what stands for parts read again."""
    if isinstance(value, Written):
        return plain(json.loads(value))
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


async def boxes_of(of: Plans, text: Any, *boxes: Any, **variables: Any) -> Any:
    result = await asked(of, text, *boxes, **variables)
    assert result.errors is None, result.errors
    assert result.data is not None
    return plain(result.data["boxes"])


async def test_a_part_is_made_once() -> None:
    made = plans()
    text = parse("{boxes {id inner {size}}}")
    first = await boxes_of(made, text, a_box(1))
    # Danger, if a key said too little: a source is not looked at again.
    again = await boxes_of(made, text, a_box(1, inner={"size": 99}))
    assert first == again == [{"id": "a", "inner": {"size": 1}}]
    assert (made.parts.entries, made.parts.misses) == (1, 1) if made.parts else False


async def test_another_key_is_another_part() -> None:
    found = await boxes_of(plans(), "{boxes {inner {size}}}", a_box(1), a_box(2), a_box(1))
    assert [one["inner"]["size"] for one in found] == [1, 2, 1]


async def test_what_is_a_sources_own_is_its_own() -> None:
    found = await boxes_of(plans(), "{boxes {inner {size} id color}}", a_box(1, "a"), a_box(1, "b"))
    assert [one["id"] for one in found] == ["a", "b"]
    assert list(found[1]) == ["inner", "id", "color"]


async def test_an_object_without_anything_of_its_own_is_written_whole() -> None:
    result = await asked(plans(), "{boxes {color inner {size}}}", a_box(1))
    assert result.data == {"boxes": ['{"color": "red", "inner": {"size": 1}}']}
    assert result.data is not None
    assert isinstance(result.data["boxes"][0], Written)


async def test_a_types_name_is_part_of_it() -> None:
    result = await asked(plans(), "{boxes {__typename inner {size}}}", a_box(1))
    assert result.data == {"boxes": ['{"__typename": "Box", "inner": {"size": 1}}']}


async def test_what_is_lazy_is_no_part_of_it() -> None:
    found = await boxes_of(plans(), "{boxes {far inner {size} inners {size far}}}", a_box(1), a_box(1))
    assert (
        found
        == [
            {
                "far": "far",
                "inner": {"size": 1},
                "inners": [{"size": 1, "far": "far"}, {"size": 1, "far": "far"}],
            }
        ]
        * 2
    )


async def test_what_takes_arguments_is_no_part_of_it() -> None:
    made, text = plans(), parse("query ($by: Int) {boxes {wide(by: $by) {size} inner {size}}}")
    found = [(await boxes_of(made, text, a_box(3), by=by))[0] for by in (1, 2)]
    assert found == [{"wide": {"size": 3}, "inner": {"size": 3}}, {"wide": {"size": 6}, "inner": {"size": 3}}]


async def test_two_selections_of_one_type_do_not_mix() -> None:
    text = "{boxes {inner {size}} more: boxes {inner {big: size} color}}"
    result = await asked(plans(), text, a_box(1))
    assert plain(result.data) == {
        "boxes": [{"inner": {"size": 1}}],
        "more": [{"inner": {"big": 1}, "color": "red"}],
    }


async def test_two_operations_do_not_mix() -> None:
    made = plans()
    assert await boxes_of(made, "{boxes {inner {size}}}", a_box(1)) == [{"inner": {"size": 1}}]
    assert await boxes_of(made, "{boxes {inner {big: size}}}", a_box(1)) == [{"inner": {"big": 1}}]


async def test_conditions_do_not_mix() -> None:
    made, text = plans(), parse("query ($a: Boolean!) {boxes {inner {size @include(if: $a) b: size}}}")
    for value in (True, False, True):
        expected = {"size": 1, "b": 1} if value else {"b": 1}
        assert await boxes_of(made, text, a_box(1), a=value) == [{"inner": expected}]


async def test_fields_are_counted_whether_their_part_was_at_hand_or_not() -> None:
    made, text = plans(), parse("{boxes {id color inners {size}}}")
    counts = []
    for _ in range(3):
        before = made.compiled
        await boxes_of(made, text, a_box(1))
        counts.append(made.compiled - before)
    assert counts == [5, 5, 5]


async def test_what_goes_wrong_is_told_and_not_kept() -> None:
    made, text = plans(), parse("{boxes {id inner {size}}}")
    result = await asked(made, text, a_box(1, inner={}), a_box(2))
    assert plain(result.data) == {"boxes": [{"id": "a", "inner": None}, {"id": "a", "inner": {"size": 2}}]}
    assert [error.path for error in result.errors or ()] == [["boxes", 0, "inner", "size"]]
    assert await boxes_of(made, text, a_box(1)) == [{"id": "a", "inner": {"size": 1}}]


async def test_what_cannot_be_written_stays_as_it_is() -> None:
    parts = Parts(2**20, lambda value: 1 / 0)  # type: ignore[arg-type, return-value]  # it raises
    made = plans()
    made.parts = parts
    result = await asked(made, "{boxes {color inner {size}}}", a_box(1))
    assert result.data == {"boxes": [{"color": "red", "inner": {"size": 1}}]}
    assert parts.entries == parts.bytes == 0
    assert parts.keep(1, {"a": [1]}, 7, whole=True) == ({"a": [1]}, 7, 0)


async def test_without_anything_below_there_is_no_part() -> None:
    made = plans()
    assert await boxes_of(made, "{boxes {color id}}", a_box(1)) == [{"color": "red", "id": "a"}]
    assert made.parts is not None
    assert made.parts.misses == 0


async def test_the_bound_holds_and_what_is_asked_for_stays() -> None:
    parts = Parts(20 * OVERHEAD, written)
    for number in range(200):
        parts.keep(number, {"a": [number]}, 1, whole=True)
        assert parts.find(0) is not None
        assert 0 < parts.bytes <= parts.bound
    assert parts.find(1) is None
    assert parts.find(199) is not None
    assert parts.entries < 20


async def test_what_is_larger_than_half_of_the_bound_is_not_kept() -> None:
    parts = Parts(4 * OVERHEAD, written)
    answer, fields, _ = parts.keep(1, {"a": ["x" * OVERHEAD]}, 7, whole=False)
    assert (plain(answer), fields) == ({"a": ["x" * OVERHEAD]}, 7)
    assert parts.find(1) is None
    assert parts.bytes == 0


async def test_half_of_the_bound_is_the_most_that_one_may_weigh() -> None:
    made: Mapping[str, Any] = {"a": [1], "b": 2}
    weight = Parts(2**20, written).keep(1, dict(made), 1, whole=True)[2]
    for bound, kept in ((2 * weight, 1), (2 * weight - 1, 0)):
        parts = Parts(bound, written)
        parts.keep(1, dict(made), 1, whole=True)
        assert parts.entries == kept


async def test_what_is_forgotten_weighs_nothing() -> None:
    parts = Parts(2**20, written)
    parts.keep(1, {"a": [1]}, 1, whole=True)
    parts.forget()
    assert (parts.find(1), parts.bytes, parts.entries) == (None, 0, 0)


@pytest.mark.parametrize("whole", [False, True])
async def test_what_is_kept_again_weighs_once(whole: bool) -> None:
    parts = Parts(2**20, written)
    weights = []
    for _ in range(2):
        parts.keep(1, {"a": [1], "b": 2}, 1, whole=whole)
        weights.append(parts.bytes)
    assert weights[0] == weights[1] > OVERHEAD


async def test_what_is_asked_for_again_weighs_once_and_stays() -> None:
    """Of two generations: what lies in the older goes to the younger when it is asked for."""
    parts = Parts(10 * OVERHEAD, written)
    kept = [parts.keep(number, {"a": [number]}, 1, whole=True) for number in range(3)]
    assert parts.entries == 3
    assert parts.bytes == sum(weight for _, _, weight in kept)
    kept += [parts.keep(number, {"a": [number]}, 1, whole=True) for number in range(3, 6)]
    assert all(parts.find(number) is not None for number in (0, 1))
    assert parts.entries == 6
    assert parts.bytes == sum(weight for _, _, weight in kept)


async def test_single_values_stay_as_they_are() -> None:
    answer, _, _ = Parts(2**20, written).keep(1, {"a": "text", "b": 2, "c": None, "d": [1]}, 4, whole=False)
    assert answer == {"a": "text", "b": 2, "c": None, "d": "[1]"}
    assert [type(one) for one in answer.values()] == [str, int, type(None), Written]
