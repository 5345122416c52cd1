"""What a revision says otherwise than another: found when it is asked for, none is stored (W12)."""

from __future__ import annotations

import strawberry

from graph import loading
from graph.context import Info
from graph.scalars import Json
from storage.compare import compare
from storage.difference import Absence
from storage.model import Revision
from storage.parts import pointer


@strawberry.type(description="One part of an entity, such as a label or a statement, at two revisions.")
class PartChange:
    """Before and after."""

    pointer: str = strawberry.field(
        description="Which: a JSON pointer, in which statements, forms and senses stand by their ids."
    )
    before: Json | None = strawberry.field(description="What it was; null if it was not there.")
    after: Json | None = strawberry.field(description="What it is; null if it is there no more.")


async def changes(info: Info, row: Revision, other: int | None) -> list[PartChange] | None:
    """The parts in which a revision differs from another of its entity, from its parent if None.

    None for a first revision without another to compare it with. What `loading.at` and `compare` raise.
    """
    number = row.parent if other is None else other
    if number is None:
        return None
    loaders = info.context.loaders
    # Not by way of the head, which may be hard-deleted: who has the row may see its parent.
    parent = await loaders.revision.load((row.entity, number)) if other is None else None
    old = parent or (await loading.at(loaders, row.entity, number)).row
    difference = await compare(loaders.stores, old, row)
    return [
        PartChange(
            pointer=pointer(path),
            before=None if isinstance(changed.old, Absence) else Json(changed.old),
            after=None if isinstance(changed.new, Absence) else Json(changed.new),
        )
        for path, changed in difference.told().items()
    ]
