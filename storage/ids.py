"""Entity ids: their kinds, their parts, and the numbers that the metadata store uses for them.

The rules are Wikibase's (ItemId, PropertyId, LexemeId, FormId, SenseId): a letter, then a number without
leading zeros up to 2147483647. Knows nothing of stores.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NewType

EntityId = NewType("EntityId", str)
PropertyId = NewType("PropertyId", str)

MAX_NUMBER = 2147483647


class EntityType(StrEnum):
    """The kinds of entity that have revisions of their own, by their name in entity JSON."""

    ITEM = "item"
    PROPERTY = "property"
    LEXEME = "lexeme"
    ENTITY_SCHEMA = "entity-schema"


LETTERS = {
    EntityType.ITEM: "Q",
    EntityType.PROPERTY: "P",
    EntityType.LEXEME: "L",
    EntityType.ENTITY_SCHEMA: "E",
}
FLOORS = {
    EntityType.ITEM: 300_000_000,
    EntityType.PROPERTY: 30_000,
    EntityType.LEXEME: 5_000_000,
    EntityType.ENTITY_SCHEMA: 50_000,
}
"""The smallest number of a new id (W2): above all that Wikidata has given out."""

_TYPES = {letter: kind for kind, letter in LETTERS.items()}
_ID = re.compile(r"([QPLE])([1-9][0-9]{0,9})")
_SUB_ENTITY = re.compile(r"(L[1-9][0-9]{0,9})-[FS][1-9][0-9]*")

# The internal number is (kind << 32) | number: computed, so that no lookup precedes a read of the head.
# The codes are stored and must never change.
_CODES = {EntityType.ITEM: 1, EntityType.PROPERTY: 2, EntityType.LEXEME: 3, EntityType.ENTITY_SCHEMA: 4}
_KINDS = {code: kind for kind, code in _CODES.items()}


class NotAnEntityId(ValueError):
    """The text is not the id of an item, property, lexeme or entity schema."""


def entity_id(text: str) -> EntityId:
    """The id in its normal form: `q42` gives `Q42`. NotAnEntityId if it is none."""
    upper = text.upper()
    match = _ID.fullmatch(upper) if upper.isascii() else None
    if match is None or int(match[2]) > MAX_NUMBER:
        raise NotAnEntityId(f"{text!r} is not an entity id")
    return EntityId(upper)


def type_of(entity: EntityId) -> EntityType:
    """The kind of entity that an id names, by its letter."""
    return _TYPES[entity[0]]


def id_of(kind: EntityType, number: int) -> EntityId:
    """The id of a kind and number: (ITEM, 42) gives Q42."""
    return EntityId(f"{LETTERS[kind]}{number}")


@lru_cache(65536)
def owner(text: str) -> EntityId | None:
    """The entity that an id in a value belongs to: of `L1-F2` it is `L1`; None if there is none here."""
    sub_entity = _SUB_ENTITY.fullmatch(text)
    try:
        return entity_id(sub_entity[1] if sub_entity else text)
    except NotAnEntityId:
        return None


def internal(entity: EntityId) -> int:
    """The number of an entity in the metadata store. Only adapters of that store may call this (S10)."""
    return _CODES[_TYPES[entity[0]]] << 32 | int(entity[1:])


def external(number: int) -> EntityId:
    """The entity of a number in the metadata store."""
    return id_of(_KINDS[number >> 32], number & 0xFFFFFFFF)
