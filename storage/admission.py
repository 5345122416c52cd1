"""Whether a head takes an edit: what it is, what protects it, and whether it is the one that was named. Pure.

Only a look at a head that was read: the swap has the last word, and since state changes only with a revision, a head
that is still there is in the state that was looked at. What a fresh base would not cure is told first.
"""

from __future__ import annotations

from storage.changes import (
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
    Undo,
)
from storage.edits import Base, Edit
from storage.errors import (
    EntityExists,
    EntityGone,
    EntityMissing,
    HeadMoved,
    NotARedirect,
    NotDeleted,
    Protected,
    Redirected,
    SoftDeleted,
)
from storage.model import Flags, Head


def admit(edit: Edit, head: Head | None) -> None:
    """Nothing, if the edit may be made on this head; None is no entity.

    EntityMissing, EntityGone, EntityExists, NotDeleted, Protected, Redirected, SoftDeleted, NotARedirect; HeadMoved for
    a stale base, unless the edit is to be rebased.
    """
    if head is None:
        _admit_to_nothing(edit)
        return
    change, flags = edit.change, head.flags
    if flags.is_deleted and not isinstance(change, Restore):
        raise EntityGone(edit.entity)
    if edit.base is Base.NOTHING:
        raise EntityExists(edit.entity, head.revision)
    if not isinstance(change, (Protect, Restore)):
        _unprotected(edit, flags)
    _fitting(edit, head)
    if isinstance(edit.base, int) and edit.base != head.revision and not may_rebase(edit, head):
        raise HeadMoved(edit.entity, edit.base, head.revision)


def may_rebase(edit: Edit, head: Head) -> bool:
    """Whether the edit, made on an older revision, wants to be laid over this head, which has content (W3)."""
    return (
        edit.rebase
        and isinstance(edit.change, SetContent)
        and isinstance(edit.base, int)
        and edit.base < head.revision
        and not head.flags.is_redirect
    )


def protection_met(flags: Flags, *, is_mass_edit: bool, autoconfirmed: bool) -> Protection | None:
    """The first protection that such an edit meets."""
    for protection in Protection:
        if getattr(flags, protection.value):
            match protection:
                case Protection.ARCHIVED | Protection.LOCKED:
                    return protection
                case Protection.MASS_EDIT_PROTECTED if is_mass_edit:
                    return protection
                case Protection.SEMI_PROTECTED if is_mass_edit or not autoconfirmed:
                    return protection
    return None


def _admit_to_nothing(edit: Edit) -> None:
    creates = isinstance(edit.change, SetContent) and not isinstance(edit.base, int)
    if not creates and not (edit.revives and edit.base is Base.HEAD and isinstance(edit.change, SetRedirect)):
        raise EntityMissing(edit.entity)


def _unprotected(edit: Edit, flags: Flags) -> None:
    met = protection_met(flags, is_mass_edit=edit.info.is_mass_edit, autoconfirmed=edit.autoconfirmed)
    if met is not None:
        raise Protected(edit.entity, met.name.lower())


def _fitting(edit: Edit, head: Head) -> None:
    """Whether the change makes sense on what the entity is."""
    flags = head.flags
    match edit.change:
        case SetContent() | SetRevision() | Undo() | SetRedirect() | SoftDelete():
            # There is nothing in a redirect that a change could be undone in.
            if flags.is_redirect and (not edit.revives or isinstance(edit.change, Undo)):
                raise Redirected(edit.entity, head.redirects_to)
            if flags.is_soft_deleted and not edit.revives:
                raise SoftDeleted(edit.entity)
        case EndRedirect():
            if not flags.is_redirect:
                raise NotARedirect(edit.entity)
        case Undelete():
            if not flags.is_soft_deleted:
                raise NotDeleted(edit.entity)
        case Restore():
            if not flags.is_deleted:
                raise NotDeleted(edit.entity)
        case Protect() | HardDelete():
            pass
