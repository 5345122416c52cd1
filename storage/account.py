"""The account of what was deleted, brought back and erased: one list out of two, newest first (W7).

Audit rows lie with their entities; that a statement was erased belongs to none, and stands among the erasures. Knows
ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.ids import EntityId
from storage.model import Audit, AuditKind
from storage.port_deletions import AuditPage
from storage.port_erasing import Erasure, ErasuresPage
from storage.ports import Metadata

Entry = Audit | Erasure
"""An erasure is one of a statement here: of revisions there is an audit row for each."""

AfterAudit = tuple[datetime, EntityId, int]
AfterErasure = tuple[datetime, bytes]


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Up to `limit` entries, newest first, beyond the last one seen: of one entity, of one kind, of a time."""

    limit: int
    entity: EntityId | None = None
    kind: AuditKind | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: AfterAudit | AfterErasure | None = None
    """Time, entity and revision of an audit row, or time and id of an erasure."""


async def account(page: AccountPage, metadata: Metadata) -> Sequence[Entry]:
    """A page of entries. At one time audit rows come first, each in the order of its port."""
    audits, erasures = await asyncio.gather(metadata.audits(_audits(page)), _erased(page, metadata))
    both: list[Entry] = [*audits, *erasures]
    return sorted(both, key=lambda one: one.at, reverse=True)[: page.limit]


def _audits(page: AccountPage) -> AuditPage:
    before, until = None, page.until
    if page.before is not None and len(page.before) == 3:
        before = page.before
    elif page.before is not None:
        until = _earlier(until, page.before[0])
    return AuditPage(page.limit, page.entity, page.kind, page.since, until, before)


async def _erased(page: AccountPage, metadata: Metadata) -> Sequence[Erasure]:
    if page.entity is not None or page.kind not in (None, AuditKind.ERASURE):
        return ()
    before, until = None, page.until
    if page.before is not None and len(page.before) == 2:
        before = page.before
    elif page.before is not None and page.before[0] < datetime.max.replace(tzinfo=page.before[0].tzinfo):
        # All of that time are still to come.
        until = _earlier(until, page.before[0] + datetime.resolution)
    return await metadata.erasures(ErasuresPage(page.limit, page.since, until, before, of_statements=True))


def _earlier(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)
