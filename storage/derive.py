"""Draw the consequences of a committed revision: references, backlinks, redirects, the published tag.

All of it is derived from the revision's outbox row, idempotent, and may be done by anyone, twice, in any order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence

from storage import reading
from storage.commit import Owed
from storage.errors import Damaged, Erased
from storage.ids import EntityId
from storage.keys import snapshot_key
from storage.links import links
from storage.model import Link, StatementBody, StatementHash
from storage.ports import Stores, Work

PUBLISHED = {"publication_state": "published"}


async def derive(owed: Owed, stores: Stores) -> None:
    """Do a revision's work but for its event, then note that it is done."""
    await draw(owed, stores)
    await finish([owed.work], stores)


async def draw(owed: Owed, stores: Stores) -> None:
    """Draw a revision's references, backlinks and redirect."""
    work = owed.work
    added, removed = await asyncio.gather(
        _links(work.added, owed.bodies, stores), _links(work.removed, owed.bodies, stores)
    )
    consequences: list[Awaitable[None]] = []
    if work.added:
        consequences.append(stores.metadata.hold(work.entity, work.added, work.attempt))
    if added or removed:
        consequences.append(stores.metadata.relink(work.entity, work.revision, added, removed))
    if work.redirect_changed:
        by, when = work.event.editor, work.event.changed_at
        consequences.append(stores.metadata.redirect(work.entity, work.redirects_to, work.revision, by, when))
    await asyncio.gather(*consequences)
    await _take_back_erased(work.entity, [*added, *removed], stores)


async def finish(drawn: Collection[Work], stores: Stores) -> None:
    """Tag the snapshots of revisions whose consequences are drawn, then note that they are."""
    await stores.objects.tag({snapshot_key(work.entity, work.revision): PUBLISHED for work in drawn})
    await stores.metadata.mark([(work.entity, work.revision) for work in drawn], derived=True)


async def _take_back_erased(entity: EntityId, drawn: Sequence[Link], stores: Stores) -> None:
    """Forget the links of statements that were erased after they were read (W7).

    Who erases marks the statement, then unlinks all who hold it. That we hold it is noted by now, and the links are
    there: so he finds them, or we find his mark. Who dies before this leaves them; `check` finds them.
    """
    targets: dict[StatementHash, set[EntityId]] = {}
    for link in drawn:
        targets.setdefault(link.statement, set()).add(link.target)
    rows = await stores.metadata.find(targets) if targets else {}
    for one in sorted(one for one, row in rows.items() if row.erased):
        await stores.metadata.unlink(one, targets[one], [entity])


async def _links(
    hashes: Collection[StatementHash], at_hand: Mapping[StatementHash, StatementBody], stores: Stores
) -> list[Link]:
    bodies: dict[StatementHash, StatementBody] = {one: at_hand[one] for one in hashes if one in at_hand}
    unread = [one for one in hashes if one not in at_hand]
    if unread:
        for one, body in (await reading.statements(stores, unread)).items():
            if isinstance(body, Erased):
                continue  # its links went with it
            if isinstance(body, Damaged):
                raise body
            bodies[one] = body
    return [link for one in hashes if one in bodies for link in links(one, bodies[one])]
