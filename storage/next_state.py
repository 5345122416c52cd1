"""What a revision tells beside its content: the entity's state, a deletion, and what is kept for audit. Pure."""

from __future__ import annotations

from dataclasses import replace

from storage.changes import (
    HardDelete,
    Restore,
    SoftDelete,
    Undelete,
    edit_type_of,
    flags_after,
    is_dangling,
    reason_of,
    usual_edit_type,
)
from storage.content import Split
from storage.edits import Edit
from storage.ids import PropertyId
from storage.model import Audit, AuditKind, Content, EditInfo, Flags, Snapshot
from storage.next_content import Kept
from storage.ports import HeadRevision

_KINDS = {
    SoftDelete: AuditKind.SOFT_DELETE,
    Undelete: AuditKind.UNDELETE,
    HardDelete: AuditKind.HARD_DELETE,
    Restore: AuditKind.RESTORE,
}


def told(edit: Edit) -> EditInfo:
    """What the history tells of the edit: its type is the server's word wherever the change has one, else the editor's."""
    return replace(
        edit.info,
        edit_type=edit_type_of(edit.change) or edit.info.edit_type or usual_edit_type(edit.change),
        summary=edit.info.summary or reason_of(edit.change) or "",
    )


def flags(edit: Edit, base: HeadRevision | None, content: Content, maintained_by: PropertyId | None) -> Flags:
    """The state of the entity after the edit."""
    after = flags_after(edit.change, base.head if base is not None else None)
    return replace(after, is_dangling=is_dangling(edit.entity, content, after, maintained_by))


def marked(snapshot: Snapshot, edit: Edit, following: Split | Kept) -> Snapshot:
    """The snapshot with the deletion that it tells of: this edit's, or an earlier one's that still holds."""
    change = edit.change
    if isinstance(change, (SoftDelete, HardDelete)):
        by = change.requested_by if isinstance(change, HardDelete) else None
        return replace(
            snapshot,
            deletion_reason=change.reason,
            deleted_at=snapshot.created_at,
            deleted_by=by or edit.info.editor,
        )
    if snapshot.flags.is_soft_deleted and isinstance(following, Kept):
        before = following.snapshot
        return replace(
            snapshot,
            deletion_reason=before.deletion_reason,
            deleted_at=before.deleted_at,
            deleted_by=before.deleted_by,
        )
    return snapshot


def audit(edit: Edit, info: EditInfo, snapshot: Snapshot, parent: int | None) -> Audit | None:
    """What is noted of a deletion, or of its being taken back (W7); None for another edit."""
    change = edit.change
    if type(change) not in _KINDS or parent is None:
        return None
    asked_by = change.requested_by if isinstance(change, HardDelete) else None
    return Audit(
        entity=snapshot.entity,
        revision=snapshot.revision,
        kind=_KINDS[type(change)],
        reason=reason_of(change) or info.summary,
        requested_by=asked_by or info.editor,
        approved_by=info.editor if asked_by is not None else None,
        head=parent,
        at=snapshot.created_at,
        retained_until=change.retained_until if isinstance(change, HardDelete) else None,
    )
