"""Before an entity is hard-deleted: put in doubt whether its statements may be shown by their hash alone (I10).

Afterwards who shows a statement in doubt looks whether some holder of it is still there. Done before the commit, so
that there is no moment at which the entity is gone and its statements are not; if nothing is committed, the doubt
costs a look and hides nothing.
"""

from __future__ import annotations

from storage.changes import HardDelete
from storage.draft import held_by
from storage.edits import Edit
from storage.ids import EntityId
from storage.model import StatementHash
from storage.ports import HeadRevision, HistoryPage, Stores

PAGE = 200


class Doubting:
    """What one edit has put in doubt; nothing, if it is no hard deletion.

    A try on a newer head reads only the revisions since the one before: an entity that is edited all the time would
    else be ahead of who reads its history again and again. What is in doubt once stays so.
    """

    def __init__(self, edit: Edit, stores: Stores) -> None:
        self._edit, self._stores = edit, stores
        self._known = 0
        self._doubted: set[StatementHash] = set()

    async def cast(self, base: HeadRevision | None) -> None:
        """Put all statements in doubt that any revision of the entity up to this head holds."""
        if not isinstance(self._edit.change, HardDelete) or base is None:
            return
        head = base.head.revision
        earlier = await _held_between(self._edit.entity, self._known, head, self._stores)
        fresh = (held_by(base) | earlier) - self._doubted
        await self._stores.metadata.doubt(sorted(fresh))
        self._known, self._doubted = head, self._doubted | fresh


async def held_ever(entity: EntityId, stores: Stores) -> set[StatementHash]:
    """The statements that any revision of the entity holds."""
    return await _held_between(entity, 0, None, stores)


async def _held_between(
    entity: EntityId, after: int, before: int | None, stores: Stores
) -> set[StatementHash]:
    """The statements of its revisions with numbers between these two; of all newer ones, if `before` is None."""
    held: set[StatementHash] = set()
    # No more than there can be, since numbers have gaps but are not given twice.
    while limit := PAGE if before is None else min(PAGE, before - after - 1):
        page = HistoryPage(entity, limit, before)
        facts = (await stores.metadata.histories([page]))[page]
        wanted = [(entity, one.revision) for one in facts if one.revision > after]
        if wanted:
            rows = await stores.metadata.revisions(wanted)
            held.update(one for row in rows.values() if row.index is not None for one in row.index.hashes)
        if len(wanted) < limit:
            break
        before = wanted[-1][1]
    return held
