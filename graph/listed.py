"""Lists of entities by what they are, from the database alone (Q6)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph import loading
from graph.context import Info
from graph.pages import Connection, cursor_of, key_of, limit, page
from storage.ids import EntityId, entity_id
from storage.statuses import Status, list_name

if TYPE_CHECKING:
    from graph.entity import Entity


@strawberry.enum(description="What an entity may be.")
class EntityStatus(enum.Enum):
    """By the lists that they are on."""

    LOCKED = strawberry.enum_value(Status.LOCKED.value, description="No edit is possible.")
    ARCHIVED = strawberry.enum_value(
        Status.ARCHIVED.value, description="No edit is possible, and exports may leave it out."
    )
    SEMI_PROTECTED = strawberry.enum_value(
        Status.SEMI_PROTECTED.value,
        description="Mass edits are refused, and editors who are not autoconfirmed.",
    )
    MASS_EDIT_PROTECTED = strawberry.enum_value(
        Status.MASS_EDIT_PROTECTED.value, description="Mass edits are refused."
    )
    DANGLING = strawberry.enum_value(Status.DANGLING.value, description="No project maintains it.")
    DELETED = strawberry.enum_value(Status.DELETED.value, description="Soft-deleted: readable, with a mark.")
    REDIRECT = strawberry.enum_value(Status.REDIRECT.value, description="It redirects to another.")


@strawberry.type(description="An entity on a list, by its id.")
class ListedEntity:
    """With the entity on request."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")

    @strawberry.field(description="The entity as it is now; null if it was deleted for good since.")
    async def entity(self, info: Info) -> Annotated[Entity, strawberry.lazy("graph.entity")] | None:
        from graph.entity import shown

        try:
            found = await loading.current(info.context.loaders, EntityId(self.entity_id), follow=False)
        except loading.ABSENT:
            return None
        return shown(found)


async def listed(
    info: Info, status: EntityStatus | None, edit_type: str | None, first: int, after: str | None
) -> Connection[ListedEntity]:
    """A page of a list of entities."""
    key = key_of("listed", after, entity_id)
    metadata = info.context.loaders.stores.metadata
    found = await metadata.listed(
        list_name(str(status.value) if status is not None else None, edit_type),
        key[0] if key else None,
        limit(first),
    )
    return page(
        found,
        first,
        after,
        lambda one: cursor_of("listed", one),
        lambda one: ListedEntity(entity_id=strawberry.ID(one)),
    )
