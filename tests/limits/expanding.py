"""The shape of an operation by writing it out: every spread replaced by its fragment, field by field. Slow and plain.

What the linear rules are compared with, on small documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from graph.limits.shape import Shape


@dataclass(slots=True)
class _Sums:
    fields: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0


def expanded(document: DocumentNode) -> tuple[int, int, int, int, int]:
    """Fields, root fields, aliases, directives and depth of the first operation."""
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    sums = _Sums(directives=len(operation.directives or ()))
    for variable in operation.variable_definitions or ():
        sums.directives += len(variable.directives or ())
    _add(sums, operation.selection_set, 1, fragments, ())
    return sums.fields, sums.root_fields, sums.aliases, sums.directives, sums.depth


def measures(shape: Shape) -> tuple[int, int, int, int, int]:
    """The same of a shape."""
    return shape.fields, shape.root_fields, shape.aliases, shape.directives, shape.depth


def _add(
    sums: _Sums,
    selections: SelectionSetNode,
    level: int,
    fragments: Mapping[str, FragmentDefinitionNode],
    within: tuple[str, ...],
) -> None:
    for node in selections.selections:
        sums.directives += len(node.directives or ())
        if isinstance(node, FieldNode):
            sums.fields += 1
            sums.root_fields += level == 1
            sums.aliases += node.alias is not None
            sums.depth = max(sums.depth, level)
            if node.selection_set is not None:
                _add(sums, node.selection_set, level + 1, fragments, within)
        elif isinstance(node, InlineFragmentNode):
            _add(sums, node.selection_set, level, fragments, within)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            fragment = fragments[node.name.value]
            sums.directives += len(fragment.directives or ())
            _add(sums, fragment.selection_set, level, fragments, (*within, node.name.value))
