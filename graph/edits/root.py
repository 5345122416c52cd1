"""The root of edits: one field for each thing that can be done."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph.context import Info
from graph.edits.content import CreateEntityInput, EditEntityInput, create_entity, edit_entity
from graph.edits.results import EditResult


@strawberry.type(description="What can be changed. Each edit makes a revision or says why not.")
class Mutation:
    """The root of edits."""

    @strawberry.mutation(description="Create an entity; its id is given by the server.")
    async def create_entity(
        self,
        info: Info,
        input: Annotated[CreateEntityInput, strawberry.argument(description="What to create.")],
    ) -> EditResult:
        return await create_entity(info, input)

    @strawberry.mutation(description="Replace the content of an entity, on the revision that you read.")
    async def edit_entity(
        self,
        info: Info,
        input: Annotated[EditEntityInput, strawberry.argument(description="What to replace.")],
    ) -> EditResult:
        return await edit_entity(info, input)
