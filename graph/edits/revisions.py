"""Mutations that go back to what an entity said before (W12)."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph.context import Info
from graph.edits.doing import mutation
from graph.edits.making import EntityInput, changed
from graph.edits.results import EditResult
from storage.changes import SetRevision, Undo


@strawberry.input(description="An entity and one of its revisions.")
class RevisionInput(EntityInput):
    """Which."""

    revision_id: int = strawberry.field(description="The revision.")


Which = Annotated[RevisionInput, strawberry.argument(description="Which entity and revision.")]


@strawberry.type
class GoingBack:
    """The part of the root of edits that goes back."""

    @mutation(description="Let an entity say what it said at one of its revisions.")
    async def restore_revision(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, SetRevision(input.revision_id), input.revision_id)

    @mutation(
        description="Take back what one revision changed, and keep what was changed since. Refused where "
        "later revisions changed the same."
    )
    async def undo_revision(self, info: Info, input: Which) -> EditResult:
        return await changed(info, input, Undo(input.revision_id), input.revision_id)
