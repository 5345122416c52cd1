"""The life of an entity once more, in few lines: what an edit of it comes to, or why it is refused.

Written from the requirements (W4 to W8), not from `storage.admission`, to be compared with the stores. Knows what is
asked for as values, and nothing of stores, numbers of statements or crashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from storage.changes import (
    Change,
    EndRedirect,
    HardDelete,
    Protect,
    Protection,
    Restore,
    SetContent,
    SetRedirect,
    SetRevision,
    SoftDelete,
    Undelete,
)
from storage.edits import Base
from storage.errors import (
    EntityExists,
    EntityGone,
    EntityMissing,
    HeadMoved,
    NotARedirect,
    NotDeleted,
    NotRestorable,
    Protected,
    Redirected,
    RequestMissing,
    RetentionEnded,
    RevisionMissing,
    SoftDeleted,
    StorageError,
    TargetUnfit,
)
from storage.ids import EntityId, type_of


class State(Enum):
    """What an entity is. One that is released was hard-deleted, and can't be brought back."""

    NOTHING = "nothing"
    NORMAL = "normal"
    REDIRECT = "redirect"
    SOFT_DELETED = "soft-deleted"
    HARD_DELETED = "hard-deleted"
    RELEASED = "released"


GONE = (State.HARD_DELETED, State.RELEASED)


@dataclass(frozen=True, slots=True)
class Told:
    """One revision. `says` is the version of the content, None where there is none."""

    revision: int
    edit_type: str
    state: State
    protections: frozenset[Protection]
    says: int | None
    target: EntityId | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """An entity: its revisions, oldest first, whether its retention has ended, and whether a deletion is asked for."""

    history: tuple[Told, ...] = ()
    ended: bool = False
    requested: bool = False

    @property
    def state(self) -> State:
        """What it is."""
        if not self.history:
            return State.NOTHING
        return State.RELEASED if self.ended else self.history[-1].state

    @property
    def head(self) -> Told:
        """Its newest revision."""
        return self.history[-1]


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody asks for. `says` is the version of the content that comes with it."""

    entity: EntityId
    change: Change
    base: int | Base
    mass: bool = False
    autoconfirmed: bool = True
    says: int | None = None


def foresee(lives: Mapping[EntityId, Life], move: Move) -> Told | StorageError | None:
    """The next revision, with a number that is too low; or why there is none; None if nothing has to change."""
    life, change = lives[move.entity], move.change
    if life.state is State.NOTHING:
        creates = isinstance(change, SetContent) and not isinstance(move.base, int)
        return (
            Told(0, _type_of(move), State.NORMAL, frozenset(), move.says)
            if creates
            else EntityMissing(move.entity)
        )
    return _refusal(life, move) or _unfit(lives, move) or _next(life, move)


def _refusal(life: Life, move: Move) -> StorageError | None:
    """In this order: what is gone, what is protected, what makes no sense, what is stale."""
    entity, change, head = move.entity, move.change, life.head
    if life.state in GONE and not isinstance(change, Restore):
        return EntityGone(entity)
    if move.base is Base.NOTHING:
        return EntityExists(entity, head.revision)
    if not isinstance(change, (Protect, Restore)):
        for name, stops in (
            (Protection.ARCHIVED, True),
            (Protection.LOCKED, True),
            (Protection.MASS_EDIT_PROTECTED, move.mass),
            (Protection.SEMI_PROTECTED, move.mass or not move.autoconfirmed),
        ):
            if stops and name in head.protections:
                return Protected(entity, name.name.lower())
    if isinstance(change, (SetContent, SetRevision, SetRedirect, SoftDelete)):
        if life.state is State.REDIRECT:
            return Redirected(entity, head.target)
        if life.state is State.SOFT_DELETED:
            return SoftDeleted(entity)
    if isinstance(change, EndRedirect) and life.state is not State.REDIRECT:
        return NotARedirect(entity)
    if isinstance(change, Undelete) and life.state is not State.SOFT_DELETED:
        return NotDeleted(entity)
    if isinstance(change, Restore) and life.state not in GONE:
        return NotDeleted(entity)
    if isinstance(move.base, int) and move.base != head.revision:
        return HeadMoved(entity, move.base, head.revision)
    return None


def _unfit(lives: Mapping[EntityId, Life], move: Move) -> StorageError | None:
    """What else is named has to be fit for it."""
    entity, change, life = move.entity, move.change, lives[move.entity]
    if isinstance(change, (SetRevision, EndRedirect)):
        named = next((one for one in life.history if one.revision == change.revision), None)
        if named is None:
            return RevisionMissing(entity, change.revision)
        return NotRestorable(entity, named.revision, "has_no_content") if named.says is None else None
    if isinstance(change, SetRedirect):
        why = _why_not_to(lives, move.entity, change.target)
        return TargetUnfit(entity, change.target, why) if why else None
    if isinstance(change, HardDelete) and change.requested_by and not life.requested:
        return RequestMissing(entity)
    if isinstance(change, Restore) and life.ended:
        return RetentionEnded(entity)
    return None


def _why_not_to(lives: Mapping[EntityId, Life], source: EntityId, target: EntityId) -> str | None:
    life = lives[target]
    if type_of(source) is not type_of(target):
        return "other_type"
    if source == target:
        return "itself"
    states = {
        State.NOTHING: "missing",
        State.HARD_DELETED: "gone",
        State.RELEASED: "gone",
        State.SOFT_DELETED: "deleted",
    }
    if life.state in states:
        return states[life.state]
    for protection in (Protection.ARCHIVED, Protection.LOCKED):
        if protection in life.head.protections:
            return protection.name.lower()
    return "redirect" if life.state is State.REDIRECT else None


def _next(life: Life, move: Move) -> Told | None:
    head, change = life.head, move.change
    after = replace(head, revision=head.revision + 1, edit_type=_type_of(move))
    plain = replace(after, state=State.NORMAL, target=None)
    match change:
        case SetContent():
            return None if head.says == move.says else replace(plain, says=move.says)
        case SetRevision(number):
            says = _said(life, number)
            return None if head.says == says else replace(plain, says=says)
        case EndRedirect(number):
            return replace(plain, says=_said(life, number))
        case SetRedirect(target):
            return replace(after, state=State.REDIRECT, target=target, says=None)
        case Protect(protection, on):
            protections = head.protections | {protection} if on else head.protections - {protection}
            return replace(after, protections=protections)
        case SoftDelete():
            return replace(after, state=State.SOFT_DELETED)
        case Undelete():
            return plain
        case HardDelete():
            return replace(after, state=State.HARD_DELETED, target=None, says=None)
        case Restore():
            return replace(
                plain, says=next(one.says for one in reversed(life.history) if one.says is not None)
            )
    raise AssertionError(change)


def _said(life: Life, number: int) -> int | None:
    return next(one.says for one in life.history if one.revision == number)


def _type_of(move: Move) -> str:
    """How the history names it."""
    match move.change:
        case SetContent():
            return f"version {move.says}"
        case Protect(protection, on):
            names = {
                Protection.ARCHIVED: "archive",
                Protection.LOCKED: "lock",
                Protection.MASS_EDIT_PROTECTED: "mass-protection",
                Protection.SEMI_PROTECTED: "semi-protection",
            }
            return f"{names[protection]}-{'added' if on else 'removed'}"
    return {
        SetRevision: "restore-revision",
        EndRedirect: "redirect-revert",
        SetRedirect: "redirect-create",
        SoftDelete: "soft-delete",
        Undelete: "undelete",
        HardDelete: "hard-delete",
        Restore: "restore",
    }[type(move.change)]
