"""Backlinks: which statements of other entities refer to one, from the database alone (Q4)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph import loading
from graph.context import Info
from graph.held import statements_by_hash
from graph.links import PredicateProperty
from graph.pages import Connection, cursor_of, hash_number, key_of, limit, page
from graph.plain import plain
from graph.scalars import StatementHash
from graph.statement import Rank, Statement
from storage import ports
from storage.ids import EntityId, PropertyId, entity_id
from storage.model import MAINSNAK, QUALIFIER, REFERENCE

if TYPE_CHECKING:
    from graph.entity import Entity


@strawberry.enum(description="Where in a statement another entity is named.")
class BacklinkRole(enum.Enum):
    """By the bit of each in a stored link."""

    VALUE = strawberry.enum_value(MAINSNAK, description="As the value.")
    QUALIFIER = strawberry.enum_value(QUALIFIER, description="In a qualifier.")
    REFERENCE = strawberry.enum_value(REFERENCE, description="In a reference.")


_ROLES = (MAINSNAK, QUALIFIER, REFERENCE)


@strawberry.type(description="A reference to an entity by a statement of another.")
class Backlink:
    """The source is the row."""

    entity_id: strawberry.ID = plain(
        lambda link: link.referencing, description="The entity whose statement refers."
    )
    property_id: PropertyId = plain(lambda link: link.property, description="The statement's property.")
    property: PredicateProperty = plain(lambda link: link.property, description="The statement's property.")
    rank: Rank = plain(lambda link: link.rank, description="The statement's rank.")
    statement_hash: StatementHash = plain(lambda link: link.statement, description="The statement's hash.")
    roles: list[BacklinkRole] = plain(
        lambda link: [role for role in _ROLES if link.role & role],
        description="Where in the statement the entity is named.",
    )

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        return isinstance(source, ports.Backlink)

    @strawberry.field(
        description="The entity whose statement refers, as it is now; null if it was deleted since."
    )
    async def entity(
        root: strawberry.Parent[ports.Backlink],
        info: Info,
    ) -> Annotated[Entity, strawberry.lazy("graph.entity")] | None:
        from graph.entity import shown

        try:
            return shown(await loading.current(info.context.loaders, root.referencing, follow=False))
        except loading.ABSENT:
            return None

    @strawberry.field(description="The statement, without the id under which the entity holds it.")
    async def statement(
        root: strawberry.Parent[ports.Backlink],
        info: Info,
    ) -> Statement | None:
        found: Statement | BaseException = (await statements_by_hash(info, [root.statement]))[0]
        if isinstance(found, BaseException):
            raise found
        return found


async def backlinks(
    info: Info, entity: EntityId, property: PropertyId | None, first: int, after: str | None
) -> Connection[Backlink]:
    """A page of the references to an entity."""
    key = key_of("backlinks", after, entity_id, hash_number)
    asked = ports.BacklinksPage(entity, limit(first), (key[0], key[1]) if key else None, property)
    loaders = info.context.loaders
    found = await loaders.backlinks.load(asked) or ()
    gone = await loading.gone(loaders, [one.referencing for one in found])
    return page(
        found,
        first,
        after,
        lambda one: cursor_of("backlinks", one.referencing, one.statement),
        lambda one: None if one.referencing in gone else one,  # type: ignore[arg-type, return-value]  # plain data
    )
