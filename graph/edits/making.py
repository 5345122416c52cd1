"""From a mutation's input to an edit: what all mutations on an existing entity have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import strawberry

from graph.context import Info
from graph.edits.meta import EditMeta, check_key, edit_info, edit_key
from graph.edits.results import Edited, edited
from storage.canonical import digest
from storage.changes import Change
from storage.edits import Base, Edit, faults_of
from storage.errors import Fault, KeyReused
from storage.ids import EntityId

BASE = "The revision that you looked at: if it is the head no longer, the edit is refused. Without it, whatever is the head."


@strawberry.input(description="An entity, and what is told of the edit.")
class EntityInput:
    """All that a change of an entity's state needs."""

    id: EntityId = strawberry.field(description="The entity.")
    base_revision_id: int | None = strawberry.field(default=None, description=BASE)
    meta: EditMeta = strawberry.field(default_factory=EditMeta, description="What is told of the edit.")


def an_edit(info: Info, id: EntityId, base: int | None, meta: EditMeta, change: Change, *asked: Any) -> Edit:
    """The edit that a mutation asks for. `asked` is what its input says beside id, base and meta."""
    told = {"id": str(id), "base": base, "asked": list(asked)}
    key = edit_key(info, meta, info.field_name, told)
    return Edit(
        id,
        Base.HEAD if base is None else base,
        change,
        edit_info(info, meta),
        key,
        autoconfirmed=info.context.actor.autoconfirmed,
    )


def of_many(edit: Edit) -> Edit:
    """The edit as one of a mutation that makes many: a mass edit, whatever its editor says."""
    return replace(edit, info=replace(edit.info, is_mass_edit=True))


def keyed(meta: EditMeta, id: EntityId) -> EditMeta:
    """What is told of one edit of a batch: its key is made of the batch's and the entity. Invalid if that is no key."""
    if meta.idempotency_key is None:
        return meta
    check_key(meta.idempotency_key)
    key = digest(f"{meta.idempotency_key}\n{id}".encode()).hex()
    return replace(meta, idempotency_key=key)


def faults_of_batch(edits: Sequence[Edit]) -> Sequence[Fault]:
    """What is wrong with each edit of a batch, which differ in no more than entities: told once, before any is made."""
    return [fault for edit in edits[:1] for fault in faults_of(edit)]


async def landed(info: Info, edit: Edit) -> int | None:
    """The revision that the edit's key has made already; None without a key. KeyReused for another request's."""
    if edit.key is None:
        return None
    found = await info.context.loaders.stores.metadata.landed(edit.entity, edit.key.key)
    if found is not None and found.request != edit.key.request:
        raise KeyReused(edit.key.key.hex())
    return found.revision if found is not None else None


async def changed(info: Info, given: EntityInput, change: Change, *asked: Any) -> Edited:
    """Make the change that a mutation asks for."""
    edit = an_edit(info, given.id, given.base_revision_id, given.meta, change, *asked)
    return edited(await info.context.commit(edit))
