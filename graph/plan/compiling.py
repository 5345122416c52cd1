"""From a selection of one operation to the function that answers it: Python's source, compiled.

A function takes a source, the run that it is part of, and its place in the answer; it gives what the answer has there, or
raises whatever: then the standard executor answers instead, from the start of what the function was called for. It leaves
out what is lazy: it notes a hole, to be filled when all holes of the run are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import count
from threading import RLock
from typing import Any, cast

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
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues

from graph.plan.binding import Binding, Lazy, Plain, Tag
from graph.plan.bodies import Body, object_source, parted_source
from graph.plan.leaves import Bail, is_unusual, leaf_expression
from graph.plan.parts import Parts

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
    """None for a field that the executor is to execute."""
    complete: Compiled
    """What makes a value of a lazy one its part of the answer."""


@dataclass(frozen=True, slots=True)
class WithArguments:
    """A plain field with arguments, which are found once in a run."""

    details: Details
    field: GraphQLField


class Selections:
    """The compiled selections of one operation, for one set of values of the variables that decide what is selected.

    Types and nodes are known by their identities, which stay true: they are the schema's and those of the operation and
    its fragments, all held here.
    """

    def __init__(
        self,
        binding: Binding,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDetails],
        variables: VariableValues,
        grown: Callable[[int], None],
        parts: Parts | None = None,
    ) -> None:
        """`grown` is told of each growth, in bytes."""
        self.binding, self.operation, self.fragments = binding, operation, dict(fragments)
        self.holes: list[Hole] = []
        self.with_arguments: list[WithArguments] = []
        self._variables, self._grown, self._parts = variables, grown, parts
        self._lock = RLock()
        self._known: dict[tuple[int, ...], Compiled | None] = {}
        self._objects: dict[tuple[int, ...], str] = {}
        self._found: dict[tuple[int, str, bool], bool] = {}
        self._names: dict[str, Any] = {
            "Bail": Bail,
            "is_unusual": is_unusual,
            "sequence": _sequence,
            "unusual": _unusual,
            "parts": parts,
        }
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
                return self._known[key]

    def _compiled(self, returned: GraphQLOutputType, details: Details) -> Compiled | None:
        try:
            place = "p" if self._finds(returned, details) else None
            value = self._value(returned, "v", details, place)
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

    def _value(self, returned: GraphQLOutputType, value: str, details: Details, place: str | None) -> str:
        """The expression of a value in the answer. `value` and `place` are names or expressions without effect."""
        nullable = not is_non_null_type(returned)
        inner: Any = returned.of_type if is_non_null_type(returned) else returned
        if is_leaf_type(inner):
            return self._leaf(inner, value, nullable)
        if is_list_type(inner):
            made = self._list(inner, value, details, place)
        elif is_object_type(inner):
            made = f"{self._object(inner, details, checked=True)}({value}, r, {place})"
        else:
            made = f"{self._abstract(inner, value, details)}({value}, r, {place})"
        return f"(None if {value} is None else {made})" if nullable else made

    def _leaf(self, leaf: GraphQLLeafType, value: str, nullable: bool) -> str:
        return leaf_expression(self.binding, leaf, value, nullable, self._name_of)

    def _list(self, returned: GraphQLList[Any], value: str, details: Details, place: str | None) -> str:
        if any(one.name.value == "stream" for detail in details for one in detail.node.directives or ()):
            raise NotPlain("@stream")
        item = self._new("x")
        values = f"({value} if {value}.__class__ is list else sequence({value}))"
        if place is None:
            made = self._value(returned.of_type, item, details, None)
            return f"[{made} for {item} in {values}]"
        index = self._new("i")
        made = self._value(returned.of_type, item, details, f"({place}, {index}, None)")
        return f"[{made} for {index}, {item} in enumerate({values})]"

    def _abstract(self, returned: GraphQLAbstractType, value: str, details: Details) -> str:
        tag = self.binding.tags[returned.name]  # of what nobody told anything of it raises, as is right
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
        return self._objects[key]

    def _write(self, returned: GraphQLObjectType, details: Details, checked: bool) -> str:
        collected = collect_subfields(
            self.binding.schema, self.fragments, self._variables, self.operation, returned, details
        )
        if collected.new_defer_usages:
            raise NotPlain("@defer")
        groups = collected.grouped_field_set
        body, part = Body(self._checks(returned) if checked else ()), Body()
        in_part = self._in_part(returned, groups)
        holes, order = {}, []
        for name, group in groups.items():
            if any(one.fragment_variable_values or one.defer_usage for one in group):
                raise NotPlain("variables of fragments")
            field_name = group[0].node.name.value
            own = part if name in in_part else body
            field = self.binding.schema.get_field(returned, field_name)
            if field is None:
                continue  # as the executor does
            order.append(name)
            known = self._told(returned, group[0].node, field)
            if field_name == "__typename":
                own.items[name] = repr(returned.name)
            elif isinstance(known, Plain):
                value = self._got(known, field, group, own)
                below = f"(p, {name!r}, {returned.name!r})" if self._finds(field.type, group) else None
                own.items[name] = self._value(field.type, value, group, below)
            else:
                holes[name] = self._hole(returned, name, group, field, known)
        made = self._new("object")
        if in_part:
            names = made, self._new("part")
            self._source.append(parted_source(names, self._part_key(returned), body, part, holes, order))
        else:
            self._source.append(object_source(made, body, holes, order))
        return made

    def _in_part(self, returned: GraphQLObjectType, groups: Mapping[str, Details]) -> Set[str]:
        """The fields that are looked up together: none, where there is nothing below them that would be saved."""
        part = self.binding.parts.get(returned.name)
        if part is None or self._parts is None:
            return frozenset()
        same = {
            name
            for name, group in groups.items()
            if group[0].node.name.value not in part.own
            and not any(self._is_found(one.node, returned, lazy=False) for one in group)
        }
        return same if any(groups[name][0].node.selection_set for name in same) else frozenset()

    def _part_key(self, returned: GraphQLObjectType) -> str:
        assert self._parts is not None
        attributes = [f"s.{_identifier(name)}" for name in self.binding.parts[returned.name].key]
        return f"({', '.join([str(next(self._parts.numbers)), *attributes])})"

    def _checks(self, returned: GraphQLObjectType) -> list[str]:
        shape = self.binding.shapes.get(returned.name)
        if shape is None:
            if returned.is_type_of is not None:
                raise NotPlain(returned.name)
            return ["if is_unusual(s): raise Bail"]
        checks = [f"s.__class__ not in {self._name_of(frozenset(shape.classes), 'classes')}"]
        checks += [f"{key!r} not in s" for key in shape.keys]
        return [f"if {' or '.join(checks)}: raise Bail"]

    def _got(self, known: Plain, field: GraphQLField, group: Details, body: Body) -> str:
        """The name of a variable with the field's value, which lines of the body give it."""
        found = "s"
        for kind, name in known.steps:
            match kind:
                case "attribute":
                    found = body.named(f"{found}.{_identifier(name)}")
                case "key":
                    found = body.named(f"{found}[{name!r}]")
                case "get":
                    found = body.named(f"{found}.get({name!r})")
                case "text":
                    got = body.named(f"{found}.get({name!r})")
                    text = f"{got} if {got}.__class__ is str or isinstance({got}, str) else None"
                    found = body.named(text)
                case _:
                    found = body.named(f"{found} if {name!r} in {found} else None")
        if known.with_arguments is not None:
            self.with_arguments.append(WithArguments(group, field))
            arguments = f"r.arguments({len(self.with_arguments) - 1})"
            return body.named(f"{self._name_of(known.with_arguments, 'get')}({found}, {arguments})")
        if known.function is not None:
            return body.named(f"{self._name_of(known.function, 'get')}({found})")
        return found

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
        self.holes.append(Hole(parent, name, group, field, lazy, self._completing(field.type, group)))
        return len(self.holes) - 1

    def _completing(self, returned: GraphQLOutputType, group: Details) -> Compiled:
        """Of the values of a lazy field: compiled when the first is there, since there may never be one."""

        made: Compiled | None = None

        def complete(value: Any, run: Any, place: Any) -> Any:
            nonlocal made
            if made is None and (made := self.of(returned, group)) is None:
                raise Bail
            return made(value, run, place)

        return complete

    def _finds(self, returned: GraphQLOutputType, details: Details) -> bool:
        """Whether there may be holes below: something is selected that is not plain on a type that may be there."""
        kind = get_named_type(returned)
        return any(
            self._is_found_in(one.node.selection_set, kind, lazy=True)
            for one in details
            if one.node.selection_set is not None
        )

    # What is looked for: what is lazy, and without `lazy` what takes arguments as well.

    def _is_found_in(self, selections: SelectionSetNode, kind: GraphQLNamedType, *, lazy: bool) -> bool:
        key = (id(selections), kind.name, lazy)
        if key not in self._found:
            # Fragments end: the document is valid.
            self._found[key] = any(self._is_found(one, kind, lazy=lazy) for one in selections.selections)
        return self._found[key]

    def _is_found(self, node: Any, kind: GraphQLNamedType, *, lazy: bool) -> bool:
        if isinstance(node, FieldNode):
            return any(self._is_such(node, one, lazy=lazy) for one in self._possible(kind))
        if isinstance(node, FragmentSpreadNode):
            node = self.fragments[node.name.value].definition
        told = node.type_condition
        other = self.binding.schema.type_map[told.name.value] if told is not None else kind
        # Of two abstract types some objects may be of both: those of the narrower one are looked at.
        narrower = min(kind, other, key=lambda one: len(self._possible(one)))
        return self._is_found_in(node.selection_set, narrower, lazy=lazy)

    def _is_such(self, node: FieldNode, parent: GraphQLObjectType, *, lazy: bool) -> bool:
        field = self.binding.schema.get_field(parent, node.name.value)
        if field is None or node.name.value == "__typename":
            return False
        known = self._told(parent, node, field)
        if not isinstance(known, Plain) or (known.with_arguments is not None and not lazy):
            return True
        return node.selection_set is not None and self._is_found_in(
            node.selection_set, get_named_type(field.type), lazy=lazy
        )

    def _told(self, parent: GraphQLObjectType, node: FieldNode, field: GraphQLField) -> Plain | Lazy | None:
        """What is told of a field as it is selected. A plain one that takes arguments has to be told how."""
        known = self.binding.fields.get(parent.name, {}).get(node.name.value)
        if isinstance(known, Plain) and known.with_arguments is None and field.args:
            return None
        return known

    def _possible(self, kind: GraphQLNamedType) -> Sequence[GraphQLObjectType]:
        """The object types that sources of an object type, an interface or a union may be of."""
        if is_object_type(kind):
            return (kind,)
        return self.binding.schema.get_possible_types(cast("GraphQLAbstractType", kind))

    def _name_of(self, value: object, word: str) -> str:
        """The name under which code finds an object, which lives as long as the names do."""
        name = self._new(word)
        self._names[name] = value
        return name

    def _new(self, word: str) -> str:
        return f"{word}_{next(self._numbers)}"


class _Members(dict[Any, Compiled]):
    """The functions of an interface's or union's object types, by what a source tells of its type."""

    def __init__(
        self, selections: Selections, returned: GraphQLAbstractType, tag: Tag, details: Details
    ) -> None:
        self._selections, self._returned, self._tag, self._details = selections, returned, tag, details

    def __missing__(self, told: Any) -> Compiled:
        by_function = self._tag.function is not None
        name = told if by_function else self._tag.classes[told]
        self[told] = made = self._selections.member(
            self._returned, name, self._details, checked=not by_function
        )
        return made


def _key(returned: GraphQLOutputType, details: Sequence[FieldDetails]) -> tuple[int, ...]:
    return (id(returned), *[id(one.node) for one in details])


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
