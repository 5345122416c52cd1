"""Whether all that a query selects is bound to revisions that it names, so that its answer stays the same (ADR 23).

Knows the schema and no transport. The table below names what is part of a revision: what it does not name may change,
such as histories, counts of holders and the labels of linked entities, which are those of now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from graph.documents import Operation
from graph.schema import schema


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENTITY = _names(
    "id type revisionId modified redirectedFrom revision properties propertyCounts statementHashes statements json"
)
_TERMS = _names("label labels description descriptions aliases")
_PART = _names("id lexeme properties propertyCounts statementHashes statements")
_SNAK = _names("propertyId property dataType valueType value")
_LINK = _names("id")

FIXED: Mapping[str, frozenset[str]] = {
    "Item": _ENTITY | _TERMS | _names("sitelinks sitelink"),
    "Property": _ENTITY | _TERMS | _names("dataType"),
    "EntitySchema": _ENTITY | _TERMS | _names("schemaText"),
    "Lexeme": _ENTITY | _names("lemmas language lexicalCategory forms senses nextFormId nextSenseId"),
    "Form": _PART | _names("representations grammaticalFeatures"),
    "Sense": _PART | _names("glosses gloss"),
    "Revision": _names(
        "entityId revisionId parentRevisionId entityType createdAt createdBy summary editType isMassEdit bot batchId"
        " sourceRevisionId schemaVersion contentHash sizeBytes validationStatus validatedAt isSemiProtected"
        " isMassEditProtected isLocked isArchived isDangling isDeleted isRedirect redirectsTo deletionReason deletedAt"
        " deletedBy properties propertyCounts statementHashes difference entity snapshot"
    ),
    "StoredSnapshot": _names("key sizeBytes json entity"),
    "PartChange": _names("pointer before after"),
    "Statement": _SNAK | _names("id hash rank qualifiers references json extra"),
    "Qualifier": _SNAK,
    "ReferencePart": _SNAK,
    "Reference": _names("parts extra"),
    "PropertyCount": _names("propertyId count"),
    "Sitelink": _names("siteId title badges url extra"),
    "LabelWithLanguage": _names("languageCode value requestedLanguageCode"),
    "AliasesInLanguage": _names("languageCode values"),
    "PredicateProperty": _LINK,
    **dict.fromkeys(
        _names("ItemValue PropertyValue LexemeValue FormValue SenseValue EntitySchemaValue EntityValue"),
        _LINK,
    ),
    **dict.fromkeys(
        _names(
            "StringValue ExternalIdValue UrlValue CommonsMediaValue GeoShapeValue TabularDataValue MathValue"
            " MusicalNotationValue LocalMediaValue EdtfValue"
        ),
        _names("content"),
    ),
    "MonolingualTextValue": _names("languageCode text"),
    "TimeValue": _names("time timezone before after precision calendarModel"),
    "QuantityValue": _names("amount unit unitItem lowerBound upperBound"),
    "GlobeCoordinateValue": _names("latitude longitude altitude precision globe globeItem"),
    "UnknownValue": _names("type json"),
}
"""By type: the fields that a revision alone decides."""

_AT = _names("entity item property lexeme entitySchema revision")
"""Fields of the root that take the number of a revision."""


def is_fixed(operation: Operation, variables: Mapping[str, Any] | None) -> bool:
    """Whether the answer can change only by what takes a revision away: a hard deletion or an erasure."""
    if operation.type is not OperationType.QUERY:
        return False
    values = get_variable_values(
        schema._schema, operation.node.variable_definitions or (), dict(variables or {})
    )
    if isinstance(values, list):
        return False
    fragments = {
        one.name.value: one
        for one in operation.document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    try:
        return _Walk(fragments, values).fixed(operation.node.selection_set, frozenset({"Query"}))
    except (GraphQLError, RecursionError):
        return False


class _Walk:
    """Over the selections of one operation, each once for the types that it is on."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], values: VariableValues) -> None:
        self._fragments, self._values = fragments, values
        self._seen: set[tuple[int, frozenset[str]]] = set()

    def fixed(self, selections: SelectionSetNode, types: frozenset[str]) -> bool:
        """Whether all that is selected on objects of these types is. Both ways of a condition count as selected."""
        if (id(selections), types) in self._seen:
            return True  # or it is told where it was seen first
        self._seen.add((id(selections), types))
        for one in selections.selections:
            match one:
                case FieldNode():
                    fixed = all(self._field(one, name) for name in types)
                case InlineFragmentNode(type_condition=condition):
                    on = types if condition is None else types & _possible(condition.name.value)
                    fixed = self.fixed(one.selection_set, on)
                case FragmentSpreadNode():
                    fragment = self._fragments[one.name.value]
                    on = types & _possible(fragment.type_condition.name.value)
                    fixed = self.fixed(fragment.selection_set, on)
                case _:
                    fixed = False
            if not fixed:
                return False
        return True

    def _field(self, node: FieldNode, of: str) -> bool:
        name = node.name.value
        if name == "__typename":
            return True
        if of == "Query":
            if not self._at(node, name):
                return False
        elif name not in FIXED.get(of, ()):
            return False
        if node.selection_set is None:
            return True
        return self.fixed(node.selection_set, _possible(get_named_type(_fields(of)[name].type).name))

    def _at(self, node: FieldNode, name: str) -> bool:
        """Whether a field of the root names the revisions that it gives."""
        if name not in _AT and name != "snapshots":
            return False
        arguments = get_argument_values(_fields("Query")[name], node, self._values)
        keys = arguments["revisions"] if name == "snapshots" else [arguments]
        return all(key["revisionId"] is not None for key in keys)


def _fields(name: str) -> dict[str, Any]:
    found = schema._schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found.fields


def _possible(name: str) -> frozenset[str]:
    """The object types that something of this type may be."""
    found = schema._schema.type_map[name]
    if is_abstract_type(found):
        return frozenset(one.name for one in schema._schema.get_possible_types(found))
    return frozenset({name})
