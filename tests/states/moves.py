"""Changes of an entity by name, and the edits that ask for them. Knows no stores."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from storage.changes import Change, HardDelete, SetContent, SetRedirect
from storage.edits import Base, Edit
from storage.ids import EntityId
from storage.model import EditInfo
from storage.ports import Stores
from tests.builders import NOW, EntityBuilder, an_item
from tests.commit.making import BaseOf, edit, make

UNTIL = NOW + timedelta(days=180)


def asked(entity: str, change: Change, base: BaseOf = Base.HEAD, **info: Any) -> Edit:
    """That somebody asks for the change."""
    return Edit(EntityId(entity), base, change, EditInfo(**({"editor": "Bob"} | info)))


def says(entity: str, text: str) -> EntityBuilder:
    """An item that says this, in a label and in a statement of its own, and one that all share."""
    return (
        an_item(entity)
        .with_label("en", text)
        .with_statement("P1", string=f"{text} of {entity}")
        .with_statement("P1", string="held by many")
    )


def set_text(entity: str, text: str) -> SetContent:
    """The change to that."""
    return SetContent(says(entity, text).json())


def redirect_to(target: str) -> SetRedirect:
    """The change into a redirect."""
    return SetRedirect(EntityId(target))


def hard_delete(requested_by: str | None = None) -> HardDelete:
    """The change of which nothing is read any more."""
    return HardDelete("a demand", UNTIL, requested_by)


async def begin(stores: Stores, *entities: str) -> None:
    """Items with two revisions each."""
    for entity in entities:
        await make(stores, edit(says(entity, "one"), Base.NOTHING), edit(says(entity, "two"), Base.HEAD))


async def target_of(stores: Stores, entity: str) -> EntityId | None:
    """Where an entity redirects to."""
    return (await stores.metadata.heads([EntityId(entity)]))[EntityId(entity)].head.redirects_to
