"""Connections: lists without bound, read a page at a time by an opaque cursor (Q10).

A cursor holds the key of the last item seen, so that what is added meanwhile neither repeats nor hides an item.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
import strawberry
from graphql import GraphQLError

T = TypeVar("T")
R = TypeVar("R")

MAX_PAGE = 500

First = Annotated[int, strawberry.argument(description=f"How many at most: 0 to {MAX_PAGE}.")]
After = Annotated[
    str | None, strawberry.argument(description="The cursor after which to go on; from the start if null.")
]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """As Relay's connections have it; lists are read forward."""

    has_next_page: bool = strawberry.field(description="Whether more follows.")
    has_previous_page: bool = strawberry.field(
        description="Whether the page began after a cursor, so that something may come before it."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item: go on after it.")


@strawberry.type(description="An item of a page with its place.")
class Edge(Generic[T]):
    """One item."""

    cursor: str = strawberry.field(description="The item's place: to go on after it.")
    node: T | None = strawberry.field(description="The item; null, with an error, if it can't be read.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    """A page's items, with and without their cursors."""

    edges: list[Edge[T]] = strawberry.field(description="The items with their cursors.")
    nodes: list[T | None] = strawberry.field(description="The items.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")


def limit(first: int) -> int:
    """How many to read for a page of `first`: one more tells whether a page follows."""
    if not 0 <= first <= MAX_PAGE:
        raise GraphQLError(
            f"`first` is a number from 0 to {MAX_PAGE}.",
            extensions={"code": "bad_page_size", "retryable": False, "maximum": MAX_PAGE},
        )
    return first + 1


def page(
    found: Sequence[R],
    first: int,
    after: str | None,
    cursor: Callable[[R], str],
    node: Callable[[R], T | None],
) -> Connection[T]:
    """The page of what was found, which may be one item longer than `first`.

    An item whose `node` is None is left out, though it counted: what may not be shown makes a page shorter.
    """
    seen = found[:first]
    nodes = [(one, node(one)) for one in seen]
    edges = [Edge(cursor=cursor(one), node=shown) for one, shown in nodes if shown is not None]
    return Connection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=PageInfo(
            has_next_page=len(found) > first,
            has_previous_page=after is not None,
            start_cursor=cursor(seen[0]) if seen else None,
            end_cursor=cursor(seen[-1]) if seen else None,
        ),
    )


def cursor_of(kind: str, *key: str | int) -> str:
    """The cursor of a key. `kind` names the list, so that a cursor of another list is refused."""
    return base64.urlsafe_b64encode(orjson.dumps([kind, *key])).decode().rstrip("=")


def key_of(kind: str, cursor: str | None, *types: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """The key in a cursor, its parts checked by `types`; None for no cursor. An error if it is not of this list."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
        if found[0] != kind:
            raise ValueError("a cursor of another list")
        return tuple(check(part) for check, part in zip(types, found[1:], strict=True))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise GraphQLError(
            "`after` is not a cursor of this list.", extensions={"code": "bad_cursor", "retryable": False}
        ) from error


def whole_number(value: Any, bound: int = 2**62) -> int:
    """The number that a cursor holds. ValueError if it is none that every store could take, and go on from."""
    if type(value) is not int or not 0 <= value < bound:
        raise ValueError("not a number of a cursor")
    return value


def hash_number(value: Any) -> int:
    """The statement's hash that a cursor holds. ValueError if it is none."""
    return whole_number(value, 2**64)
