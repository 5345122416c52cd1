"""What has to be accounted for: deletions, erasures, requests, and what a hard-deleted entity said (Q7, W7).

For those only who may: each field here is restricted where it stands in the root.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import strawberry

from graph.context import Info
from graph.edits.deletion import HardDeletionRequested, requested
from graph.pages import After, Connection, First, cursor_of, key_of, limit, page, whole_number
from graph.plain import plain
from graph.revision import History, Revision, history
from graph.scalars import StatementHash
from storage import model, times
from storage.account import AccountPage, Entry, account
from storage.errors import EntityMissing, NotDeleted
from storage.ids import EntityId, entity_id
from storage.port_deletions import AuditPage
from storage.port_erasing import Erasure, ErasuresPage


@strawberry.enum(description="What is kept for audit.")
class AuditKind(enum.Enum):
    """By what was done."""

    SOFT_DELETE = strawberry.enum_value(
        model.AuditKind.SOFT_DELETE.value, description="An entity was deleted, and stays readable."
    )
    HARD_DELETE = strawberry.enum_value(
        model.AuditKind.HARD_DELETE.value, description="An entity was deleted for all readers."
    )
    UNDELETE = strawberry.enum_value(
        model.AuditKind.UNDELETE.value, description="A soft deletion was undone."
    )
    RESTORE = strawberry.enum_value(model.AuditKind.RESTORE.value, description="A hard deletion was undone.")
    ERASURE = strawberry.enum_value(
        model.AuditKind.ERASURE.value,
        description="A statement was erased for good, or what a revision said.",
    )


def _of_entity(name: str) -> Any:
    """A getter of what an audit row has, and the erasure of a statement has not."""
    return lambda row: getattr(row, name, None)


@strawberry.type(description="A deletion, that one was undone, or an erasure.")
class AuditEntry:
    """The source is the audit row, or the erasure of a statement."""

    entity_id: strawberry.ID | None = plain(
        lambda row: row.entity, description="The entity; null of a statement, which is erased for all."
    )
    kind: AuditKind = plain(
        lambda row: row.kind.value if isinstance(row, model.Audit) else model.AuditKind.ERASURE.value,
        description="What was done.",
    )
    revision_id: int | None = plain(
        _of_entity("revision"),
        description="The revision that was made by it, or that was erased; null of a statement.",
    )
    head_revision_id: int | None = plain(
        _of_entity("head"), description="The head before; null of a statement."
    )
    statement_hash: StatementHash | None = plain(
        lambda row: row.statement if isinstance(row, Erasure) else None,
        description="The statement, where one was erased.",
    )
    reason: str = plain(lambda row: row.reason, description="Why.")
    requested_by: str = plain(
        lambda row: row.by if isinstance(row, Erasure) else row.requested_by,
        description="Who asked for it.",
    )
    approved_by: str | None = plain(_of_entity("approved_by"), description="Who agreed.")
    at: datetime = plain(lambda row: row.at, description="When.")
    retained_until: datetime | None = plain(
        _of_entity("retained_until"), description="Of a hard deletion: until when it can be undone."
    )

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        return isinstance(source, (model.Audit, Erasure))


@strawberry.input(description="Which audit entries are wanted.")
class AuditFilter:
    """All that is given has to fit."""

    entity_id: EntityId | None = strawberry.field(default=None, description="Of this entity.")
    kind: AuditKind | None = strawberry.field(default=None, description="Of this kind.")
    since: datetime | None = strawberry.field(default=None, description="Not older than this.")
    until: datetime | None = strawberry.field(default=None, description="Older than this.")


@strawberry.type(description="A hard-deleted entity, as it is kept for audit.")
class DeletedEntity:
    """Read past its deletion."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    retained_until: datetime = strawberry.field(
        description="Until when what it said can be read here, and it can be brought back."
    )

    @strawberry.field(description="Its deletions and what undid them, newest first; at most 100.")
    async def audit(self, info: Info) -> list[AuditEntry] | None:
        page = AuditPage(100, entity=EntityId(self.entity_id))
        return list(await info.context.loaders.stores.metadata.audits(page))  # type: ignore[arg-type]  # plain data

    @strawberry.field(
        description="Its revisions, newest first. What they said can be read as long as it is retained."
    )
    async def history(
        self, info: Info, wanted: History = None, first: First = 20, after: After = None
    ) -> Connection[Revision] | None:
        released = self.retained_until <= info.context.clock()
        return await history(info, EntityId(self.entity_id), wanted, first, after, released=released)


async def audit_log(
    info: Info, wanted: AuditFilter | None, first: int, after: str | None
) -> Connection[AuditEntry]:
    """A page of audit entries, newest first."""
    key = key_of("audit", after, times.read, _entity_or_erasure, whole_number)
    given = wanted or AuditFilter()
    asked = AccountPage(
        limit(first),
        given.entity_id,
        model.AuditKind(str(given.kind.value)) if given.kind is not None else None,
        given.since,
        given.until,
        None if key is None else key[:2] if isinstance(key[1], bytes) else key,
    )
    found = await account(asked, info.context.loaders.stores.metadata)
    return page(
        found,
        first,
        after,
        lambda one: cursor_of("audit", times.written(one.at), *_place(one)),
        lambda one: one,  # type: ignore[arg-type, return-value]  # plain data under its type
    )


def _place(one: Entry) -> tuple[str, int]:
    """Where an entry stands among those of its time, as its cursor tells it."""
    return (one.id.hex(), 0) if isinstance(one, Erasure) else (one.entity, one.revision)


def _entity_or_erasure(value: Any) -> EntityId | bytes:
    return entity_id(value) if len(value) < 32 else _erasure(value)


def _erasure(value: Any) -> bytes:
    """The id of an erasure that a cursor holds. ValueError if it is none."""
    id = bytes.fromhex(value)
    if len(id) != 16:
        raise ValueError("not the id of an erasure")
    return id


async def deletion_requests(info: Info, first: int, after: str | None) -> Connection[HardDeletionRequested]:
    """A page of the requests that stand, by entity."""
    key = key_of("requests", after, entity_id)
    found = await info.context.loaders.stores.metadata.deletion_requests(
        key[0] if key else None, limit(first)
    )
    return page(found, first, after, lambda one: cursor_of("requests", one.entity), requested)


async def deleted_entity(info: Info, entity: EntityId) -> DeletedEntity:
    """A hard-deleted entity. EntityMissing, NotDeleted."""
    head = await info.context.loaders.head.load(entity)
    if head is None:
        raise EntityMissing(entity)
    if not head.head.flags.is_deleted:
        raise NotDeleted(entity)
    page = AuditPage(1, entity, model.AuditKind.HARD_DELETE)
    (deletion,) = await info.context.loaders.stores.metadata.audits(page)
    assert deletion.retained_until is not None, "a hard deletion has an end of retention"
    return DeletedEntity(entity_id=strawberry.ID(entity), retained_until=deletion.retained_until)


@strawberry.type(
    description="An erasure as it was asked for: a statement, for all who held it, or revisions of an entity."
)
class ErasureEntry:
    """The source is the row. The audit tells that it was done; this tells how far it has come."""

    at: datetime = plain(lambda row: row.at, description="When.")
    by: str = plain(lambda row: row.by, description="Who erased it.")
    reason: str = plain(lambda row: row.reason, description="Why.")
    statement_hash: StatementHash | None = plain(
        lambda row: row.statement, description="The statement; null where it was revisions."
    )
    entity_id: strawberry.ID | None = plain(
        lambda row: row.entity, description="The entity of the revisions; null where it was a statement."
    )
    revision_ids: list[int] = plain(lambda row: list(row.revisions), description="The revisions.")
    done: bool = plain(lambda row: row.done, description="Whether all copies are gone by now.")

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        return isinstance(source, Erasure)


async def erasures(info: Info, first: int, after: str | None) -> Connection[ErasureEntry]:
    """A page of what was erased, newest first."""
    key = key_of("erasures", after, times.read, _erasure)
    asked = ErasuresPage(limit(first), before=(key[0], key[1]) if key else None)
    found = await info.context.loaders.stores.metadata.erasures(asked)
    return page(
        found,
        first,
        after,
        lambda one: cursor_of("erasures", times.written(one.at), one.id.hex()),
        lambda one: one,  # type: ignore[arg-type, return-value]  # plain data under its type
    )
