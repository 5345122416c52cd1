"""Which content comes of an edit: given with it, merged into the head's, or what one of the entity's revisions said.

What a revision said is taken as it is, by hashes: its statements are the entity's own, held by it for as long as the
revision is retained, so that none has to be claimed and none is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage import reading
from storage.changes import (
    EndRedirect,
    HardDelete,
    Restore,
    SetContent,
    SetRedirect,
    SetRevision,
    Undo,
    empty_entity,
)
from storage.content import Split, split
from storage.edits import Edit
from storage.errors import Damaged, Erased, NotRestorable, RetentionEnded
from storage.merging import has_content, rebased, undone
from storage.model import Revision, Snapshot
from storage.ports import HeadRevision, Stores


@dataclass(frozen=True, slots=True)
class Kept:
    """What one of the entity's revisions said."""

    snapshot: Snapshot
    row: Revision


async def next_content(
    edit: Edit, base: HeadRevision | None, made_on: Revision | None, stores: Stores
) -> Split | Kept:
    """The content after the edit, which was made on a revision (`merging.made_on`): to be claimed, or kept.

    RevisionMissing, RetentionEnded and NotRestorable where the edit names a revision that can't be gone back to or undone;
    UndoConflict, HeadMoved and Invalid of a merge; Damaged.
    """
    change = edit.change
    if isinstance(change, SetContent):
        if base is None or made_on is None or made_on.revision == base.revision.revision:
            return split(change.entity)
        return split(await rebased(edit, change, made_on, base.revision, stores))
    if isinstance(change, (SetRedirect, HardDelete)):
        return split(empty_entity(edit.entity))
    assert base is not None, "only content can be laid over nothing"
    if isinstance(change, Undo):
        return split(await undone(change, base.revision, stores))
    if isinstance(change, (SetRevision, EndRedirect)):
        row = await reading.row_of(stores, edit.entity, change.revision)
        if not has_content(row):
            raise NotRestorable(edit.entity, row.revision, "has_no_content")
        return await _kept(row, stores)
    if isinstance(change, Restore):
        try:
            return await _kept(await _before_deletion(base.revision, stores), stores)
        except Damaged:
            if await stores.metadata.retention_ended([edit.entity]):
                raise RetentionEnded(edit.entity) from None
            raise
    return await _kept(base.revision, stores)


async def _kept(row: Revision, stores: Stores) -> Split | Kept:
    stored = (await reading.snapshots(stores, [row]))[(row.entity, row.revision)]
    if isinstance(stored, Erased):
        raise NotRestorable(row.entity, row.revision, "erased")
    if isinstance(stored, Damaged):
        raise stored
    if row.index is None or stored.inline or stored.ungrouped:
        # Older than 1.2.0: its statements are not shared objects yet, or not known by property.
        return split(await reading.entity_json(stores, row))
    return Kept(stored.snapshot, row)


async def _before_deletion(tombstone: Revision, stores: Stores) -> Revision:
    """The newest revision with content before a tombstone."""
    row = tombstone
    while row.parent is not None:
        place = (row.entity, row.parent)
        row = (await stores.metadata.revisions([place]))[place]
        if has_content(row):
            return row
    raise NotRestorable(tombstone.entity, None, "has_no_content")
