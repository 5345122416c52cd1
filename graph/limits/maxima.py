"""The greatest measures that a request may have, and how it is told that it is beyond one.

Knows numbers and errors; what is measured, and how, is in `shape` and `cost`. Each maximum is a setting of the same name
with `MAX_` before it; 0 is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import GraphQLError, Node

CEILING = 2**31 - 1
"""No measure is told greater than this: a few lines of chained fragments can ask for more fields than there are atoms."""


@dataclass(frozen=True, slots=True)
class Maxima:
    """Of one document. 0 is no maximum."""

    query_length: int = 100_000
    tokens: int = 5_000
    comparisons: int = 50_000
    depth: int = 30
    fields: int = 2_000
    root_fields: int = 50
    aliases: int = 100
    directives: int = 100
    list_length: int = 500
    page_size: int = 500
    cost: int = 20_000


WORDS = {
    "query_length": "The document has {measure} characters",
    "tokens": "The document has more than {maximum} tokens",
    "comparisons": "To find whether fields of the document can be merged takes more than {maximum} comparisons",
    "depth": "The fields are nested {measure} deep",
    "fields": "The operation has {measure} fields, with all fragments expanded",
    "root_fields": "The operation has {measure} fields at its root",
    "aliases": "The operation has {measure} aliases, with all fragments expanded",
    "directives": "The operation has {measure} directives, with all fragments expanded",
    "list_length": "`{argument}` has {measure} entries",
    "page_size": "`{argument}` asks for {measure} items",
    "cost": "The operation costs {measure}",
}
"""What is said of each measure that is too great."""


def exceeded(
    name: str, measure: int, maximum: int, nodes: Sequence[Node] = (), argument: str = ""
) -> GraphQLError:
    """What is told of a measure beyond its maximum; `nodes` are where."""
    words = WORDS[name].format(measure=measure, maximum=maximum, argument=argument)
    return GraphQLError(
        f"{words}; {maximum} are allowed.",
        nodes,
        extensions={
            "code": "limit_exceeded",
            "retryable": False,
            "limit": f"MAX_{name.upper()}",
            "measure": measure,
            "maximum": maximum,
        },
    )
