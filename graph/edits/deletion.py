"""Mutations that delete entities and bring them back (W7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from graph.context import Info
from graph.edits.doing import mutation
from graph.edits.making import EntityInput, an_edit, landed
from graph.edits.results import (
    EditConflict,
    EditInvalid,
    EditOutcomeUnknown,
    EditRefused,
    EditResult,
    RequestRefused,
    edited,
)
from storage.admission import admit
from storage.changes import HardDelete, Restore, SoftDelete, Undelete
from storage.edits import Edit, faults_of, refuse
from storage.errors import Fault, Invalid, RequestMissing, SecondPersonNeeded
from storage.ids import EntityId
from storage.model import AuditKind
from storage.port_deletions import AuditPage, DeletionRequest

MAX_RETENTION_DAYS = 180


@strawberry.input(description="An entity whose soft deletion shall be undone.")
class UndeletionInput(EntityInput):
    """Nothing is lost by it, so nobody has to account for it."""

    reason: str = strawberry.field(default="", description="Why; at most 500 characters.")


@strawberry.input(description="An entity to delete or to bring back, and why.")
class DeletionInput(EntityInput):
    """With the reason, for which there is no default: who deletes has to account for it."""

    reason: str = strawberry.field(description="Why; at most 500 characters, and not empty.")


@strawberry.input(description="An entity to delete for good, and why.")
class HardDeletionInput(DeletionInput):
    """With how long it can be brought back."""

    retention_days: int | None = strawberry.field(
        default=None,
        description="For so many days, 1 to 180, an administrator can bring it back; then what it said is released. "
        "Without it as the server is set.",
    )


@strawberry.input(description="A request for a hard deletion to drop.")
class RejectionInput:
    """No revision is made, so nothing is told of one."""

    id: EntityId = strawberry.field(description="The entity that somebody asks to delete.")


@strawberry.type(description="The entity is deleted.")
class Deleted:
    """The tombstone."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    revision_id: int = strawberry.field(description="The revision that says so.")
    delete_type: str = strawberry.field(description="`soft` or `hard`.")
    deleted: bool = strawberry.field(description="True.")
    deleted_at: datetime = strawberry.field(description="When.")
    reason: str = strawberry.field(description="Why.")
    deleted_by: str = strawberry.field(description="Who asked for it.")
    approved_by: str | None = strawberry.field(description="Who agreed, where a second person has to.")
    retained_until: datetime | None = strawberry.field(
        description="Until when an administrator can bring it back; null of a soft deletion, which has no end."
    )


@strawberry.type(description="The deletion waits for a second person, who approves or rejects it.")
class HardDeletionRequested:
    """The request that stands: the first, if there was one."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="Who asks for it.")
    requested_at: datetime = strawberry.field(description="Since when.")
    retention_days: int = strawberry.field(description="For how many days it could be brought back.")


@strawberry.type(description="Nobody asks for the deletion any more.")
class HardDeletionRejected:
    """The request is gone."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")


DeletionResult = Annotated[
    Deleted
    | HardDeletionRequested
    | EditConflict
    | EditInvalid
    | EditRefused
    | RequestRefused
    | EditOutcomeUnknown,
    strawberry.union("DeletionResult", description="How a deletion ended."),
]
RejectionResult = Annotated[
    HardDeletionRejected | EditRefused | RequestRefused,
    strawberry.union("RejectionResult", description="How a rejection ended."),
]


@strawberry.type
class Deleting:
    """The part of the root of edits that deletes."""

    @mutation(description="Delete an entity so that it stays readable, with a mark, and can be undeleted.")
    async def delete_entity(
        self,
        info: Info,
        input: Annotated[DeletionInput, strawberry.argument(description="What, and why.")],
    ) -> DeletionResult:
        change = SoftDelete(input.reason)
        return await deleted(
            info, an_edit(info, input.id, input.base_revision_id, input.meta, change, input.reason)
        )

    @mutation(description="Undo a soft deletion.")
    async def undelete_entity(
        self,
        info: Info,
        input: Annotated[UndeletionInput, strawberry.argument(description="What, and why.")],
    ) -> EditResult:
        change = Undelete(input.reason)
        edit = an_edit(info, input.id, input.base_revision_id, input.meta, change, input.reason)
        return edited(await info.context.commit(edit))

    @mutation(
        description="Delete an entity so that nothing of it can be read any more. Where the server is set so, "
        "a second person has to approve."
    )
    async def hard_delete_entity(
        self,
        info: Info,
        input: Annotated[HardDeletionInput, strawberry.argument(description="What, and why.")],
    ) -> DeletionResult:
        days = _days(info, input.retention_days)
        change = HardDelete(input.reason, info.context.clock() + timedelta(days=days))
        edit = an_edit(
            info, input.id, input.base_revision_id, input.meta, change, input.reason, input.retention_days
        )
        if info.context.deletion.needs_approval:
            return await _requested(info, edit, days)
        return await deleted(info, edit)

    @mutation(description="Approve the hard deletion that another person asks for: it is carried out.")
    async def approve_hard_deletion(
        self,
        info: Info,
        input: Annotated[EntityInput, strawberry.argument(description="Which entity.")],
    ) -> DeletionResult:
        def approving(change: HardDelete) -> Edit:
            return an_edit(info, input.id, input.base_revision_id, input.meta, change, "approved")

        # A retry comes too late to find the request, which the first try used up.
        before = await landed(info, approving(HardDelete("", info.context.clock())))
        if before is not None:
            return await _told(info, input.id, before)
        request = await info.context.loaders.stores.metadata.deletion_request(input.id)
        if request is None:
            raise RequestMissing(input.id)
        if request.requested_by == info.context.actor.name:
            raise SecondPersonNeeded(input.id)
        until = info.context.clock() + timedelta(days=request.retention_days)
        return await deleted(info, approving(HardDelete(request.reason, until, request.requested_by)))

    @mutation(description="Drop the request for a hard deletion; whoever asked for it may do so too.")
    async def reject_hard_deletion(
        self,
        info: Info,
        input: Annotated[RejectionInput, strawberry.argument(description="Which entity.")],
    ) -> RejectionResult:
        if not await info.context.loaders.stores.metadata.withdraw_request(input.id):
            raise RequestMissing(input.id)
        return HardDeletionRejected(entity_id=strawberry.ID(input.id))

    @mutation(description="Bring a hard-deleted entity back, as long as what it said is retained.")
    async def restore_deleted_entity(
        self,
        info: Info,
        input: Annotated[DeletionInput, strawberry.argument(description="What, and why.")],
    ) -> EditResult:
        change = Restore(input.reason)
        edit = an_edit(info, input.id, input.base_revision_id, input.meta, change, input.reason)
        return edited(await info.context.commit(edit))


async def deleted(info: Info, edit: Edit) -> Deleted:
    """Carry a deletion out, and tell of it."""
    outcome = await info.context.commit(edit)
    return await _told(info, outcome.entity, outcome.revision)


async def _told(info: Info, entity: EntityId, revision: int) -> Deleted:
    """A deletion as its audit row tells it, which a retry finds as the first try left it."""
    loaders = info.context.loaders
    row = await loaders.revision.load((entity, revision))
    assert row is not None, "it was committed"
    until_it = AuditPage(1, entity, before=(row.created_at, entity, revision + 1))
    (audit,) = await loaders.stores.metadata.audits(until_it)
    assert audit.revision == revision, "it was committed with the revision"
    return Deleted(
        entity_id=strawberry.ID(entity),
        revision_id=revision,
        delete_type="hard" if audit.kind is AuditKind.HARD_DELETE else "soft",
        deleted=True,
        deleted_at=audit.at,
        reason=audit.reason,
        deleted_by=audit.requested_by,
        approved_by=audit.approved_by,
        retained_until=audit.retained_until,
    )


async def _requested(info: Info, edit: Edit, days: int) -> HardDeletionRequested | Deleted:
    """Note that somebody asks for a deletion, if it could be carried out as things are.

    A retry of one that was carried out, before the server was told to ask, is told of that.
    """
    if (before := await landed(info, edit)) is not None:
        return await _told(info, edit.entity, before)
    refuse(faults_of(edit))
    metadata = info.context.loaders.stores.metadata
    head = (await metadata.heads([edit.entity])).get(edit.entity)
    admit(edit, head.head if head is not None else None)
    assert isinstance(edit.change, HardDelete)
    request = await metadata.request_deletion(
        DeletionRequest(edit.entity, edit.change.reason, edit.info.editor, info.context.clock(), days)
    )
    return requested(request)


def requested(request: DeletionRequest) -> HardDeletionRequested:
    """A request as clients see it."""
    return HardDeletionRequested(
        entity_id=strawberry.ID(request.entity),
        reason=request.reason,
        requested_by=request.requested_by,
        requested_at=request.at,
        retention_days=request.retention_days,
    )


def _days(info: Info, given: int | None) -> int:
    days = info.context.deletion.retention_days if given is None else given
    if not 1 <= days <= MAX_RETENTION_DAYS:
        limit = {"minimum": 1, "maximum": MAX_RETENTION_DAYS}
        raise Invalid([Fault("/retentionDays", "out_of_range", "from 1 to 180 days", limit)])
    return days
