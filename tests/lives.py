"""The states that an entity can be in, each reached as an edit would reach it.

Knows the write flow, no GraphQL. The entities are items that say something, and said something else before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from storage import times
from storage.changes import Change, HardDelete, Protect, Protection, SetRedirect, SoftDelete
from storage.edits import Base, Edit
from storage.ids import EntityId
from storage.model import EditInfo
from storage.port_deletions import DeletionRequest
from storage.ports import Stores
from tests.builders import EntityBuilder, an_item
from tests.commit.making import BaseOf, edit, make

TARGET = "Q5"
"""Where the redirects lead."""
LATER = times.now() + timedelta(days=180)
"""When the retention of hard deletions ends."""

STATES: Mapping[str, Sequence[Change]] = {
    "ordinary": [],
    "archived": [Protect(Protection.ARCHIVED)],
    "locked": [Protect(Protection.LOCKED)],
    "mass_edit_protected": [Protect(Protection.MASS_EDIT_PROTECTED)],
    "semi_protected": [Protect(Protection.SEMI_PROTECTED)],
    "redirect": [SetRedirect(EntityId(TARGET))],
    "deleted": [SoftDelete("a duplicate")],
    "gone": [HardDelete("a demand", LATER)],
    "released": [HardDelete("a demand", LATER)],
}
"""What leads there from two revisions."""


def changed(entity: str, change: Change, base: BaseOf = Base.HEAD, **info: Any) -> Edit:
    """That this shall become of the entity, as Bob wants it."""
    return Edit(EntityId(entity), base, change, EditInfo(**({"editor": "Bob"} | info)))


def first(entity: str) -> EntityBuilder:
    """What the entity says at its first revision."""
    return an_item(entity).with_label("en", f"{entity} before")


def second(entity: str) -> EntityBuilder:
    """What it says at its second revision."""
    return first(entity).with_label("en", entity).with_statement("P1", string=f"of {entity}")


async def bring(stores: Stores, entity: str, state: str) -> int:
    """Bring an entity that is not there into a state; answers its head."""
    edits = [edit(first(entity), Base.NOTHING), edit(second(entity), 1)]
    head = (await make(stores, *edits, *(changed(entity, change) for change in STATES[state]))).revision
    if state == "released":
        await stores.metadata.end_retention(EntityId(entity), head)
        await stores.metadata.mark_released(EntityId(entity), head)
    return head


async def ask_to_delete(stores: Stores, entity: str, by: str = "Ann") -> None:
    """Somebody asks for the hard deletion of an entity."""
    request = DeletionRequest(EntityId(entity), "a demand", by, times.now(), 30)
    await stores.metadata.request_deletion(request)
