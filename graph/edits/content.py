"""Mutations that set an entity's whole content: create and edit."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import strawberry

from graph.context import Info
from graph.edits.results import EditResult, edited, refused
from graph.scalars import Json
from storage.canonical import NotCanonical, digest
from storage.content import normal_entity, with_part_ids, with_statement_ids
from storage.edits import Base, Edit, SetContent, faults_of, request_digest
from storage.errors import Fault, Invalid, StorageError
from storage.ids import EntityId, EntityType, id_of
from storage.model import EditInfo, JsonObject
from storage.ports import EditKey
from storage.validation import Level, faults

MAX_KEY = 256


@strawberry.input(description="What is told of an edit beside the change.")
class EditMeta:
    """For the history."""

    summary: str = strawberry.field(default="", description="Why, in words; at most 500 characters.")
    bot: bool = strawberry.field(default=False, description="Whether a bot made it.")
    is_mass_edit: bool = strawberry.field(default=False, description="Whether it is one of many of a kind.")
    edit_type: str = strawberry.field(
        default="",
        description="What kind of edit, in a word of your own; those that the server sets are refused.",
    )
    batch_id: str | None = strawberry.field(default=None, description="The batch that the edit belongs to.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of your own, new for each edit: a retry with it returns the first outcome.",
    )


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
    meta: EditMeta = strawberry.field(default_factory=EditMeta, description="What is told of the edit.")


async def create_entity(info: Info, given: CreateEntityInput) -> EditResult:
    """Create an entity under a fresh id."""
    try:
        content = _object(given.entity)
        kind = _type(content)
        key = _key(info, given.meta, "create", content)
        info_of = _edit_info(info, given.meta)
        # Checked before an id is spent on it.
        _refuse(_trial(kind, content, info_of))
        entity = await info.context.new_entity_id(kind, key)
        full = with_statement_ids(with_part_ids({**content, "id": str(entity)}), _new_ids())
        return edited(await info.context.commit(Edit(entity, Base.NOTHING, SetContent(full), info_of, key)))
    except StorageError as error:
        return refused(error)


async def edit_entity(info: Info, given: EditEntityInput) -> EditResult:
    """Replace an entity's content."""
    try:
        content = _object(given.entity)
        key = _key(
            info, given.meta, "edit", {"id": str(given.id), "base": given.base_revision_id, "entity": content}
        )
        full = with_statement_ids({"id": str(given.id), **content}, _new_ids())
        edit = Edit(given.id, given.base_revision_id, SetContent(full), _edit_info(info, given.meta), key)
        return edited(await info.context.commit(edit))
    except StorageError as error:
        return refused(error)


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


def _edit_info(info: Info, meta: EditMeta) -> EditInfo:
    return EditInfo(
        editor=info.context.editor,
        summary=meta.summary,
        edit_type=meta.edit_type,
        is_mass_edit=meta.is_mass_edit,
        bot=meta.bot,
        batch_id=meta.batch_id,
    )


def _key(info: Info, meta: EditMeta, verb: str, asked: JsonObject) -> EditKey | None:
    """The key, scoped to its editor, with the digest of all that the client asked for."""
    if meta.idempotency_key is None:
        return None
    if not 1 <= len(meta.idempotency_key) <= MAX_KEY:
        raise Invalid([Fault("/meta/idempotencyKey", "invalid_length", f"has 1 to {MAX_KEY} characters")])
    told = [meta.summary, meta.bot, meta.is_mass_edit, meta.edit_type, meta.batch_id]
    try:
        key = digest(f"{info.context.editor}\n{meta.idempotency_key}".encode())
        return EditKey(key, request_digest(verb, asked, told))
    except (NotCanonical, UnicodeEncodeError) as error:
        found = faults(asked.get("entity", asked), Level.STRICT)
        raise Invalid(found or [Fault("", "invalid_unicode", str(error))]) from error


def _refuse(found: list[Fault]) -> None:
    if found:
        raise Invalid(found)


def _new_ids() -> Iterator[str]:
    while True:
        yield str(uuid.uuid4()).upper()
