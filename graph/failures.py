"""Storage errors said in GraphQL: one table for errors of a read, one for refusals of an edit."""

from __future__ import annotations

from typing import Any

from storage import errors
from storage.events import PositionGone, WrongPosition
from storage.following import TooSlow


def extensions(error: errors.StorageError) -> dict[str, Any]:
    """The `extensions` of a GraphQL error: a code to branch on, and the facts."""
    facts: dict[str, Any] = {"code": error.code, "retryable": error.retryable}
    match error:
        case (
            errors.EntityMissing()
            | errors.NoRevisions()
            | errors.EntityGone()
            | errors.NotDeleted()
            | errors.RetentionEnded()
        ):
            facts["entityId"] = error.entity
        case errors.Invalid():
            facts["faults"] = [
                {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
                for fault in error.faults
            ]
        case errors.RedirectUnresolved():
            facts |= {"entityId": error.entity, "via": list(error.via)}
        case errors.StatementMissing():
            facts["statement"] = str(error.statement)
        case errors.RevisionMissing():
            facts |= {
                "entityId": error.entity,
                "revisionId": error.revision,
                "available": list(error.available),
            }
        case TooSlow() | PositionGone() | WrongPosition():
            facts["position"] = error.position
        case errors.Damaged():
            facts["key"] = error.key
        case errors.Forbidden():
            facts["role"] = error.role
    return facts
