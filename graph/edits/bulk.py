"""Deleting many entities by a list or a filter: first tried without effect, then done (W7)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

import strawberry

from graph.context import Info
from graph.edits.deletion import Deleted, deleted
from graph.edits.doing import mutation
from graph.edits.making import an_edit, faults_of_batch, keyed, of_many
from graph.edits.meta import EditMeta
from graph.edits.results import (
    EditConflict,
    EditInvalid,
    EditOutcomeUnknown,
    EditRefused,
    RequestRefused,
    refused,
)
from graph.listed import EntityStatus
from storage.admission import admit
from storage.changes import SoftDelete
from storage.edits import Edit, refuse
from storage.errors import Fault, Invalid, StorageError
from storage.ids import EntityId
from storage.statuses import list_name

MAX_ENTITIES = 100
"""At once."""


@strawberry.input(description="Entities to delete: these, or those on a list.")
class DeleteEntitiesInput:
    """Tried only, unless `dryRun` is false."""

    ids: list[EntityId] | None = strawberry.field(
        default=None, description=f"The entities, at most {MAX_ENTITIES}."
    )
    status: EntityStatus | None = strawberry.field(
        default=None, description="Instead of ids: entities in this state."
    )
    edit_type: str | None = strawberry.field(
        default=None, description="Instead of ids: entities whose latest revision has this edit type."
    )
    after: EntityId | None = strawberry.field(
        default=None, description="Of a filter: only what comes after this entity."
    )
    limit: int = strawberry.field(default=MAX_ENTITIES, description=f"Of a filter: at most {MAX_ENTITIES}.")
    reason: str = strawberry.field(description="Why; at most 500 characters, and not empty.")
    dry_run: bool = strawberry.field(
        default=True, description="Whether to tell only what would be done. Nothing is stored then."
    )
    meta: EditMeta = strawberry.field(
        default_factory=EditMeta, description="What is told of each deletion. Each is a mass edit."
    )


@strawberry.type(description="The entity would be deleted.")
class WouldBeDeleted:
    """What a dry run finds nothing against."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    revision_id: int = strawberry.field(description="Its head.")


@strawberry.type(description="How the deletion of one entity ended, or would end.")
class DeletionOutcome:
    """Each for itself."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    result: Annotated[
        Deleted
        | WouldBeDeleted
        | EditConflict
        | EditInvalid
        | EditRefused
        | RequestRefused
        | EditOutcomeUnknown,
        strawberry.union("BulkDeletionResult", description="How a deletion among many ended."),
    ] = strawberry.field(description="How it ended.")


@strawberry.type(description="How many deletions ended, or would end.")
class DeletionsMade:
    """Some may be made and others refused."""

    dry_run: bool = strawberry.field(description="Whether nothing was done.")
    outcomes: list[DeletionOutcome] = strawberry.field(description="Each by itself.")
    next_after: strawberry.ID | None = strawberry.field(
        description="Of a filter: where to go on (`after`); null if there is no more."
    )


DeletionsResult = Annotated[
    DeletionsMade | EditInvalid | RequestRefused,
    strawberry.union("DeletionsResult", description="How a bulk deletion ended."),
]


@strawberry.type
class BulkDeleting:
    """The part of the root of edits that deletes many."""

    @mutation(description="Soft-delete many entities, or tell what would become of that.")
    async def delete_entities(
        self,
        info: Info,
        input: Annotated[DeleteEntitiesInput, strawberry.argument(description="Which, and why.")],
    ) -> DeletionsResult:
        entities, following = await _chosen(info, input)
        edits = [_edit(info, entity, input) for entity in entities]
        refuse(faults_of_batch(edits))
        if input.dry_run:
            outcomes = list(await asyncio.gather(*(_outcome(edit, _tried(info, edit)) for edit in edits)))
        else:
            outcomes = [await _outcome(edit, deleted(info, edit)) for edit in edits]
        return DeletionsMade(
            dry_run=input.dry_run,
            outcomes=outcomes,
            next_after=strawberry.ID(following) if following else None,
        )


async def _chosen(info: Info, given: DeleteEntitiesInput) -> tuple[list[EntityId], EntityId | None]:
    """The entities, and after which to go on."""
    ways = [way for way in (given.ids, given.status, given.edit_type) if way is not None]
    if len(ways) != 1:
        raise Invalid([Fault("", "one_of", "give ids, a status or an edit type, and only one of them")])
    name, asked = ("/limit", given.limit) if given.ids is None else ("/ids", len(given.ids))
    if not 1 <= asked <= MAX_ENTITIES:
        limit = {"minimum": 1, "maximum": MAX_ENTITIES}
        raise Invalid([Fault(name, "out_of_range", f"from 1 to {MAX_ENTITIES} entities", limit)])
    if given.ids is not None:
        return list(dict.fromkeys(given.ids)), None
    wanted = list_name(str(given.status.value) if given.status is not None else None, given.edit_type)
    metadata = info.context.loaders.stores.metadata
    # One more tells whether there is more.
    found = list(await metadata.listed(wanted, given.after, asked + 1))
    return found[:asked], found[asked - 1] if len(found) > asked else None


def _edit(info: Info, entity: EntityId, given: DeleteEntitiesInput) -> Edit:
    meta = keyed(given.meta, entity)
    return of_many(an_edit(info, entity, None, meta, SoftDelete(given.reason), given.reason))


async def _outcome(edit: Edit, ending: Awaitable[Deleted | WouldBeDeleted]) -> DeletionOutcome:
    result: Any
    try:
        result = await ending
    except StorageError as error:
        result = refused(error)
    return DeletionOutcome(entity_id=strawberry.ID(edit.entity), result=result)


async def _tried(info: Info, edit: Edit) -> WouldBeDeleted:
    found = await info.context.loaders.head.load(edit.entity)
    admit(edit, found.head if found is not None else None)
    assert found is not None, "else it would not have been admitted"
    return WouldBeDeleted(entity_id=strawberry.ID(edit.entity), revision_id=found.head.revision)
