"""Changes of entities as they come: what each event tells, and lazily what the entity said then (E5).

An event has no content; what it leads to is read like anything else, by loaders made anew for each event.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated

import strawberry
from graphql import GraphQLError

from graph import loading
from graph.context import Info
from graph.entity import Entity, load_entity
from graph.kinds import EntityKind, kind_of
from graph.plain import pure
from graph.revision import Revision
from storage.following import Change, Following
from storage.ids import EntityId
from storage.model import Event

MAX_IDS = 500


@strawberry.enum(description="What a change did.")
class ChangeType(enum.Enum):
    """By its name in events."""

    CREATION = strawberry.enum_value("creation", description="The entity was made.")
    EDIT = strawberry.enum_value("edit", description="Any change that is none of the others.")
    REDIRECT = strawberry.enum_value("redirect", description="It leads to another entity since then.")
    UNREDIRECT = strawberry.enum_value("unredirect", description="It leads to no other entity any more.")
    ARCHIVAL = strawberry.enum_value("archival", description="It is archived since then.")
    UNARCHIVAL = strawberry.enum_value("unarchival", description="It is not archived any more.")
    LOCK = strawberry.enum_value("lock", description="It is locked since then.")
    UNLOCK = strawberry.enum_value("unlock", description="It is not locked any more.")
    SOFT_DELETE = strawberry.enum_value("soft_delete", description="It was deleted, and can still be read.")
    HARD_DELETE = strawberry.enum_value("hard_delete", description="It was deleted for good.")


@strawberry.type(description="One change of one entity: a committed revision. Its own fields cost nothing.")
class EntityChange:
    """What an event tells, and the ways from there."""

    change: strawberry.Private[Change]

    @strawberry.field(description="The entity that changed.")
    @pure
    def entity_id(self) -> strawberry.ID:
        return strawberry.ID(self.change.event.entity_id)

    @strawberry.field(description="Its kind.")
    @pure
    def entity_type(self) -> EntityKind:
        return kind_of(self.change.event.entity_id)

    @strawberry.field(description="The revision that it came to.")
    @pure
    def revision_id(self) -> int:
        return self.change.event.revision_id

    @strawberry.field(description="The revision that it came from; null for the first.")
    @pure
    def from_revision_id(self) -> int | None:
        return self.change.event.from_revision_id

    @strawberry.field(description="What the change did.")
    @pure
    def change_type(self) -> ChangeType:
        return ChangeType(self.change.event.change_type)

    @strawberry.field(description="When it was made.")
    @pure
    def changed_at(self) -> datetime:
        return self.change.event.changed_at

    @strawberry.field(description="Who made it.")
    @pure
    def editor(self) -> str:
        return self.change.event.editor

    @strawberry.field(description="Why it was made, in words.")
    @pure
    def summary(self) -> str:
        return self.change.event.edit_summary

    @strawberry.field(description="Whether a bot made it.")
    @pure
    def bot(self) -> bool:
        return self.change.event.bot

    @strawberry.field(
        description="The place of this change in the stream: `from` it a later subscription goes on. Opaque."
    )
    @pure
    def position(self) -> str:
        return self.change.position

    @strawberry.field(description="The revision. Null, with an error, once the entity is deleted for good.")
    async def revision(self, info: Info) -> Revision | None:
        event = self.change.event
        return Revision(
            facts=(await loading.at(info.context.loaders, event.entity_id, event.revision_id)).row
        )

    @strawberry.field(
        description="The entity at this revision; a redirect is not followed. Null, with an error, once it is deleted "
        "for good."
    )
    async def entity(self, info: Info) -> Entity | None:
        return await load_entity(info, self.change.event.entity_id, self.change.event.revision_id)


@strawberry.type(description="What can be followed.")
class Subscription:
    """The root of what comes by itself."""

    @strawberry.subscription(
        description="Committed changes as they come, each once, those of one entity in order. Ends with an error that has "
        "a code: `too_slow` with the position after which to go on; `position_gone`, `wrong_position`; `unavailable`."
    )
    async def entity_changes(
        self,
        info: Info,
        ids: Annotated[
            list[EntityId] | None,
            strawberry.argument(description=f"Only of these entities, up to {MAX_IDS}; of all if null."),
        ] = None,
        types: Annotated[
            list[EntityKind] | None,
            strawberry.argument(description="Only of entities of these kinds; of all if null."),
        ] = None,
        change_types: Annotated[
            list[ChangeType] | None,
            strawberry.argument(description="Only changes that did this; all if null."),
        ] = None,
        from_: Annotated[
            str | None,
            strawberry.argument(
                name="from",
                description="A `position`, or a `changesPosition`: what came after it is told first. From now on if null.",
            ),
        ] = None,
    ) -> AsyncGenerator[EntityChange, None]:
        context = info.context
        wanted = _filter(ids, types, change_types)
        # A client that comes again says so beside the operation, whose own `from` is then where it began at first.
        following = Following(context.feed, context.progress.after or from_, wanted)
        context.progress.following = following
        async with aclosing(following) as changes:
            async for change in changes:
                context.loaders.forget()
                yield EntityChange(change=change)


async def changes_position(info: Info) -> str:
    """Where the stream of changes is now."""
    return await info.context.feed.position()


def _filter(
    ids: list[EntityId] | None, types: list[EntityKind] | None, change_types: list[ChangeType] | None
) -> Callable[[Event], bool]:
    if ids is not None and len(ids) > MAX_IDS:
        raise GraphQLError(
            f"`ids` has {len(ids)} entries; {MAX_IDS} can be followed at once.",
            extensions={"code": "too_many", "retryable": False, "maximum": MAX_IDS},
        )
    entities = None if ids is None else frozenset(ids)
    kinds = None if types is None else frozenset(types)
    changes = None if change_types is None else frozenset(str(one.value) for one in change_types)

    def wanted(event: Event) -> bool:
        return (
            (entities is None or event.entity_id in entities)
            and (changes is None or event.change_type in changes)
            and (kinds is None or kind_of(event.entity_id) in kinds)
        )

    return wanted
