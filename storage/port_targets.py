"""The port by which no two redirects that are made at once can make a circle (I11).

Source and target of a redirect lie on different shards, so no transaction holds both. Who makes one reserves the
target first: a reserved entity can't become a redirect. `targets` tells how it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.ids import EntityId
from storage.model import Attempt, Head


@dataclass(frozen=True, slots=True)
class Reservation:
    """That an attempt is about to make `source` a redirect to the reserved entity."""

    source: EntityId
    attempt: Attempt
    since: datetime


class Targets(Protocol):
    """Reservations of entities that redirects are about to lead to: each on the shard of the reserved entity."""

    async def reserve_target(
        self, target: EntityId, source: EntityId, attempt: Attempt, now: datetime
    ) -> Head | None:
        """Keep an entity from becoming a redirect. Answers its head, read when it was reserved; None if it has none."""

    async def release_target(self, target: EntityId, source: EntityId, attempt: Attempt) -> None:
        """Take a reservation back."""

    async def reservations(self, target: EntityId) -> Sequence[Reservation]:
        """Who has reserved an entity."""

    async def fence(self, source: EntityId, attempt: Attempt) -> None:
        """See to it that an attempt on an entity never commits a redirect, unless it has done so already."""
