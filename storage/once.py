"""Events of which each is told once and in order, out of a stream that may repeat them. Pure.

An entity's events are in the stream in the order of its revisions, but for those that are there again: so one whose
revision is not beyond the last one seen is a repetition. What was seen is remembered of so many entities, the last ones.
"""

from __future__ import annotations

from collections import OrderedDict

from storage.ids import EntityId
from storage.model import Event


class Once:
    """What was seen, of up to `size` entities."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._seen: OrderedDict[EntityId, tuple[int, frozenset[str]]] = OrderedDict()

    def is_new(self, event: Event) -> bool:
        """Whether the event is not known to be a repetition. From then on it is."""
        revision, changes = self._seen.get(event.entity_id, (0, frozenset()))
        if event.revision_id < revision or (event.revision_id == revision and event.change_type in changes):
            return False
        same = changes if event.revision_id == revision else frozenset()
        self._seen[event.entity_id] = (event.revision_id, same | {event.change_type})
        self._seen.move_to_end(event.entity_id)
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True
