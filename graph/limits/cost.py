"""What an operation costs, reckoned from its document and its variables before it runs, and how long its lists are.

The cost of a selection is a straight line in the number of parents it is answered for: what is fetched once for all of
them, and what each adds. So a fragment is reckoned once, wherever it is spread, and the work is linear in the document.
Where parents may be of several types, each is of one: what they add is that of the costliest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    value_from_ast_untyped,
)

from graph.limits.maxima import CEILING, Maxima, exceeded
from graph.limits.weights import AT_HAND, BULK_ITEMS, FIELD, ITEMS, OBJECT, QUERY, READS, Weight, weight_of

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """The cost of a selection, in hundredths: `once`, `each` for each parent, `item` for each item of a parent's page.

    `reads` are what is read once for each parent, whoever asks for it.
    """

    once: int = 0
    each: int = 0
    item: int = 0
    reads: frozenset[str] = frozenset()

    def __add__(self, other: Line) -> Line:
        return Line(
            min(self.once + other.once, CEILING),
            min(self.each + other.each, CEILING),
            min(self.item + other.item, CEILING),
            self.reads | other.reads,
        )

    def read(self, kind: str) -> Line:
        """With what its reads cost, on parents of this type."""
        read = [READS[name] for name in self.reads if name not in AT_HAND.get(kind, ())]
        return Line(
            min(self.once + sum(one.queries for one in read) * QUERY, CEILING),
            min(self.each + sum(one.price for one in read), CEILING),
            self.item,
        )


@dataclass(frozen=True, slots=True)
class Reckoned:
    """The cost of an operation in object reads, rounded up, and what of it is beyond a maximum."""

    cost: int
    errors: list[GraphQLError]
    visited: int
    """Selections that were looked at: the work it took."""


def reckoned(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Variables | None,
    maxima: Maxima,
) -> Reckoned:
    """The cost of an operation of a valid document. Variables of another type than they must be are told later."""
    root = schema.get_root_type(operation.operation)
    assert root is not None, "the document is valid"
    reckoning = _Reckoning(
        schema, fragments, _Given(operation, variables if variables is not None else {}), maxima
    )
    line = reckoning.selections(root, operation.selection_set).read(root.name)
    cost = -(-min(line.once + line.each, CEILING) // OBJECT)
    errors = list(reckoning.worst.values())
    if maxima.cost and cost > maxima.cost:
        errors.append(exceeded("cost", cost, maxima.cost, [operation]))
    return Reckoned(cost, errors, reckoning.visited)


class _Reckoning:
    """What is known while one operation is reckoned."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Variables,
        maxima: Maxima,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._maxima = maxima
        self._spread: dict[str, Line] = {}
        self._greatest: dict[str, int] = {}
        self.worst: dict[str, GraphQLError] = {}
        """By measure, the error of the field that is furthest beyond its maximum."""
        self.visited = 0

    def selections(self, parent: GraphQLNamedType, selections: SelectionSetNode) -> Line:
        common = Line()
        by_type: dict[str, Line] = {}
        for node in selections.selections:
            self.visited += 1
            if self._left_out(node):
                continue
            kind, line = self._selection(parent, node)
            if kind is parent or not (is_abstract_type(parent) and isinstance(kind, GraphQLObjectType)):
                common += line
            else:
                by_type[kind.name] = by_type.get(kind.name, Line()) + line
        lines = [line.read(kind_name) for kind_name, line in by_type.items()]
        once = min(sum(line.once for line in lines), CEILING)
        each = max((line.each for line in lines), default=0)
        return common + Line(once, each, max((line.item for line in lines), default=0))

    def _selection(self, parent: GraphQLNamedType, node: SelectionNode) -> tuple[GraphQLNamedType, Line]:
        """The type that the selection is on, and its line."""
        if isinstance(node, FieldNode):
            return parent, self._field(parent, node)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            kind = self._schema.type_map[condition.name.value] if condition is not None else parent
            return kind, self.selections(kind, node.selection_set)
        fragment = self._fragments[node.name.value]  # type: ignore[attr-defined]  # the third kind: a spread
        name, kind = fragment.name.value, self._schema.type_map[fragment.type_condition.name.value]
        if name not in self._spread:
            self._spread[name] = self.selections(kind, fragment.selection_set)
        return kind, self._spread[name]

    def _field(self, parent: GraphQLNamedType, node: FieldNode) -> Line:
        name = node.name.value
        field = self._schema.get_field(parent, name)  # type: ignore[arg-type]  # it has fields: the document is valid
        if field is None or name == "__typename":
            return Line(each=FIELD)
        self._measure(field, node)
        interfaces = parent.interfaces if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else ()
        weight = weight_of(parent.name, tuple(one.name for one in interfaces), name)
        asked = {
            one: value for one in weight.asked if (value := self._argument(field, node, one)) is not None
        }
        below, kind = Line(), get_named_type(field.type)
        if node.selection_set is not None:
            below = self.selections(kind, node.selection_set)
        if any(asked.get(one) not in (None, False) for one in weight.given):
            below += Line(reads=frozenset({"content"}))
        below = below.read(kind.name)
        once = weight.queries * QUERY + below.once
        if (name in ITEMS and parent.name.endswith("Connection")) or f"{parent.name}.{name}" in BULK_ITEMS:
            return Line(once, FIELD, FIELD + below.each, frozenset(weight.reads))
        return Line(once, FIELD + _of_each(weight, asked, below), reads=frozenset(weight.reads))

    def _argument(self, field: GraphQLField, node: FieldNode, name: str) -> Any:
        given = next((one.value for one in node.arguments or () if one.name.value == name), None)
        if given is None or (isinstance(given, VariableNode) and given.name.value not in self._variables):
            default = field.args[name].default_value
            return None if default is Undefined else default
        return self._value(given)

    def _value(self, node: ValueNode) -> Any:
        return value_from_ast_untyped(node, self._variables)  # type: ignore[arg-type]  # it is asked for names alone

    def _left_out(self, node: SelectionNode) -> bool:
        """Whether `@skip` or `@include` leaves it out."""
        for directive in node.directives or ():
            for argument in directive.arguments or ():
                value = self._value(argument.value)
                if (directive.name.value, value) in (("skip", True), ("include", False)):
                    return True
        return False

    def _measure(self, field: GraphQLField, node: FieldNode) -> None:
        """The lengths of the lists in the arguments and the size of the page, where they are beyond the maximum."""
        for given in node.arguments or ():
            kind = field.args[given.name.value].type
            name = given.name.value
            if isinstance(given.value, NullValueNode):
                continue
            if name == "first" and self._maxima.page_size:
                size = self._value(given.value)
                if isinstance(size, int) and size > self._maxima.page_size:
                    self._note("page_size", size, self._maxima.page_size, given, name)
            elif self._maxima.list_length and _has_list(kind):
                value = self._value(given.value)
                for where, length in _lengths(name, kind, value):
                    if length > self._maxima.list_length:
                        self._note("list_length", length, self._maxima.list_length, given, where)

    def _note(self, name: str, measure: int, maximum: int, node: Any, argument: str) -> None:
        if measure > self._greatest.get(name, 0):
            self._greatest[name] = measure
            self.worst[name] = exceeded(name, min(measure, CEILING), maximum, [node], argument)


def _of_each(weight: Weight, asked: Mapping[str, Any], below: Line) -> int:
    """What a field adds for each parent, beside itself."""
    values = weight.size(asked) if weight.size is not None else 1
    items = weight.page(asked) if weight.page is not None else 0
    of_values = values * below.each + items * below.item
    return min(weight.price + (items if weight.page else values) * weight.value_price + of_values, CEILING)


class _Given(Mapping[str, Any]):
    """The variables, with the operation's defaults for those that are not given. Each is looked at when it is asked for."""

    def __init__(self, operation: OperationDefinitionNode, variables: Variables) -> None:
        self._variables = variables
        self._defaults = {
            one.variable.name.value: value_from_ast_untyped(one.default_value)
            for one in operation.variable_definitions or ()
            if one.default_value is not None
        }

    def __getitem__(self, name: str) -> Any:
        return self._variables[name] if name in self._variables else self._defaults[name]

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("each is asked for by its name")

    def __len__(self) -> int:
        raise NotImplementedError

    def __bool__(self) -> bool:
        return True


def _lengths(name: str, declared: GraphQLInputType, value: Any) -> Iterator[tuple[str, int]]:
    """The lists in an argument's value, each with its place and its length."""
    kind = get_nullable_type(declared)
    if value is None:
        return
    if isinstance(kind, GraphQLList):
        values = value if isinstance(value, list) else [value]
        yield name, len(values)
        if _has_list(kind.of_type):
            for one in values:
                yield from _lengths(name, kind.of_type, one)
    elif isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        for field_name, field in kind.fields.items():
            if field_name in value and _has_list(field.type):
                yield from _lengths(f"{name}.{field_name}", field.type, value[field_name])


@lru_cache(maxsize=1024)
def _has_list(kind: GraphQLInputType) -> bool:
    """Whether there may be a list in a value of this type. What lies in JSON is the body's business."""
    return _finds_list(kind, set())


def _finds_list(kind: Any, seen: set[str]) -> bool:
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        return True
    if not isinstance(kind, GraphQLInputObjectType) or kind.name in seen:
        return False
    seen.add(kind.name)
    return any(_finds_list(field.type, seen) for field in kind.fields.values())
