"""The schema: its roots, and how its errors are told."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from graph.context import Info
from graph.edits.content import CreateEntityInput, EditEntityInput, create_entity, edit_entity
from graph.edits.results import EditResult
from graph.entity import Entity, EntitySchema, Item, Lexeme, Property, load_entity
from graph.scalars import SCALARS
from storage.ids import EntityId


@strawberry.type(description="What can be read.")
class Query:
    """The root of reads."""

    @strawberry.field(description="An entity by its id, at one of its revisions if that is named.")
    async def entity(self, info: Info, id: EntityId, revision_id: int | None = None) -> Entity | None:
        return await load_entity(info, id, revision_id)


@strawberry.type(description="What can be changed. Each edit makes a revision or says why not.")
class Mutation:
    """The root of edits."""

    @strawberry.mutation(description="Create an entity; its id is given by the server.")
    async def create_entity(self, info: Info, input: CreateEntityInput) -> EditResult:
        return await create_entity(info, input)

    @strawberry.mutation(description="Replace the content of an entity, on the revision that you read.")
    async def edit_entity(self, info: Info, input: EditEntityInput) -> EditResult:
        return await edit_entity(info, input)


schema = strawberry.Schema(
    Query,
    Mutation,
    types=[Item, Property, Lexeme, EntitySchema],
    config=StrawberryConfig(scalar_map=SCALARS),
)
