"""Revisions: what the database knows of each, their history, and their snapshots as stored (Q1, S8)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from graph import loading
from graph.context import Info
from graph.difference import PartChange, changes
from graph.held import erased_of, told_of
from graph.kinds import EntityKind, kind_of
from graph.pages import Connection, cursor_of, key_of, limit, page, whole_number
from graph.plain import plain, pure
from graph.scalars import Json, StatementHash
from graph.subject import Properties, PropertyCount, counts_of
from storage import model, times
from storage.errors import Damaged, RetentionEnded
from storage.ids import EntityId, PropertyId, entity_id
from storage.model import JsonObject, RevisionFacts, Snapshot
from storage.ports import HistoryPage, RevisionFilter
from storage.raw import RawSnapshot

if TYPE_CHECKING:
    from graph.entity import Entity

EntityRef = Annotated["Entity", strawberry.lazy("graph.entity")]


def _stored(raw: RawSnapshot) -> JsonObject:
    found = raw.json()
    if not isinstance(found, dict):
        raise Damaged(str(raw.key), "is not a JSON object")
    return found


def _entity(raw: RawSnapshot) -> object:
    found = _stored(raw).get("entity")
    if found is None:
        raise Damaged(str(raw.key), "has no entity")
    return found


@strawberry.type(description="The snapshot of a revision, as the object store keeps it.")
class StoredSnapshot:
    """The source is the object as it was read, with its key."""

    key: str = plain(lambda raw: str(raw.key), description="The object's bucket and name.")
    size_bytes: int = plain(lambda raw: len(raw.data), description="The object's size.")
    read_milliseconds: float = plain(
        lambda raw: raw.seconds * 1000,
        description="How long the object store took, for all that were asked at once.",
    )
    json: Json = plain(_stored, description="The snapshot as stored.")
    entity: Json = plain(
        _entity,
        description="The entity alone, as stored: since schema 1.1.0 without its statements.",
    )

    @classmethod
    def is_type_of(cls, source: object, _info: object) -> bool:
        return isinstance(source, RawSnapshot)


@strawberry.input(description="Which revisions of a history are wanted; a field left out does not matter.")
class RevisionFilterInput:
    """Both conditions hold at once."""

    is_mass_edit: bool | None = strawberry.field(default=None, description="Only mass edits, or only others.")
    edit_type: str | None = strawberry.field(default=None, description="Only edits of this type.")


History = Annotated[
    RevisionFilterInput | None, strawberry.argument(name="filter", description="Only such revisions.")
]


@strawberry.type(description="One revision of an entity. All but its content comes from the database.")
class Revision:
    """`facts` may or may not tell which statements it has: a history's do not. Of a `released` one no more is kept."""

    facts: strawberry.Private[RevisionFacts]
    released: strawberry.Private[bool] = False

    @strawberry.field(description="The entity.")
    @pure
    def entity_id(self) -> strawberry.ID:
        return strawberry.ID(self.facts.entity)

    @strawberry.field(description="The revision's number, counted for each entity from 1; there may be gaps.")
    @pure
    def revision_id(self) -> int:
        return self.facts.revision

    @strawberry.field(description="The revision that it was made on; null for the first.")
    @pure
    def parent_revision_id(self) -> int | None:
        return self.facts.parent

    @strawberry.field(description="The entity's kind.")
    @pure
    def entity_type(self) -> EntityKind:
        return kind_of(self.facts.entity)

    @strawberry.field(description="When it was made.")
    @pure
    def created_at(self) -> datetime:
        return self.facts.created_at

    @strawberry.field(description="Who made it.")
    @pure
    def created_by(self) -> str:
        return self.facts.edit.editor

    @strawberry.field(description="Why it was made, in words.")
    @pure
    def summary(self) -> str:
        return self.facts.edit.summary

    @strawberry.field(description="What kind of edit it was; empty if that was not said.")
    @pure
    def edit_type(self) -> str:
        return self.facts.edit.edit_type

    @strawberry.field(description="Whether it belongs to a mass edit.")
    @pure
    def is_mass_edit(self) -> bool:
        return self.facts.edit.is_mass_edit

    @strawberry.field(description="Whether a bot made it.")
    @pure
    def bot(self) -> bool:
        return self.facts.edit.bot

    @strawberry.field(description="The batch that it belongs to.")
    @pure
    def batch_id(self) -> str | None:
        return self.facts.edit.batch_id

    @strawberry.field(description="The id that it had where it was imported from.")
    @pure
    def source_revision_id(self) -> strawberry.ID | None:
        # Beyond 32 bits on Wikidata, which GraphQL's Int does not hold.
        source = self.facts.edit.source_revision_id
        return strawberry.ID(str(source)) if source is not None else None

    @strawberry.field(description="The version of the schema that its snapshot is written in.")
    @pure
    def schema_version(self) -> str:
        return self.facts.schema_version

    @strawberry.field(
        description="The hash of its content alone; null where an older snapshot had none or one of another kind."
    )
    @pure
    def content_hash(self) -> StatementHash | None:
        found = self.facts.content_hash
        return StatementHash(found) if found is not None else None

    @strawberry.field(description="The size of its snapshot.")
    @pure
    def size_bytes(self) -> int:
        return self.facts.size_bytes

    @strawberry.field(description="Whether its content was found valid.")
    @pure
    def validation_status(self) -> str:
        return self.facts.validation_status

    @strawberry.field(description="When its content was validated.")
    @pure
    def validated_at(self) -> datetime | None:
        return self.facts.validated_at

    @strawberry.field(description="Whether edits need an autoconfirmed user since then.")
    @pure
    def is_semi_protected(self) -> bool:
        return self.facts.flags.is_semi_protected

    @strawberry.field(description="Whether mass edits are refused since then.")
    @pure
    def is_mass_edit_protected(self) -> bool:
        return self.facts.flags.is_mass_edit_protected

    @strawberry.field(description="Whether every edit is refused since then.")
    @pure
    def is_locked(self) -> bool:
        return self.facts.flags.is_locked

    @strawberry.field(description="Whether the entity is archived since then: every edit is refused.")
    @pure
    def is_archived(self) -> bool:
        return self.facts.flags.is_archived

    @strawberry.field(description="Whether no project maintains the entity.")
    @pure
    def is_dangling(self) -> bool:
        return self.facts.flags.is_dangling

    @strawberry.field(description="Whether the entity is deleted by it, for all to see or for good.")
    @pure
    def is_deleted(self) -> bool:
        return self.facts.flags.is_soft_deleted or self.facts.flags.is_deleted

    @strawberry.field(description="Whether what it said was erased on demand.")
    @pure
    def is_erased(self) -> bool:
        return self.facts.erased

    @strawberry.field(description="Whether it is a redirect.")
    @pure
    def is_redirect(self) -> bool:
        return self.facts.flags.is_redirect

    @strawberry.field(description="Where it redirects to. Reads the snapshot of a redirect.")
    async def redirects_to(self, info: Info) -> strawberry.ID | None:
        if not self.facts.flags.is_redirect:
            return None
        target = (await self._snapshot(info)).redirects_to
        return strawberry.ID(target) if target is not None else None

    @strawberry.field(description="Why the entity was deleted. Reads the snapshot of a deletion.")
    async def deletion_reason(self, info: Info) -> str | None:
        return (await self._snapshot(info)).deletion_reason if self.is_deleted() else None

    @strawberry.field(description="When the entity was deleted. Reads the snapshot of a deletion.")
    async def deleted_at(self, info: Info) -> datetime | None:
        return (await self._snapshot(info)).deleted_at if self.is_deleted() else None

    @strawberry.field(description="Who deleted the entity. Reads the snapshot of a deletion.")
    async def deleted_by(self, info: Info) -> str | None:
        return (await self._snapshot(info)).deleted_by if self.is_deleted() else None

    @strawberry.field(description="The properties that it has statements of, in order.")
    async def properties(self, info: Info) -> list[PropertyId] | None:
        return [name for name, _ in await counts_of(info, await self._row(info))]

    @strawberry.field(description="The number of its statements by property, in the order of the properties.")
    async def property_counts(self, info: Info) -> list[PropertyCount] | None:
        return await counts_of(info, await self._row(info))  # type: ignore[return-value]  # plain data under its type

    @strawberry.field(description="The hashes of its statements, in order. No statement is read for them.")
    async def statement_hashes(self, info: Info, properties: Properties = None) -> list[StatementHash] | None:
        index = (await told_of(info, await self._row(info))).index
        return [StatementHash(one) for one in index.of(properties)]

    @strawberry.field(
        description="The hashes of those of its statements that were erased on demand, in order. No statement is read "
        "for them."
    )
    async def erased_statement_hashes(
        self, info: Info, properties: Properties = None
    ) -> list[StatementHash] | None:
        return [StatementHash(one) for one in await erased_of(info, await self._row(info), None, properties)]

    @strawberry.field(
        description="The parts of the entity that it says otherwise than another of its revisions; null of a first "
        "revision without another. Reads both snapshots, and the statements that differ."
    )
    async def difference(
        self,
        info: Info,
        to: Annotated[
            int | None,
            strawberry.argument(
                description="The other revision, taken as the one before; the parent if null."
            ),
        ] = None,
    ) -> list[PartChange] | None:
        return await changes(info, await self._row(info), to)

    @strawberry.field(description="The entity at this revision.")
    async def entity(self, info: Info) -> EntityRef | None:
        from graph.entity import shown

        return shown(loading.Found(await self._row(info)))

    @strawberry.field(description="The snapshot as the object store keeps it.")
    async def snapshot(self, info: Info) -> StoredSnapshot | None:
        self._refuse_released()
        return await info.context.loaders.raw.load((self.facts.entity, self.facts.revision))  # type: ignore[return-value]  # plain data under its type

    async def _row(self, info: Info) -> model.Revision:
        self._refuse_released()
        if isinstance(self.facts, model.Revision):
            return self.facts
        row = await info.context.loaders.revision.load((self.facts.entity, self.facts.revision))
        assert row is not None, "a history names committed revisions"
        return row

    async def _snapshot(self, info: Info) -> Snapshot:
        return (await info.context.loaders.snapshot_of(await self._row(info))).snapshot

    def _refuse_released(self) -> None:
        if self.released:
            raise RetentionEnded(self.facts.entity)


async def history(
    info: Info,
    entity: EntityId,
    wanted: RevisionFilterInput | None,
    first: int,
    after: str | None,
    *,
    released: bool = False,
) -> Connection[Revision]:
    """A page of an entity's revisions, newest first. Of `released` ones all but what they said."""
    key = key_of("history", after, whole_number)
    asked = HistoryPage(entity, limit(first), key[0] if key else None, _filter(wanted))
    found = await info.context.loaders.history.load(asked) or ()
    return page(
        found,
        first,
        after,
        lambda one: cursor_of("history", one.revision),
        lambda one: Revision(facts=one, released=released),
    )


async def recent(
    info: Info, wanted: RevisionFilterInput | None, first: int, after: str | None
) -> Connection[Revision]:
    """A page of the revisions of all entities, newest first."""
    key = key_of("recent", after, times.read, entity_id, whole_number)
    before = (key[0], key[1], key[2]) if key else None
    found = await info.context.loaders.stores.metadata.recent(before, limit(first), _filter(wanted))
    return page(
        found,
        first,
        after,
        lambda one: cursor_of("recent", times.written(one.created_at), one.entity, one.revision),
        lambda one: Revision(facts=one),
    )


def _filter(wanted: RevisionFilterInput | None) -> RevisionFilter:
    return RevisionFilter(wanted.is_mass_edit, wanted.edit_type) if wanted else RevisionFilter()
