"""What is asked of the graph, and entities made so that there is an answer."""

from __future__ import annotations

from collections.abc import Iterator

from storage.model import JsonObject
from tests.builders import a_statement, a_statement_id, an_item

ONE_FIELD = "{ __typename }"
"""The least that can be asked."""

TWO = """
query Two($id: EntityId!, $properties: [PropertyId!]) {
  entity(id: $id) {
    statements(properties: $properties) {
      rank propertyId valueType
      value {
        __typename
        ... on ItemValue { id }
        ... on TimeValue { time precision calendarModel }
      }
    }
  }
}
"""

VALUES = """
query Values($id: EntityId!, $properties: [PropertyId!]) {
  entity(id: $id) { statements(properties: $properties) { value { ... on TextValue { content } } } }
}
"""

MANY = """
query Many($ids: [EntityId!]!, $properties: [PropertyId!]) {
  entities(ids: $ids) {
    id
    ... on LabelProvider { label(languageCode: "en") }
    statements(properties: $properties) { value { ... on ItemValue { id label(languageCode: "en") } } }
  }
}
"""

HISTORY = """
query History($id: EntityId!, $first: Int!) {
  entity(id: $id) {
    history(first: $first) {
      nodes { revisionId createdAt createdBy summary }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

BACKLINKS = """
query Backlinks($id: EntityId!, $first: Int!) {
  entity(id: $id) {
    backlinks(first: $first) {
      nodes { entityId propertyId rank }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

EDIT = """
mutation Edit($input: EditEntityInput!) {
  editEntity(input: $input) {
    __typename
    ... on Edited { revisionId unchanged warnings { pointer code } }
  }
}
"""

HUB = "Q2000000000"
"""An item with many revisions, to which many others refer."""

REVISIONS, REFERRING = 120, 240

EDITORS = ("ours", "standard", "Ariadne", "by hand")
"""Who edits, each on entities of its own."""
FEW, STATEMENTS = 10, (1, 100, 1_000, 10_000)
"""How many statements the entities have of which there is one for each editor."""
EDITED = "P528"
"""The property of the statement that is edited: the last one of its entity."""


def made() -> Iterator[JsonObject]:
    """The hub at each of its revisions, then the items that refer to it."""
    for revision in range(REVISIONS):
        yield an_item(HUB).with_label("en", f"hub {revision}").json()
    for number in range(1, REFERRING + 1):
        yield referring(number, "an item")


def edited() -> Iterator[JsonObject]:
    """Items that are made to be edited."""
    for editor in EDITORS:
        yield labelled(editor, "an item")
        for statements in (*STATEMENTS, FEW):
            yield sized(editor, statements, "as imported")


def referring(number: int, label: str) -> JsonObject:
    """One of the small items that refer to the hub, under a label."""
    return (
        an_item(f"Q{2_000_000_000 + number}").with_label("en", label).with_statement("P31", item=HUB).json()
    )


def labelled(editor: str, label: str) -> JsonObject:
    """The small item whose label an editor changes."""
    return referring(1_000 + EDITORS.index(editor), label)


def sized(editor: str, statements: int, value: str) -> JsonObject:
    """The item of an editor that has so many statements, the first of P31, the last with this value."""
    number = 2_000_010_000 + 100 * EDITORS.index(editor) + (*STATEMENTS, FEW).index(statements)
    item = an_item(f"Q{number}").json()
    subject = item["id"]
    last = statements - 1
    item["claims"] = claims = {"P31": [a_statement("P31", id=a_statement_id(subject, 0), item=HUB)]}
    for position in range(1, statements):
        name = EDITED if position == last else f"P{3_000 + position % 20}"
        text = value if position == last else f"value {position}"
        one = a_statement(name, id=a_statement_id(subject, position), string=text)
        claims.setdefault(name, []).append(one)
    if statements == 1:
        # The only one is the one that is edited.
        item["claims"] = {EDITED: [a_statement(EDITED, id=a_statement_id(subject, 0), string=value)]}
    return item
