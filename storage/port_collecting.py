"""The port of the collector: what nobody holds, whether somebody still wants it, and how it goes (T7).

`collect` tells how these verbs are used, and why in this order. Each statement is on the shard of its hash, each
attempt on that of its entity.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from storage.ids import EntityId
from storage.model import Attempt, StatementHash


@dataclass(frozen=True, slots=True)
class Orphan:
    """A statement that is noted as held by nobody.

    `since` is when its last holder let go; of one that never had a holder, when it was first claimed. `given_up` says
    that nobody can share it any more, and only its object may still be there.
    """

    hash: StatementHash
    since: datetime
    given_up: bool


class Fate(Enum):
    """What becomes of an attempt, as far as its entity's head tells."""

    OPEN = "open"
    """The head is still at the base: it may yet commit."""
    LANDED = "landed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Trial:
    """An attempt, and the base on which it would commit; 0 for a new entity."""

    entity: EntityId
    attempt: Attempt
    base: int


class Collecting(Protocol):
    """Statements on their way out, and in the end entities too."""

    async def orphans(self, after: StatementHash | None, limit: int) -> Sequence[Orphan]:
        """Statements that nobody holds and whose objects may be there, by their hash."""

    async def fates(self, trials: Collection[Trial]) -> Mapping[Trial, Fate]:
        """What became of attempts. Dead and landed ones stay so; an open one may be either a moment later."""

    async def condemn(self, hashes: Collection[StatementHash], before: datetime) -> set[StatementHash]:
        """Mark those that nobody has held since `before`; answers all that are marked. A claim takes the mark away.

        Says nothing of pending facts: whoever writes one later sees the mark, those of earlier are seen by `give_up`.
        """

    async def give_up(self, hashes: Collection[StatementHash]) -> set[StatementHash]:
        """Of condemned statements, see to it that those which no pending fact claims are never shared again.

        Answers these; the others are as they were before they were condemned. Must be called after `condemn` has
        answered, since only then are all claims in sight that did not see the mark.
        """

    async def collected(self, hashes: Collection[StatementHash]) -> None:
        """Note that there is no object any more of statements that were given up. Their places stay taken."""

    async def let_go(
        self, entity: EntityId, hashes: Collection[StatementHash], now: datetime
    ) -> set[StatementHash]:
        """The entity holds these statements no more: each that it held is counted once less. Answers these."""

    async def owes(self, entity: EntityId) -> bool:
        """Whether a revision of the entity has consequences that are not drawn yet."""

    async def retention_ended(self, entities: Collection[EntityId]) -> Mapping[EntityId, bool]:
        """Those of these entities that can't be restored any more, and whether nothing of them is kept."""
