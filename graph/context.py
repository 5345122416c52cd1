"""What a resolver may reach: loaders for reads, one function for edits, the feed, who asks. Made for one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import strawberry

from graph.loaders import Loaders
from storage.commit import Outcome
from storage.edits import Edit
from storage.feed import Feed
from storage.following import Following
from storage.ids import EntityId, EntityType
from storage.ports import EditKey
from storage.times import Clock

CommitEdit = Callable[[Edit], Awaitable[Outcome]]
NewEntityId = Callable[[EntityType, EditKey | None], Awaitable[EntityId]]
Permit = Callable[[str], None]
"""Given the name of a field or input as GraphQL says it: Forbidden unless who asks may use it."""


class Actor(Protocol):
    """Who asks, as far as edits tell of it."""

    @property
    def name(self) -> str:
        """The editor of what is made; `entity-api` where nobody has credentials."""

    @property
    def autoconfirmed(self) -> bool:
        """Whether semi-protection lets them through (W6)."""


@dataclass(frozen=True, slots=True)
class DeletionRules:
    """How entities are hard-deleted here."""

    needs_approval: bool = False
    """Whether a second person has to approve."""
    retention_days: int = 180
    """For how long what they said is kept, where nothing else is asked for."""


@dataclass(slots=True)
class Progress:
    """How far a subscription has come, for whoever carries its answers."""

    after: str | None = None
    """After which it goes on, if its client said so beside the operation."""
    following: Following | None = None

    @property
    def position(self) -> str | None:
        """After which to go on when all its answers so far have arrived. None before that is known."""
        return self.following.position if self.following is not None else None


@dataclass(frozen=True, slots=True)
class Context:
    """One request's means."""

    loaders: Loaders
    commit: CommitEdit
    new_entity_id: NewEntityId
    actor: Actor
    permit: Permit
    clock: Clock
    deletion: DeletionRules
    feed: Feed
    progress: Progress = field(default_factory=Progress)
    selections: dict[tuple[int | str, ...], frozenset[str]] = field(default_factory=dict)
    """What is selected below the fields of this request's document, by their nodes (see `selection`)."""


Info = strawberry.Info[Context, None]
