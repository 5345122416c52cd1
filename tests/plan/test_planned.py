"""What the schema tells the plan: each field is plain, read together, or left to the executor; and it is true (I18)."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLObjectType, get_named_type, is_input_object_type, is_non_null_type, is_object_type

from graph.plan import Lazy, Plain
from graph.planned import LEAVES, SHAPES, TAGS, binding

ROOTS = ("Query", "Mutation", "Subscription")
TOGETHER = {
    "Item": "label labels description descriptions aliases properties propertyCounts statementHashes statements",
    "Property": "label labels description descriptions aliases properties propertyCounts statementHashes statements",
    "EntitySchema": "label labels description descriptions aliases properties propertyCounts statementHashes statements",
    "Lexeme": "properties propertyCounts statementHashes statements",
    "Form": "properties propertyCounts statementHashes statements",
    "Sense": "properties propertyCounts statementHashes statements",
    "ItemValue": "entity item status label labels description descriptions",
    "PropertyValue": "entity property status label labels description descriptions",
    "EntitySchemaValue": "entity entitySchema status label labels description descriptions",
    "LexemeValue": "entity lexeme status",
    "FormValue": "entity status",
    "SenseValue": "entity status",
    "EntityValue": "entity status",
    "PredicateProperty": "entity dataType label labels description descriptions",
}
"""By type: the fields whose values are read together for all parents."""
ALONE = {
    "Item": "backlinks erasedStatementHashes history json redirectCount redirects sitelink sitelinks",
    "Property": "backlinks dataType erasedStatementHashes history json redirectCount redirects",
    "EntitySchema": "backlinks erasedStatementHashes history json redirectCount redirects schemaText",
    "Lexeme": "backlinks erasedStatementHashes forms history json language lemmas lexicalCategory nextFormId nextSenseId"
    " redirectCount redirects senses",
    "Form": "erasedStatementHashes",
    "Sense": "erasedStatementHashes",
    "Statement": "holders refCount",
    "FormValue": "form",
    "SenseValue": "sense",
    "Revision": "deletedAt deletedBy deletionReason difference entity erasedStatementHashes properties propertyCounts"
    " redirectsTo snapshot statementHashes",
}
"""By type: the fields that the executor executes one by one, of types that entities and revisions consist of."""


def objects() -> list[GraphQLObjectType]:
    found = binding().schema.type_map.values()
    return [
        one
        for one in found
        if is_object_type(one) and not one.name.startswith("__") and one.name not in ROOTS
    ]


def told(kind: type[Any]) -> dict[str, set[str]]:
    fields = binding().fields
    found = {
        one.name: {name for name, told in fields[one.name].items() if isinstance(told, kind)}
        for one in objects()
    }
    return {name: names for name, names in found.items() if names}


def test_these_are_read_together() -> None:
    assert told(Lazy) == {name: set(words.split()) for name, words in TOGETHER.items()}


def test_all_else_is_plain_but_for_these() -> None:
    fields = binding().fields
    alone = {one.name: set(one.fields) - set(fields[one.name]) for one in objects()}
    for name, words in ALONE.items():
        assert alone.pop(name) == set(words.split()), name
    # What is left has to do with deletions, links and lists of those: none of it is in a statement.
    assert not {name for name, left in alone.items() if left and name in SHAPES} - {"Backlink", "Redirect"}


def test_what_is_not_plain_may_be_null() -> None:
    """So what goes wrong in it never reaches what was compiled around it."""
    for one in objects():
        for name, field in one.fields.items():
            if not isinstance(binding().fields[one.name].get(name), Plain):
                assert not is_non_null_type(field.type), f"{one.name}.{name}"


def test_arguments_of_what_is_told_need_no_conversion() -> None:
    """Of an input object Strawberry makes an instance, which only its own resolvers do."""
    for one in objects():
        for name, field in one.fields.items():
            if name in binding().fields[one.name]:
                kinds = [get_named_type(argument.type) for argument in field.args.values()]
                assert not [kind for kind in kinds if is_input_object_type(kind)], f"{one.name}.{name}"


def test_what_is_told_is_of_types_that_there_are() -> None:
    types = binding().schema.type_map
    assert set(SHAPES) | set(TAGS) | set(LEAVES) <= set(types)


def test_no_field_of_the_roots_is_told() -> None:
    assert not binding().fields["Query"]
    assert not binding().fields["Mutation"]
    assert not binding().fields["Subscription"]
