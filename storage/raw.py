"""Snapshots as they are stored: bytes under their key, neither parsed nor checked (Q1)."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from storage.canonical import parse
from storage.errors import Damaged, Erased
from storage.ids import EntityId
from storage.keys import Key, older_snapshot_keys, snapshot_key
from storage.ports import Stores


@dataclass(frozen=True, slots=True)
class RawSnapshot:
    """An object, the key that it was found under, and the seconds that the read of all asked for took."""

    key: Key
    data: bytes
    seconds: float

    def json(self) -> Any:
        """What is stored. Damaged if it is no JSON."""
        try:
            return parse(self.data)
        except ValueError as error:
            raise Damaged(str(self.key), f"is not JSON: {error}") from error


async def raw_snapshots(
    stores: Stores, places: Collection[tuple[EntityId, int]]
) -> Mapping[tuple[EntityId, int], RawSnapshot | Damaged]:
    """The snapshots of committed revisions. Whether they may be shown must be asked of their rows before."""
    start = time.perf_counter()
    names = {place: [snapshot_key(*place), *older_snapshot_keys(*place)] for place in places}
    found = dict(await stores.objects.get([keys[0] for keys in names.values()]))
    missing = [key for keys in names.values() if keys[0] not in found for key in keys[1:]]
    if missing:
        found |= await stores.objects.get(missing)
    seconds = time.perf_counter() - start
    # Told apart where nothing is found alone: what is erased is found no more.
    lost = [place for place, keys in names.items() if not any(key in found for key in keys)]
    rows = await stores.metadata.revisions(lost) if lost else {}
    answer: dict[tuple[EntityId, int], RawSnapshot | Damaged] = {}
    for place, keys in names.items():
        key = next((key for key in keys if key in found), keys[0])
        nothing = (
            Erased(str(key)) if place in rows and rows[place].erased else Damaged(str(key), "is missing")
        )
        stored = found.get(key, nothing)
        answer[place] = stored if isinstance(stored, Damaged) else RawSnapshot(key, stored.data, seconds)
    return answer
