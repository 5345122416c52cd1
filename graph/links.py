"""Links: what names another entity, and the way to it, to its labels and its statements (Q8).

The source of a link is plain data: an id, or the snak whose value names it. Nothing is read until a field of the
linked entity is selected; then the heads of all links of a tick are one query.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from graph import loading
from graph.context import Info
from graph.plain import plain, together
from graph.shapes import linked, target, value_type
from graph.terms import DescriptionProvider, LabelProvider, each, entities_of
from storage.errors import StorageError
from storage.ids import EntityType, type_of

if TYPE_CHECKING:
    from graph.entity import Entity, EntitySchema, Item, Property
    from graph.lexeme import Form, Lexeme, Sense

EntityRef = Annotated["Entity", strawberry.lazy("graph.entity")]
ItemRef = Annotated["Item", strawberry.lazy("graph.entity")]
PropertyRef = Annotated["Property", strawberry.lazy("graph.entity")]
EntitySchemaRef = Annotated["EntitySchema", strawberry.lazy("graph.entity")]
LexemeRef = Annotated["Lexeme", strawberry.lazy("graph.lexeme")]
FormRef = Annotated["Form", strawberry.lazy("graph.lexeme")]
SenseRef = Annotated["Sense", strawberry.lazy("graph.lexeme")]


async def follow(source: Any, info: Info, kind: EntityType | None = None) -> Any:
    """The GraphQL object of the entity that a link leads to, None if it can't be shown or is of another kind.

    Not an error: a Wikibase may name entities that it does not have, and who imports a part of one names many.
    What is the matter is told by `LinkStatus`.
    """
    from graph.entity import shown

    found = await _found(source, info)
    if not isinstance(found, loading.Found) or kind not in (None, type_of(found.row.entity)):
        return None
    return shown(found)


async def _all_found(sources: Sequence[Any], info: Info) -> list[loading.Found | BaseException | None]:
    """What is at the end of many links, in their order; None for those that lead nowhere here."""
    leads = [target(source) for source in sources]
    wanted = list(dict.fromkeys(one for one in leads if one is not None))
    found = dict(zip(wanted, await loading.many(info.context.loaders, wanted), strict=True))
    return [None if one is None else found[one] for one in leads]


def _following(kind: EntityType | None) -> Any:
    """`follow` of many sources."""

    def entity_of(found: loading.Found | None) -> Any:
        from graph.entity import shown

        if found is None or kind not in (None, type_of(found.row.entity)):
            return None
        return shown(found)

    async def followed(sources: Sequence[Any], info: Info) -> list[Any]:
        found = await _all_found(sources, info)
        return each([None if isinstance(one, loading.ABSENT) else one for one in found], entity_of)

    return followed


_TOLD = (loading.Found, *loading.ABSENT, type(None))


async def _statuses(sources: Sequence[Any], info: Info) -> list[Any]:
    found = await _all_found(sources, info)
    # What says why an entity is not here is the answer, and no error of it.
    return [_status(one) if isinstance(one, _TOLD) else one for one in found]


async def _data_types(sources: Sequence[Any], info: Info) -> list[Any]:
    return each(await entities_of(sources, info), lambda entity: (entity or {}).get("datatype"))


@strawberry.enum(description="What there is at the end of a link.")
class LinkStatus(enum.Enum):
    """By the code of the error that `entity(id)` has for it, where it has one."""

    FOUND = strawberry.enum_value("found", description="The entity.")
    REDIRECTED = strawberry.enum_value(
        "redirected", description="Another entity, to which the one that is named redirects."
    )
    MISSING = strawberry.enum_value("entity_not_found", description="Nothing: no entity has this id here.")
    NO_REVISIONS = strawberry.enum_value(
        "no_revisions", description="Nothing: the id is given out, but nothing was written under it."
    )
    GONE = strawberry.enum_value("gone", description="Nothing any more: the entity was deleted for good.")
    UNRESOLVED = strawberry.enum_value(
        "redirect_unresolved", description="Nothing: redirects lead in a circle, or on and on."
    )
    ELSEWHERE = strawberry.enum_value(
        "elsewhere", description="Nothing: entities of this kind have no revisions here."
    )


def _status(found: loading.Found | StorageError | None) -> LinkStatus:
    if isinstance(found, loading.Found):
        return LinkStatus.REDIRECTED if found.via else LinkStatus.FOUND
    return LinkStatus(found.code) if found is not None else LinkStatus.ELSEWHERE


async def _found(source: Any, info: Info) -> loading.Found | StorageError | None:
    entity = target(source)
    if entity is None:
        return None
    try:
        return await loading.current(info.context.loaders, entity)
    except loading.ABSENT as absent:
        return absent


@strawberry.interface(description="A link to an entity.")
class EntityReference:
    """Its id costs nothing; all else looks the entity up."""

    id: strawberry.ID = plain(linked, description="The id that is named.")

    @strawberry.field(
        description="The entity that is linked to, of a form or sense its lexeme; null if it is not here. "
        "Redirects are followed."
    )
    @together(_following(None))
    async def entity(self, info: Info) -> EntityRef | None:
        return await follow(self, info)

    @strawberry.field(description="Whether the entity is here, and if not, why not.")
    @together(_statuses)
    async def status(self, info: Info) -> LinkStatus | None:
        return _status(await _found(self, info))


class _Link:
    """What decides whether plain data is of a type of link: its name, since links may be values of snaks."""

    @classmethod
    def is_type_of(cls, source: Any, _info: Any) -> bool:
        return isinstance(source, str) or value_type(source) == cls.__name__


@strawberry.type(description="A link to an item.")
class ItemValue(_Link, EntityReference, LabelProvider, DescriptionProvider):
    """As a value, and wherever an item is named."""

    @strawberry.field(description="The item; null if it is not here.")
    @together(_following(EntityType.ITEM))
    async def item(self, info: Info) -> ItemRef | None:
        return await follow(self, info, EntityType.ITEM)


@strawberry.type(description="A link to a property, as a value.")
class PropertyValue(_Link, EntityReference, LabelProvider, DescriptionProvider):
    """As a value."""

    @strawberry.field(description="The property; null if it is not here.")
    @together(_following(EntityType.PROPERTY))
    async def property(self, info: Info) -> PropertyRef | None:
        return await follow(self, info, EntityType.PROPERTY)


@strawberry.type(description="A link to a lexeme.")
class LexemeValue(_Link, EntityReference):
    """As a value."""

    @strawberry.field(description="The lexeme; null if it is not here.")
    @together(_following(EntityType.LEXEME))
    async def lexeme(self, info: Info) -> LexemeRef | None:
        return await follow(self, info, EntityType.LEXEME)


@strawberry.type(description="A link to a form of a lexeme.")
class FormValue(_Link, EntityReference):
    """As a value."""

    @strawberry.field(description="The form; null if it is not here.")
    async def form(self, info: Info) -> FormRef | None:
        lexeme = await follow(self, info, EntityType.LEXEME)
        return await lexeme.form_of(info, linked(self)) if lexeme is not None else None


@strawberry.type(description="A link to a sense of a lexeme.")
class SenseValue(_Link, EntityReference):
    """As a value."""

    @strawberry.field(description="The sense; null if it is not here.")
    async def sense(self, info: Info) -> SenseRef | None:
        lexeme = await follow(self, info, EntityType.LEXEME)
        return await lexeme.sense_of(info, linked(self)) if lexeme is not None else None


@strawberry.type(description="A link to an entity schema.")
class EntitySchemaValue(_Link, EntityReference, LabelProvider, DescriptionProvider):
    """As a value."""

    @strawberry.field(description="The entity schema; null if it is not here.")
    @together(_following(EntityType.ENTITY_SCHEMA))
    async def entity_schema(self, info: Info) -> EntitySchemaRef | None:
        return await follow(self, info, EntityType.ENTITY_SCHEMA)


@strawberry.type(
    description="A link to an entity of a kind that has no revisions here, such as a media file's."
)
class EntityValue(_Link, EntityReference):
    """Only its id is known."""


@strawberry.type(description="The property of a statement, qualifier or reference part.")
class PredicateProperty(LabelProvider, DescriptionProvider):
    """The source is its id."""

    id: strawberry.ID = plain(str, description="The property's id.")

    @classmethod
    def is_type_of(cls, source: Any, _info: Any) -> bool:
        return isinstance(source, str)

    @strawberry.field(
        description="The data type that the property has now; null if the property is not here."
    )
    @together(_data_types)
    async def data_type(self, info: Info) -> str | None:
        leads = target(self)
        entity = await loading.entity_of_link(info.context.loaders, leads) if leads is not None else None
        return (entity or {}).get("datatype")

    @strawberry.field(
        description="The property as an entity, with its own statements; null if it is not here."
    )
    @together(_following(None))
    async def entity(self, info: Info) -> PropertyRef | None:
        return await follow(self, info, EntityType.PROPERTY)
