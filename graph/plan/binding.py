"""What a schema tells of its types, so that selections of them can be compiled.

Whatever is not told is left to the standard executor. What is told has to be true: a field that is said to be plain must
give what its resolver gives, or raise; a shape must have no sources that the type's `is_type_of` would refuse.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from graphql import GraphQLResolveInfo, GraphQLSchema

Step = tuple[Literal["attribute", "key", "get", "text", "having"], str]
"""`source.name`, `source["name"]` or `source.get("name")`; the last as `text`, if it is a str, else None; `having`: the source
if it has the key, else None."""
Function = Callable[[Any], Any]
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """A field whose value is had from its source at once, without side effect: by steps, then by a function of what they lead to.

    `with_arguments` is called instead of `function`, with the field's arguments by their names in GraphQL.
    """

    steps: tuple[Step, ...] = ()
    function: Function | None = None
    with_arguments: Callable[[Any, Arguments], Any] | None = None


@dataclass(frozen=True, slots=True)
class Lazy:
    """A nullable field whose values are read together for many sources.

    `together` gives a value for each source in their order; an exception in the place of one, or raised for all, is its
    error. The info is that of one of the fields.
    """

    together: Callable[[Sequence[Any], GraphQLResolveInfo[Any], Arguments], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the sources of an object type are: of exactly one of these classes, and with these keys."""

    classes: tuple[type, ...]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """How a source of an interface or union tells its object type: by its class, or by a function that gives its name.

    The function is asked of sources of exactly these classes. What it says makes the type's own shape superfluous.
    """

    classes: Mapping[type, str] = field(default_factory=dict)
    function: Callable[[Any], str | None] | None = None
    sources: tuple[type, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """An object type whose sources are the same to all its plain fields where these attributes are the same.

    But for those fields that are a source's `own`.
    """

    key: tuple[str, ...]
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Binding:
    """All of one schema, by the names of its types."""

    schema: GraphQLSchema
    fields: Mapping[str, Mapping[str, Plain | Lazy]]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    tags: Mapping[str, Tag] = field(default_factory=dict)
    leaves: Mapping[str, Mapping[type, Function | None]] = field(default_factory=dict)
    """Of a scalar, by the class of a value: what writes it; None for a class whose values are written as they are."""
    parts: Mapping[str, Part] = field(default_factory=dict)
