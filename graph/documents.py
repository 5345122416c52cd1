"""From the text of a request to the operation that is to be run: parsed, measured, validated, picked by name. Knows no HTTP.

What can't be run is told by errors whose extensions have a `code`: syntax_error, invalid_query, no_operation,
limit_exceeded, introspection_off. What is measured here needs no variables; what needs them, `weighed` finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from graph.kept import Kept, OperationKey
from graph.limits.cost import reckoned
from graph.limits.costs import Costs, Looked
from graph.limits.maxima import Maxima, exceeded
from graph.limits.merging import TooManyComparisons, bounded
from graph.limits.shape import shape_of, too_great
from graph.schema import schema
from storage.tally import part

MAX_ERRORS = 10
"""Of validation: then it ends. The text of an error may be as long as the document."""
MAX_MESSAGE = 1_000
"""Characters of what is said of an error of validation."""


class NotExecutable(Exception):
    """The text has no operation that can be run; `errors` say why, each with a code."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = errors
        super().__init__(errors[0].message)


@dataclass(frozen=True, slots=True)
class Rules:
    """What documents are held to."""

    maxima: Maxima = Maxima()
    introspection: bool = True
    suggestions: bool = True
    """Whether an error names what may have been meant."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A valid document and the operation in it that is meant."""

    document: DocumentNode
    node: OperationDefinitionNode
    costs: Costs = field(default_factory=Costs, compare=False)
    """What it cost before."""

    @property
    def type(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    @property
    def name(self) -> str | None:
        """As its author calls it, if at all."""
        return self.node.name.value if self.node.name else None


_RULES = Rules()


def prepare(text: str, name: str | None, rules: Rules = _RULES, kept: Kept | None = None) -> Operation:
    """The operation of this name, or the only one. NotExecutable if there is none, or the document is not valid.

    What is beyond the maxima is refused before validation, since that takes longer than to measure. What was prepared
    before is taken from `kept`.
    """
    if kept is None:
        return _prepared(text, name, rules)
    key = OperationKey(text, name, rules)
    if (operation := kept.find(key)) is None:
        operation = _prepared(text, name, rules)
        kept.keep(key, operation)
    return operation


def _prepared(text: str, name: str | None, rules: Rules) -> Operation:
    with part("parse"):
        document = _parsed(text, rules.maxima)
    node = _pick(document, name)
    with part("validate"):
        if errors := too_great(shape_of(document, node), rules.maxima, node):
            raise NotExecutable(errors)
        errors = validate(
            schema._schema, document, _validation(rules), MAX_ERRORS, hide_suggestions=not rules.suggestions
        )
    if errors:
        raise NotExecutable([_of_validation(error, rules.maxima) for error in errors])
    return Operation(document, node)


def weighed(operation: Operation, variables: Mapping[str, Any] | None, rules: Rules = _RULES) -> int:
    """What the operation costs with these variables. NotExecutable if that, or a list in it, is beyond the maxima."""
    known = operation.costs.find(variables, rules.maxima)
    if known is not None:
        return known
    fragments = {
        node.name.value: node
        for node in operation.document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    looked = Looked(variables or {})
    found = reckoned(schema._schema, operation.node, fragments, looked, rules.maxima)
    if found.errors:
        raise NotExecutable(found.errors)
    operation.costs.keep(looked, rules.maxima, found.cost)
    return found.cost


def _parsed(text: str, maxima: Maxima) -> DocumentNode:
    if maxima.query_length and len(text) > maxima.query_length:
        raise NotExecutable([exceeded("query_length", len(text), maxima.query_length)])
    try:
        return parse(text, max_lexical_tokens=maxima.tokens or None)
    except GraphQLSyntaxError as error:
        if f"more than {maxima.tokens} tokens" in error.message:
            # How many there are nobody counted: one more than allowed, at least.
            found = exceeded("tokens", maxima.tokens + 1, maxima.tokens)
            raise NotExecutable([found]) from error
        raise NotExecutable([_coded(error, "syntax_error")]) from error


@lru_cache(maxsize=8)
def _validation(rules: Rules) -> tuple[type[ASTValidationRule], ...]:
    """The rules of the specification, the one of them that grows too fast bounded."""
    merging = bounded(rules.maxima.comparisons) if rules.maxima.comparisons else None
    found = tuple(
        merging if merging is not None and rule is OverlappingFieldsCanBeMergedRule else rule
        for rule in specified_rules
    )
    return found if rules.introspection else (*found, NoSchemaIntrospectionCustomRule)


def _of_validation(error: GraphQLError, maxima: Maxima) -> GraphQLError:
    if isinstance(error, TooManyComparisons):
        return exceeded("comparisons", maxima.comparisons + 1, maxima.comparisons, error.nodes or ())
    if error.message.startswith("GraphQL introspection has been disabled"):
        return _coded(error, "introspection_off")
    if isinstance(error, ValidationAbortedError) and "Too many" not in error.message:
        # The library's own end to work on fragments, which no setting of ours moves.
        return exceeded("comparisons", maxima.comparisons + 1, maxima.comparisons, error.nodes or ())
    return _coded(error, "invalid_query")


def _pick(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        found = [node for node in found if node.name and node.name.value == name]
        message = f"there is no operation named {name!r}"
    else:
        message = "there is no operation"
    if not found:
        raise NotExecutable([GraphQLError(message, extensions={"code": "no_operation"})])
    if name is None and len(found) > 1:
        message = "there are several operations: `operationName` must say which is meant"
        raise NotExecutable([GraphQLError(message, extensions={"code": "no_operation"})])
    return found[0]


def _coded(error: GraphQLError, code: str) -> GraphQLError:
    error.extensions = {"code": code, **(error.extensions or {})}
    if len(error.message) > MAX_MESSAGE:
        error.message = f"{error.message[:MAX_MESSAGE]}..."
    return error
