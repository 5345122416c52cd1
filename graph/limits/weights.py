"""What each field of the schema fetches, and how many values it may have: the one table that cost is reckoned from.

Every field whose resolver does I/O has a row, and so has every list (a test compares with the schema). Fields without a
row are plain: they only take what was read. Rows of an interface hold for its types, unless they have their own.

The unit is a hundredth of one object read. The prices are what was measured (ADR 24), rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

FIELD = 1
"""A value in the answer: resolved, completed, written as JSON."""
ROW = 20
"""A row of the metadata store, beside the query that it came with."""
OBJECT = 100
"""An object read from the store and taken apart."""
QUERY = 300
"""A query to the metadata store, however many rows it gives."""
COMMIT = 2_500
"""An edit: claims, objects, the transaction, and what is derived from it."""

Arguments = Mapping[str, Any]
"""The arguments of a field that a weight asks for, as plain values; those that are null or not given are missing."""
Size = Callable[[Arguments], int]


@dataclass(frozen=True, slots=True)
class Read:
    """Something that several fields of one parent share: whichever of them are selected, it is read once."""

    queries: int = 0
    """For all parents together: loaders ask for those of one tick at once."""
    price: int = 0
    """For each parent."""


READS: Mapping[str, Read] = {
    "snapshot": Read(price=OBJECT),
    "content": Read(price=OBJECT),
    "ids": Read(queries=1, price=ROW),
    "head": Read(queries=1, price=ROW),
    "row": Read(queries=1, price=ROW),
}
"""`content` is that of a statement, `head` that of the entity behind a link, `row` that of a revision in a list."""

_SHOWN = frozenset({"head"})
_OF_A_STATEMENT = frozenset({"content"})
AT_HAND: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Entity", "Item", "Property", "Lexeme", "EntitySchema"), _SHOWN),
    "Qualifier": _OF_A_STATEMENT,
    "ReferencePart": _OF_A_STATEMENT,
}
"""What is read already on these types: an interface's fields may be selected that read it on others."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a field fetches beyond what its parent has read, for each parent unless said otherwise."""

    reads: tuple[str, ...] = ()
    """Names in `READS`."""
    queries: int = 0
    """For all parents together."""
    price: int = 0
    size: Size | None = None
    """How many values it has; None is one."""
    page: Size | None = None
    """How many items a page has that it gives: what is selected in the page's items counts so often."""
    value_price: int = 0
    """Of each of its values, or of each item of its page."""
    asked: tuple[str, ...] = ()
    """The arguments that decide on sizes, and on `given`."""
    given: tuple[str, ...] = ()
    """With one of these arguments the content of each of its values is read, whatever is selected of it."""


def guess(number: int, **each: int) -> Weight:
    """A list: so many values, or for each entry of one of these arguments so many."""

    def size(arguments: Arguments) -> int:
        return next(
            (entries(arguments[name]) * values for name, values in each.items() if name in arguments), number
        )

    return Weight(size=size, asked=tuple(each))


def entries(value: Any) -> int:
    """How many entries a value of a list argument has. GraphQL takes a single one for a list."""
    return len(value) if isinstance(value, list) else 1


def _reading(*reads: str, queries: int = 0, price: int = 0) -> Weight:
    return Weight(reads, queries, price)


def _listed(argument: str, queries: int, price: int) -> Weight:
    """A list of what an argument names."""
    return Weight(
        queries=queries,
        size=lambda arguments: entries(arguments[argument]) if argument in arguments else 0,
        value_price=price,
        asked=(argument,),
    )


def _page(queries: int = 1, price: int = ROW) -> Weight:
    """A connection; `price` is that of each item."""

    def first(arguments: Arguments) -> int:
        asked = arguments.get("first")
        return max(asked, 0) if isinstance(asked, int) else 0

    return Weight(queries=queries, value_price=price, page=first, asked=("first",))


def _bulk(list_name: str, most: int) -> Weight:
    """A mutation of many: of those in a list of its input, or of as many as its `limit` says."""

    def items(arguments: Arguments) -> int:
        given = arguments.get("input")
        given = given if isinstance(given, dict) else {}
        if given.get(list_name) is not None:
            return entries(given[list_name])
        limit = given.get("limit", most)
        return max(limit, 0) if isinstance(limit, int) else most

    return Weight(queries=1, value_price=COMMIT, page=items, asked=("input",))


_EDIT = _reading(queries=1, price=COMMIT)
_ENTITY = _reading(queries=1, price=ROW)

STATEMENTS, PER_PROPERTY, LANGUAGES = 30, 3, 20
"""What lists without an argument that bounds them are taken to have: more than most entities, less than the largest."""

_TERMS = guess(LANGUAGES, languages=1)


def _and(weight: Weight, *reads: str) -> Weight:
    return replace(weight, reads=reads)


WEIGHTS: Mapping[str, Weight] = {
    # Roots
    "Query.entity": _ENTITY,
    "Query.item": _ENTITY,
    "Query.property": _ENTITY,
    "Query.lexeme": _ENTITY,
    "Query.entitySchema": _ENTITY,
    "Query.node": _reading(queries=1, price=ROW + OBJECT),  # a form's or sense's lexeme is read to find it
    "Query.revision": _reading(queries=2, price=2 * ROW),
    "Query.statement": _reading(queries=2, price=2 * ROW),
    "Query.statementById": _reading(queries=2, price=2 * ROW),
    "Query.entities": _listed("ids", 1, ROW),
    "Query.snapshots": _listed("revisions", 2, 2 * ROW + OBJECT),
    "Query.statements": _listed("hashes", 2, 2 * ROW),
    "Query.revisions": _page(),
    "Query.listedEntities": _page(),
    "Query.auditLog": _page(),
    "Query.hardDeletionRequests": _page(),
    "Query.erasures": _page(),
    "Query.mostUsedStatements": _page(2, 2 * ROW),
    "Query.deletedEntity": _reading(queries=2, price=2 * ROW),
    "Query.changesPosition": _reading(queries=1, price=ROW),
    # Entities and what has statements
    "Entity.history": _page(),
    "Entity.backlinks": _page(2, 2 * ROW),  # and whether those that refer are gone
    "Entity.redirects": _page(2, 2 * ROW),
    "Entity.redirectCount": _reading(queries=1, price=ROW),
    "Entity.json": _reading("snapshot", queries=1, price=ROW + STATEMENTS * OBJECT),
    # Of revisions older than 1.2.0 the snapshot tells, but there are few.
    "StatementProvider.properties": Weight(),
    "StatementProvider.propertyCounts": guess(STATEMENTS // PER_PROPERTY),
    "StatementProvider.statementHashes": Weight(),
    "StatementProvider.erasedStatementHashes": _reading(queries=1, price=ROW),
    "StatementProvider.statements": Weight(
        size=guess(STATEMENTS, properties=PER_PROPERTY).size,
        asked=("properties", "ranks", "best"),
        given=("ranks", "best"),
    ),
    "AliasesProvider.aliases": _and(_TERMS, "snapshot"),
    "Item.sitelinks": _and(guess(LANGUAGES, siteIds=1), "snapshot"),
    "Item.sitelink": _reading("snapshot"),
    "Sitelink.badges": guess(1),
    "Property.dataType": _reading("snapshot"),
    "EntitySchema.schemaText": _reading("snapshot"),
    "Lexeme.lemmas": _and(guess(2, languages=1), "snapshot"),
    "Lexeme.language": _reading("snapshot"),
    "Lexeme.lexicalCategory": _reading("snapshot"),
    "Lexeme.forms": _and(guess(10, ids=1), "snapshot"),
    "Lexeme.senses": _and(guess(5, ids=1), "snapshot"),
    "Lexeme.nextFormId": _reading("snapshot"),
    "Lexeme.nextSenseId": _reading("snapshot"),
    "Form.representations": guess(2, languages=1),
    "Form.grammaticalFeatures": guess(3),
    "Sense.glosses": guess(5, languages=1),
    # Links: the head behind, and what is read of it. Terms are those of entities too, whose head is at hand.
    "LabelProvider.label": _reading("head", "snapshot"),
    "LabelProvider.labels": _and(_TERMS, "head", "snapshot"),
    "DescriptionProvider.description": _reading("head", "snapshot"),
    "DescriptionProvider.descriptions": _and(_TERMS, "head", "snapshot"),
    "EntityReference.entity": _reading("head"),
    "EntityReference.status": _reading("head"),
    "ItemValue.item": _reading("head"),
    "PropertyValue.property": _reading("head"),
    "LexemeValue.lexeme": _reading("head"),
    "FormValue.form": _reading("head", "snapshot"),
    "SenseValue.sense": _reading("head", "snapshot"),
    "EntitySchemaValue.entitySchema": _reading("head"),
    "PredicateProperty.dataType": _reading("head", "snapshot"),
    "PredicateProperty.entity": _reading("head"),
    # Statements
    "Statement.id": _reading("ids"),
    "Statement.rank": _reading("content"),
    "PropertyValuePair.dataType": _reading("content"),
    "PropertyValuePair.valueType": _reading("content"),
    "PropertyValuePair.value": _reading("content"),
    "Statement.qualifiers": _and(guess(2), "content"),
    "Statement.references": _and(guess(2), "content"),
    "Statement.json": _reading("content"),
    "Statement.extra": _reading("content"),
    "Statement.refCount": _reading(queries=1, price=ROW),
    "Statement.holders": _page(2, 2 * ROW),
    "Reference.parts": guess(3),
    # Revisions
    "Revision.redirectsTo": _reading("row", "snapshot"),
    "Revision.deletionReason": _reading("row", "snapshot"),
    "Revision.deletedAt": _reading("row", "snapshot"),
    "Revision.deletedBy": _reading("row", "snapshot"),
    "Revision.properties": _reading("row"),
    "Revision.propertyCounts": _and(guess(STATEMENTS // PER_PROPERTY), "row"),
    "Revision.statementHashes": _reading("row"),
    "Revision.erasedStatementHashes": _reading("row", queries=1, price=ROW),
    "Revision.entity": _reading("row"),
    "Revision.snapshot": _reading(price=OBJECT),
    "Revision.difference": Weight(
        ("row",), queries=2, price=2 * ROW + 2 * OBJECT + STATEMENTS * OBJECT, size=lambda _: 10
    ),
    "Backlink.entity": _reading(queries=1, price=ROW),
    "Backlink.statement": _reading(queries=2, price=2 * ROW),
    "ListedEntity.entity": _reading(queries=1, price=ROW),
    "DeletedEntity.audit": Weight(queries=1, value_price=ROW, size=lambda _: 10),
    "DeletedEntity.history": _page(),
    # Changes: of one event
    "EntityChange.revision": _reading(queries=1, price=ROW),
    "EntityChange.entity": _reading(queries=1, price=ROW),
    # Edits
    "Mutation.deleteEntities": _bulk("ids", 100),
    "Mutation.createRedirects": _bulk("redirects", 100),
    "Mutation.rejectHardDeletion": _reading(queries=1, price=COMMIT),
    "Edited.entity": _reading(queries=2, price=2 * ROW),
    "Edited.warnings": guess(3),
    "EditConflict.entity": _reading(queries=1, price=ROW),
    "EditInvalid.faults": guess(3),
    # Introspection
    "__Schema.types": guess(100),
    "__Schema.directives": guess(10),
    "__Directive.args": guess(3),
    "__Type.fields": guess(4),
    "__Type.interfaces": guess(1),
    "__Type.possibleTypes": guess(1),
    "__Type.enumValues": guess(1),
    "__Type.inputFields": guess(1),
    "__Field.args": guess(1),
}

ITEMS = frozenset({"nodes", "edges"})
"""The fields of a connection that have an entry for each item of the page."""
BULK_ITEMS = frozenset({"DeletionsMade.outcomes", "RedirectsMade.outcomes"})
"""The like of what bulk mutations give."""


def weight_of(type_name: str, interfaces: tuple[str, ...], field_name: str) -> Weight:
    """The weight of a field: its type's own row, or that of one of its interfaces, or nothing.

    Every field of Mutation without a row is an edit.
    """
    for name in (type_name, *interfaces):
        found = WEIGHTS.get(f"{name}.{field_name}")
        if found is not None:
            return found
    return _EDIT if type_name == "Mutation" and field_name != "__typename" else _PLAIN


_PLAIN = Weight()
