"""Recompute what must hold from the stores alone, and say where it does not.

Each finding names the invariant (docs/invariants.md) that is broken. A store is at rest when nothing is owed any
more; what is derived is compared only then. Reports, and repairs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from storage.check_derived import check_backlinks, check_counts, check_redirects
from storage.check_entities import check_entity
from storage.check_events import check_events
from storage.check_heads import check_circles, check_lists
from storage.ports import Stores
from storage.walks import Finding, every_entity

ALWAYS = (check_circles, check_lists)
AT_REST = (check_counts, check_backlinks, check_redirects)


async def check(stores: Stores) -> AsyncIterator[Finding]:
    """All findings. None means that every invariant which the stores can tell of holds."""
    at_rest = not await stores.metadata.underived(1)
    async for entity in every_entity(stores):
        async for finding in check_entity(stores, entity, at_rest):
            yield finding
    for part in (*ALWAYS, *(AT_REST if at_rest else ()), check_events):
        async for finding in part(stores):
            yield finding
