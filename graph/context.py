"""What a resolver may reach: loaders for reads, one function for edits, who asks. Made for one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import strawberry

from graph.loaders import Loaders
from storage.commit import Outcome
from storage.edits import Edit
from storage.ids import EntityId, EntityType
from storage.ports import EditKey

CommitEdit = Callable[[Edit], Awaitable[Outcome]]
NewEntityId = Callable[[EntityType, EditKey | None], Awaitable[EntityId]]


@dataclass(frozen=True, slots=True)
class Context:
    """One request's means."""

    loaders: Loaders
    commit: CommitEdit
    new_entity_id: NewEntityId
    editor: str
    """Who edits, by credentials; `entity-api` without any."""
    selections: dict[tuple[int | str, ...], frozenset[str]] = field(default_factory=dict)
    """What is selected below the fields of this request's document, by their nodes (see `selection`)."""


Info = strawberry.Info[Context, None]
