"""What two changes of one entity come to together: an edit laid over a newer head, a revision undone in the head.

Whatever both changed is a conflict, and so is a fault that only the two together have. Reads revisions; stores nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage import reading
from storage.admission import may_rebase
from storage.changes import SetContent, Undo
from storage.difference import difference, laid_over
from storage.edits import Edit, new_faults, refuse
from storage.errors import HeadMoved, NotRestorable, RevisionMissing, UndoConflict
from storage.model import JsonObject, Revision
from storage.parts import pointer
from storage.ports import HeadRevision, Stores
from storage.validation import Level, faults


async def made_on(edit: Edit, base: HeadRevision | None, stores: Stores) -> Revision | None:
    """The revision that the edit's content was written on: the head, or an older one if it is to be rebased.

    HeadMoved if there is no such older one, or none with content.
    """
    if base is None:
        return None
    if not isinstance(edit.base, int) or not may_rebase(edit, base.head):
        return base.revision
    place = (edit.entity, edit.base)
    row = (await stores.metadata.revisions([place])).get(place)
    if row is None or not has_content(row):
        raise HeadMoved(edit.entity, edit.base, base.head.revision)
    return row


async def rebased(edit: Edit, change: SetContent, on: Revision, head: Revision, stores: Stores) -> JsonObject:
    """What the edit makes of an older revision, made of the head instead (W3).

    HeadMoved with the parts that the head has otherwise; Invalid for what is wrong with the two together.
    """
    was, now = [await reading.entity_json(stores, row) for row in (on, head)]
    merged, conflicts = laid_over(difference(was, change.entity), now)
    if conflicts:
        raise HeadMoved(edit.entity, on.revision, head.revision, [pointer(path) for path in conflicts])
    _refuse_what_arose(merged, [now, change.entity], change.level)
    return merged


async def undone(change: Undo, head: Revision, stores: Stores) -> JsonObject:
    """What the head says, less what a revision changed (W12).

    RevisionMissing; NotRestorable for a revision that changed no content; UndoConflict; Invalid for what is wrong with
    the head and the older content together.
    """
    row, parent = await _changing(change, head, stores)
    was, said, now = [await reading.entity_json(stores, one) for one in (parent, row, head)]
    back = difference(said, was)
    if not back:
        raise NotRestorable(row.entity, row.revision, "changed_no_content")
    merged, conflicts = laid_over(back, now)
    if conflicts:
        raise UndoConflict(row.entity, row.revision, [pointer(path) for path in conflicts])
    _refuse_what_arose(merged, [now, was], Level.STRICT)
    return merged


def has_content(row: Revision) -> bool:
    """Whether a revision says anything of its own."""
    return not row.flags.is_redirect and not row.flags.is_deleted


async def _changing(change: Undo, head: Revision, stores: Stores) -> tuple[Revision, Revision]:
    """A revision that may have changed the content, and its parent."""
    row = await reading.row_of(stores, head.entity, change.revision)
    if row.parent is None:
        raise NotRestorable(row.entity, row.revision, "has_no_parent")
    place = (row.entity, row.parent)
    parent = (await stores.metadata.revisions([place])).get(place)
    if parent is None:
        raise RevisionMissing(row.entity, row.parent)
    if not has_content(row) or not has_content(parent):
        raise NotRestorable(row.entity, row.revision, "has_no_content")
    if row.content_digest is not None and row.content_digest == parent.content_digest:
        raise NotRestorable(row.entity, row.revision, "changed_no_content")
    return row, parent


def _refuse_what_arose(merged: JsonObject, olds: Sequence[JsonObject], level: Level) -> None:
    """Invalid for faults that none of those has that were merged."""
    found = list(faults(merged, level))
    for old in olds if found else ():
        found = new_faults(found, merged, old, faults(old, level))
    refuse(found)
