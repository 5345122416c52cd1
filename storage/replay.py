"""Publish events of committed revisions once more, for consumers that lost some or come late (E4).

What was published is forgotten, so the events are made again from the rows of the revisions; they have the same ids.
Of each entity they come in order of revision, without a gap up to the head. Knows ports, no backend.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from itertools import islice

from storage.events import event_of
from storage.ids import EntityId
from storage.ports import EVERY_REVISION, HistoryPage, Stores
from storage.relay import publish

PAGE = 500
ENTITIES = 50
"""Read together. Of each of them so many revisions go into one call as make a page of all."""


async def changed_since(stores: Stores, since: datetime) -> dict[EntityId, int]:
    """Which entities have changed since a time, and the first revision of each that is not older.

    Hard-deleted entities are not among them: no list of changes names these.
    """
    first: dict[EntityId, int] = {}
    before = None
    while page := await stores.metadata.recent(before, PAGE, EVERY_REVISION):
        for row in page:
            if row.created_at < since:
                return first
            # By number: a clock that jumped makes times disagree with the order of revisions.
            first[row.entity] = min(row.revision, first.get(row.entity, row.revision))
        before = (page[-1].created_at, page[-1].entity, page[-1].revision)
    return first


async def replay(stores: Stores, since: Mapping[EntityId, int]) -> AsyncIterator[int]:
    """Publish the events of these entities, of each from a revision on; tells after each call how many were sent.

    An entity that is not there has none.
    """
    # What waits for its first time goes first, or the replay would tell of a revision before those that wait.
    while await publish(stores):
        pass
    entities = iter(since.items())
    while some := dict(islice(entities, ENTITIES)):
        heads = await stores.metadata.heads(some)
        left = {entity: first for entity, first in some.items() if entity in heads}
        while left:
            many = PAGE // len(left)
            pages = [HistoryPage(entity, many, before=first + many) for entity, first in left.items()]
            found = await stores.metadata.histories(pages)
            events = [
                event_of(row)
                for page in pages
                for row in reversed(found[page])
                if row.revision >= left[page.entity]
            ]
            await stores.events.publish(events)
            yield len(events)
            left = {
                entity: first + many
                for entity, first in left.items()
                if first + many <= heads[entity].head.revision
            }
