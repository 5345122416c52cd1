"""The metadata store on a database: each verb of the ports is one unit, read or written.

Knows which verbs must tell "unknown" from "did not happen": only the commit. The others are idempotent, so
that for them a lost answer is Unavailable, and asking again is right. Therefore a verb of many keys may also be
many units, one for the keys of each shard, where the database has shards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from storage.canonical import StatementHasher
from storage.errors import OutcomeUnknown, Unavailable
from storage.ids import EntityId, EntityType, internal
from storage.model import Attempt, Head, Link, Revision, RevisionFacts, StatementHash
from storage.ports import (
    Backlink,
    BacklinksPage,
    Claim,
    Claimed,
    EditKey,
    HeadRevision,
    HistoryPage,
    HoldersPage,
    Landed,
    Pending,
    Redirect,
    RedirectsPage,
    RevisionFilter,
    StatementRow,
    Swap,
    UsedStatements,
    Work,
)
from storage.snapshot import MAX_PROBES
from storage.sql import heads, inspection, leases, links, outbox, revisions, statements, uses
from storage.sql.shards import ShardOf
from storage.sql.sqlite import Database, Unit

T = TypeVar("T")


class ProbedTooFar(Exception):
    """More collisions in a row than chance or malice explain."""


class SqlMetadata:
    """The port `Metadata`, on any database. `shard_of` says that it has shards, and which key lies on which."""

    def __init__(self, database: Database, shard_of: ShardOf | None = None) -> None:
        self.database = database
        self._shard_of = shard_of

    async def _write(self, unit: Unit[T]) -> T:
        try:
            return await self.database.write(unit)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error

    def _by_shard(self, items: Iterable[T], key: Callable[[T], int]) -> Iterable[Sequence[T]]:
        groups: dict[int, list[T]] = {}
        for item in items:
            groups.setdefault(0 if self._shard_of is None else self._shard_of(key(item)), []).append(item)
        return groups.values()

    # Statements

    async def claim(self, claim: Claim, hasher: StatementHasher, now: datetime) -> Mapping[bytes, Claimed]:
        # Followed to the first hash that was never used, those of one probe at once.
        claimed: dict[bytes, Claimed] = {}
        wanted = {body.digest: body for body in claim.bodies}
        for probe in range(MAX_PROBES):
            places = [(body, hasher(body.canonical, probe)) for body in wanted.values()]
            if claim.held:
                # Most statements of an edit are the head's own: for them nothing has to be written.
                known = await self.database.read(partial(statements.known, places=places))
                claimed |= {digest: one for digest, one in known.items() if one.hash in claim.held}
                places = [(body, place) for body, place in places if body.digest not in claimed]
            for some in self._by_shard(places, lambda one: one[1]):
                claimed |= await self._write(partial(statements.take, wish=claim, places=some, now=now))
            wanted = {digest: body for digest, body in wanted.items() if digest not in claimed}
            if not wanted:
                return claimed
        raise ProbedTooFar(f"{len(wanted)} statements found no hash in {MAX_PROBES} probes")

    async def hold(
        self, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt | None
    ) -> None:
        for some in self._by_shard(hashes, int):
            await self._write(partial(statements.hold, entity=entity, hashes=some, attempt=attempt))

    async def release(self, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt) -> None:
        for some in self._by_shard(hashes, int):
            await self._write(partial(statements.release, entity=entity, hashes=some, attempt=attempt))

    async def find(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, StatementRow]:
        return await self.database.read(lambda c: statements.find(c, hashes))

    async def pending(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, Sequence[Pending]]:
        return await self.database.read(lambda c: statements.pending(c, hashes))

    async def unheld(self, hashes: Collection[StatementHash]) -> set[StatementHash]:
        return await self.database.read(lambda c: statements.unheld(c, hashes))

    async def holders(self, pages: Collection[HoldersPage]) -> Mapping[HoldersPage, Sequence[EntityId]]:
        return await self.database.read(lambda c: uses.holders(c, pages))

    async def most_used(
        self, wanted: UsedStatements, after: tuple[int, StatementHash] | None, limit: int
    ) -> Sequence[StatementRow]:
        return await self.database.read(lambda c: uses.most_used(c, wanted, after, limit))

    # Heads

    async def heads(self, entities: Collection[EntityId]) -> Mapping[EntityId, HeadRevision]:
        return await self.database.read(lambda c: heads.heads(c, entities))

    async def commit(self, swap: Swap) -> Head:
        return await self.database.write(lambda c: heads.commit(c, swap))

    async def landed(self, entity: EntityId, key: bytes) -> Landed | None:
        return await self.database.read(lambda c: heads.landed(c, entity, key))

    async def landed_many(self, keys: Mapping[EntityId, Collection[bytes]]) -> Mapping[bytes, Landed]:
        return await self.database.read(lambda c: heads.landed_many(c, keys))

    async def record_unchanged(self, landed: Landed, key: bytes, now: datetime) -> Landed:
        return await self._write(lambda c: heads.record_unchanged(c, landed, key, now))

    async def reserve(self, key: EditKey, entity: EntityId, now: datetime) -> tuple[EntityId, bytes]:
        return await self._write(lambda c: heads.reserve(c, key, entity, now))

    async def reserved(self, key: bytes) -> tuple[EntityId, bytes] | None:
        return await self.database.read(lambda c: heads.reserved(c, key))

    async def attempt_of(self, entity: EntityId, revision: int) -> Attempt | None:
        return await self.database.read(lambda c: heads.attempt_of(c, entity, revision))

    async def revisions(
        self, places: Collection[tuple[EntityId, int]]
    ) -> Mapping[tuple[EntityId, int], Revision]:
        return await self.database.read(lambda c: revisions.revisions(c, places))

    async def statement_ids(
        self, places: Collection[tuple[EntityId, int]]
    ) -> Mapping[tuple[EntityId, int], list[str | None]]:
        return await self.database.read(lambda c: revisions.statement_ids(c, places))

    async def histories(
        self, pages: Collection[HistoryPage]
    ) -> Mapping[HistoryPage, Sequence[RevisionFacts]]:
        return await self.database.read(lambda c: revisions.histories(c, pages))

    async def recent(
        self, before: tuple[datetime, EntityId, int] | None, limit: int, wanted: RevisionFilter
    ) -> Sequence[RevisionFacts]:
        return await self.database.read(lambda c: revisions.recent(c, before, limit, wanted))

    async def entities(self, after: EntityId | None, limit: int) -> Sequence[EntityId]:
        return await self.database.read(lambda c: heads.entities(c, after, limit))

    async def register(self, entity: EntityId, now: datetime) -> bool:
        return await self._write(lambda c: heads.register(c, entity, now))

    async def registered(self, entities: Collection[EntityId]) -> set[EntityId]:
        return await self.database.read(lambda c: heads.registered(c, entities))

    async def lease_numbers(self, kind: EntityType, count: int) -> range:
        return await self._write(lambda c: heads.lease_numbers(c, kind, count))

    # Outbox

    async def underived(self, limit: int) -> Sequence[Work]:
        return await self.database.read(lambda c: outbox.underived(c, limit))

    async def unpublished(self, limit: int) -> Sequence[Work]:
        return await self.database.read(lambda c: outbox.unpublished(c, limit))

    async def mark(
        self, done: Collection[tuple[EntityId, int]], *, derived: bool = False, published: bool = False
    ) -> None:
        for some in self._by_shard(done, lambda place: internal(place[0])):
            await self._write(partial(outbox.mark, done=some, derived=derived, published=published))

    # Links

    async def relink(
        self, entity: EntityId, revision: int, added: Sequence[Link], removed: Sequence[Link]
    ) -> None:
        targets = {link.target for link in (*added, *removed)}
        for some in self._by_shard(targets, internal):
            here = set(some)
            new, old = ([link for link in said if link.target in here] for said in (added, removed))
            await self._write(partial(links.relink, entity=entity, revision=revision, added=new, removed=old))

    async def backlinks(self, pages: Collection[BacklinksPage]) -> Mapping[BacklinksPage, Sequence[Backlink]]:
        return await self.database.read(lambda c: links.backlinks(c, pages))

    async def redirect(
        self, source: EntityId, target: EntityId | None, revision: int, by: str, now: datetime
    ) -> None:
        await self._write(lambda c: links.redirect(c, source, target, revision, by, now))

    async def redirects_to(
        self, pages: Collection[RedirectsPage]
    ) -> Mapping[RedirectsPage, Sequence[Redirect]]:
        return await self.database.read(lambda c: links.redirects_to(c, pages))

    async def redirect_counts(self, targets: Collection[EntityId]) -> Mapping[EntityId, int]:
        return await self.database.read(lambda c: links.redirect_counts(c, targets))

    # Inspection

    async def statement_rows(self, after: StatementHash | None, limit: int) -> Sequence[StatementRow]:
        return await self.database.read(lambda c: inspection.statement_rows(c, after, limit))

    async def facts(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, set[EntityId]]:
        return await self.database.read(lambda c: inspection.facts(c, hashes))

    async def all_backlinks(
        self, after: tuple[EntityId, EntityId, StatementHash] | None, limit: int
    ) -> Sequence[Backlink]:
        return await self.database.read(lambda c: inspection.all_backlinks(c, after, limit))

    async def links_of(self, referencing: EntityId, targets: Collection[EntityId]) -> set[Backlink]:
        return await self.database.read(lambda c: inspection.links_of(c, referencing, targets))

    async def all_redirects(self, after: EntityId | None, limit: int) -> Sequence[tuple[EntityId, EntityId]]:
        return await self.database.read(lambda c: inspection.all_redirects(c, after, limit))

    # Leases

    async def hold_lease(self, name: str, owner: str, seconds: float, now: datetime) -> bool:
        return await self._write(lambda c: leases.hold_lease(c, name, owner, seconds, now))
