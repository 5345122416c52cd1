"""End the retention of hard-deleted entities: what was kept for audit goes (W7).

In this order, each step for good and none harmful twice, so that whoever finds one half done begins anew:

    1  the deletion can't be taken back any more        one row, which a restoration changes as well
    2  nothing of the entity is left to be derived      else: later
    3  it lets go of all its statements                 counts fall, and what only it held is the collector's
    4  its snapshots go                                 those of abandoned tries too
    5  noted as released

History and audit rows stay. Knows ports.
"""

from __future__ import annotations

from dataclasses import dataclass

from storage.doubt import held_ever
from storage.ids import EntityId
from storage.keys import Bucket, Key
from storage.model import Audit
from storage.ports import Stores
from storage.times import Clock

BATCH = 500
PAGE = 500


@dataclass(frozen=True, slots=True)
class Released:
    """How many entities were released, and how many statements they held. `more` says that there may be others."""

    entities: int = 0
    statements: int = 0
    more: bool = False


async def end_retentions(stores: Stores, clock: Clock, *, limit: int = BATCH) -> Released:
    """Release up to `limit` entities whose retention is over. Broken off anywhere, the next call goes on."""
    over = await stores.metadata.retention_over(clock(), limit)
    entities = statements = 0
    for audit in over:
        gone = await release(audit, stores, clock)
        if gone is not None:
            entities, statements = entities + 1, statements + gone
    # Those that have to wait would be the first of the next batch too: no more is told when nothing was done.
    return Released(entities, statements, len(over) == limit and entities > 0)


async def release(audit: Audit, stores: Stores, clock: Clock) -> int | None:
    """Let go of all that is kept of a hard-deleted entity; answers how many statements it held.

    None if it was restored meanwhile, or if something is still to be derived from its revisions.
    """
    entity = audit.entity
    await stores.metadata.end_retention(entity, audit.revision)
    # Asked of the head and not of that answer: it is the same whether the retention had ended or a restoration came
    # first, but nothing moves the head of an entity whose retention has ended.
    head = (await stores.metadata.heads([entity])).get(entity)
    if head is None or head.head.revision != audit.revision:
        return None
    if await stores.metadata.owes(entity):
        return None  # what is noted as held after we let go would be held for ever
    gone = await stores.metadata.let_go(entity, sorted(await held_ever(entity, stores)), clock())
    await _expire_snapshots(entity, stores)
    await stores.metadata.mark_released(entity, audit.revision)
    return len(gone)


async def _expire_snapshots(entity: EntityId, stores: Stores) -> None:
    """All of them, under whatever name, whether or not they were committed."""
    folder = f"{entity}/"
    after = folder
    while True:
        page = await stores.objects.names(Bucket.REVISIONS, after, PAGE)
        names = [name for name in page if name.startswith(folder)]
        if names:
            await stores.objects.expire([Key(Bucket.REVISIONS, name) for name in names])
        if len(names) < PAGE:
            return
        after = names[-1]
