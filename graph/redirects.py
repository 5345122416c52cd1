"""Redirects to an entity: derived from their sources' heads, from the database alone (Q5)."""

from __future__ import annotations

from datetime import datetime

import strawberry

from graph import loading
from graph.context import Info
from graph.pages import Connection, cursor_of, key_of, limit, page
from graph.plain import plain
from storage import ports
from storage.ids import EntityId, entity_id


@strawberry.type(description="That one entity redirects to another.")
class Redirect:
    """The source is the row."""

    source_id: strawberry.ID = plain(lambda row: row.source, description="The entity that redirects.")
    target_id: strawberry.ID = plain(lambda row: row.target, description="The entity that it redirects to.")
    created_at: datetime = plain(lambda row: row.created_at, description="When the redirect was made.")
    created_by: str = plain(lambda row: row.created_by, description="Who made it.")

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        return isinstance(source, ports.Redirect)


async def incoming(info: Info, entity: EntityId, first: int, after: str | None) -> Connection[Redirect]:
    """A page of the redirects to an entity, by their sources."""
    key = key_of("redirects", after, entity_id)
    asked = ports.RedirectsPage(entity, limit(first), key[0] if key else None)
    loaders = info.context.loaders
    found = await loaders.redirects.load(asked) or ()
    gone = await loading.gone(loaders, [one.source for one in found])
    return page(
        found,
        first,
        after,
        lambda one: cursor_of("redirects", one.source),
        lambda one: None if one.source in gone else one,  # type: ignore[arg-type, return-value]  # plain data
    )


async def incoming_count(info: Info, entity: EntityId) -> int:
    """How many entities redirect to this one."""
    return await info.context.loaders.redirect_count.load(entity) or 0
