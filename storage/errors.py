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
    """The head is not the one that the edit expected; None means "no entity"."""

    code = "edit_conflict"
    retryable = True

    def __init__(self, entity: str, expected: int | None, found: int | None) -> None:
        self.entity, self.expected, self.found = entity, expected, found
        super().__init__(f"{entity} is at revision {found}, not at {expected}")


class Protected(StorageError):
    """The entity's state forbids this edit; `protection` names the state that does."""

    code = "protected"

    def __init__(self, entity: str, protection: str) -> None:
        self.entity, self.protection = entity, protection
        super().__init__(f"{entity} is {protection}")


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
