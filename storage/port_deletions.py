"""The port of what has to be accounted for: deletions, requests for them, and how long something is kept (W7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.ids import EntityId
from storage.model import Audit, AuditKind


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Up to `limit` audit rows, newest first, older than those at `before`: of one entity, of one kind, of a time."""

    limit: int
    entity: EntityId | None = None
    kind: AuditKind | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, EntityId, int] | None = None
    """Time, entity and revision of the last one seen."""


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """That somebody asks for a hard deletion, which a second person has to approve. One an entity."""

    entity: EntityId
    reason: str
    requested_by: str
    at: datetime
    retention_days: int


class Deletions(Protocol):
    """Audit rows and requests: each on the shard of its entity."""

    async def audits(self, page: AuditPage) -> Sequence[Audit]:
        """Audit rows by time, entity (in the store's own order) and revision, all falling."""

    async def request_deletion(self, request: DeletionRequest) -> DeletionRequest:
        """Note a request; answers the one that stands, which is the first."""

    async def deletion_request(self, entity: EntityId) -> DeletionRequest | None:
        """The request that stands for an entity."""

    async def deletion_requests(self, after: EntityId | None, limit: int) -> Sequence[DeletionRequest]:
        """Standing requests, by entity in the store's own stable order."""

    async def withdraw_request(self, entity: EntityId) -> bool:
        """Drop the request for an entity; False if there is none."""

    async def retention_over(self, now: datetime, limit: int) -> Sequence[Audit]:
        """Hard deletions whose retention has ended, of which something is still kept; the longest over first."""

    async def end_retention(self, entity: EntityId, revision: int) -> bool:
        """From now on the hard deletion by this revision can't be taken back. False if it was, or has ended before."""

    async def mark_released(self, entity: EntityId, revision: int) -> None:
        """Note that nothing of the entity is kept any more."""

    async def doubt(self, hashes: Sequence[int]) -> None:
        """Note that of these statements some holder may be hard-deleted: who shows one by hash looks at its holders."""
