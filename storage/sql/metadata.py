"""The metadata store on a database: each verb of the ports is one unit, read or written.

Knows which verbs must tell "unknown" from "did not happen": only the commit. The others are idempotent, so
that for them a lost answer is Unavailable, and asking again is right. Therefore a verb of many keys may also be
many units, one for the keys of each shard, where the database has shards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from storage.canonical import StatementHasher, digest_of_held
from storage.errors import OutcomeUnknown, Unavailable
from storage.ids import EntityId, EntityType, internal
from storage.model import Attempt, Audit, Head, Link, Revision, RevisionFacts, StatementBody, StatementHash
from storage.port_collecting import Fate, Orphan, Trial
from storage.port_deletions import AuditPage, DeletionRequest
from storage.port_erasing import Erasure, ErasuresPage, Holdings
from storage.port_targets import Reservation
from storage.ports import (
    EVERY_REVISION,
    Backlink,
    BacklinksPage,
    Backlog,
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
from storage.sql import (
    collecting,
    deletions,
    erasures,
    heads,
    inspection,
    leases,
    links,
    lists,
    migrate,
    outbox,
    revisions,
    statements,
    targets,
    uses,
)
from storage.sql.shards import ShardOf
from storage.sql.sqlite import Database, Unit

T = TypeVar("T")


FEW = 100
"""Rows of a read that is brief: in a thousandth of a second or two they are found and unpacked."""


class ProbedTooFar(Exception):
    """More collisions in a row than chance or malice explain."""


class SqlMetadata:
    """The port `Metadata`, on any database. `shard_of` says that it has shards, and which key lies on which."""

    def __init__(self, database: Database, shard_of: ShardOf | None = None) -> None:
        self.database = database
        self._shard_of = shard_of

    async def _ask(self, unit: Unit[T], *, rows: int | None = 1) -> T:
        """Read what one statement tells, or several of which each is about other keys.

        `rows` is how many it looks at, at most; None for one that may look at many more than it gives.
        """
        return await self.database.read(unit, snapshot=False, brief=rows is not None and rows <= FEW)

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
        wanted = {body.digest: body for body in claim.bodies}
        if not wanted:
            return {}
        told = await self._still_held(claim, wanted, hasher) if claim.held_digest is not None else None
        claimed = told or {}
        wanted = {digest: body for digest, body in wanted.items() if digest not in claimed}
        if not wanted:
            return claimed
        met: dict[bytes, int] = {}
        # Followed to the first hash that was never used, those of one probe at once.
        for probe in range(MAX_PROBES):
            places = [(body, hasher(body.canonical, probe)) for body in wanted.values()]
            if claim.held and told is None:
                # Most statements of an edit are the head's own: for them nothing has to be written.
                known = await self.database.read(partial(statements.known, places=places))
                claimed |= {digest: one for digest, one in known.items() if one.hash in claim.held}
                places = [(body, place) for body, place in places if body.digest not in claimed]
            for some in self._by_shard(places, lambda one: one[1]):
                claimed |= await self._write(partial(statements.take, wish=claim, places=some, now=now))
            wanted = {digest: body for digest, body in wanted.items() if digest not in claimed}
            if not wanted:
                return (
                    {digest: replace(one, met=met.get(digest, 0)) for digest, one in claimed.items()}
                    if met
                    else claimed
                )
            for digest in await self._met_another([one for one in places if one[0].digest in wanted]):
                met[digest] = met.get(digest, 0) + 1
        raise ProbedTooFar(f"{len(wanted)} statements found no hash in {MAX_PROBES} probes")

    async def _met_another(self, places: Sequence[statements.Place]) -> list[bytes]:
        """Those statements, by digest, whose place is another's; the others' place was given up."""
        rows = await self.find([place for _, place in places])
        return [
            body.digest
            for body, place in places
            if (row := rows.get(place)) is not None and not row.erased and row.digest != body.digest
        ]

    async def _still_held(
        self, claim: Claim, wanted: Mapping[bytes, StatementBody], hasher: StatementHasher
    ) -> dict[bytes, Claimed] | None:
        """Those of the head's statements that are wanted, by the head's own digest; None if it does not agree.

        Whoever has a held hash is supposed to be the one that is held. What nobody has is looked up, and that is
        what the edit removes: the look does not grow with the entity.
        """
        first = {hasher(body.canonical, 0): digest for digest, body in wanted.items()}
        digests = {one: first[one] for one in claim.held if one in first}
        gone = [one for one in claim.held if one not in first]
        if gone:
            digests |= {one: row.digest for one, row in (await self.find(gone)).items()}
        # A hash proves nothing (T3), but no other statements under these hashes have this digest.
        if len(digests) != len(set(claim.held)) or digest_of_held(digests) != claim.held_digest:
            return None
        return {digest: Claimed(one, stored=True) for one, digest in digests.items() if digest in wanted}

    async def hold(
        self, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt | None
    ) -> None:
        for some in self._by_shard(hashes, int):
            await self._write(partial(statements.hold, entity=entity, hashes=some, attempt=attempt))

    async def release(self, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt) -> None:
        for some in self._by_shard(hashes, int):
            await self._write(partial(statements.release, entity=entity, hashes=some, attempt=attempt))

    async def find(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, StatementRow]:
        return await self._ask(lambda c: statements.find(c, hashes), rows=len(hashes))

    async def pending(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, Sequence[Pending]]:
        return await self.database.read(lambda c: statements.pending(c, hashes))

    async def unheld(self, hashes: Collection[StatementHash]) -> set[StatementHash]:
        return await self.database.read(lambda c: statements.unheld(c, hashes))

    async def holders(self, pages: Collection[HoldersPage]) -> Mapping[HoldersPage, Sequence[EntityId]]:
        return await self._ask(lambda c: uses.holders(c, pages), rows=_rows_of(pages))

    async def most_used(
        self, wanted: UsedStatements, after: tuple[int, StatementHash] | None, limit: int
    ) -> Sequence[StatementRow]:
        return await self.database.read(lambda c: uses.most_used(c, wanted, after, limit))

    # Heads

    async def heads(self, entities: Collection[EntityId]) -> Mapping[EntityId, HeadRevision]:
        return await self._ask(lambda c: heads.heads(c, entities), rows=len(entities))

    async def commit(self, swap: Swap) -> Head:
        return await self.database.write(lambda c: heads.commit(c, swap))

    async def landed(self, entity: EntityId, key: bytes) -> Landed | None:
        return await self._ask(lambda c: heads.landed(c, entity, key))

    async def landed_many(self, keys: Mapping[EntityId, Collection[bytes]]) -> Mapping[bytes, Landed]:
        return await self._ask(lambda c: heads.landed_many(c, keys), rows=len(keys))

    async def record_unchanged(self, landed: Landed, key: bytes, now: datetime) -> Landed:
        return await self._write(lambda c: heads.record_unchanged(c, landed, key, now))

    async def reserve(self, key: EditKey, entity: EntityId, now: datetime) -> tuple[EntityId, bytes]:
        return await self._write(lambda c: heads.reserve(c, key, entity, now))

    async def reserved(self, key: bytes) -> tuple[EntityId, bytes] | None:
        return await self._ask(lambda c: heads.reserved(c, key))

    async def attempt_of(self, entity: EntityId, revision: int) -> Attempt | None:
        return await self._ask(lambda c: heads.attempt_of(c, entity, revision))

    async def revisions(
        self, places: Collection[tuple[EntityId, int]]
    ) -> Mapping[tuple[EntityId, int], Revision]:
        return await self._ask(lambda c: revisions.revisions(c, places), rows=len(places))

    async def statement_ids(
        self, places: Collection[tuple[EntityId, int]]
    ) -> Mapping[tuple[EntityId, int], list[str | None]]:
        return await self._ask(lambda c: revisions.statement_ids(c, places), rows=len(places))

    async def histories(
        self, pages: Collection[HistoryPage]
    ) -> Mapping[HistoryPage, Sequence[RevisionFacts]]:
        filtered = any(page.wanted != EVERY_REVISION for page in pages)
        rows = None if filtered else _rows_of(pages)
        return await self._ask(lambda c: revisions.histories(c, pages), rows=rows)

    async def recent(
        self, before: tuple[datetime, EntityId, int] | None, limit: int, wanted: RevisionFilter
    ) -> Sequence[RevisionFacts]:
        return await self.database.read(lambda c: revisions.recent(c, before, limit, wanted))

    async def entities(self, after: EntityId | None, limit: int) -> Sequence[EntityId]:
        return await self._ask(lambda c: heads.entities(c, after, limit), rows=limit)

    async def listed(self, name: str, after: EntityId | None, limit: int) -> Sequence[EntityId]:
        return await self._ask(lambda c: lists.listed(c, name, after, limit), rows=limit)

    async def register(self, entity: EntityId, now: datetime) -> bool:
        return await self._write(lambda c: heads.register(c, entity, now))

    async def registered(self, entities: Collection[EntityId]) -> set[EntityId]:
        return await self._ask(lambda c: heads.registered(c, entities), rows=len(entities))

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

    async def backlog(self, bound: int) -> Backlog:
        return await self.database.read(lambda c: outbox.backlog(c, bound))

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
        return await self._ask(lambda c: links.backlinks(c, pages), rows=_rows_of(pages))

    async def redirect(
        self, source: EntityId, target: EntityId | None, revision: int, by: str, now: datetime
    ) -> None:
        await self._write(lambda c: links.redirect(c, source, target, revision, by, now))

    async def redirects_to(
        self, pages: Collection[RedirectsPage]
    ) -> Mapping[RedirectsPage, Sequence[Redirect]]:
        return await self._ask(lambda c: links.redirects_to(c, pages), rows=_rows_of(pages))

    async def redirect_counts(self, targets: Collection[EntityId]) -> Mapping[EntityId, int]:
        return await self._ask(lambda c: links.redirect_counts(c, targets), rows=None)

    # Targets of redirects

    async def reserve_target(
        self, target: EntityId, source: EntityId, attempt: Attempt, now: datetime
    ) -> Head | None:
        def reserve(connection: Connection) -> Head | None:
            targets.reserve_target(connection, target, source, attempt, now)
            found = heads.heads(connection, [target]).get(target)
            return found.head if found is not None else None

        return await self._write(reserve)

    async def release_target(self, target: EntityId, source: EntityId, attempt: Attempt) -> None:
        await self._write(lambda c: targets.release_target(c, target, source, attempt))

    async def reservations(self, target: EntityId) -> Sequence[Reservation]:
        return await self._ask(lambda c: targets.reservations(c, target))

    async def fence(self, source: EntityId, attempt: Attempt) -> None:
        await self._write(lambda c: targets.fence(c, source, attempt))

    # Deletions

    async def audits(self, page: AuditPage) -> Sequence[Audit]:
        return await self.database.read(lambda c: deletions.audits(c, page))

    async def request_deletion(self, request: DeletionRequest) -> DeletionRequest:
        return await self._write(lambda c: deletions.request_deletion(c, request))

    async def deletion_request(self, entity: EntityId) -> DeletionRequest | None:
        return await self._ask(lambda c: deletions.deletion_request(c, entity))

    async def deletion_requests(self, after: EntityId | None, limit: int) -> Sequence[DeletionRequest]:
        return await self.database.read(lambda c: deletions.requests(c, after, limit))

    async def withdraw_request(self, entity: EntityId) -> bool:
        return await self._write(lambda c: deletions.withdraw_request(c, entity))

    async def retention_over(self, now: datetime, limit: int) -> Sequence[Audit]:
        return await self.database.read(lambda c: deletions.retention_over(c, now, limit))

    async def end_retention(self, entity: EntityId, revision: int) -> bool:
        return await self._write(lambda c: deletions.end_retention(c, entity, revision))

    async def mark_released(self, entity: EntityId, revision: int) -> None:
        await self._write(lambda c: deletions.mark_released(c, entity, revision))

    async def doubt(self, hashes: Sequence[StatementHash]) -> None:
        for some in self._by_shard(hashes, int):
            await self._write(partial(deletions.doubt, hashes=some))

    # Collecting

    async def orphans(self, after: StatementHash | None, limit: int) -> Sequence[Orphan]:
        return await self.database.read(lambda c: collecting.orphans(c, after, limit))

    async def fates(self, trials: Collection[Trial]) -> Mapping[Trial, Fate]:
        return await self.database.read(lambda c: collecting.fates(c, trials))

    async def condemn(self, hashes: Collection[StatementHash], before: datetime) -> set[StatementHash]:
        condemned: set[StatementHash] = set()
        for some in self._by_shard(hashes, int):
            condemned |= await self._write(partial(collecting.condemn, hashes=some, before=before))
        return condemned

    async def give_up(self, hashes: Collection[StatementHash]) -> set[StatementHash]:
        given: set[StatementHash] = set()
        for some in self._by_shard(hashes, int):
            given |= await self._write(partial(collecting.give_up, hashes=some))
        return given

    async def collected(self, hashes: Collection[StatementHash]) -> None:
        for some in self._by_shard(hashes, int):
            await self._write(partial(collecting.collected, hashes=some))

    async def let_go(
        self, entity: EntityId, hashes: Collection[StatementHash], now: datetime
    ) -> set[StatementHash]:
        gone: set[StatementHash] = set()
        for some in self._by_shard(hashes, int):
            gone |= await self._write(partial(collecting.let_go, entity=entity, hashes=some, now=now))
        return gone

    async def owes(self, entity: EntityId) -> bool:
        return await self.database.read(lambda c: collecting.owes(c, entity))

    async def retention_ended(self, entities: Collection[EntityId]) -> Mapping[EntityId, bool]:
        return await self.database.read(lambda c: collecting.retention_ended(c, entities))

    # Erasing

    async def begin_erasure(self, erasure: Erasure) -> None:
        await self._write(lambda c: erasures.begin_erasure(c, erasure))

    async def erasures_since(self, since: datetime) -> Sequence[Erasure]:
        return await self.database.read(lambda c: erasures.erasures_since(c, since))

    async def erasures(self, page: ErasuresPage) -> Sequence[Erasure]:
        return await self.database.read(lambda c: erasures.erasures(c, page))

    async def unfinished(self, now: datetime, limit: int) -> Sequence[Erasure]:
        return await self.database.read(lambda c: erasures.unfinished(c, now, limit))

    async def put_off(self, erasure: bytes, until: datetime) -> None:
        await self._write(lambda c: erasures.put_off(c, erasure, until))

    async def finish_erasure(self, erasure: bytes) -> None:
        await self._write(lambda c: erasures.finish_erasure(c, erasure))

    async def erase_statement(self, statement: StatementHash, key: bytes) -> bool:
        return await self._write(lambda c: erasures.erase_statement(c, statement, key))

    async def erased_among(self, statements: Collection[StatementHash]) -> set[StatementHash]:
        return await self._ask(lambda c: erasures.erased_among(c, statements), rows=len(statements))

    async def still_claimed(self, statement: StatementHash) -> bool:
        return await self._write(lambda c: erasures.still_claimed(c, statement))

    async def unlink(
        self, statement: StatementHash, targets: Collection[EntityId], holders: Collection[EntityId]
    ) -> None:
        for some in self._by_shard(targets, internal):
            await self._write(partial(erasures.unlink, statement=statement, targets=some, holders=holders))

    async def erase_revisions(
        self, entity: EntityId, revisions: Sequence[int], reason: str, by: str, now: datetime
    ) -> None:
        await self._write(lambda c: erasures.erase_revisions(c, entity, revisions, reason, by, now))

    async def erased_holdings(self, entity: EntityId) -> Holdings:
        return await self.database.read(lambda c: erasures.erased_holdings(c, entity))

    async def wipe(self, entity: EntityId, revisions: Sequence[int]) -> None:
        await self._write(lambda c: erasures.wipe(c, entity, revisions))

    async def reclaim(
        self, entity: EntityId, attempt: Attempt, base: int, hashes: Collection[StatementHash], now: datetime
    ) -> set[StatementHash]:
        lost: set[StatementHash] = set()
        for some in self._by_shard(hashes, int):
            unit = partial(erasures.reclaim, entity=entity, attempt=attempt, base=base, hashes=some, now=now)
            lost |= await self._write(unit)
        return lost

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

    async def schema_version(self) -> str | None:
        return await self.database.read(migrate.version)

    async def all_redirects(self, after: EntityId | None, limit: int) -> Sequence[tuple[EntityId, EntityId]]:
        return await self.database.read(lambda c: inspection.all_redirects(c, after, limit))

    async def redirects_of(self, sources: Collection[EntityId]) -> Mapping[EntityId, EntityId]:
        return await self.database.read(lambda c: inspection.redirects_of(c, sources))

    async def on_lists(self, after: EntityId | None, limit: int) -> Sequence[EntityId]:
        return await self.database.read(lambda c: inspection.on_lists(c, after, limit))

    async def lists_of(self, entities: Collection[EntityId]) -> Mapping[EntityId, Set[str]]:
        return await self.database.read(lambda c: inspection.lists_of(c, entities))

    # Leases

    async def hold_lease(self, name: str, owner: str, seconds: float, now: datetime) -> bool:
        return await self._write(lambda c: leases.hold_lease(c, name, owner, seconds, now))


class _Page(Protocol):
    @property
    def limit(self) -> int: ...


def _rows_of(pages: Iterable[_Page]) -> int:
    """How many rows pages have at most: each is read with one more, to see whether there is one."""
    return sum(page.limit + 1 for page in pages)
