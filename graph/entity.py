"""Entities: what their head row tells at once, and the lazy ways to terms and statements."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import strawberry

from graph.context import Info
from graph.scalars import Json, LanguageCode, StatementHash
from graph.statement import Held, Statement
from graph.terms import AliasesInLanguage, LabelWithLanguage, aliases, terms
from storage import reading
from storage.errors import EntityGone, EntityMissing
from storage.ids import EntityId, EntityType, PropertyId, type_of
from storage.model import JsonObject, Revision, StatementBody, StatementIndex


@strawberry.enum(name="EntityType", description="The kinds of entity.")
class EntityKind(enum.Enum):
    """By their name in entity JSON."""

    ITEM = "item"
    PROPERTY = "property"
    LEXEME = "lexeme"
    ENTITY_SCHEMA = "entity-schema"


@strawberry.type(description="How many statements an entity has of a property.")
class PropertyCount:
    """One property's count."""

    property_id: PropertyId = strawberry.field(description="The property.")
    count: int = strawberry.field(description="How many statements it has.")


@strawberry.interface(
    description="An entity of the Wikibase at one of its revisions, the newest unless asked otherwise."
)
class Entity:
    """What all kinds share. Fields of the row cost nothing more; terms read the snapshot, statements their objects."""

    row: strawberry.Private[Revision]

    @strawberry.field(description="The entity's id.")
    def id(self) -> EntityId:
        return self.row.entity

    @strawberry.field(description="The entity's kind.")
    def type(self) -> EntityKind:
        return EntityKind(str(type_of(self.row.entity)))

    @strawberry.field(description="The revision that is shown.")
    def revision_id(self) -> int:
        return self.row.revision

    @strawberry.field(description="When this revision was made.")
    def modified(self) -> datetime:
        return self.row.created_at

    @strawberry.field(description="The properties that the entity has statements of, in order.")
    async def properties(self, info: Info) -> list[PropertyId]:
        return list((await self._index(info)).property_counts)

    @strawberry.field(description="The number of statements by property.")
    async def property_counts(self, info: Info) -> list[PropertyCount]:
        counts = (await self._index(info)).property_counts
        return [PropertyCount(property_id=PropertyId(name), count=count) for name, count in counts.items()]

    @strawberry.field(
        description="The hashes of the statements of these properties, of all if none are named."
    )
    async def statement_hashes(
        self, info: Info, properties: list[PropertyId] | None = None
    ) -> list[StatementHash]:
        return [StatementHash(one) for one in (await self._index(info)).of(properties)]

    @strawberry.field(
        description="The statements of these properties, of all if none are named. Only what is selected is fetched."
    )
    async def statements(self, info: Info, properties: list[PropertyId] | None = None) -> list[Statement]:
        index = await self._index(info)
        inline: Mapping[int, StatementBody] = {}
        if self.row.index is None:
            inline = (await reading.content_of(info.context.loaders.stores, self.row))[1]
        names = [name for name, count in index.property_counts.items() for _ in range(count)]
        return [
            Statement(
                held=Held(
                    self.row,
                    position,
                    index.hashes[position],
                    PropertyId(names[position]),
                    inline.get(index.hashes[position]),
                )
            )
            for position in index.positions(properties)
        ]

    @strawberry.field(description="The whole entity in Wikibase's JSON. Fetches everything.")
    async def json(self, info: Info) -> Json:
        return Json(await reading.entity_json(info.context.loaders.stores, self.row))

    async def _index(self, info: Info) -> StatementIndex:
        if self.row.index is not None:
            return self.row.index
        # Older than 1.2.0: the row does not know; the snapshot does, or even only the statements do.
        snapshot, _ = await reading.content_of(info.context.loaders.stores, self.row)
        claims = snapshot.content.claims
        return StatementIndex(claims.hashes(), claims.property_counts())

    async def _snapshot(self, info: Info) -> JsonObject:
        return (await info.context.loaders.snapshot_of(self.row)).snapshot.content.entity


@strawberry.interface(description="An entity that has labels, descriptions and aliases.")
class Termed(Entity):
    """Terms are read from the snapshot: one object for all of them."""

    @strawberry.field(description="The labels in these languages, in all if none are named.")
    async def labels(
        self, info: Info, languages: list[LanguageCode] | None = None
    ) -> list[LabelWithLanguage]:
        return terms((await self._snapshot(info)).get("labels"), languages)

    @strawberry.field(description="The label in one language, null if there is none.")
    async def label(self, info: Info, language_code: LanguageCode) -> str | None:
        found = terms((await self._snapshot(info)).get("labels"), [language_code])
        return found[0].value if found else None

    @strawberry.field(description="The descriptions in these languages, in all if none are named.")
    async def descriptions(
        self, info: Info, languages: list[LanguageCode] | None = None
    ) -> list[LabelWithLanguage]:
        return terms((await self._snapshot(info)).get("descriptions"), languages)

    @strawberry.field(description="The description in one language, null if there is none.")
    async def description(self, info: Info, language_code: LanguageCode) -> str | None:
        found = terms((await self._snapshot(info)).get("descriptions"), [language_code])
        return found[0].value if found else None

    @strawberry.field(description="The aliases in these languages, in all if none are named.")
    async def aliases(
        self, info: Info, languages: list[LanguageCode] | None = None
    ) -> list[AliasesInLanguage]:
        return aliases((await self._snapshot(info)).get("aliases"), languages)


@strawberry.type(description="An item: a thing or an idea.")
class Item(Termed):
    """Q ids."""


@strawberry.type(description="A property: what statements say something with.")
class Property(Termed):
    """P ids."""

    @strawberry.field(description="The data type of the property's values.")
    async def data_type(self, info: Info) -> str | None:
        data_type: str | None = (await self._snapshot(info)).get("datatype")
        return data_type


@strawberry.type(description="A lexeme: a word of a language.")
class Lexeme(Entity):
    """L ids."""

    @strawberry.field(description="The lemmas in these languages, in all if none are named.")
    async def lemmas(
        self, info: Info, languages: list[LanguageCode] | None = None
    ) -> list[LabelWithLanguage]:
        return terms((await self._snapshot(info)).get("lemmas"), languages)


@strawberry.type(description="An entity schema: what statements entities of a kind should have.")
class EntitySchema(Termed):
    """E ids."""


_KINDS: dict[EntityType, type[Entity]] = {
    EntityType.ITEM: Item,
    EntityType.PROPERTY: Property,
    EntityType.LEXEME: Lexeme,
    EntityType.ENTITY_SCHEMA: EntitySchema,
}


def entity_of(row: Revision) -> Entity:
    """The GraphQL object of a revision's row."""
    return _KINDS[type_of(row.entity)](row=row)


async def load_entity(info: Info, entity: EntityId, revision_id: int | None) -> Entity:
    """The entity, at a revision if one is named. EntityMissing, EntityGone, RevisionMissing."""
    if revision_id is not None:
        return entity_of(await reading.row_of(info.context.loaders.stores, entity, revision_id))
    head = await info.context.loaders.head.load(entity)
    if head is None:
        raise EntityMissing(entity)
    if head.head.flags.is_deleted:
        raise EntityGone(entity)
    return entity_of(head.revision)
