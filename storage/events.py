"""What the world is told of a committed revision, and how it is written (E1, E2, E4). Pure.

The version of the written form stands beside the JSON, in a header of the message, and not in it: so the JSON has
the fields that E1 names and no other, and a consumer knows the version before it reads. A minor step adds fields,
which consumers pass over; a major one changes what is there. Each version is a file in `schemas/event`.
"""

from __future__ import annotations

import orjson

from storage import times
from storage.errors import Damaged, StorageError
from storage.ids import EntityId
from storage.model import Event, RevisionFacts

SCHEMA_VERSION = "1.0.0"
"""Of what `event_json` writes."""

_CHANGE_TYPES = {
    "manual-create": "creation",
    "manual-update": "edit",
    "redirect-create": "redirect",
    "redirect-revert": "unredirect",
    "archive-added": "archival",
    "archive-removed": "unarchival",
    "lock-added": "lock",
    "lock-removed": "unlock",
    "soft-delete": "soft_delete",
    "hard-delete": "hard_delete",
}
EVENT_EDIT_TYPES = frozenset(_CHANGE_TYPES)
"""Edit types that consumers act on, by the change that they map to: so the server alone sets them (W9)."""


def change_type(edit_type: str, parent: int | None) -> str:
    """The kind of change that an edit type means; one without a meaning of its own is creation or edit."""
    return _CHANGE_TYPES.get(edit_type, "creation" if parent is None else "edit")


class WrongPosition(StorageError):
    """A position that this stream never gave."""

    code = "wrong_position"

    def __init__(self, position: str) -> None:
        self.position = position
        super().__init__(f"{position!r} is no position in this stream of events")


class PositionGone(StorageError):
    """The stream does not go on from this position any more: what came after it was dropped, or it is of another one."""

    code = "position_gone"

    def __init__(self, position: str) -> None:
        self.position = position
        super().__init__(f"the events that came after {position!r} are not in the stream any more")


class NotAnEvent(Damaged):
    """Something in the stream is no event. Reading goes on `beyond` it."""

    def __init__(self, where: str, why: str, beyond: str) -> None:
        self.beyond = beyond
        super().__init__(where, why)


def event_of(row: RevisionFacts) -> Event:
    """The event of a committed revision, as it was when it was committed."""
    return Event(
        entity_id=row.entity,
        revision_id=row.revision,
        change_type=change_type(row.edit.edit_type, row.parent),
        from_revision_id=row.parent,
        changed_at=row.created_at,
        editor=row.edit.editor,
        edit_summary=row.edit.summary,
        bot=row.edit.bot,
    )


def event_json(event: Event) -> str:
    """The event as consumers read it."""
    return orjson.dumps(
        {
            "entity_id": event.entity_id,
            "revision_id": event.revision_id,
            "change_type": event.change_type,
            "from_revision_id": event.from_revision_id,
            "changed_at": times.written(event.changed_at),
            "editor": event.editor,
            "edit_summary": event.edit_summary,
            "bot": event.bot,
        }
    ).decode()


def event_from(text: str | bytes) -> Event:
    """The event again."""
    told = orjson.loads(text)
    return Event(
        entity_id=EntityId(told["entity_id"]),
        revision_id=told["revision_id"],
        change_type=told["change_type"],
        from_revision_id=told["from_revision_id"],
        changed_at=times.read(told["changed_at"]),
        editor=told["editor"],
        edit_summary=told["edit_summary"],
        bot=told["bot"],
    )
