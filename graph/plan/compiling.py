"""From a selection of one operation to the function that answers it: Python's source, compiled.

A function takes a source, the run that it is part of, and its place in the answer; it gives what the answer has there, or
raises whatever: then the standard executor answers instead, from the start of what the function was called for. It leaves
out what is lazy: it notes a hole, to be filled when all holes of the run are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from threading import RLock
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues

from graph.plan.binding import Binding, Lazy, Plain, Tag
from graph.plan.leaves import Bail, is_unusual, leaf_expression

Details = list[FieldDetails]
Compiled = Callable[[Any, Any, Any], Any]

OF_A_CHARACTER = 20
"""Bytes of memory that compiled functions take for each character of their source, with what belongs to them."""
LONGEST = 200_000
"""Characters of source of one operation. What is beyond is left to the standard executor."""


class NotPlain(Exception):
    """A selection can't be compiled."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A field that is lazy, or that nothing is known of."""

    parent: GraphQLObjectType
    name: str
    """In the answer."""
    details: Details
    field: GraphQLField
    lazy: Lazy | None
    complete: Compiled | None
    """What makes a value of its part of the answer; None for a field that the executor is to execute."""


@dataclass(frozen=True, slots=True)
class WithArguments:
    """A plain field with arguments, which are found once in a run."""

    details: Details
    field: GraphQLField


class Selections:
    """The compiled selections of one operation, for one set of values of the variables that decide what is selected."""

    def __init__(
        self,
        binding: Binding,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDetails],
        variables: VariableValues,
        grown: Callable[[int], None],
    ) -> None:
        """`grown` is told of each growth, in bytes."""
        self.binding, self.operation, self.fragments = binding, operation, dict(fragments)
        self.holes: list[Hole] = []
        self.with_arguments: list[WithArguments] = []
        self._variables, self._grown = variables, grown
        self._lock = RLock()
        self._known: dict[tuple[int, ...], Compiled | None] = {}
        self._objects: dict[tuple[int, ...], str] = {}
        self._lazy: dict[tuple[int, str], bool] = {}
        self._pinned: list[Any] = []
        self._names: dict[str, Any] = {
            "Bail": Bail,
            "is_unusual": is_unusual,
            "sequence": _sequence,
            "unusual": _unusual,
        }
        self._named: dict[int, str] = {}
        self._source: list[str] = []
        self._written: list[tuple[int, ...]] = []
        self._length = 0
        self._numbers = count()

    def of(self, returned: GraphQLOutputType, details: Details) -> Compiled | None:
        """The function for values of a type, of which the subfields of these nodes are selected; None if there is none."""
        key = _key(returned, details)
        try:
            return self._known[key]
        except KeyError:
            with self._lock:
                if key not in self._known:
                    self._known[key] = self._compiled(returned, details)
                    self._pinned.append((returned, [one.node for one in details]))
                return self._known[key]

    def _compiled(self, returned: GraphQLOutputType, details: Details) -> Compiled | None:
        try:
            place = "p" if self._finds_lazy(returned, details) else None
            value = self._value(returned, "v", details, place, 0)
            name = self._new("value")
            self._source.append(f"def {name}(v, r, p):\n    return {value}\n")
            return self._made(name)
        except (
            Exception
        ):  # whatever it is, the standard executor finds it too, and tells it as it should be told
            self._drop()
            return None

    def _drop(self) -> None:
        """Forget what was written and not compiled."""
        for key in self._written:
            del self._objects[key]
        self._source.clear()
        self._written.clear()

    def _made(self, name: str) -> Compiled:
        """The function of this name, when all that was written is compiled."""
        source = "\n".join(self._source)
        self._length += len(source)
        if self._length > LONGEST:
            raise NotPlain("too long")
        exec(compile(source, f"<plan {name}>", "exec"), self._names)
        self._source.clear()
        self._written.clear()
        self._grown(OF_A_CHARACTER * len(source))
        made: Compiled = self._names[name]
        return made

    def _value(
        self, returned: GraphQLOutputType, value: str, details: Details, place: str | None, depth: int
    ) -> str:
        """The expression of a value in the answer. `value` and `place` are names or expressions without effect."""
        nullable = not is_non_null_type(returned)
        inner: Any = returned.of_type if is_non_null_type(returned) else returned
        if is_leaf_type(inner):
            return self._leaf(inner, value, nullable)
        if is_list_type(inner):
            made = self._list(inner, value, details, place, depth)
        elif is_object_type(inner):
            made = f"{self._object(inner, details, checked=True)}({value}, r, {place})"
        elif is_abstract_type(inner):
            made = f"{self._abstract(inner, value, details)}({value}, r, {place})"
        else:
            raise NotPlain(str(inner))
        return f"(None if {value} is None else {made})" if nullable else made

    def _leaf(self, leaf: GraphQLLeafType, value: str, nullable: bool) -> str:
        return leaf_expression(self.binding, leaf, value, nullable, self._name_of)

    def _list(
        self, returned: GraphQLList[Any], value: str, details: Details, place: str | None, depth: int
    ) -> str:
        if any(one.name.value == "stream" for detail in details for one in detail.node.directives or ()):
            raise NotPlain("@stream")
        item, index = f"x{depth}", f"i{depth}"
        values = f"({value} if {value}.__class__ is list else sequence({value}))"
        if place is None or is_leaf_type(_innermost(returned)):
            made = self._value(returned.of_type, item, details, None, depth + 1)
            return f"[{made} for {item} in {values}]"
        made = self._value(returned.of_type, item, details, f"({place}, {index}, None)", depth + 1)
        return f"[{made} for {index}, {item} in enumerate({values})]"

    def _abstract(self, returned: GraphQLAbstractType, value: str, details: Details) -> str:
        tag = self.binding.tags.get(returned.name)
        if tag is None:
            raise NotPlain(returned.name)
        members = self._name_of(_Members(self, returned, tag, details), "members")
        if tag.function is None:
            return f"{members}[{value}.__class__]"
        classes = self._name_of(frozenset(tag.sources), "classes")
        told = f"{self._name_of(tag.function, 'tag')}({value})"
        return f"{members}[{told} if {value}.__class__ in {classes} else unusual()]"

    def member(self, returned: GraphQLAbstractType, name: Any, details: Details, checked: bool) -> Compiled:
        """The function of one object type of an interface or union, when the first of its sources is met."""
        with self._lock:
            found = self.binding.schema.get_type(name)
            if not isinstance(found, GraphQLObjectType) or not self.binding.schema.is_sub_type(
                returned, found
            ):
                raise NotPlain(str(name))
            try:
                return self._made(self._object(found, details, checked=checked))
            except Exception:
                self._drop()
                raise

    def _object(self, returned: GraphQLObjectType, details: Details, *, checked: bool) -> str:
        """The name of the function for sources of an object type. `checked` if their shape is to be looked at."""
        key = (*_key(returned, details), checked)
        if key not in self._objects:
            # Only when it is complete: what fails on the way must not be found.
            self._objects[key] = self._write(returned, details, checked)
            self._written.append(key)
            self._pinned.append([one.node for one in details])
        return self._objects[key]

    def _write(self, returned: GraphQLObjectType, details: Details, checked: bool) -> str:
        collected = collect_subfields(
            self.binding.schema, self.fragments, self._variables, self.operation, returned, details
        )
        if collected.new_defer_usages:
            raise NotPlain("@defer")
        place = "p" if self._finds_lazy(returned, details) else None
        body = self._checks(returned) if checked else []
        shared: dict[str, str] = {}
        items, holes, answered = [], [], 0
        for name, group in collected.grouped_field_set.items():
            if any(one.fragment_variable_values or one.defer_usage for one in group):
                raise NotPlain("variables of fragments")
            field_name = group[0].node.name.value
            if field_name == "__typename":
                items.append(f"{name!r}: {returned.name!r}")
                answered += 1
                continue
            field = self.binding.schema.get_field(returned, field_name)
            if field is None:
                continue  # as the executor does
            known = self._told(returned, group[0].node, field)
            if isinstance(known, Plain):
                value = self._got(known, field, group, body, shared)
                below = f"(p, {name!r}, {returned.name!r})" if place else None
                items.append(f"{name!r}: {self._value(field.type, value, group, below, 0)}")
                answered += 1
            else:
                items.append(f"{name!r}: None")
                holes.append(self._hole(returned, name, group, field, known))
        made = self._new("object")
        if answered:
            body.append(f"r.count += {answered}")
        if holes:
            body.append(f"d = {{{', '.join(items)}}}")
            body += [f"r.holes[{one}].append((d, s, p))" for one in holes]
            body.append("return d")
        else:
            body.append(f"return {{{', '.join(items)}}}")
        self._source.append(f"def {made}(s, r, p):\n" + "".join(f"    {line}\n" for line in body))
        return made

    def _checks(self, returned: GraphQLObjectType) -> list[str]:
        shape = self.binding.shapes.get(returned.name)
        if shape is None:
            if returned.is_type_of is not None:
                raise NotPlain(returned.name)
            return ["if is_unusual(s): raise Bail"]
        if len(shape.classes) == 1:
            checks = [f"s.__class__ is not {self._name_of(shape.classes[0], 'class')}"]
        else:
            checks = [f"s.__class__ not in {self._name_of(frozenset(shape.classes), 'classes')}"]
        checks += [f"{key!r} not in s" for key in shape.keys]
        return [f"if {' or '.join(checks)}: raise Bail"]

    def _got(
        self, known: Plain, field: GraphQLField, group: Details, body: list[str], shared: dict[str, str]
    ) -> str:
        """The name of a variable with the field's value, which lines of the body give it."""
        found = "s"
        for kind, name in known.steps:
            match kind:
                case "attribute":
                    found = self._shared(f"{found}.{_identifier(name)}", body, shared)
                case "key":
                    found = self._shared(f"{found}[{name!r}]", body, shared)
                case "get":
                    found = self._shared(f"{found}.get({name!r})", body, shared)
                case "text":
                    got = self._shared(f"{found}.get({name!r})", body, shared)
                    text = f"{got} if {got}.__class__ is str or isinstance({got}, str) else None"
                    found = self._shared(text, body, shared)
                case _:
                    found = self._shared(f"{found} if {name!r} in {found} else None", body, shared)
        if known.with_arguments is not None:
            self.with_arguments.append(WithArguments(group, field))
            arguments = f"r.arguments({len(self.with_arguments) - 1})"
            return self._shared(
                f"{self._name_of(known.with_arguments, 'get')}({found}, {arguments})", body, shared
            )
        if known.function is not None:
            return self._shared(f"{self._name_of(known.function, 'get')}({found})", body, shared)
        return found

    def _shared(self, expression: str, body: list[str], shared: dict[str, str]) -> str:
        """The variable of an expression, which is evaluated once in a function."""
        if expression not in shared:
            shared[expression] = f"v{len(shared)}"
            body.append(f"{shared[expression]} = {expression}")
        return shared[expression]

    def _hole(
        self,
        parent: GraphQLObjectType,
        name: str,
        group: Details,
        field: GraphQLField,
        lazy: Lazy | None,
    ) -> int:
        if is_non_null_type(field.type):
            raise NotPlain(f"{parent.name}.{name}")
        complete = self._completing(field.type, group) if lazy is not None else None
        self.holes.append(Hole(parent, name, group, field, lazy, complete))
        return len(self.holes) - 1

    def _completing(self, returned: GraphQLOutputType, group: Details) -> Compiled | None:
        """Of the values of a lazy field: compiled when the first is there, since there may never be one."""

        def complete(value: Any, run: Any, place: Any) -> Any:
            made = self.of(returned, group)
            if made is None:
                raise Bail
            return made(value, run, place)

        return complete

    def _finds_lazy(self, returned: GraphQLOutputType, details: Details) -> bool:
        """Whether there may be holes below: something is selected that is not plain on a type that may be there."""
        kind = get_named_type(returned)
        return any(
            self._lazy_in(one.node.selection_set, kind)
            for one in details
            if one.node.selection_set is not None
        )

    def _lazy_in(self, selections: SelectionSetNode, kind: GraphQLNamedType) -> bool:
        key = (id(selections), kind.name)
        if key not in self._lazy:
            # Fragments end: the document is valid.
            self._lazy[key] = any(self._is_lazy(one, kind) for one in selections.selections)
            self._pinned.append(selections)
        return self._lazy[key]

    def _is_lazy(self, node: Any, kind: GraphQLNamedType) -> bool:
        if isinstance(node, FieldNode):
            return any(self._is_lazy_field(node, one) for one in self._possible(kind))
        if isinstance(node, FragmentSpreadNode):
            node = self.fragments[node.name.value].definition
        told = node.type_condition
        other = self.binding.schema.type_map[told.name.value] if told is not None else kind
        # Of two abstract types some objects may be of both: those of the narrower one are looked at.
        narrower = min(kind, other, key=lambda one: len(self._possible(one)))
        return self._lazy_in(node.selection_set, narrower)

    def _is_lazy_field(self, node: FieldNode, parent: GraphQLObjectType) -> bool:
        name = node.name.value
        field = parent.fields.get(name)
        if field is None:
            return False
        if not isinstance(self._told(parent, node, field), Plain):
            return True
        return node.selection_set is not None and self._lazy_in(
            node.selection_set, get_named_type(field.type)
        )

    def _told(self, parent: GraphQLObjectType, node: FieldNode, field: GraphQLField) -> Plain | Lazy | None:
        """What is told of a field as it is selected. A plain one that takes arguments has to be told how."""
        known = self.binding.fields.get(parent.name, {}).get(node.name.value)
        if isinstance(known, Plain) and known.with_arguments is None and (field.args or node.arguments):
            return None
        return known

    def _possible(self, kind: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        """The object types that sources of a type may be of."""
        if is_object_type(kind):
            return (kind,)
        return self.binding.schema.get_possible_types(kind) if is_abstract_type(kind) else ()

    def _name_of(self, value: object, word: str) -> str:
        """The name under which code finds an object, which lives as long as the names do."""
        if id(value) not in self._named:
            self._named[id(value)] = name = self._new(word)
            self._names[name] = value
        return self._named[id(value)]

    def _new(self, word: str) -> str:
        return f"{word}_{next(self._numbers)}"


class _Members(dict[Any, Compiled]):
    """The functions of an interface's or union's object types, by what a source tells of its type."""

    def __init__(
        self, selections: Selections, returned: GraphQLAbstractType, tag: Tag, details: Details
    ) -> None:
        super().__init__()
        self._selections, self._returned, self._tag, self._details = selections, returned, tag, details

    def __missing__(self, told: Any) -> Compiled:
        by_function = self._tag.function is not None
        name = told if by_function else self._tag.classes[told]
        self[told] = made = self._selections.member(
            self._returned, name, self._details, checked=not by_function
        )
        return made


def _key(returned: GraphQLOutputType, details: Sequence[FieldDetails]) -> tuple[int, ...]:
    if len(details) == 1:
        return (id(returned), id(details[0].node))
    return (id(returned), *[id(one.node) for one in details])


def _innermost(returned: Any) -> Any:
    while is_list_type(returned) or is_non_null_type(returned):
        returned = returned.of_type
    return returned


def _identifier(name: str) -> str:
    if not name.isidentifier():
        raise NotPlain(name)
    return name


def _sequence(value: Any) -> Any:
    """A list that is none of the class that most are."""
    if value.__class__ is not tuple:
        raise Bail
    return value


def _unusual() -> None:
    raise Bail
