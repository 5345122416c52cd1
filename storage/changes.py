"""What an edit can change, as values, and the state that each change leaves an entity in. Pure.

Which content comes of a change is found in `following`, since it may have to be read. Whether a head takes the change
is asked in `admission`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from storage.events import EVENT_EDIT_TYPES
from storage.ids import EntityId, EntityType, PropertyId, type_of
from storage.model import Content, Flags, Head, JsonObject
from storage.validation import Level


class Protection(StrEnum):
    """What may be forbidden, by the flag that says so; in the order in which an edit meets them (W6)."""

    ARCHIVED = "is_archived"
    LOCKED = "is_locked"
    MASS_EDIT_PROTECTED = "is_mass_edit_protected"
    SEMI_PROTECTED = "is_semi_protected"


@dataclass(frozen=True, slots=True)
class SetContent:
    """The entity shall say this and nothing else: classic entity JSON under the edit's id, every statement in it."""

    entity: JsonObject
    level: Level = Level.STRICT
    parsed: bool = False
    """Whether the JSON came from `canonical.parse` as it is."""


@dataclass(frozen=True, slots=True)
class SetRevision:
    """The entity shall say what it said at one of its revisions."""

    revision: int


@dataclass(frozen=True, slots=True)
class Undo:
    """The entity shall say what it says, less what one of its revisions changed."""

    revision: int


@dataclass(frozen=True, slots=True)
class SetRedirect:
    """The entity shall redirect to another: its content goes."""

    target: EntityId


@dataclass(frozen=True, slots=True)
class EndRedirect:
    """The entity shall redirect no more, and say what it said at one of its revisions."""

    revision: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Protect:
    """A protection shall hold, or hold no more. The content stays."""

    protection: Protection
    on: bool = True


@dataclass(frozen=True, slots=True)
class SoftDelete:
    """The entity shall count as deleted. It stays readable, with a mark."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undelete:
    """The entity shall be as it was before it was soft-deleted."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class HardDelete:
    """Nothing of the entity shall be read any more. Its history is kept for audit until `retained_until`.

    `requested_by` asked for it, where the one who edits is the second person, who approves.
    """

    reason: str
    retained_until: datetime
    requested_by: str | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """A hard-deleted entity shall be there again, as it was before; possible until its retention ends."""

    reason: str


Change = (
    SetContent
    | SetRevision
    | Undo
    | SetRedirect
    | EndRedirect
    | Protect
    | SoftDelete
    | Undelete
    | HardDelete
    | Restore
)

_PROTECTING = {
    Protection.ARCHIVED: "archive",
    Protection.LOCKED: "lock",
    Protection.MASS_EDIT_PROTECTED: "mass-protection",
    Protection.SEMI_PROTECTED: "semi-protection",
}


_SET: dict[type[Change], str] = {
    SetRedirect: "redirect-create",
    EndRedirect: "redirect-revert",
    SoftDelete: "soft-delete",
    Undelete: "undelete",
    HardDelete: "hard-delete",
    Restore: "restore",
}

RESERVED_EDIT_TYPES = EVENT_EDIT_TYPES.union(
    _SET.values(), (f"{name}-{how}" for name in _PROTECTING.values() for how in ("added", "removed"))
)
"""Edit types that the server alone sets: those that events tell of (W9), and those that lists of states go by."""


def edit_type_of(change: Change) -> str | None:
    """The edit type that the server sets for a change; None where the editor's own word stands."""
    if isinstance(change, Protect):
        return f"{_PROTECTING[change.protection]}-{'added' if change.on else 'removed'}"
    return _SET.get(type(change))


def usual_edit_type(change: Change) -> str:
    """The edit type of a change to which its editor gives none."""
    match change:
        case SetRevision():
            return "restore-revision"
        case Undo():
            return "undo"
        case _:
            return ""


def reason_of(change: Change) -> str | None:
    """Why, in the words of who asks for it; None where the change has no reason of its own."""
    return getattr(change, "reason", None)


def needs_reason(change: Change) -> bool:
    """Whether the change has to be accounted for (W7, W8)."""
    return isinstance(change, (SoftDelete, HardDelete, Restore, EndRedirect))


def target_of(change: Change, head: Head | None) -> EntityId | None:
    """Where the entity redirects to after the change."""
    if isinstance(change, SetRedirect):
        return change.target
    return head.redirects_to if isinstance(change, Protect) and head is not None else None


def flags_after(change: Change, head: Head | None) -> Flags:
    """The state of the entity after the change, but for what its content says (`is_dangling`). Else inherited (W5)."""
    flags = head.flags if head is not None else Flags()
    match change:
        case Protect(protection, on):
            return replace(flags, **{protection.value: on})
        case SetRedirect():
            return replace(flags, is_redirect=True, is_soft_deleted=False)
        case SoftDelete():
            return replace(flags, is_soft_deleted=True)
        case HardDelete():
            return replace(flags, is_deleted=True, is_redirect=False, is_soft_deleted=False)
        case _:
            return replace(flags, is_deleted=False, is_redirect=False, is_soft_deleted=False)


def is_dangling(entity: EntityId, content: Content, flags: Flags, maintained_by: PropertyId | None) -> bool:
    """Whether nobody maintains an item: it has no statement of the property that says who does (W6).

    False where there is no such property, and for what has no content of its own.
    """
    if (
        maintained_by is None
        or type_of(entity) is not EntityType.ITEM
        or flags.is_redirect
        or flags.is_deleted
    ):
        return False
    return not any(group.property == maintained_by and group.statements for group in content.claims.groups)


def empty_entity(entity: EntityId) -> JsonObject:
    """What an entity without content says of itself: nothing."""
    kind = type_of(entity)
    empty: JsonObject = {"id": str(entity), "type": str(kind), "claims": {}}
    if kind is EntityType.LEXEME:
        return empty | {"lemmas": {}, "forms": [], "senses": []}
    empty |= {"labels": {}, "descriptions": {}, "aliases": {}}
    return empty | {"sitelinks": {}} if kind is EntityType.ITEM else empty
