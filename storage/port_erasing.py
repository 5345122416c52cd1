"""The port of erasure: content that must be gone on legal demand, and may not come back (W7).

`erasure` tells how these verbs are used, and why in this order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.ids import EntityId
from storage.model import Attempt, StatementHash


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be erased: a statement, or revisions of an entity. Kept for good, as the account of it.

    `id` is sixteen random bytes. Until it is done, it is gone on with at `due_at`.
    """

    id: bytes
    reason: str
    by: str
    at: datetime
    due_at: datetime
    statement: StatementHash | None = None
    entity: EntityId | None = None
    revisions: Sequence[int] = ()
    done: bool = False


@dataclass(frozen=True, slots=True)
class ErasuresPage:
    """Up to `limit` erasures by time and id, both falling, beyond those of the last one seen: of a time, or all."""

    limit: int
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, bytes] | None = None
    of_statements: bool = False
    """Whether those of revisions are left out."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """The statements of an entity's erased revisions: those of no other revision, and the others."""

    only: frozenset[StatementHash]
    elsewhere: frozenset[StatementHash]


class Erasing(Protocol):
    """What is erased, and the marks of it."""

    async def begin_erasure(self, erasure: Erasure) -> None:
        """Note what is to be erased, before anything is. Noted twice is noted once."""

    async def erasures_since(self, since: datetime) -> Sequence[Erasure]:
        """What was to be erased from that time on. Asked very often, by every process."""

    async def erasures(self, page: ErasuresPage) -> Sequence[Erasure]:
        """Those there ever were."""

    async def unfinished(self, now: datetime, limit: int) -> Sequence[Erasure]:
        """Those that are not done and due, the longest due first."""

    async def put_off(self, erasure: bytes, until: datetime) -> None:
        """Go on with an erasure then."""

    async def finish_erasure(self, erasure: bytes) -> None:
        """Note that all is done."""

    async def erase_statement(self, statement: StatementHash, key: bytes) -> bool:
        """Mark a statement as erased, whatever it was, and put in the place of its digest the keyed one.

        False if there never was such a statement. From then on a claim of its content is refused, by its key.
        """

    async def erased_among(self, statements: Collection[StatementHash]) -> set[StatementHash]:
        """Those of these statements that are erased."""

    async def still_claimed(self, statement: StatementHash) -> bool:
        """Whether any attempt claims it, be it dead. A claim that begins after `erase_statement` is no claim."""

    async def unlink(
        self, statement: StatementHash, targets: Collection[EntityId], holders: Collection[EntityId]
    ) -> None:
        """Forget that these entities refer to those by a statement."""

    async def erase_revisions(
        self, entity: EntityId, revisions: Sequence[int], reason: str, by: str, now: datetime
    ) -> None:
        """Mark revisions as erased, each with its audit row. IsHead, RevisionMissing or EntityMissing: none is."""

    async def erased_holdings(self, entity: EntityId) -> Holdings:
        """What its erased revisions held, as long as that is known."""

    async def wipe(self, entity: EntityId, revisions: Sequence[int]) -> None:
        """Forget what erased revisions held, and the digests by which their content could be guessed."""

    async def reclaim(
        self, entity: EntityId, attempt: Attempt, base: int, hashes: Collection[StatementHash], now: datetime
    ) -> set[StatementHash]:
        """Claim statements that one of the entity's own revisions holds. Answers those that were given up."""
