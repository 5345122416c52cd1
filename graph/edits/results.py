"""How an edit ends, as a client sees it: made, or a typed refusal."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph.context import Info
from graph.entity import Entity, load_entity
from graph.scalars import Json
from storage import errors
from storage.commit import Outcome
from storage.ids import EntityId


@strawberry.interface(description="An edit that was refused. Nothing of it was stored.")
class Refusal:
    """What all refusals tell."""

    code: str = strawberry.field(description="What is wrong, in one word to branch on.")
    message: str = strawberry.field(description="What is wrong, in words.")
    retryable: bool = strawberry.field(
        description="Whether the same edit may succeed later or on a newer base."
    )


@strawberry.type(description="One thing that is wrong with the input.")
class Fault:
    """By place and code."""

    pointer: str = strawberry.field(description="Where: a JSON pointer into the entity, or to an argument.")
    code: str = strawberry.field(description="What, in one word to branch on.")
    message: str = strawberry.field(description="What, in words.")
    context: Json = strawberry.field(description="Facts that belong to the code, such as a limit.")


@strawberry.type(description="The edit is made, or there was nothing to change.")
class Edited:
    """The new head."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    revision_id: int = strawberry.field(description="Its revision after the edit.")
    created: bool = strawberry.field(description="Whether the entity was created by it.")
    unchanged: bool = strawberry.field(
        description="Whether the entity said the same before: then no revision was made."
    )
    rebased_on: int | None = strawberry.field(
        description="The head that the edit was laid over, if it is not the base that it named."
    )
    warnings: list[Fault] = strawberry.field(description="What was stored, but is doubtful.")

    @strawberry.field(description="The entity at this revision.")
    async def entity(self, info: Info) -> Entity | None:
        return await load_entity(info, EntityId(self.entity_id), self.revision_id)


@strawberry.type(description="The edit was made on a revision that is no longer the head.")
class EditConflict(Refusal):
    """A stale base, with the head to look at."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    expected: int | None = strawberry.field(description="The base that the edit named.")
    found: int | None = strawberry.field(description="The current head.")
    parts: list[str] = strawberry.field(
        description="Of an edit that might be rebased: JSON pointers to what both it and others changed."
    )

    @strawberry.field(description="The entity as it is now.")
    async def entity(self, info: Info) -> Entity | None:
        return await load_entity(info, EntityId(self.entity_id), None)


@strawberry.type(
    description="The input breaks the schema or a rule of Wikibase; all faults are told at once."
)
class EditInvalid(Refusal):
    """Every fault."""

    faults: list[Fault] = strawberry.field(description="All that is wrong.")


@strawberry.type(description="What the revision changed was changed again since, so it can't be undone.")
class UndoConflict(Refusal):
    """What is in the way."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    revision_id: int = strawberry.field(description="The revision that should have been undone.")
    parts: list[str] = strawberry.field(description="JSON pointers to what was changed again.")


@strawberry.type(description="The edit was refused for what the entity is, as `code` tells.")
class EditRefused(Refusal):
    """Missing, gone, existing, protected, unfit, contention."""

    entity_id: strawberry.ID = strawberry.field(description="The entity.")
    why: str | None = strawberry.field(
        default=None,
        description="A second word to branch on, of codes that have one: of `protected` what protects it.",
    )
    target_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of a redirect: where it leads, or should have led."
    )


@strawberry.type(
    description="The request was refused for what lies with no entity, as `code` tells: who asks may not, a key was "
    "used for another request, something that it needs is not there."
)
class RequestRefused(Refusal):
    """Without the field `entityId`, so that it is never null where it stands (ADR 21)."""


@strawberry.type(
    description="Nobody knows whether the edit landed: ask again with the same idempotency key, or read the entity."
)
class EditOutcomeUnknown(Refusal):
    """The third ending of a write: not a promise that nothing was stored."""


EditResult = Annotated[
    Edited | EditConflict | UndoConflict | EditInvalid | EditRefused | RequestRefused | EditOutcomeUnknown,
    strawberry.union("EditResult", description="How an edit ended."),
]


def edited(outcome: Outcome) -> Edited:
    """The good ending."""
    return Edited(
        entity_id=strawberry.ID(outcome.entity),
        revision_id=outcome.revision,
        created=outcome.created,
        unchanged=outcome.unchanged,
        rebased_on=outcome.rebased_on,
        warnings=[fault(one) for one in outcome.warnings],
    )


def refused(
    error: errors.StorageError,
) -> EditConflict | UndoConflict | EditInvalid | EditRefused | RequestRefused | EditOutcomeUnknown:
    """The refusal that an error means. Errors that are no refusals are raised again."""
    code, message, retryable = error.code, str(error), error.retryable
    match error:
        case errors.HeadMoved():
            return EditConflict(
                code=code,
                message=message,
                retryable=retryable,
                entity_id=strawberry.ID(error.entity),
                expected=error.expected,
                found=error.found,
                parts=list(error.parts),
            )
        case errors.Invalid():
            return EditInvalid(
                code=code, message=message, retryable=retryable, faults=[fault(one) for one in error.faults]
            )
        case errors.UndoConflict():
            return UndoConflict(
                code=code,
                message=message,
                retryable=retryable,
                entity_id=strawberry.ID(error.entity),
                revision_id=error.revision,
                parts=list(error.parts),
            )
        case errors.OutcomeUnknown():
            return EditOutcomeUnknown(code=code, message=message, retryable=retryable)
        case (
            errors.EntityMissing()
            | errors.NoRevisions()
            | errors.EntityGone()
            | errors.EntityExists()
            | errors.Protected()
            | errors.SoftDeleted()
            | errors.NotDeleted()
            | errors.Redirected()
            | errors.NotARedirect()
            | errors.TargetUnfit()
            | errors.RevisionMissing()
            | errors.NotRestorable()
            | errors.RetentionEnded()
            | errors.RequestMissing()
            | errors.SecondPersonNeeded()
            | errors.IsHead()
            | errors.TooContended()
        ):
            target = getattr(error, "target", None)
            return EditRefused(
                code=code,
                message=message,
                retryable=retryable,
                entity_id=strawberry.ID(error.entity),
                why=getattr(error, "why", None) or getattr(error, "protection", None),
                target_id=strawberry.ID(target) if target is not None else None,
            )
        case (
            errors.Forbidden()
            | errors.KeyReused()
            | errors.StatementMissing()
            | errors.NoErasureKey()
            | errors.Unavailable()
        ):
            return RequestRefused(code=code, message=message, retryable=retryable)
    raise error


def fault(one: errors.Fault) -> Fault:
    """A storage fault in GraphQL."""
    return Fault(pointer=one.pointer, code=one.code, message=one.message, context=Json(dict(one.context)))
