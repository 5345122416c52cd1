"""The facts that storage speaks of: frozen records, plain data.

Knows no store, no SQL and no GraphQL. Times are aware datetimes in UTC; hashes are unsigned 64-bit integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

from storage.ids import EntityId, EntityType, PropertyId

Json = Any
JsonObject = dict[str, Any]
StatementHash = int
Attempt = NewType("Attempt", bytes)
"""Sixteen random bytes that tell one try of one edit from all others."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as one entity holds it: shared content (by hash) under an id of its own.

    `id` is kept as it came, None where an import had none.
    """

    hash: StatementHash
    id: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """The statements of one property, in order. May be empty, if an import had an empty group."""

    property: PropertyId
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """All statements of one subject, by property, in order."""

    groups: tuple[Group, ...] = ()

    def __iter__(self) -> Iterator[Statement]:
        for group in self.groups:
            yield from group.statements

    def hashes(self) -> list[StatementHash]:
        """The hashes in order, property by property, with duplicates."""
        return [statement.hash for statement in self]

    def property_counts(self) -> dict[PropertyId, int]:
        """How many statements each property has, in the order of the properties."""
        return {group.property: len(group.statements) for group in self.groups}


@dataclass(frozen=True, slots=True)
class Content:
    """What an entity says, without its revisions, flags and edits.

    `entity` is the entity JSON without the statements: where there was a `claims` object an empty one stands.
    `claims` are those of the entity itself, `parts` those of its forms and senses by their id.
    """

    entity: JsonObject
    claims: Claims = Claims()
    parts: Mapping[str, Claims] = field(default_factory=dict)

    def statements(self) -> Iterator[Statement]:
        """Every statement, those of forms and senses included, duplicates too."""
        yield from self.claims
        for claims in self.parts.values():
            yield from claims

    def held(self) -> set[StatementHash]:
        """The distinct hashes that this content holds."""
        return {statement.hash for statement in self.statements()}


@dataclass(frozen=True, slots=True)
class Flags:
    """The state of an entity that revisions inherit (W5)."""

    is_semi_protected: bool = False
    is_mass_edit_protected: bool = False
    is_locked: bool = False
    is_archived: bool = False
    is_dangling: bool = False
    is_soft_deleted: bool = False
    is_deleted: bool = False
    """Hard-deleted: terminal, nothing of it may be read."""
    is_redirect: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Where an entity stands: its current revision and state."""

    entity: EntityId
    revision: int
    updated_at: datetime
    flags: Flags
    redirects_to: EntityId | None = None


Unpacked = tuple[Sequence[StatementHash], Mapping[PropertyId, int], Mapping[str, Mapping[PropertyId, int]]]
"""The first three fields of a `StatementIndex`."""
_PACKED = ("hashes", "property_counts", "parts")


@dataclass(frozen=True, slots=True)
class StatementIndex:
    """Which statements a revision holds, without their content: hashes grouped by property (T5).

    `hashes` and `ids` run over `properties` in order, then over the `parts` (forms, senses) in order.
    """

    hashes: Sequence[StatementHash]
    property_counts: Mapping[PropertyId, int]
    parts: Mapping[str, Mapping[PropertyId, int]] = field(default_factory=dict)
    digest: bytes | None = None
    """Of what the hashes stand for (`canonical.digest_of_held`); None where an older program wrote the row."""
    _unpack: Callable[[], Unpacked] | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def packed(cls, unpack: Callable[[], Unpacked], digest: bytes | None) -> StatementIndex:
        """One whose hashes and counts are unpacked when they are first asked for: of most rows they never are."""
        index = object.__new__(cls)
        object.__setattr__(index, "digest", digest)
        object.__setattr__(index, "_unpack", unpack)
        return index

    def __getattr__(self, name: str) -> Any:
        """Called for a field that is not there yet."""
        if name not in _PACKED:
            raise AttributeError(name)
        unpack = self._unpack
        if unpack is not None:
            for field_name, value in zip(_PACKED, unpack(), strict=True):
                object.__setattr__(self, field_name, value)
            # Last: another thread that finds it None finds the fields.
            object.__setattr__(self, "_unpack", None)
        return object.__getattribute__(self, name)

    def of(self, properties: Sequence[str] | None = None, part: str | None = None) -> list[StatementHash]:
        """The hashes of these properties (all if None), in the revision's order."""
        return [self.hashes[position] for position in self.positions(properties, part)]

    def positions(self, properties: Sequence[str] | None = None, part: str | None = None) -> list[int]:
        """Where in `hashes` the statements of these properties stand."""
        return [position for position, _ in self.places(properties, part)]

    def places(
        self, properties: Sequence[str] | None = None, part: str | None = None
    ) -> list[tuple[int, PropertyId]]:
        """The same, each with its property."""
        wanted = None if properties is None else set(properties)
        start, counts = self._slice(part)
        found: list[tuple[int, PropertyId]] = []
        for property_id, count in counts.items():
            if wanted is None or property_id in wanted:
                found.extend((position, property_id) for position in range(start, start + count))
            start += count
        return found

    def property_at(self, position: int) -> PropertyId:
        """The property of the statement at a position, be it of the entity or of a form or sense."""
        for part in (None, *self.parts):
            start, counts = self._slice(part)
            for property_id, count in counts.items():
                start += count
                if position < start:
                    return property_id
        raise IndexError(position)

    def counts(self, part: str | None = None) -> Mapping[PropertyId, int]:
        """How many statements each property has, of the entity itself or of a form or sense."""
        return self._slice(part)[1]

    def _slice(self, part: str | None) -> tuple[int, Mapping[PropertyId, int]]:
        if part is None:
            return 0, self.property_counts
        start = sum(self.property_counts.values())
        for name, counts in self.parts.items():
            if name == part:
                return start, counts
            start += sum(counts.values())
        return 0, {}


@dataclass(frozen=True, slots=True)
class EditInfo:
    """Who edited, how, and why: what the history tells beside the content (W9)."""

    editor: str
    summary: str = ""
    edit_type: str = ""
    is_mass_edit: bool = False
    bot: bool = False
    batch_id: str | None = None
    source_revision_id: int | None = None


class AuditKind(StrEnum):
    """What is kept for those who have to account for it."""

    SOFT_DELETE = "soft"
    HARD_DELETE = "hard"
    UNDELETE = "undelete"
    RESTORE = "restore"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class Audit:
    """A deletion, or that one was taken back: who asked for it, who agreed, and why (W7).

    `revision` is the one that was made by it, or whose content was erased; `head` the one before. What a
    hard-deleted entity said is kept until `retained_until`.
    """

    entity: EntityId
    revision: int
    kind: AuditKind
    reason: str
    requested_by: str
    approved_by: str | None
    head: int
    at: datetime
    retained_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """One committed revision as a history tells it: all but which statements it holds, which may be long."""

    entity: EntityId
    revision: int
    parent: int | None
    created_at: datetime
    edit: EditInfo
    flags: Flags
    content_hash: int | None
    content_digest: bytes | None
    size_bytes: int
    schema_version: str
    validation_status: str
    validated_at: datetime | None
    erased: bool = field(default=False, kw_only=True)
    """Whether its content was erased: nothing of it may be read but this (W7)."""


@dataclass(frozen=True, slots=True)
class Revision(RevisionFacts):
    """One committed revision as the metadata store knows it.

    `index` is None for a revision whose snapshot is older than 1.2.0: it must be read to know its statements. And
    for one that was erased.
    """

    index: StatementIndex | None
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One revision as the object store keeps it, for ever (S8)."""

    entity: EntityId
    entity_type: EntityType
    revision: int
    created_at: datetime
    created_by: str
    content: Content
    content_hash: int | None
    """None where an older snapshot had none, or a hash of another kind."""
    flags: Flags
    is_mass_edit: bool = False
    edit_type: str = ""
    redirects_to: EntityId | None = None
    deletion_reason: str | None = None
    deleted_at: datetime | None = None
    deleted_by: str | None = None
    schema_version: str = "1.3.0"


@dataclass(frozen=True, slots=True)
class StatementBody:
    """The content of a statement: the block without its id, its canonical bytes and their digest."""

    property: PropertyId
    statement: JsonObject
    canonical: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """A snapshot as read, and what older ones leave open.

    `inline` holds the statements that a 1.0.0 snapshot carries itself. `ungrouped` are the hashes of a 1.1.0
    snapshot: their properties are known only from the statements (see `snapshot.regrouped`).
    """

    snapshot: Snapshot
    inline: Mapping[StatementHash, StatementBody] = field(default_factory=dict)
    ungrouped: tuple[StatementHash, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """One reference from a statement of an entity to another entity.

    `role` tells where it stands: a sum of MAINSNAK, QUALIFIER and REFERENCE.
    """

    target: EntityId
    statement: StatementHash
    property: PropertyId
    rank: str
    role: int


MAINSNAK, QUALIFIER, REFERENCE = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Event:
    """What the world is told of one committed revision (E1)."""

    entity_id: EntityId
    revision_id: int
    change_type: str
    from_revision_id: int | None
    changed_at: datetime
    editor: str
    edit_summary: str
    bot: bool

    @property
    def id(self) -> str:
        """Consumers deduplicate by this."""
        return f"{self.entity_id}:{self.revision_id}:{self.change_type}"
