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

    @strawberry.field(description="The entity as it is now.")
    async def entity(self, info: Info) -> Entity | None:
        return await load_entity(info, EntityId(self.entity_id), None)


@strawberry.type(
    description="The input breaks the schema or a rule of Wikibase; all faults are told at once."
)
class EditInvalid(Refusal):
    """Every fault."""

    faults: list[Fault] = strawberry.field(description="All that is wrong.")


@strawberry.type(description="The edit was refused for the reason that `code` names.")
class EditRefused(Refusal):
    """Missing, gone, existing, protected, an idempotency key used for another request, too much contention."""

    entity_id: strawberry.ID | None = strawberry.field(description="The entity, where there is one.")


@strawberry.type(
    description="Nobody knows whether the edit landed: ask again with the same idempotency key, or read the entity."
)
class EditOutcomeUnknown(Refusal):
    """The third ending of a write: not a promise that nothing was stored."""


EditResult = Annotated[
    Edited | EditConflict | EditInvalid | EditRefused | EditOutcomeUnknown,
    strawberry.union("EditResult", description="How an edit ended."),
]


def edited(outcome: Outcome) -> Edited:
    """The good ending."""
    return Edited(
        entity_id=strawberry.ID(outcome.entity),
        revision_id=outcome.revision,
        created=outcome.created,
        unchanged=outcome.unchanged,
        warnings=[fault(one) for one in outcome.warnings],
    )


def refused(error: errors.StorageError) -> EditConflict | EditInvalid | EditRefused | EditOutcomeUnknown:
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
            )
        case errors.Invalid():
            return EditInvalid(
                code=code, message=message, retryable=retryable, faults=[fault(one) for one in error.faults]
            )
        case errors.OutcomeUnknown():
            return EditOutcomeUnknown(code=code, message=message, retryable=retryable)
        case (
            errors.EntityMissing()
            | errors.EntityGone()
            | errors.EntityExists()
            | errors.Protected()
            | errors.TooContended()
        ):
            return EditRefused(
                code=code, message=message, retryable=retryable, entity_id=strawberry.ID(error.entity)
            )
        case errors.KeyReused() | errors.Unavailable():
            return EditRefused(code=code, message=message, retryable=retryable, entity_id=None)
    raise error


def fault(one: errors.Fault) -> Fault:
    """A storage fault in GraphQL."""
    return Fault(pointer=one.pointer, code=one.code, message=one.message, context=Json(dict(one.context)))
