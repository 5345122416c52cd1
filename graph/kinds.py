"""The kinds of entity."""

from __future__ import annotations

import enum

import strawberry

from storage.ids import EntityId, type_of


@strawberry.enum(name="EntityType", description="The kinds of entity.")
class EntityKind(enum.Enum):
    """By their name in entity JSON."""

    ITEM = strawberry.enum_value("item", description="A thing or an idea.")
    PROPERTY = strawberry.enum_value("property", description="What statements say something with.")
    LEXEME = strawberry.enum_value("lexeme", description="A word of a language.")
    ENTITY_SCHEMA = strawberry.enum_value(
        "entity-schema", description="What statements entities of a kind should have."
    )


def kind_of(entity: EntityId) -> EntityKind:
    """The kind that an id names by its letter."""
    return EntityKind(str(type_of(entity)))
