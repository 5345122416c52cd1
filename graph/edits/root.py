"""The root of edits: one field for each thing that can be done."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph.context import Info
from graph.edits.bulk import BulkDeleting
from graph.edits.content import CreateEntityInput, EditEntityInput, create_entity, edit_entity
from graph.edits.deletion import Deleting
from graph.edits.doing import mutation
from graph.edits.erasing import Erasing
from graph.edits.protection import Protecting
from graph.edits.redirection import Redirecting
from graph.edits.results import EditResult
from graph.edits.revisions import GoingBack


@strawberry.type(description="What can be changed. Each edit makes a revision or says why not.")
class Mutation(Protecting, Deleting, BulkDeleting, Redirecting, GoingBack, Erasing):
    """The root of edits."""

    @mutation(description="Create an entity; its id is given by the server.")
    async def create_entity(
        self,
        info: Info,
        input: Annotated[CreateEntityInput, strawberry.argument(description="What to create.")],
    ) -> EditResult:
        return await create_entity(info, input)

    @mutation(description="Replace the content of an entity, on the revision that you read.")
    async def edit_entity(
        self,
        info: Info,
        input: Annotated[EditEntityInput, strawberry.argument(description="What to replace.")],
    ) -> EditResult:
        return await edit_entity(info, input)
