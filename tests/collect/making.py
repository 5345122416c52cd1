"""Scenes for the tests of what goes: items that are hard-deleted, statements that nobody holds, times that pass."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage import relay, times
from storage.canonical import hash64
from storage.changes import HardDelete
from storage.commit import Outcome
from storage.edits import Base, Edit
from storage.ids import EntityId
from storage.keys import statement_key
from storage.model import EditInfo, StatementHash
from storage.ports import Stores
from storage.retention import Released, end_retentions
from storage.times import Clock
from tests.builders import EntityBuilder, a_body, an_item
from tests.commit.making import edit, make

DAY = timedelta(days=1)


def after(wait: timedelta) -> Clock:
    """The clock of those who come so much later."""
    return lambda: times.now() + wait


def an_item_with(entity: str, *texts: str) -> EntityBuilder:
    """An item with a statement for each text; those of equal texts are shared."""
    item = an_item(entity)
    for text in texts:
        item = item.with_statement("P1", string=text)
    return item


async def created(stores: Stores, entity: str, *texts: str) -> Outcome:
    """Such an item, with all that follows from it."""
    outcome = await make(stores, edit(an_item_with(entity, *texts), Base.NOTHING))
    await relay.settle(stores, clock=times.now)
    return outcome


def hard_deletion(entity: str, retained_until: datetime) -> Edit:
    """That nothing of the entity shall be read any more."""
    return Edit(EntityId(entity), Base.HEAD, HardDelete("why", retained_until), EditInfo("Alice"))


async def deleted(stores: Stores, entity: str, *, retained: timedelta = DAY) -> None:
    """Hard-delete an item, with all that follows."""
    await make(stores, hard_deletion(entity, times.now() + retained))
    await relay.settle(stores, clock=times.now)


async def released(stores: Stores, entity: str, *, later: timedelta = 2 * DAY) -> Released:
    """Hard-delete an item and end its retention."""
    await deleted(stores, entity)
    return await end_retentions(stores, after(later))


def hash_of(text: str, probe: int = 0) -> StatementHash:
    """Where the statement of a text lives."""
    return hash64(a_body("P1", string=text).canonical, probe)


async def is_stored(stores: Stores, text: str, probe: int = 0) -> bool:
    """Whether there is an object of that statement."""
    return bool(await stores.objects.get([statement_key(hash_of(text, probe))]))
