"""Check the stream of events against the committed revisions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from storage.events import PositionGone
from storage.ids import EntityId
from storage.ports import Position, Published, Stores
from storage.walks import PAGE, Finding, every_entity, every_revision


async def check_events(stores: Stores) -> AsyncIterator[Finding]:
    """Each committed revision was told of or is about to be, in order, and nothing else was."""
    owed = {(work.entity, work.revision) for work in await stores.metadata.unpublished(1_000_000)}
    last: dict[EntityId, int] = {}
    told: set[tuple[EntityId, int]] = set()
    # Where a stream drops what is old, a revision whose event is missing may have been told of long ago.
    is_whole = await stores.events.is_whole()
    after: Position | None = None
    while page := await _events(stores, after):
        for published in page:
            event = published.event
            place = (event.entity_id, event.revision_id)
            if place not in told and event.revision_id < last.get(event.entity_id, 0):
                yield Finding("I9", f"{place[0]} {place[1]}", "its event came after that of a later revision")
            told.add(place)
            last[event.entity_id] = max(last.get(event.entity_id, 0), event.revision_id)
        after = page[-1].position
    async for entity in every_entity(stores):
        async for row in every_revision(stores, entity):
            place = (entity, row.revision)
            if is_whole and place not in told and place not in owed:
                yield Finding("I9", f"{entity} {row.revision}", "has no event, sent or waiting")
            told.discard(place)
    for entity, revision in sorted(told):
        yield Finding("I9", f"{entity} {revision}", "has an event, but was never committed")


async def _events(stores: Stores, after: Position | None) -> Sequence[Published]:
    try:
        return await stores.events.read(after, PAGE)
    except PositionGone:
        # What is old is dropped while this reads: what is left is read again, and may be said again.
        return await stores.events.read(None, PAGE)
