"""Mutations by which content goes for good: erased on demand, or collected when nobody has held it for long (W7, T7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import strawberry

from graph.context import Info
from graph.edits.doing import mutation
from graph.edits.results import EditInvalid, EditRefused, RequestRefused
from graph.scalars import StatementHash
from storage import collect, erasure
from storage.edits import reason_faults, refuse
from storage.errors import Fault
from storage.ids import EntityId

MAX_REVISIONS = 100
"""Erased by one call."""


@strawberry.input(description="A statement to erase, and why.")
class EraseStatementInput:
    """For all who hold it."""

    hash: StatementHash = strawberry.field(description="The statement.")
    reason: str = strawberry.field(description="Why; at most 500 characters, and not empty.")


@strawberry.input(description="Revisions of an entity to erase, and why.")
class EraseRevisionsInput:
    """None of them the head."""

    id: EntityId = strawberry.field(description="The entity.")
    revision_ids: list[int] = strawberry.field(
        description=f"Its revisions, at most {MAX_REVISIONS}; not the head, which has to be edited first."
    )
    reason: str = strawberry.field(description="Why; at most 500 characters, and not empty.")


@strawberry.type(
    description="The content is erased: nobody can read it any more, and it can't be written again."
)
class Erased:
    """What is left to be done is done by the server."""

    done: bool = strawberry.field(
        description="Whether all copies are gone by now; else the server goes on until they are."
    )


@strawberry.input(description="Which statements to collect.")
class CollectOrphansInput:
    """Those that no entity has held for long."""

    older_than_days: int = strawberry.field(
        default=collect.LEAST_AGE.days, description="For how many days nobody held them: at least 180."
    )
    limit: int = strawberry.field(default=collect.MOST, description="How many at most: 1 to 10,000.")
    dry_run: bool = strawberry.field(
        default=True, description="Whether to count them only. Nothing is deleted then."
    )


@strawberry.type(description="What was collected, or would be.")
class OrphansCollected:
    """Counts of statements."""

    dry_run: bool = strawberry.field(description="Whether nothing was deleted.")
    collected: int = strawberry.field(description="Statements that were deleted, or would be.")
    bytes: int = strawberry.field(description="Their size.")
    young: int = strawberry.field(description="Orphans that have not been so for long enough.")
    claimed: int = strawberry.field(description="Orphans that an edit under way may be about to hold.")
    more: bool = strawberry.field(description="Whether there are more than the limit.")


ErasureResult = Annotated[
    Erased | EditInvalid | EditRefused | RequestRefused,
    strawberry.union("ErasureResult", description="How an erasure ended."),
]
CollectionResult = Annotated[
    OrphansCollected | EditInvalid | RequestRefused,
    strawberry.union("CollectionResult", description="How a collection ended."),
]


@strawberry.type
class Erasing:
    """The part of the root of edits by which content goes for good."""

    @mutation(
        description="Erase a statement from all entities that hold it, on legal demand. Their other statements stay."
    )
    async def erase_statement(
        self,
        info: Info,
        input: Annotated[EraseStatementInput, strawberry.argument(description="Which, and why.")],
    ) -> ErasureResult:
        refuse(reason_faults(input.reason))
        context = info.context
        erased = await erasure.erase_statement(
            context.loaders.stores,
            input.hash,
            reason=input.reason,
            by=context.actor.name,
            clock=context.clock,
        )
        return Erased(done=erased.done)

    @mutation(description="Erase what some revisions of an entity said, on legal demand. Their rows stay.")
    async def erase_revisions(
        self,
        info: Info,
        input: Annotated[EraseRevisionsInput, strawberry.argument(description="Which, and why.")],
    ) -> ErasureResult:
        refuse([*reason_faults(input.reason), *_count_faults(input.revision_ids)])
        context = info.context
        erased = await erasure.erase_revisions(
            context.loaders.stores,
            input.id,
            input.revision_ids,
            reason=input.reason,
            by=context.actor.name,
            clock=context.clock,
        )
        return Erased(done=erased.done)

    @mutation(description="Delete statements that no entity has held for half a year, or count them.")
    async def collect_orphans(
        self,
        info: Info,
        input: Annotated[CollectOrphansInput, strawberry.argument(description="Which.")],
    ) -> CollectionResult:
        report = await collect.collect(
            info.context.loaders.stores,
            info.context.clock,
            # More days than a calendar has are as good as none that old.
            older_than=timedelta(days=min(input.older_than_days, 365_000)),
            limit=input.limit,
            dry_run=input.dry_run,
        )
        return OrphansCollected(
            dry_run=input.dry_run,
            collected=report.collected,
            bytes=report.bytes,
            young=report.young,
            claimed=report.claimed,
            more=report.more,
        )


def _count_faults(revisions: Sequence[int]) -> list[Fault]:
    if 1 <= len(revisions) <= MAX_REVISIONS:
        return []
    limit = {"minimum": 1, "maximum": MAX_REVISIONS}
    return [Fault("/revisionIds", "out_of_range", f"from 1 to {MAX_REVISIONS} revisions", limit)]
