"""The shape of an operation: how deep it goes, how many fields, aliases and directives it has with all fragments expanded.

Needs no schema and no valid document: it is what keeps validation from work that grows faster than the document.
Each definition is walked once and each fragment summed up once, whatever spreads it. So a chain of thirty fragments
that each spread the next one twice, a thousand million fields, is measured in thirty steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from graph.limits.maxima import CEILING, Maxima, exceeded


@dataclass(slots=True)
class Shape:
    """Sums over a definition. What is spread in it counts as if it stood there."""

    fields: int = 0
    root_fields: int = 0
    """Fields on its first level."""
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    deepest: Node | None = None
    visited: int = 0
    """Nodes that were looked at, each once: the work it took, over all definitions."""


@dataclass(slots=True)
class _Own:
    """What stands in a definition itself, and what it spreads: names of fragments with the level of each."""

    shape: Shape
    spreads: list[tuple[str, int]] = field(default_factory=list)


def shape_of(document: DocumentNode, operation: OperationDefinitionNode) -> Shape:
    """The shape of an operation of the document. A fragment that is missing or spreads itself adds nothing there."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    summed: dict[str, Shape] = {}
    visited = 0
    # Depth first with a stack of our own, since chains of fragments are longer than Python's.
    top = _own(operation)
    path: list[tuple[str | None, _Own, Iterator[tuple[str, int]]]] = [(None, top, iter(top.spreads))]
    begun = {""}
    while path:
        name, own, spreads = path[-1]
        following = next(
            (spread for spread, _ in spreads if spread in fragments and spread not in begun), None
        )
        if following is not None:
            begun.add(following)
            below = _own(fragments[following])
            path.append((following, below, iter(below.spreads)))
            continue
        path.pop()
        visited += own.shape.visited
        total = _with_spreads(own, summed)
        if name is not None:
            summed[name] = total
    total.visited = visited
    return total


def too_great(shape: Shape, maxima: Maxima, operation: OperationDefinitionNode) -> list[GraphQLError]:
    """What of the shape is beyond its maximum, all at once."""
    found = []
    for name in ("depth", "fields", "root_fields", "aliases", "directives"):
        measure, maximum = getattr(shape, name), getattr(maxima, name)
        if maximum and measure > maximum:
            where = shape.deepest if name == "depth" and shape.deepest is not None else operation
            found.append(exceeded(name, measure, maximum, [where]))
    return found


def _own(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Own:
    shape = Shape(directives=len(definition.directives or ()), visited=1)
    for variable in definition.variable_definitions or ():
        shape.directives += len(variable.directives or ())
        shape.visited += 1
    own = _Own(shape)
    levels: list[tuple[SelectionSetNode, int]] = [(definition.selection_set, 1)]
    while levels:
        selections, level = levels.pop()
        for node in selections.selections:
            shape.visited += 1
            shape.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                shape.fields += 1
                shape.root_fields += level == 1
                shape.aliases += node.alias is not None
                if level > shape.depth:
                    shape.depth, shape.deepest = level, node
                if node.selection_set is not None:
                    levels.append((node.selection_set, level + 1))
            elif isinstance(node, InlineFragmentNode):
                levels.append((node.selection_set, level))
            else:
                own.spreads.append((node.name.value, level))  # type: ignore[attr-defined]  # the third kind
    return own


def _with_spreads(own: _Own, summed: Mapping[str, Shape]) -> Shape:
    total = own.shape
    for name, level in own.spreads:
        spread = summed.get(name)
        if spread is None:
            continue
        total.fields = min(total.fields + spread.fields, CEILING)
        total.aliases = min(total.aliases + spread.aliases, CEILING)
        total.directives = min(total.directives + spread.directives, CEILING)
        if level == 1:
            total.root_fields = min(total.root_fields + spread.root_fields, CEILING)
        if level - 1 + spread.depth > total.depth:
            total.depth, total.deepest = level - 1 + spread.depth, spread.deepest
    return total
