"""Everything that storage can refuse, as a small tree.

Each error names a situation and carries its facts; `code` is the word a client may branch on.
Knows nothing of drivers: adapters translate theirs at their edge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with input: where (JSON pointer, RFC 6901), what (code), and in words."""

    pointer: str
    code: str
    message: str
    context: Mapping[str, Any] = field(default_factory=dict)


class StorageError(Exception):
    """Base of all that storage refuses or fails at."""

    code: ClassVar[str] = "storage_error"
    retryable: ClassVar[bool] = False


class Invalid(StorageError):
    """Input breaks the schema or a Wikibase rule; nothing was stored."""

    code = "invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        super().__init__(f"{first.pointer or '/'}: {first.message}{more}")


class EntityMissing(StorageError):
    """No entity has this id."""

    code = "entity_not_found"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"there is no entity {entity}")


class NoRevisions(StorageError):
    """The id is given out, but nothing was ever written under it."""

    code = "no_revisions"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"{entity} has no revisions")


class RevisionMissing(StorageError):
    """The entity has no such revision; `available` lists some that it has, newest first."""

    code = "revision_not_found"

    def __init__(self, entity: str, revision: int, available: Sequence[int] = ()) -> None:
        self.entity, self.revision, self.available = entity, revision, tuple(available)
        super().__init__(f"{entity} has no revision {revision}")


class EntityGone(StorageError):
    """The entity was hard-deleted."""

    code = "gone"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"{entity} was deleted")


class RedirectUnresolved(StorageError):
    """Redirects lead in a circle, or on and on; `via` are the entities on the way."""

    code = "redirect_unresolved"

    def __init__(self, entity: str, via: Sequence[str]) -> None:
        self.entity, self.via = entity, tuple(via)
        super().__init__(f"the redirects from {entity} lead nowhere: {' to '.join(self.via)}")


class StatementMissing(StorageError):
    """No entity holds a statement of this hash."""

    code = "statement_not_found"

    def __init__(self, statement: object) -> None:
        self.statement = statement
        super().__init__(f"there is no statement {statement}")


class EntityExists(StorageError):
    """A creation names an id that is taken."""

    code = "entity_exists"

    def __init__(self, entity: str, head: int | None) -> None:
        self.entity, self.head = entity, head
        super().__init__(f"{entity} exists already")


class HeadMoved(StorageError):
    """The head is not the one that the edit expected; None means "no entity".

    Where the edit was to be rebased, `parts` are JSON pointers to what both it and others changed.
    """

    code = "edit_conflict"
    retryable = True

    def __init__(
        self, entity: str, expected: int | None, found: int | None, parts: Sequence[str] = ()
    ) -> None:
        self.entity, self.expected, self.found, self.parts = entity, expected, found, tuple(parts)
        super().__init__(f"{entity} is at revision {found}, not at {expected}")


class Protected(StorageError):
    """The entity's state forbids this edit; `protection` names the state that does."""

    code = "protected"

    def __init__(self, entity: str, protection: str) -> None:
        self.entity, self.protection = entity, protection
        super().__init__(f"{entity} is {protection}")


class Forbidden(StorageError):
    """Who asks has not the role that this needs."""

    code = "forbidden"

    def __init__(self, what: str, role: str) -> None:
        self.what, self.role = what, role
        super().__init__(f"{what} needs the role {role}")


class SoftDeleted(StorageError):
    """The entity is soft-deleted: it may be read, and takes no such edit before it is undeleted."""

    code = "deleted"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"{entity} is deleted")


class NotDeleted(StorageError):
    """There is no deletion to take back."""

    code = "not_deleted"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"{entity} is not deleted")


class Redirected(StorageError):
    """The entity is a redirect: what is meant for it belongs to its target."""

    code = "redirected"

    def __init__(self, entity: str, target: str | None) -> None:
        self.entity, self.target = entity, target
        super().__init__(f"{entity} redirects to {target}")


class NotARedirect(StorageError):
    """There is no redirect to end."""

    code = "not_a_redirect"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"{entity} is not a redirect")


class TargetUnfit(StorageError):
    """The entity can't redirect there; `why` is a word to branch on, such as `locked` (W8)."""

    code = "redirect_target_unfit"

    def __init__(self, entity: str, target: str, why: str) -> None:
        self.entity, self.target, self.why = entity, target, why
        super().__init__(f"{entity} can't redirect to {target}: {why.replace('_', ' ')}")


class IsHead(StorageError):
    """The head of an entity can't be erased: edit it first."""

    code = "is_head"

    def __init__(self, entity: str, revision: int) -> None:
        self.entity, self.revision = entity, revision
        super().__init__(f"{revision} is the head of {entity}")


class ErasedContent(StorageError):
    """Statements of these digests were erased, and can't be written again."""

    code = "erased_content"

    def __init__(self, digests: Sequence[bytes]) -> None:
        self.digests = tuple(digests)
        super().__init__("this content was erased and can't be written again")


class NoErasureKey(StorageError):
    """Nothing can be erased without the key by which it would be known again."""

    code = "no_erasure_key"

    def __init__(self) -> None:
        super().__init__("ERASURE_KEY is not set, and servers that share a database must have the same")


class NotRestorable(StorageError):
    """The revision has no content that the entity could be given again; `why` is a word to branch on."""

    code = "not_restorable"

    def __init__(self, entity: str, revision: int | None, why: str) -> None:
        self.entity, self.revision, self.why = entity, revision, why
        super().__init__(f"{entity} can't be brought back to revision {revision}: {why.replace('_', ' ')}")


class UndoConflict(StorageError):
    """What the revision changed was changed again since; `parts` are JSON pointers to it."""

    code = "undo_conflict"

    def __init__(self, entity: str, revision: int, parts: Sequence[str]) -> None:
        self.entity, self.revision, self.parts = entity, revision, tuple(parts)
        more = f" (and {len(self.parts) - 1} more)" if len(self.parts) > 1 else ""
        super().__init__(
            f"revision {revision} of {entity} can't be undone: {self.parts[0]}{more} changed since"
        )


class RetentionEnded(StorageError):
    """The entity was hard-deleted, and what was kept of it for audit is released."""

    code = "retention_ended"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"what was kept of {entity} is released")


class RequestMissing(StorageError):
    """Nobody asks for this deletion, or no longer."""

    code = "request_not_found"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"nobody asks for {entity} to be deleted")


class SecondPersonNeeded(StorageError):
    """Who asked for a deletion can't approve it as well."""

    code = "second_person_needed"

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(
            f"the deletion of {entity} has to be approved by another person than who asks for it"
        )


class Reserved(StorageError):
    """Another redirect to this entity is being made, so it can't become one itself now; this edit did not land."""

    code = "too_contended"
    retryable = True

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"another redirect to or from {entity} is being made")


class KeyReused(StorageError):
    """An idempotency key came back with another request than its first."""

    code = "idempotency_key_reused"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__("this idempotency key was used for another request")


class OutcomeUnknown(StorageError):
    """Nobody knows whether the write landed; ask again with the same idempotency key."""

    code = "outcome_unknown"
    retryable = True


class TooContended(StorageError):
    """Others won every try; nothing of this edit was committed."""

    code = "too_contended"
    retryable = True

    def __init__(self, entity: str) -> None:
        self.entity = entity
        super().__init__(f"too many writers on {entity}")


class Unavailable(StorageError):
    """A store did not answer or refused service; the call did not take effect, or was only a read."""

    code = "unavailable"
    retryable = True


class Damaged(StorageError):
    """Stored content is missing or is not what its hash or digest says."""

    code = "damaged"

    def __init__(self, key: str, why: str) -> None:
        self.key, self.why = key, why
        super().__init__(f"{key}: {why}")


class Erased(Damaged):
    """Stored content was erased on demand; what is beside it is there."""

    code = "erased"

    def __init__(self, key: str) -> None:
        super().__init__(key, "was erased")
