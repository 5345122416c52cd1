"""Ids for new entities: fresh, above the floors, and the same again for a key that was used (W2, I12, I13)."""

from __future__ import annotations

import asyncio

from storage.errors import (
    KeyReused,
)
from storage.ids import EntityId, EntityType, id_of
from storage.ports import (
    EditKey,
    Stores,
)
from storage.times import Clock


async def new_entity_id(
    kind: EntityType, key: EditKey | None, numbers: Numbers, stores: Stores, clock: Clock
) -> EntityId:
    """The id of an entity to be created: a fresh one, or that which the key was bound to before (I12, I13)."""
    if key is not None and (bound := await stores.metadata.reserved(key.key)):
        if bound[1] != key.request:
            raise KeyReused(key.key.hex())
        return bound[0]
    while True:
        entity = id_of(kind, await numbers.next(kind, stores))
        if await stores.metadata.register(entity, clock()):
            break  # an id that an import brought is passed over
    if key is not None:
        entity, request = await stores.metadata.reserve(key, entity, clock())
        if request != key.request:
            raise KeyReused(key.key.hex())
    return entity


class Numbers:
    """Numbers for new ids, leased in ranges so that a creation seldom asks for more. One per process."""

    def __init__(self, lease: int = 50) -> None:
        self._lease = lease
        self._left: dict[EntityType, list[int]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def next(self, kind: EntityType, stores: Stores) -> int:
        """A number that nobody else gets."""
        async with self._one_at_a_time:
            if not self._left.get(kind):
                self._left[kind] = list(reversed(await stores.metadata.lease_numbers(kind, self._lease)))
            return self._left[kind].pop()
