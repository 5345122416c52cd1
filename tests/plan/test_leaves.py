"""What a scalar or enum is written as where the class of a value tells enough: nothing is called for most of them."""

from __future__ import annotations

from typing import Any

import pytest

from graph.plan.leaves import leaf_expression
from tests.plan.zoo import binding, schema

EXPRESSIONS = {
    "String": "(v if v.__class__ is str else leaf(v))",
    "ID": "(v if v.__class__ is str else leaf(v))",
    "Boolean": "(v if v.__class__ is bool else leaf(v))",
    "Int": "(v if (v.__class__ is int and -2147483648 <= v <= 2147483647) else leaf(v))",
    "Float": "(v if (v.__class__ is float and v - v == 0.0) else leaf(v))",
    "Size": "enum[v]",
    "Even": "leaf(v)",
    "Any": "(v if v.__class__ in classes else (write(v) if v.__class__ is class else leaf(v)))",
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions(name: str) -> None:
    of = schema()
    types: Any = of.type_map
    told = leaf_expression(binding(of), types[name], "v", False, lambda _value, word: word)
    assert told == EXPRESSIONS[name]


def test_null_is_null_where_it_may_be() -> None:
    of = schema()
    types: Any = of.type_map
    told = leaf_expression(binding(of), types["Size"], "v", True, lambda _value, word: word)
    assert told == "(None if v is None else enum[v])"
    told = leaf_expression(binding(of), types["Int"], "v", True, lambda _value, word: word)
    assert told.startswith("(v if v is None or (")
    told = leaf_expression(binding(of), types["Even"], "v", True, lambda _value, word: word)
    assert told == "(None if v is None else leaf(v))"
