"""The root of reads: one field for each thing that can be asked for by its name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError

from graph import loading
from graph.audit import (
    AuditEntry,
    AuditFilter,
    DeletedEntity,
    ErasureEntry,
    audit_log,
    deleted_entity,
    deletion_requests,
    erasures,
)
from graph.context import Info
from graph.edits.deletion import HardDeletionRequested
from graph.entity import Entity, EntitySchema, Item, Property, load_entity, shown
from graph.entity_changes import changes_position
from graph.held import statement_by_id, statements_by_hash
from graph.lexeme import Lexeme
from graph.listed import EntityStatus, ListedEntity, listed
from graph.loaders import Loaders
from graph.node import Node
from graph.pages import After, Connection, First
from graph.restricted import Restricted
from graph.revision import History, Revision, StoredSnapshot, recent
from graph.scalars import StatementHash
from graph.statement import Statement
from graph.used import UseOrder, most_used
from storage import model
from storage.errors import EntityMissing
from storage.ids import EntityId, EntityType, NotAnEntityId, PropertyId, entity_id, type_of

MAX_IDS = 500

Id = Annotated[EntityId, strawberry.argument(description="The entity's id.")]
RevisionId = Annotated[
    int | None, strawberry.argument(description="One of its revisions; the newest if null.")
]

_PART = re.compile(r"(?P<lexeme>L[1-9][0-9]*)-(?P<kind>[FS])[1-9][0-9]*", re.IGNORECASE | re.ASCII)


@strawberry.input(description="A revision of an entity.")
class RevisionKey:
    """By its numbers."""

    id: EntityId = strawberry.field(description="The entity's id.")
    revision_id: int | None = strawberry.field(default=None, description="Its revision; the newest if null.")


@strawberry.type(description="What can be read.")
class Query:
    """The root of reads."""

    @strawberry.field(
        description="An entity by its id, as it is or at one of its revisions. Redirects are followed, and told in "
        "`redirectedFrom`, unless a revision is named."
    )
    async def entity(
        self,
        info: Info,
        id: Id,
        revision_id: RevisionId = None,
        follow_redirects: Annotated[
            bool, strawberry.argument(description="False to see a redirect itself.")
        ] = True,
    ) -> Entity | None:
        return await load_entity(info, id, revision_id, follow=follow_redirects)

    @strawberry.field(
        description=f"Up to {MAX_IDS} entities by their ids, in that order. One that can't be shown is null, with an error."
    )
    async def entities(
        self,
        info: Info,
        ids: Annotated[list[EntityId], strawberry.argument(description="The entities' ids.")],
    ) -> list[Entity | None]:
        _limit("ids", ids)
        found: Any = [
            shown(one) if isinstance(one, loading.Found) else one
            for one in await loading.many(info.context.loaders, ids)
        ]
        return found

    @strawberry.field(description="An item by its id, as it is or at one of its revisions.")
    async def item(self, info: Info, id: Id, revision_id: RevisionId = None) -> Item | None:
        return await _of_kind(info, EntityType.ITEM, id, revision_id)

    @strawberry.field(description="A property by its id, as it is or at one of its revisions.")
    async def property(self, info: Info, id: Id, revision_id: RevisionId = None) -> Property | None:
        return await _of_kind(info, EntityType.PROPERTY, id, revision_id)

    @strawberry.field(description="A lexeme by its id, as it is or at one of its revisions.")
    async def lexeme(self, info: Info, id: Id, revision_id: RevisionId = None) -> Lexeme | None:
        return await _of_kind(info, EntityType.LEXEME, id, revision_id)

    @strawberry.field(description="An entity schema by its id, as it is or at one of its revisions.")
    async def entity_schema(self, info: Info, id: Id, revision_id: RevisionId = None) -> EntitySchema | None:
        return await _of_kind(info, EntityType.ENTITY_SCHEMA, id, revision_id)

    @strawberry.field(description="What has this id: an entity, a form or a sense.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> Node | None:
        part = _PART.fullmatch(id)
        try:
            entity = entity_id(part["lexeme"] if part else id)
        except NotAnEntityId as error:
            raise GraphQLError(
                f"{id!r} is not an entity id, nor that of a form or sense.",
                extensions={"code": "bad_id", "retryable": False},
            ) from error
        found = await load_entity(info, entity)
        if part is None:
            return found
        # A lexeme that redirects may lead to anything, as imports come.
        of = None
        if isinstance(found, Lexeme):
            of = found.form_of if part["kind"].upper() == "F" else found.sense_of
        shown_part = await of(info, id.upper()) if of is not None else None
        if shown_part is None:
            raise EntityMissing(id.upper())
        return shown_part

    @strawberry.field(description="One revision of an entity.")
    async def revision(
        self,
        info: Info,
        id: Id,
        revision_id: Annotated[int, strawberry.argument(description="The revision's number.")],
    ) -> Revision | None:
        return Revision(facts=(await loading.at(info.context.loaders, id, revision_id)).row)

    @strawberry.field(description="The revisions of all entities, newest first. From the database alone.")
    async def revisions(
        self, info: Info, wanted: History = None, first: First = 20, after: After = None
    ) -> Connection[Revision] | None:
        return await recent(info, wanted, first, after)

    @strawberry.field(
        description="Where the stream of changes is now. Ask for it, then read, then follow `entityChanges` from there: "
        "so nothing is missed."
    )
    async def changes_position(self, info: Info) -> str | None:
        return await changes_position(info)

    @strawberry.field(
        description=f"The snapshots of up to {MAX_IDS} revisions, as they are stored. One that can't be shown is null, with an error."
    )
    async def snapshots(
        self,
        info: Info,
        revisions: Annotated[list[RevisionKey], strawberry.argument(description="Which revisions.")],
    ) -> list[StoredSnapshot | None]:
        _limit("revisions", revisions)
        loaders = info.context.loaders
        rows = await asyncio.gather(*(_row(loaders, key) for key in revisions), return_exceptions=True)
        places = [(row.entity, row.revision) for row in rows if not isinstance(row, BaseException)]
        read = dict(zip(places, await loaders.raw.load_many(places), strict=True))
        found: Any = [
            row if isinstance(row, BaseException) else read[(row.entity, row.revision)] for row in rows
        ]
        return found

    @strawberry.field(description="A statement by its hash, whichever entities hold it; null if none does.")
    async def statement(
        self, info: Info, hash: Annotated[StatementHash, strawberry.argument(description="Its hash.")]
    ) -> Statement | None:
        found: Any = (await statements_by_hash(info, [hash]))[0]
        if isinstance(found, BaseException):
            raise found
        return found

    @strawberry.field(description="A statement by the id under which an entity holds it now.")
    async def statement_by_id(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID,
            strawberry.argument(description="Its id, such as Q42$F078E5B3-F9A8-480E-B7AC-D97778CBBEF9."),
        ],
    ) -> Statement | None:
        return await statement_by_id(info, id)

    @strawberry.field(
        description=f"Up to {MAX_IDS} statements by their hashes, in that order. One that can't be shown is null, with an error."
    )
    async def statements(
        self,
        info: Info,
        hashes: Annotated[list[StatementHash], strawberry.argument(description="Their hashes.")],
    ) -> list[Statement | None]:
        _limit("hashes", hashes)
        return await statements_by_hash(info, hashes)

    @strawberry.field(
        description="The entities of one status, or those whose latest revision has an edit type. By id."
    )
    async def listed_entities(
        self,
        info: Info,
        status: Annotated[EntityStatus | None, strawberry.argument(description="What they are.")] = None,
        edit_type: Annotated[
            str | None, strawberry.argument(description="Instead: the edit type of their latest revision.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[ListedEntity] | None:
        return await listed(info, status, edit_type, first, after)

    @strawberry.field(
        description="Deletions, what undid them, and erasures, newest first. For deleters.",
        extensions=[Restricted()],
    )
    async def audit_log(
        self,
        info: Info,
        wanted: Annotated[
            AuditFilter | None, strawberry.argument(name="filter", description="Only such entries.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[AuditEntry] | None:
        return await audit_log(info, wanted, first, after)

    @strawberry.field(
        description="Hard deletions that wait for a second person. For deleters.", extensions=[Restricted()]
    )
    async def hard_deletion_requests(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[HardDeletionRequested] | None:
        return await deletion_requests(info, first, after)

    @strawberry.field(
        description="Erasures as they were asked for, newest first, and whether they are done: all copies are gone. "
        "For deleters.",
        extensions=[Restricted()],
    )
    async def erasures(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[ErasureEntry] | None:
        return await erasures(info, first, after)

    @strawberry.field(
        description="A hard-deleted entity as it is kept for audit. For administrators.",
        extensions=[Restricted()],
    )
    async def deleted_entity(self, info: Info, id: Id) -> DeletedEntity | None:
        return await deleted_entity(info, id)

    @strawberry.field(description="The statements that most entities hold.")
    async def most_used_statements(
        self,
        info: Info,
        min_count: Annotated[
            int, strawberry.argument(description="Only those that so many entities hold.")
        ] = 2,
        from_property: Annotated[
            PropertyId | None, strawberry.argument(description="Only of properties from this number on.")
        ] = None,
        to_property: Annotated[
            PropertyId | None, strawberry.argument(description="Only of properties up to this number.")
        ] = None,
        order: Annotated[
            UseOrder, strawberry.argument(description="The most used first, or the least.")
        ] = UseOrder.MOST_FIRST,
        first: First = 20,
        after: After = None,
    ) -> Connection[Statement] | None:
        return await most_used(info, min_count, from_property, to_property, order, first, after)


async def _of_kind(info: Info, kind: EntityType, entity: EntityId, revision_id: int | None) -> Any:
    if type_of(entity) is kind:
        found = await load_entity(info, entity, revision_id)
        entity = found.row.entity  # which a redirect may have led to
        if type_of(entity) is kind:
            return found
    raise GraphQLError(
        f"{entity} is the id of {type_of(entity)}, not of {kind}.",
        extensions={"code": "wrong_entity_type", "retryable": False, "entityId": entity},
    )


def _limit(name: str, values: Sequence[Any]) -> None:
    if len(values) > MAX_IDS:
        raise GraphQLError(
            f"`{name}` has {len(values)} entries; {MAX_IDS} can be asked for at once.",
            extensions={"code": "too_many", "retryable": False, "maximum": MAX_IDS},
        )


async def _row(loaders: Loaders, key: RevisionKey) -> model.Revision:
    """The row of a revision; of a redirect its own."""
    if key.revision_id is None:
        return (await loading.current(loaders, key.id, follow=False)).row
    return (await loading.at(loaders, key.id, key.revision_id)).row
