"""Entities: what their row tells at once, and the lazy ways to terms, statements, history and links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import strawberry

from graph import loading
from graph.backlinks import Backlink, backlinks
from graph.context import Info
from graph.kinds import EntityKind, kind_of
from graph.links import ItemValue
from graph.node import Node
from graph.pages import After, Connection, First
from graph.plain import extra, plain, pure, text_if_any
from graph.redirects import Redirect, incoming, incoming_count
from graph.revision import History, Revision, history
from graph.scalars import Json, SiteId
from graph.subject import StatementProvider
from graph.terms import AliasesProvider, DescriptionProvider, LabelProvider
from storage import reading
from storage.ids import EntityId, EntityType, PropertyId, type_of
from storage.model import JsonObject


@strawberry.interface(
    description="An entity of the Wikibase at one of its revisions, the newest unless asked otherwise."
)
class Entity(Node, StatementProvider):
    """What all kinds share. Fields of the row cost nothing more; terms read the snapshot, statements their objects."""

    via: strawberry.Private[tuple[EntityId, ...]] = ()

    @strawberry.field(description="The entity's id.")
    @pure
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.row.entity)

    @strawberry.field(description="The entity's kind.")
    @pure
    def type(self) -> EntityKind:
        return kind_of(self.row.entity)

    @strawberry.field(description="The revision that is shown.")
    @pure
    def revision_id(self) -> int:
        return self.row.revision

    @strawberry.field(description="When this revision was made.")
    @pure
    def modified(self) -> datetime:
        return self.row.created_at

    @strawberry.field(
        description="The ids that redirected here, from the one that was asked for on; empty if none did."
    )
    @pure
    def redirected_from(self) -> list[strawberry.ID]:
        return [strawberry.ID(one) for one in self.via]

    @strawberry.field(
        description="The revision that is shown: who made it and why, its state and its snapshot."
    )
    @pure
    def revision(self) -> Revision:
        return Revision(facts=self.row)

    @strawberry.field(description="The revisions of the entity, newest first. From the database alone.")
    async def history(
        self, info: Info, wanted: History = None, first: First = 20, after: After = None
    ) -> Connection[Revision] | None:
        return await history(info, self.row.entity, wanted, first, after)

    @strawberry.field(
        description="The statements of other entities that refer to this one: as value, in a qualifier or in a reference."
    )
    async def backlinks(
        self,
        info: Info,
        property: Annotated[
            PropertyId | None, strawberry.argument(description="Only statements of this property.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Backlink] | None:
        return await backlinks(info, self.row.entity, property, first, after)

    @strawberry.field(description="The redirects that lead to this entity.")
    async def redirects(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[Redirect] | None:
        return await incoming(info, self.row.entity, first, after)

    @strawberry.field(description="How many redirects lead to this entity.")
    async def redirect_count(self, info: Info) -> int | None:
        return await incoming_count(info, self.row.entity)

    @strawberry.field(
        description="The whole entity in Wikibase's JSON, but for erased statements (`erasedStatementHashes`). Reads the "
        "snapshot and every statement."
    )
    async def json(self, info: Info) -> Json | None:
        return Json(await reading.entity_json(info.context.loaders.stores, self.row))

    async def content(self, info: Info) -> JsonObject:
        """The entity's JSON without statements, from its snapshot."""
        return (await info.context.loaders.snapshot_of(self.row)).snapshot.content.entity


@strawberry.type(description="A page about an item on another site.")
class Sitelink:
    """Plain data as stored."""

    site_id: SiteId = plain("site", description="The site.")
    title: str = plain("title", description="The title of the page.")
    badges: list[ItemValue] = plain(
        lambda link: link.get("badges", ()), description="The items that say what the page is marked as."
    )
    url: str | None = plain(
        text_if_any("url"), description="The address of the page, where an import brought it."
    )
    extra: Json | None = plain(
        extra("site", "title", "badges", "url"),
        description="What is stored beside the fields of Wikibase's format.",
    )


@strawberry.type(description="An item: a thing or an idea.")
class Item(Entity, LabelProvider, DescriptionProvider, AliasesProvider):
    """Q ids."""

    @strawberry.field(description="The pages about the item on other sites.")
    async def sitelinks(
        self,
        info: Info,
        site_ids: Annotated[
            list[SiteId] | None,
            strawberry.argument(description="Only of these sites, in this order; of all if null."),
        ] = None,
    ) -> list[Sitelink] | None:
        links = await self._sitelinks(info)
        if site_ids is None:
            return list(links.values())
        return [links[site] for site in dict.fromkeys(site_ids) if site in links]

    @strawberry.field(description="The page about the item on one site; null if there is none.")
    async def sitelink(
        self, info: Info, site_id: Annotated[SiteId, strawberry.argument(description="The site.")]
    ) -> Sitelink | None:
        return (await self._sitelinks(info)).get(site_id)

    async def _sitelinks(self, info: Info) -> dict[str, Any]:
        links = (await self.content(info)).get("sitelinks")
        return links if isinstance(links, dict) else {}


@strawberry.type(description="A property: what statements say something with.")
class Property(Entity, LabelProvider, DescriptionProvider, AliasesProvider):
    """P ids."""

    @strawberry.field(description="The data type of the property's values.")
    async def data_type(self, info: Info) -> str | None:
        data_type: str | None = (await self.content(info)).get("datatype")
        return data_type


@strawberry.type(description="An entity schema: what statements entities of a kind should have.")
class EntitySchema(Entity, LabelProvider, DescriptionProvider, AliasesProvider):
    """E ids."""

    @strawberry.field(description="The schema itself, as text; null if there is none.")
    async def schema_text(self, info: Info) -> str | None:
        schema_text: str | None = (await self.content(info)).get("schemaText")
        return schema_text


def shown(found: loading.Found) -> Entity:
    """The GraphQL object of what was found."""
    kind = type_of(found.row.entity)
    if kind is EntityType.LEXEME:
        from graph.lexeme import Lexeme

        return Lexeme(row=found.row, via=found.via)
    return _KINDS[kind](row=found.row, via=found.via)


_KINDS: dict[EntityType, type[Entity]] = {
    EntityType.ITEM: Item,
    EntityType.PROPERTY: Property,
    EntityType.ENTITY_SCHEMA: EntitySchema,
}


async def load_entity(
    info: Info, entity: EntityId, revision_id: int | None = None, *, follow: bool = True
) -> Entity:
    """The entity, at a revision if one is named. What can't be shown is an error that says why (see `loading`)."""
    loaders = info.context.loaders
    if revision_id is not None:
        return shown(await loading.at(loaders, entity, revision_id))
    return shown(await loading.current(loaders, entity, follow=follow))
