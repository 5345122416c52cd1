"""Mutations that set an entity's whole content: create and edit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import strawberry

from graph.context import Info
from graph.edits.meta import EditMeta, edit_info, edit_key
from graph.edits.results import Edited, edited
from graph.scalars import Json
from storage.changes import SetContent
from storage.content import normal_entity, with_part_ids, with_statement_ids
from storage.edits import Base, Edit, faults_of
from storage.errors import Fault, Invalid
from storage.ids import EntityId, EntityType, id_of
from storage.model import EditInfo, JsonObject
from storage.validation import Level, faults


@strawberry.input(description="A new entity. The server gives it an id.")
class CreateEntityInput:
    """Content without id."""

    entity: Json = strawberry.field(
        description="The content in Wikibase's JSON, with its `type` and without `id`. Statements without id are given one."
    )
    meta: EditMeta = strawberry.field(default_factory=EditMeta, description="What is told of the edit.")


@strawberry.input(description="New content for an entity.")
class EditEntityInput:
    """The whole content, on a named base."""

    id: EntityId = strawberry.field(description="The entity.")
    base_revision_id: int = strawberry.field(description="The revision that the edit was made on.")
    entity: Json = strawberry.field(
        description="The whole new content in Wikibase's JSON: what is left out is removed. Statements without id are given one."
    )
    rebase: bool = strawberry.field(
        default=False,
        description="Whether the edit may be laid over a newer head, if others changed other parts meanwhile.",
    )
    meta: EditMeta = strawberry.field(default_factory=EditMeta, description="What is told of the edit.")


async def create_entity(info: Info, given: CreateEntityInput) -> Edited:
    """Create an entity under a fresh id."""
    content = _object(given.entity)
    kind = _type(content)
    key = edit_key(info, given.meta, "create", content)
    told = edit_info(info, given.meta)
    # Checked before an id is spent on it.
    _refuse(_trial(kind, content, told))
    entity = await info.context.new_entity_id(kind, key)
    full = with_statement_ids(with_part_ids({**content, "id": str(entity)}), _new_ids())
    return edited(await info.context.commit(Edit(entity, Base.NOTHING, SetContent(full), told, key)))


async def edit_entity(info: Info, given: EditEntityInput) -> Edited:
    """Replace an entity's content."""
    content = _object(given.entity)
    asked = {"id": str(given.id), "base": given.base_revision_id, "entity": content}
    if given.rebase:
        asked["rebase"] = True
    key = edit_key(info, given.meta, "edit", asked)
    full = with_statement_ids({"id": str(given.id), **content}, _new_ids())
    edit = Edit(
        given.id,
        given.base_revision_id,
        SetContent(full),
        edit_info(info, given.meta),
        key,
        autoconfirmed=info.context.actor.autoconfirmed,
        rebase=given.rebase,
    )
    return edited(await info.context.commit(edit))


def _trial(kind: EntityType, content: JsonObject, info: EditInfo) -> list[Fault]:
    if "id" in content:
        return [Fault("/id", "unexpected_field", "a new entity is given its id by the server")]
    placeholder = id_of(kind, 1)
    trial = with_part_ids({**content, "id": str(placeholder)})
    return list(faults_of(Edit(placeholder, Base.NOTHING, SetContent(trial), info)))


def _object(value: Any) -> JsonObject:
    if not isinstance(value, dict):
        raise Invalid([Fault("", "wrong_type", "an entity is a JSON object")])
    # Other Wikibases write [] for an empty object, and tell of the page beside the entity.
    return normal_entity(value)


def _type(content: JsonObject) -> EntityType:
    try:
        return EntityType(str(content.get("type")))
    except ValueError:
        raise Invalid(
            faults(content, Level.STRICT) or [Fault("/type", "invalid_value", "is no type of entity")]
        ) from None


def _refuse(found: list[Fault]) -> None:
    if found:
        raise Invalid(found)


def _new_ids() -> Iterator[str]:
    while True:
        yield str(uuid.uuid4()).upper()
