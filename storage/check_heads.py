"""Check what can be told from heads alone: that redirects come to an end, and who stands on which list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass

from storage.ids import EntityId
from storage.ports import Stores
from storage.statuses import lists
from storage.walks import PAGE, Finding, every_head, pages


@dataclass(slots=True)
class _Walk:
    """From redirect to redirect: where it is, and a place that it would pass again in a circle (Brent's algorithm).

    Two places are all that is kept of it, however long it is. The place is moved up after 1, 2, 4, ... steps: sooner
    or later it is on the circle, and then the steps from there and back are the circle's size.
    """

    source: EntityId
    here: EntityId
    passed: EntityId
    steps: int = 0
    steps_at_most: int = 1

    def go(self, there: EntityId) -> bool:
        """One step; whether it has come round."""
        self.here, self.steps = there, self.steps + 1
        if self.here == self.passed:
            return True
        if self.steps == self.steps_at_most:
            self.passed, self.steps, self.steps_at_most = self.here, 0, 2 * self.steps_at_most
        return False


async def check_circles(stores: Stores) -> AsyncIterator[Finding]:
    """Redirects that lead into a circle, each of them by name: those on it, and those that lead there."""
    async for heads in every_head(stores):
        redirects = [entity for entity, head in heads.items() if head.head.redirects_to is not None]
        sizes = await _endless(redirects, stores)
        for entity in redirects:
            if entity in sizes:
                yield Finding("I11", entity, f"its redirect leads into a circle of {sizes[entity]}")


async def _endless(sources: Collection[EntityId], stores: Stores) -> Mapping[EntityId, int]:
    """Those from which there is no end, with the size of the circle. All go on together, a read for a step of all."""
    found: dict[EntityId, int] = {}
    walks = [_Walk(source, source, source) for source in sources]
    while walks:
        heads = await stores.metadata.heads({walk.here for walk in walks})
        going: list[_Walk] = []
        for walk in walks:
            head = heads.get(walk.here)
            if head is None or (there := head.head.redirects_to) is None:
                continue
            if walk.go(there):
                found[walk.source] = walk.steps
            else:
                going.append(walk)
        walks = going
    return found


async def check_lists(stores: Stores) -> AsyncIterator[Finding]:
    """The lists by status and edit type: each entity stands on those of its head, at any time."""
    async for heads in every_head(stores):
        noted = await stores.metadata.lists_of(heads)
        right = {
            entity: lists(head.head.flags, head.revision.edit.edit_type) for entity, head in heads.items()
        }
        wrong = [entity for entity in heads if noted.get(entity, frozenset()) != right[entity]]
        # Lists move with the head: who has still the same one had it when its lists were read.
        again = await stores.metadata.heads(wrong)
        for entity in wrong:
            if entity in again and again[entity].head.revision == heads[entity].head.revision:
                there = noted.get(entity, frozenset())
                for name in sorted(right[entity] - there):
                    yield Finding("I11", entity, f"is not on the list {name!r}, though its head is such")
                for name in sorted(there - right[entity]):
                    yield Finding("I11", entity, f"is on the list {name!r}, though its head is not such")
    async for page in pages(lambda after: stores.metadata.on_lists(after, PAGE), lambda entity: entity):
        known = await stores.metadata.heads(page)
        for entity in page:
            if entity not in known:
                yield Finding("I11", entity, "is on a list, and has no head")
