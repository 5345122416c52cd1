"""Check the stream of events against the committed revisions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import closing

from storage.events import PositionGone
from storage.ports import Position, Published, Stores
from storage.spool import Spool
from storage.walks import PAGE, Finding, every_entity, every_revision


async def check_events(stores: Stores) -> AsyncIterator[Finding]:
    """Each committed revision was told of or is about to be, in order, and nothing else was."""
    owed = {(work.entity, work.revision) for work in await stores.metadata.unpublished(1_000_000)}
    # Where a stream drops what is old, a revision whose event is missing may have been told of long ago.
    is_whole = await stores.events.is_whole()
    with closing(Spool()) as told:
        after: Position | None = None
        while page := await _events(stores, after):
            for published in page:
                entity, revision = published.event.entity_id, published.event.revision_id
                if told.add(entity, revision):
                    yield Finding(
                        "I9", f"{entity} {revision}", "its event came after that of a later revision"
                    )
            after = page[-1].position
        async for entity in every_entity(stores):
            async for row in every_revision(stores, entity):
                is_told = told.take(entity, row.revision)
                if is_whole and not is_told and (entity, row.revision) not in owed:
                    yield Finding("I9", f"{entity} {row.revision}", "has no event, sent or waiting")
        for name, revision in told.left():
            yield Finding("I9", f"{name} {revision}", "has an event, but was never committed")


async def _events(stores: Stores, after: Position | None) -> Sequence[Published]:
    try:
        return await stores.events.read(after, PAGE)
    except PositionGone:
        # What is old is dropped while this reads: what is left is read again, and may be said again.
        return await stores.events.read(None, PAGE)
