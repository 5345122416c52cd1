"""What a query selects below a field: asked where one read for all beats a read for each field."""

from __future__ import annotations

from collections.abc import Sequence

from graphql import FieldNode, GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues

from graph.context import Info


def selected(info: Info, *through: str) -> frozenset[str]:
    """The names of the fields selected on the object type that the current field gives.

    With `through`, those on the types that these fields of it give: of a connection, `nodes` and `edges`, `node`.
    Fragments are followed and `@skip` and `@include` obeyed: by the executor's own function, so that the two agree.
    """
    nodes = info._raw_info.field_nodes
    key: tuple[int | str, ...] = (*(id(node) for node in nodes), *through)
    known = info.context.selections.get(key)
    if known is None:
        returned = get_named_type(info._raw_info.return_type)
        assert isinstance(returned, GraphQLObjectType), "asked for where the type is known"
        known = info.context.selections[key] = frozenset(_names(info, nodes, returned, through))
    return known


def _names(
    info: Info, nodes: Sequence[FieldNode], returned: GraphQLObjectType, through: Sequence[str]
) -> set[str]:
    raw = info._raw_info
    details = [FieldDetails(node, None) for node in nodes]
    fragments = {name: FragmentDetails(fragment) for name, fragment in raw.fragments.items()}
    # The info has the variables' values alone; where each came from matters to nothing that is asked here.
    variables = VariableValues({}, info.variable_values)
    collected = collect_subfields(raw.schema, fragments, variables, raw.operation, returned, details)
    fields = [[one.node for one in group] for group in collected.grouped_field_set.values()]
    if not through:
        return {group[0].name.value for group in fields}
    found: set[str] = set()
    for group in fields:
        name = group[0].name.value
        if name in through:
            below = get_named_type(returned.fields[name].type)
            assert isinstance(below, GraphQLObjectType), "a page, an edge or a node of a known type"
            found |= _names(info, group, below, ("node",) if name == "edges" else ())
    return found
