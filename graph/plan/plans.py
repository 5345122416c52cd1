"""The compiled functions of one schema, kept by operation while there is room. Safe for several threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from threading import Lock
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentArgumentNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from graphql.language import Visitor, visit

from graph.plan.binding import Binding
from graph.plan.compiling import Selections
from graph.plan.executor import PlanExecutor
from graph.plan.parts import Parts

OVERHEAD = 4_000
"""Bytes of memory that an operation takes here before anything of it is compiled."""
OF_A_CHARACTER = 120
"""And for each character of its text: 107 were measured of nodes with their tokens."""
_MISSING = object()
_Key = tuple[Any, ...]
"""The identity of an operation, and the values of the variables that decide."""


class _Kept:
    """Compiled selections, once there are any, how often they were asked for, and what they weigh."""

    __slots__ = ("selections", "times", "weight")

    def __init__(self, weight: int) -> None:
        self.selections: Selections | None = None
        self.times = 0
        self.weight = weight


@dataclass(frozen=True, slots=True)
class _Asked:
    """An operation with its fragments, kept so that what is known by their identities stays true."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDetails]
    deciding: tuple[str, ...]
    """The variables that decide what is selected: those in its directives, and those that fragments are given."""
    keys: set[_Key] = field(default_factory=set)
    """Under which selections of it are kept."""

    @property
    def weight(self) -> int:
        """About how many bytes of memory its nodes take, which may be kept by nobody else."""
        nodes = [self.operation, *(one.definition for one in self.fragments.values())]
        return OF_A_CHARACTER * sum(one.loc.end - one.loc.start for one in nodes if one.loc is not None)

    def is_of(self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDetails]) -> bool:
        """Whether it is this operation, with the same definitions of fragments."""
        return (
            self.operation is operation
            and self.fragments.keys() == fragments.keys()
            and all(self.fragments[name].definition is one.definition for name, one in fragments.items())
        )


class Plans:
    """Of up to `bound` bytes together; those of the operations go first that nobody asked for longest."""

    def __init__(self, binding: Binding, bound: int, after: int = 1, parts: Parts | None = None) -> None:
        """An operation is compiled when it was asked `after` times: to compile takes longer than to execute a small one.

        With `parts`, what they write stands in answers.
        """
        self.binding, self.bound, self.after, self.parts = binding, bound, after, parts
        self.bytes = 0
        self.compiled = 0
        """Fields that compiled functions answered."""
        self.standard = 0
        """Fields that the standard executor executed."""
        self.evictions = 0
        self._asked: dict[int, _Asked] = {}
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._lock = Lock()

    def selections(
        self,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDetails],
        variables: VariableValues,
    ) -> Selections | None:
        """The compiled selections of an operation with these variables, to which more are added when they are met.

        None for an operation that is not compiled yet.
        """
        with self._lock:
            asked = self._asked.get(id(operation))
            if asked is None or not asked.is_of(operation, fragments):
                self._forget(id(operation))
                asked = _Asked(
                    operation, dict(fragments), tuple(sorted(set(_deciding(operation, fragments))))
                )
                self._asked[id(operation)] = asked
            values = variables.coerced
            key = (id(operation), *[_hashable(values.get(name, _MISSING)) for name in asked.deciding])
            kept = self._kept.get(key)
            if kept is None:
                kept = self._kept[key] = _Kept(OVERHEAD + asked.weight)
                asked.keys.add(key)
                self.bytes += kept.weight
                self._make_room()
            else:
                self._kept.move_to_end(key)
            kept.times += 1
            if kept.selections is None and kept.times > self.after:
                grown = partial(self._grow, key, kept)
                kept.selections = Selections(
                    self.binding, operation, fragments, _only(asked.deciding, variables), grown, self.parts
                )
            return kept.selections

    @cached_property
    def executor_class(self) -> type[PlanExecutor]:
        """What `graphql.execute` and `graphql.subscribe` take as `executor_class`."""
        return type("PlanExecutor", (PlanExecutor,), {"plans": self})

    def count(self, compiled: int, standard: int) -> None:
        """So many fields were answered by compiled functions and by the standard executor."""
        with self._lock:
            self.compiled += compiled
            self.standard += standard

    def _grow(self, key: _Key, kept: _Kept, by: int) -> None:
        with self._lock:
            if self._kept.get(key) is kept:  # what was evicted while it is in use goes with its last use
                kept.weight += by
                self.bytes += by
                self._make_room()

    def _make_room(self) -> None:
        while self.bytes > self.bound and self._kept:
            key = next(iter(self._kept))
            self._remove(key)
            self.evictions += 1

    def _remove(self, key: _Key) -> None:
        self.bytes -= self._kept.pop(key).weight
        asked = self._asked[key[0]]
        asked.keys.discard(key)
        if not asked.keys:
            del self._asked[key[0]]

    def _forget(self, operation: int) -> None:
        asked = self._asked.get(operation)
        for key in list(asked.keys) if asked is not None else ():
            self._remove(key)


def _deciding(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDetails]) -> Iterator[str]:
    definitions: Iterable[Any] = (operation, *(one.definition for one in fragments.values()))
    for definition in definitions:
        collector = _Deciding()
        visit(definition, collector)
        yield from collector.names


class _Deciding(Visitor):
    """The variables in directives, and those that fragments are given for variables of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        for argument in node.arguments or ():
            self._note(argument.value)

    def enter_fragment_argument(self, node: FragmentArgumentNode, *_: Any) -> None:
        self._note(node.value)

    def _note(self, value: ValueNode) -> None:
        if isinstance(value, VariableNode):
            self.names.append(value.name.value)


def _only(names: Iterable[str], variables: VariableValues) -> VariableValues:
    """These variables alone: what others hold must not be kept, nor where these came from, which decides nothing."""
    return VariableValues({}, {name: variables.coerced[name] for name in names if name in variables.coerced})


def _hashable(value: Any) -> Any:
    """Of a value of a directive's variable: one that tells True from 1, and what has no hash by its text."""
    try:
        hash(value)
    except TypeError:
        return (value.__class__, repr(value))
    return (value.__class__, value)
