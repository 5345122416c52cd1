"""What the write flow and the readers need of the stores: few verbs, many keys, absence is an answer.

Every adapter passes the suites in `tests/conformance`. All verbs may raise Unavailable (nothing happened, or
nobody can tell and it does not matter since the call is idempotent); `Heads.commit` tells its endings apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType, Protocol

from storage.cache import Cache
from storage.canonical import StatementHasher, hash64
from storage.errors import Damaged
from storage.ids import EntityId, EntityType, PropertyId
from storage.keys import Bucket, Key
from storage.meter import UNMETERED, Meter
from storage.model import (
    Attempt,
    Audit,
    EditInfo,
    Event,
    Head,
    Link,
    Revision,
    RevisionFacts,
    Snapshot,
    StatementBody,
    StatementHash,
    StatementIndex,
)
from storage.port_collecting import Collecting
from storage.port_deletions import Deletions
from storage.port_erasing import Erasing
from storage.port_targets import Targets


@dataclass(frozen=True, slots=True)
class NewObject:
    """An object to be written once. `attempt` is kept beside it and answers who wrote it."""

    key: Key
    data: bytes
    attempt: Attempt
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as read."""

    data: bytes
    attempt: Attempt | None
    metadata: Mapping[str, str]


class Objects(Protocol):
    """Immutable objects by key. Whatever is written under a key stays what it is (I1)."""

    async def get(self, keys: Collection[Key]) -> Mapping[Key, StoredObject | Damaged]:
        """The objects; a key without one is not in the answer. One that fails its checksum is Damaged, a value."""

    async def put_absent(self, objects: Sequence[NewObject]) -> Mapping[Key, Attempt | None]:
        """Write each object whose key is free. Answers the keys that were taken, with the attempt that took them.

        When it returns, what it wrote is durable. Each object stands for itself: some may be written and
        others not. After Unavailable any of them may have been written.
        """

    async def tag(self, tags: Mapping[Key, Mapping[str, str]]) -> None:
        """Replace the tags of objects; the objects stay untouched. A key without object is passed over."""

    async def tags(self, keys: Collection[Key]) -> Mapping[Key, Mapping[str, str]]:
        """The tags of objects that exist."""

    async def names(self, bucket: Bucket, after: str, limit: int) -> Sequence[str]:
        """Up to `limit` names in a bucket beyond `after`, in the order of their bytes."""

    async def delete(self, keys: Collection[Key]) -> None:
        """Remove objects for good, every version. Only the collector may call this."""

    async def expire(self, keys: Collection[Key]) -> None:
        """See to it that objects go for good: at once, or by the store's own rules within days (S3).

        Only for what is kept no more. A key without object is passed over.
        """


@dataclass(frozen=True, slots=True)
class Claim:
    """An entity's wish to hold statements: which, in which attempt, made on which head (0 for a new entity).

    `held` are the hashes that the head holds already; for these no pending fact is needed. `held_digest` is the head's
    word on what they stand for, which spares a look at each; None if it has none.
    """

    entity: EntityId
    attempt: Attempt
    base: int
    bodies: Sequence[StatementBody]
    held: Collection[StatementHash] = ()
    held_digest: bytes | None = None
    erasure_key: bytes = b""
    """By which content is known again that was erased."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Where a statement lives. `stored` is True when its object is known to be there."""

    hash: StatementHash
    stored: bool
    met: int = field(default=0, compare=False)
    """Other statements that were met under the hashes which it might have had (T3)."""


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What the metadata store knows of a statement."""

    hash: StatementHash
    property: str
    digest: bytes
    ref_count: int
    created_at: datetime
    orphaned_at: datetime | None
    doubtful: bool = False
    """Whether one of its holders may be hard-deleted: then the count does not say that it may be shown."""
    erased: bool = False
    """Whether its content was erased. Then `digest` is none of its content."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A claim whose attempt may or may not have committed. If the head is still at `base`, it may yet."""

    entity: EntityId
    attempt: Attempt
    base: int


@dataclass(frozen=True, slots=True)
class HoldersPage:
    """Up to `limit` of the entities that hold a statement, beyond `after` in the store's own stable order."""

    statement: StatementHash
    limit: int
    after: EntityId | None = None


@dataclass(frozen=True, slots=True)
class UsedStatements:
    """Which statements count as used: by at least `minimum` entities, of a property whose number is in a range.

    The range includes both ends: (0, 999) is P0 to P999.
    """

    minimum: int = 2
    properties: tuple[int, int] | None = None
    ascending: bool = False
    """The least used first."""


class Statements(Protocol):
    """Which statement has which hash, and which entities hold it."""

    async def claim(self, claim: Claim, hasher: StatementHasher, now: datetime) -> Mapping[bytes, Claimed]:
        """Find or give each body its hash, by digest, and leave a pending fact for it.

        A hash taken by a statement of another digest is probed past (T3), and so is a place that the collector has
        given up. ErasedContent if a statement was erased. Once this returns, no collector removes these statements before the attempt is known to be dead.
        """

    async def hold(
        self, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt | None
    ) -> None:
        """Record that the entity holds these statements, each counted once, and drop the attempt's pending facts.

        Of an attempt only those that it still claims: so that a repetition which comes late, when the entity has let
        go of them, counts nothing. All of them if there is no attempt.
        """

    async def release(self, entity: EntityId, hashes: Collection[StatementHash], attempt: Attempt) -> None:
        """Drop the pending facts of an attempt that is known to be dead."""

    async def find(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, StatementRow]:
        """What is known of these statements; unknown ones are not in the answer."""

    async def pending(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, Sequence[Pending]]:
        """The pending facts that claim these statements."""

    async def holders(self, pages: Collection[HoldersPage]) -> Mapping[HoldersPage, Sequence[EntityId]]:
        """The entities that hold statements, as far as derived. Each page is in the answer, be it empty."""

    async def most_used(
        self, wanted: UsedStatements, after: tuple[int, StatementHash] | None, limit: int
    ) -> Sequence[StatementRow]:
        """Statements by how many entities hold them, then by hash, both falling unless `ascending`.

        `after` is the count and the hash of the last one seen.
        """

    async def unheld(self, hashes: Collection[StatementHash]) -> set[StatementHash]:
        """Those that no entity holds and no pending fact claims: what a collector may look at."""


@dataclass(frozen=True, slots=True)
class EditKey:
    """An idempotency key, hashed with what it is scoped to, and the digest of the request it came with.

    `shared` says that the key is the client's own: it may come back with another entity, so it has to be
    reserved first. One that is not is for edits laid over whatever is the head: only the swap asks whether it landed.
    """

    key: bytes
    request: bytes
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of an edit that was committed or found unchanged before."""

    entity: EntityId
    revision: int
    unchanged: bool
    request: bytes


@dataclass(frozen=True, slots=True)
class Swap:
    """All that one commit writes, in one transaction on the entity's own shard.

    `expected` is the head that must still be there, None for "no entity". `index` and `ids` are the revision's
    statements; `added` and `removed` the hashes by which it differs from its base.
    """

    snapshot: Snapshot
    expected: int | None
    attempt: Attempt
    edit: EditInfo
    content_digest: bytes
    index: StatementIndex
    ids: Sequence[str | None]
    added: Sequence[StatementHash]
    removed: Sequence[StatementHash]
    redirect_changed: bool
    size_bytes: int
    event: Event
    key: EditKey | None = None
    left: Collection[str] = ()
    joined: Collection[str] = ()
    """The lists (`statuses.lists`) that the entity leaves and joins."""
    audit: Audit | None = None
    """Kept with the revision. An approved deletion also uses up the request for it; a restoration ends the retention
    of what it brings back."""


@dataclass(frozen=True, slots=True)
class HeadRevision:
    """A head with the row of its revision."""

    head: Head
    revision: Revision


@dataclass(frozen=True, slots=True)
class RevisionFilter:
    """Which revisions of a history are wanted."""

    is_mass_edit: bool | None = None
    edit_type: str | None = None


EVERY_REVISION = RevisionFilter()


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Up to `limit` revisions of an entity that are older than `before`."""

    entity: EntityId
    limit: int
    before: int | None = None
    wanted: RevisionFilter = EVERY_REVISION


class Heads(Protocol):
    """Entities, their heads and revisions: one shard each."""

    async def heads(self, entities: Collection[EntityId]) -> Mapping[EntityId, HeadRevision]:
        """Current heads with their revision rows, hard-deleted ones included. Absent ids are not in the answer."""

    async def commit(self, swap: Swap) -> Head:
        """The commit point. HeadMoved: did not land. Head: landed. OutcomeUnknown: nobody knows.

        EntityGone when the head is hard-deleted and this is no restoration; RetentionEnded when it comes too late for
        that; RequestMissing; Reserved when the entity would become a redirect while it is a target, or its
        reservation was taken away; AlreadyLanded when the edit's key has landed before.
        Flags need no comparison of their own: they change only with a revision, hence with the head.
        """

    async def landed(self, entity: EntityId, key: bytes) -> Landed | None:
        """What was committed on this entity under an idempotency key."""

    async def landed_many(self, keys: Mapping[EntityId, Collection[bytes]]) -> Mapping[bytes, Landed]:
        """The same for many entities at once, by key."""

    async def record_unchanged(self, landed: Landed, key: bytes, now: datetime) -> Landed:
        """Remember that under this key nothing had to change. Answers the record that stands: the first."""

    async def reserve(self, key: EditKey, entity: EntityId, now: datetime) -> tuple[EntityId, bytes]:
        """Bind a client's key to an entity and a request; answers the binding that stands."""

    async def reserved(self, key: bytes) -> tuple[EntityId, bytes] | None:
        """What a client's key is bound to, if it is."""

    async def attempt_of(self, entity: EntityId, revision: int) -> Attempt | None:
        """Which attempt committed a revision; None if none did."""

    async def revisions(
        self, places: Collection[tuple[EntityId, int]]
    ) -> Mapping[tuple[EntityId, int], Revision]:
        """Committed revisions; a place without one is not in the answer."""

    async def statement_ids(
        self, places: Collection[tuple[EntityId, int]]
    ) -> Mapping[tuple[EntityId, int], list[str | None]]:
        """The statement ids of revisions, parallel to their hashes."""

    async def histories(
        self, pages: Collection[HistoryPage]
    ) -> Mapping[HistoryPage, Sequence[RevisionFacts]]:
        """Revisions of entities, newest first. Each page is in the answer, be it empty."""

    async def recent(
        self, before: tuple[datetime, EntityId, int] | None, limit: int, wanted: RevisionFilter
    ) -> Sequence[RevisionFacts]:
        """Revisions of all entities but the hard-deleted: by time, entity (in the store's own order) and number.

        All three falling; `before` are those of the last one seen.
        """

    async def entities(self, after: EntityId | None, limit: int) -> Sequence[EntityId]:
        """Entities in the store's own stable order, beyond `after`. For checks and exports."""

    async def listed(self, name: str, after: EntityId | None, limit: int) -> Sequence[EntityId]:
        """Entities on a list (`statuses.lists`) beyond `after`, in the store's own stable order."""

    async def register(self, entity: EntityId, now: datetime) -> bool:
        """Note that an id is used. False if it was so already."""

    async def registered(self, entities: Collection[EntityId]) -> set[EntityId]:
        """Those of these ids that are used, whether or not they have revisions yet."""

    async def lease_numbers(self, kind: EntityType, count: int) -> range:
        """Numbers for new ids, given out never again, not below the floor (W2)."""


class AlreadyLanded(Exception):
    """The commit's idempotency key has landed before; here is how."""

    def __init__(self, landed: Landed) -> None:
        self.landed = landed
        super().__init__(f"landed as {landed.entity} {landed.revision}")


@dataclass(frozen=True, slots=True)
class Work:
    """What a committed revision still owes: derived rows and its event."""

    entity: EntityId
    revision: int
    attempt: Attempt
    added: Sequence[StatementHash]
    removed: Sequence[StatementHash]
    redirect_changed: bool
    redirects_to: EntityId | None
    event: Event
    derived: bool
    published: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many revisions owe something, and when the oldest of them was made; None where there are none."""

    underived: int
    unpublished: int
    underived_since: datetime | None
    unpublished_since: datetime | None


class Outbox(Protocol):
    """Committed revisions whose consequences are not all drawn yet."""

    async def underived(self, limit: int) -> Sequence[Work]:
        """Work whose derived rows are missing."""

    async def unpublished(self, limit: int) -> Sequence[Work]:
        """Work whose event was not acknowledged; of each entity the oldest come first."""

    async def mark(
        self, done: Collection[tuple[EntityId, int]], *, derived: bool = False, published: bool = False
    ) -> None:
        """Note what is done; work that is both derived and published is over and forgotten."""

    async def backlog(self, bound: int) -> Backlog:
        """How much is owed. Up to `bound` of each kind are looked at: as many may be more."""


@dataclass(frozen=True, slots=True)
class Backlink:
    """One reference to an entity, seen from it."""

    referenced: EntityId
    referencing: EntityId
    statement: StatementHash
    property: str
    rank: str
    role: int


@dataclass(frozen=True, slots=True)
class BacklinksPage:
    """Up to `limit` references to an entity beyond `after`, only those by statements of `property` if given."""

    referenced: EntityId
    limit: int
    after: tuple[EntityId, StatementHash] | None = None
    property: PropertyId | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """That an entity redirects to another."""

    source: EntityId
    target: EntityId
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class RedirectsPage:
    """Up to `limit` redirects to an entity from those beyond `after`."""

    target: EntityId
    limit: int
    after: EntityId | None = None


class Links(Protocol):
    """Derived: who refers to whom, and what redirects where."""

    async def relink(
        self, entity: EntityId, revision: int, added: Sequence[Link], removed: Sequence[Link]
    ) -> None:
        """Draw a revision's difference. Idempotent, and in any order: the newest revision's word on a link stands."""

    async def backlinks(self, pages: Collection[BacklinksPage]) -> Mapping[BacklinksPage, Sequence[Backlink]]:
        """References to entities: by referencing entity, in the store's own stable order, then by statement.

        Each page is in the answer, be it empty.
        """

    async def redirect(
        self, source: EntityId, target: EntityId | None, revision: int, by: str, now: datetime
    ) -> None:
        """Note where an entity redirects to since a revision, None for nowhere. An older revision's word is ignored."""

    async def redirects_to(
        self, pages: Collection[RedirectsPage]
    ) -> Mapping[RedirectsPage, Sequence[Redirect]]:
        """What redirects to entities, by source in the store's own stable order.

        Each page is in the answer, be it empty.
        """

    async def redirect_counts(self, targets: Collection[EntityId]) -> Mapping[EntityId, int]:
        """How many entities redirect to each of these; one to which none does is not in the answer."""


Position = NewType("Position", str)
"""A place in the stream of events, in words of the engine's own: how far somebody has read."""


@dataclass(frozen=True, slots=True)
class Published:
    """An event in the stream. Reading goes on beyond it from `position`.

    `lane` and `number` are its own part of that: it lies before every position that has reached this number in this
    lane (see `positions`).
    """

    position: Position
    event: Event
    lane: int
    number: int


class Events(Protocol):
    """The stream of committed revisions: at least once, in order per entity."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Append events, each entity's in this order. When it returns they are durable.

        After Unavailable some of them may be in the stream, but none before an earlier one of its entity.
        """

    async def read(self, after: Position | None, limit: int) -> Sequence[Published]:
        """Up to `limit` events beyond a position, from the first one if None; none if there is no more now.

        Only events of one entity have an order. WrongPosition if `after` is none of this engine's, PositionGone if
        events beyond it have been dropped, or it was never reached. NotAnEvent, which tells how to go on, for the first
        thing beyond it that is none.
        """

    async def end(self) -> Position:
        """The position beyond all that is in the stream now."""

    async def stream(self) -> str:
        """Which stream this is, by a word without a dot: positions of one mean nothing in another."""

    async def is_whole(self) -> bool:
        """Whether everything ever published is still in the stream, so that what it lacks was never told."""

    async def reachable(self) -> None:
        """Unavailable unless the stream's engine answers us now. Says nothing of the stream itself."""


class Leases(Protocol):
    """Who does a job that one process should do at a time. An economy, never a guarantee."""

    async def hold_lease(self, name: str, owner: str, seconds: float, now: datetime) -> bool:
        """Take or prolong a lease; False while another owner's runs."""


class Inspection(Protocol):
    """Walks over everything, for checks that recompute what is derived. Slow, and for nothing else."""

    async def statement_rows(self, after: StatementHash | None, limit: int) -> Sequence[StatementRow]:
        """Statements in order of their hash."""

    async def facts(self, hashes: Collection[StatementHash]) -> Mapping[StatementHash, set[EntityId]]:
        """Which entities are noted as holding each statement."""

    async def all_backlinks(
        self, after: tuple[EntityId, EntityId, StatementHash] | None, limit: int
    ) -> Sequence[Backlink]:
        """Standing backlinks by referenced entity, referencing entity and statement."""

    async def links_of(self, referencing: EntityId, targets: Collection[EntityId]) -> set[Backlink]:
        """The standing backlinks from an entity to these others."""

    async def all_redirects(self, after: EntityId | None, limit: int) -> Sequence[tuple[EntityId, EntityId]]:
        """Standing redirects: source and target, by source."""

    async def redirects_of(self, sources: Collection[EntityId]) -> Mapping[EntityId, EntityId]:
        """Where these are noted as redirecting to; one that is not is not in the answer."""

    async def on_lists(self, after: EntityId | None, limit: int) -> Sequence[EntityId]:
        """Entities that stand on any list, each once, in the store's own stable order."""

    async def lists_of(self, entities: Collection[EntityId]) -> Mapping[EntityId, Set[str]]:
        """The lists on which these entities stand; one that stands on none is not in the answer."""

    async def schema_version(self) -> str | None:
        """The version that the tables are at, None if they tell none. NewerSchema if this program does not know it."""


class Metadata(
    Statements, Heads, Outbox, Links, Targets, Deletions, Collecting, Erasing, Leases, Inspection, Protocol
):
    """The metadata store: pointers only, never content (S5)."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The engines, opened."""

    objects: Objects
    metadata: Metadata
    events: Events
    hasher: StatementHasher = hash64
    erasure_key: bytes = field(default=b"", repr=False)
    """By which content is known again that was erased; the same for all who share a database. Empty: none can be."""
    cache: Cache | None = None
    """What readers share; without it each reads for itself, which checks and tests of damage need."""
    meter: Meter = UNMETERED
    """Who is told what is done on them."""


StoresContext = AbstractAsyncContextManager[Stores]
