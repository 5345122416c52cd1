"""What is asked of the graph, and entities made so that there is an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from storage.model import JsonObject
from tests.builders import an_item

SELECTED = """
query Selected($id: EntityId!, $properties: [PropertyId!]) {
  entity(id: $id) {
    ... on LabelProvider { label(languageCode: "en") }
    statements(properties: $properties) {
      id rank propertyId valueType
      value {
        __typename
        ... on ItemValue { id label(languageCode: "en") }
        ... on TimeValue { time precision calendarModel }
      }
    }
  }
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


def made() -> Iterator[JsonObject]:
    """The hub at each of its revisions, then the items that refer to it."""
    for revision in range(REVISIONS):
        yield an_item(HUB).with_label("en", f"hub {revision}").json()
    for number in range(1, REFERRING + 1):
        yield referring(number, "an item")


def referring(number: int, label: str) -> JsonObject:
    """One of the small items that refer to the hub, under a label."""
    return (
        an_item(f"Q{2_000_000_000 + number}").with_label("en", label).with_statement("P31", item=HUB).json()
    )


def write_made(path: Path) -> None:
    """All that is made, as lines that can be imported."""
    path.write_bytes(b"".join(orjson.dumps(entity) + b"\n" for entity in made()))
